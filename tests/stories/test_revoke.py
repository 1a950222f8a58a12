"""A pairing ends from either side, also while the other side is down, and the site can be paired anew."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lab.site import Site
from tests.stories.scene import Observed, Paired, pair, press, status

pytestmark = [pytest.mark.site, pytest.mark.req("P6", "S7")]

SECRETS = ("site_secret", "site_secret_before", "hmac_call", "hmac_site", "control_keys")


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site]) -> Site:
    return new_site()


def holds_no_key(site: Site) -> bool:
    record = json.loads(str(site.option("presswarden_record")))
    return not any(record[name] for name in SECRETS)


def test_revoked_with_the_site_up_the_site_confirms_and_deletes_its_keys(control: Observed, site: Site) -> None:
    paired = pair(control, site, "client")
    told = paired.ask("revoke", "--yes", "--reason", "client left")
    assert (told["state"], told["carried_by"], told["result"]) == ("done", "call", {"revoked": True})
    assert status(site)["state"] == "revoked"
    assert holds_no_key(site)
    assert paired.show()["state"] == "revoked"
    refused = paired.refused("read")
    assert (refused.exit, refused.code) == (3, "gate.revoked")
    assert site.wp("presswarden", "heartbeat").code == 1


def test_revoked_with_the_site_down_it_learns_it_with_its_next_heartbeat(control: Observed, site: Site) -> None:
    paired = pair(control, site, "client")
    site.stop()
    try:
        told = paired.ask("revoke", "--yes")
        assert told["carried_by"] == "order"
        assert paired.show()["state"] == "revoked"
        assert status(site)["state"] == "paired"
        site.wp("presswarden", "heartbeat")
        assert status(site)["state"] == "revoked"
        assert holds_no_key(site)
    finally:
        site.start()


def test_ended_by_the_sites_own_administrator_both_sides_know_it(control: Observed, site: Site) -> None:
    paired = pair(control, site, "client")
    page = press(site, "unpair")
    assert "Unpaired" in page.text
    assert status(site)["state"] == "unpaired"
    assert holds_no_key(site)
    assert paired.show()["state"] == "revoked"
    assert len(paired.audited("site.revoked")) == 3
    refused = paired.refused("read")
    assert (refused.exit, refused.code) == (3, "gate.revoked")


def test_ended_by_the_sites_own_machine_with_the_control_plane_out_of_reach(control: Observed, site: Site) -> None:
    paired = pair(control, site, "client")
    answers, control.wire.target = control.wire.target, 1
    try:
        assert site.wp("presswarden", "unpair").code == 0
    finally:
        control.wire.target = answers
    assert holds_no_key(site)
    assert status(site)["state"] == "unpaired"
    refused = paired.refused("read")
    assert (refused.exit, refused.code) == (5, "site.no_connector")


def test_after_all_this_the_site_is_paired_anew_under_its_old_name(control: Observed, site: Site) -> None:
    left: Paired = Paired(control, site, "client")
    assert left.ask("revoke", "--yes")["state"] == "failed"
    paired = pair(control, site, "client")
    paired.beat()
    assert paired.id == left.id
    assert paired.read()["database_answers"] is True
