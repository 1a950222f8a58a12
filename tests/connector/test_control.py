"""Pause, resume, revoke and rotate by signed calls: each changes the pairing and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.connector.conftest import Paired
from tests.connector.wire import Answer, ControlKey

pytestmark = pytest.mark.site


def record(paired: Paired) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(str(paired.site.option("presswarden_record")))
    return value


def rotate(paired: Paired, fresh: ControlKey, epoch: int, signer: ControlKey | None = None) -> Answer:
    public = base64.b64encode(fresh.public).decode()
    text = f"presswarden-rotate-1\n{paired.here.installation}\n{epoch}\n{public}".encode()
    signature = base64.b64encode((signer or fresh).sign(text)).decode()
    return paired.call("control.rotate", {"epoch": epoch, "public_key": public, "signature": signature})


@pytest.mark.req("S7", "A8")
def test_our_pause_stops_reads_but_not_health_or_control(shared: Paired) -> None:
    assert shared.call("control.pause", {"reason": "tests"}).result == {"paused": "control"}
    try:
        assert shared.call("wp.site.inventory").code == "call.paused"
        assert shared.call("wp.site.health").result["paused"] == "control"
    finally:
        assert shared.call("control.resume").result == {"paused": ""}
    assert shared.call("wp.site.inventory").status == 200


@pytest.mark.req("S7", "A8")
def test_a_local_pause_can_not_be_lifted_by_the_control_plane(shared: Paired) -> None:
    assert shared.site.wp("presswarden", "pause").code == 0
    try:
        assert shared.call("control.resume").result == {"paused": "local"}
        refusal = shared.call("wp.site.get_environment")
        assert (refusal.status, refusal.code) == (423, "call.paused")
    finally:
        assert shared.site.wp("presswarden", "resume").code == 0
    assert shared.call("wp.site.get_environment").status == 200


@pytest.mark.req("P6")
def test_revoke_is_answered_with_a_receipt_and_then_nothing_is(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    message = paired.here.message("control.revoke", {"reason": "the end"})
    answer = paired.send(message)
    assert answer.result == {"revoked": True}
    assert paired.here.receipt_holds(message, answer)
    after = paired.call("wp.site.health")
    assert (after.status, after.code) == (410, "call.revoked")
    held = record(paired)
    assert (held["state"], held["site_secret"], held["control_keys"]) == ("revoked", "", [])
    assert "presswarden_heartbeat" not in str(paired.site.option("cron"))


@pytest.mark.req("P6")
def test_both_control_keys_are_valid_after_a_rotation_and_a_third_is_refused(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    old, fresh = paired.here.key, ControlKey.new()
    assert rotate(paired, fresh, 2).result == {"epoch": 2, "kid": fresh.kid}
    assert paired.call("wp.site.health").status == 200
    paired.here.key = fresh
    assert paired.call("wp.site.health").status == 200
    assert rotate(paired, ControlKey.new(), 3).code == "action.rotation_third"
    held = record(paired)
    paired.site.php(
        "global $wpdb; $wpdb->update( $wpdb->options, array( 'option_value' => $argv[1] ), array( 'option_name' => 'presswarden_record' ) );",
        json.dumps({**held, "control_keys": [{**held["control_keys"][0], "not_after": 1}, held["control_keys"][1]]}),
    )
    paired.here.key = old
    assert paired.call("wp.site.health").code == "call.signature"
    paired.here.key = fresh
    assert rotate(paired, ControlKey.new(), 3).status == 200


@pytest.mark.req("P6")
def test_a_rotation_without_the_next_epoch_or_the_new_keys_own_signature_is_refused(shared: Paired) -> None:
    fresh = ControlKey.new()
    assert rotate(shared, fresh, 1).code == "action.rotation_epoch"
    assert rotate(shared, fresh, 3).code == "action.rotation_epoch"
    assert rotate(shared, fresh, 2, signer=shared.here.key).code == "action.rotation_signature"
    weak = {"epoch": 2, "public_key": base64.b64encode(b"\x01" + b"\0" * 31).decode(), "signature": "A" * 86 + "=="}
    assert shared.call("control.rotate", weak).code == "action.rotation_key"


@pytest.mark.req("P6")
def test_the_offer_of_a_new_site_key_is_signed_by_both_keys_and_the_next_message_by_the_new_one(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    message = paired.here.message("control.rotate_site")
    answer = paired.send(message)
    assert paired.here.receipt_holds(message, answer), "the receipt is signed by the old key"
    offer = answer.result
    old = paired.here.site_public
    paired.here.site_public = base64.b64decode(offer["public_key"])
    text = f"presswarden-rotate-1\n{paired.here.installation}\n{offer['epoch']}\n{offer['public_key']}".encode()
    assert paired.here.site_signed(offer["signature"], text)
    assert paired.here.site_public != old
    following = paired.here.message("wp.site.health")
    assert paired.here.receipt_holds(following, paired.send(following))
    assert paired.site.wp("presswarden", "heartbeat").code == 0
    assert paired.peer.heartbeats[-1].body["epoch"] == 2
    assert record(paired)["site_secret_before"] == ""


def test_when_the_offer_of_a_new_site_key_was_lost_the_site_can_still_speak_and_offers_it_again(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    lost = paired.call("control.rotate_site").result
    assert paired.site.wp("presswarden", "heartbeat").code == 0, "the old key still speaks"
    message = paired.here.message("control.rotate_site")
    again = paired.send(message)
    assert paired.here.receipt_holds(message, again), "the old key, which the control plane knows"
    assert again.result["public_key"] == lost["public_key"]


@pytest.mark.req("W19", "P5")
def test_each_change_of_the_pairing_is_in_a_journal_that_shows_tampering(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    paired.call("control.pause", {"reason": "tests"})
    paired.call("control.resume")
    rows = paired.site.query("SELECT what FROM wp_presswarden_journal ORDER BY n")
    assert [row["what"] for row in rows] == ["pairing.started", "pairing.confirmed", "paused", "resumed"]
    assert paired.call("wp.site.health").result["journal_first_bad"] == 0
    paired.site.query("UPDATE wp_presswarden_journal SET what = 'nothing' WHERE what = 'paused'")
    assert paired.call("wp.site.health").result["journal_first_bad"] == 3
    paired.site.query("UPDATE wp_presswarden_journal SET what = 'paused' WHERE what = 'nothing'")
    paired.site.query("DELETE FROM wp_presswarden_journal WHERE n = 2")
    assert paired.call("wp.site.health").result["journal_first_bad"] == 3
