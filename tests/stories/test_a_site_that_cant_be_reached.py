"""A site behind a closed door takes waiting calls along with its heartbeat, and posts the signed answers."""

from __future__ import annotations

import json

import pytest

from tests.stories.scene import Paired, until

pytestmark = [pytest.mark.site, pytest.mark.req("P3", "N2")]


def test_a_read_waits_for_the_heartbeat_and_is_answered_by_it_once(shop: Paired) -> None:
    shop.beat()
    shop.site.clear_events()
    shop.site.stop()
    try:
        asked = shop.control.attempt("--json", "site", "read", "shop", "wp.site.get_environment", "--seconds", "2")
        told = json.loads(asked.stderr)
        assert (asked.code, told["code"]) == (5, "mailbox.still_waiting")
        assert shop.site.events("action_ran") == []

        shop.beat()
        until(lambda: shop.control.attempt("site", "read", "--request", told["request"], "--seconds", "5").code == 0, "the answer came")
        answer = shop.control.ask("site", "read", "--request", told["request"])
        assert answer["tool"] == "wp.site.get_environment"
        assert answer["result"]["php"]
        shop.beat()
        ran = [each["tool"] for each in shop.site.events("action_ran")]
        assert [tool for tool in ran if tool != "wp.site.health"] == ["wp.site.get_environment"], "health is read now and then, by itself"
    finally:
        shop.site.start()
    assert shop.read()["database_answers"] is True
