"""A site is paused and resumed: by us, by its administrator on the page, and on its own machine. Each side lifts its own pause only."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.scene import Paired, press

pytestmark = [pytest.mark.site, pytest.mark.req("W17", "A8")]


def on_the_page(shop: Paired, verb: str) -> None:
    press(shop.site, verb)


def by_wp_cli(shop: Paired, verb: str) -> None:
    assert shop.site.wp("presswarden", verb).code == 0


def test_our_pause_leaves_health_readable_and_our_resume_lifts_it(shop: Paired) -> None:
    told = shop.ask("pause", "--reason", "moving to a new host")
    assert (told["state"], told["carried_by"], told["result"]) == ("done", "call", {"paused": "control"})
    assert shop.status()["paused"] == "control"
    refused = shop.refused("read", "wp.site.inventory")
    assert (refused.exit, refused.code) == (3, "gate.paused")
    assert shop.read("wp.site.health")["paused"] == "control"
    assert shop.show()["pause_wanted"] is True

    assert shop.ask("resume")["result"] == {"paused": ""}
    assert shop.read("wp.site.inventory")["inventory"]
    assert shop.status()["paused"] == ""


@pytest.mark.parametrize("decide", [on_the_page, by_wp_cli])
def test_a_pause_by_the_sites_administrator_is_seen_here_and_can_not_be_lifted_from_here(
    shop: Paired, decide: Callable[[Paired, str], None]
) -> None:
    decide(shop, "pause")
    try:
        shop.beat()
        assert shop.show()["facts"]["site.paused"]["value"] == "local"
        assert shop.incidents()["site_paused"] == "contained"
        refused = shop.refused("read", "wp.site.inventory")
        assert (refused.exit, refused.code) == (4, "call.paused")
        assert shop.ask("resume")["result"] == {"paused": "local"}
        assert shop.status()["paused"] == "local"
    finally:
        decide(shop, "resume")
    shop.beat()
    assert shop.incidents()["site_paused"] == "recovered"
    assert shop.read("wp.site.inventory")["inventory"]


def test_a_pause_reaches_a_site_that_can_not_be_called_with_its_next_heartbeat(shop: Paired) -> None:
    shop.beat()
    shop.site.stop()
    try:
        assert shop.ask("pause")["carried_by"] == "order"
        shop.beat()
        assert shop.status()["paused"] == "control"
        assert shop.ask("resume")["carried_by"] == "order"
        shop.beat()
        assert shop.status()["paused"] == ""
    finally:
        shop.site.start()
