"""Heartbeats: what a site says by itself, and what it takes from the answer."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import rfc8785

from tests.connector.conftest import Paired

pytestmark = pytest.mark.site


def beat(paired: Paired) -> dict[str, Any]:
    done = paired.site.wp("presswarden", "heartbeat")
    assert done.code == 0, done
    newest: dict[str, Any] = paired.peer.heartbeats[-1].body
    return newest


@pytest.mark.req("X3", "N4")
def test_the_full_inventory_is_sent_only_when_asked_and_then_only_what_changed(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    paired.peer.known_hash = ""
    start = len(paired.peer.heartbeats)
    full = beat(paired)
    first, second = (received.body for received in paired.peer.heartbeats[start:])
    assert "inventory" not in first
    assert "delta" not in first
    assert second is full
    assert hashlib.sha256(rfc8785.dumps(full["inventory"])).hexdigest() == full["inventory_hash"]

    unchanged = beat(paired)
    assert not {"inventory", "delta"} & set(unchanged)
    assert paired.peer.heartbeats[-1].wire_bytes < 600

    folder = paired.site.content / "plugins" / "fresh"
    folder.mkdir()
    (folder / "fresh.php").write_text("<?php /* Plugin Name: Fresh\nVersion: 1.0 */")
    changed = beat(paired)
    assert changed["delta"]["base"] == full["inventory_hash"]
    assert list(changed["delta"]["set"]) == ["plugin:fresh/fresh.php"]
    applied = {**full["inventory"], **changed["delta"]["set"]}
    assert hashlib.sha256(rfc8785.dumps(applied)).hexdigest() == changed["inventory_hash"]

    (folder / "fresh.php").unlink()
    folder.rmdir()
    gone = beat(paired)
    assert gone["delta"]["unset"] == ["plugin:fresh/fresh.php"]
    assert gone["inventory_hash"] == full["inventory_hash"]


@pytest.mark.req("X3")
def test_the_sequence_only_rises_also_when_nobody_listens(shared: Paired) -> None:
    first = beat(shared)["seq"]
    shared.peer.refuse_with = (503, {})
    try:
        assert shared.site.wp("presswarden", "heartbeat").code == 1
    finally:
        shared.peer.refuse_with = None
    assert beat(shared)["seq"] >= first + 2


@pytest.mark.req("S2", "W13")
def test_no_name_and_no_mail_of_a_person_is_sent(shared: Paired) -> None:
    shared.peer.need = "inventory"
    try:
        text = json.dumps(beat(shared))
    finally:
        shared.peer.need = ""
    people = shared.site.query("SELECT user_login, user_email, display_name FROM wp_users WHERE user_login <> 'presswarden-agent'")
    assert people
    for person in people:
        assert person["user_email"] not in text
        assert person["user_login"] not in text.replace("wp-admin", "")


@pytest.mark.req("W17")
def test_refusals_are_counted_and_the_count_ends_with_its_acceptance(shared: Paired) -> None:
    beat(shared)
    for _ in range(3):
        shared.send(shared.here.message("wp.site.health").with_header("X-WP-Agent-TTL", "181"))
    shared.send(shared.here.message("wp.site.health", ttl=400))
    shared.peer.refuse_with = (503, {})
    try:
        shared.site.wp("presswarden", "heartbeat")
    finally:
        shared.peer.refuse_with = None
    assert beat(shared)["refusals"] == {"call.signature": 3, "call.ttl": 1}
    assert beat(shared)["refusals"] == {}


@pytest.mark.req("P6", "A8")
def test_a_standing_order_pauses_resumes_and_leaves_its_checkpoint(shared: Paired) -> None:
    shared.peer.sign_order(shared.here, 10, paused=True, checkpoint="control/org/x\n5\nabc=\n\n- sig\n")
    beat(shared)
    assert shared.call("wp.site.inventory").code == "call.paused"
    said = beat(shared)
    assert (said["paused"], said["checkpoint"]) == ("control", "control/org/x\n5\nabc=\n\n- sig\n")
    shared.peer.sign_order(shared.here, 11)
    beat(shared)
    assert shared.call("wp.site.inventory").status == 200


@pytest.mark.req("P7")
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("'timezone_string' => 'Europe/Berlin'", "Europe/Berlin"),
        ("'timezone_string' => '', 'gmt_offset' => 5.5", "+05:30"),
        ("'gmt_offset' => 0", "+00:00"),
    ],
)
def test_the_site_reports_its_own_time_zone(shared: Paired, settings: str, told: str) -> None:
    shared.site.php(f"foreach ( array( {settings} ) as $name => $value ) {{ update_option( $name, $value ); }}")
    beat(shared)
    assert shared.call("wp.site.inventory").result["inventory"]["core"]["timezone"] == told


@pytest.mark.req("P6")
@pytest.mark.parametrize(
    ("seq", "members"),
    [
        (1, {}),
        (99, {"expires": int(time.time()) - 5}),
        (99, {"expires": int(time.time()) + 4000}),
        (99, {"aud": "https://other.example"}),
        (99, {"installation": "0b1f6f0e-5a1c-4f5e-9b0a-000000000000"}),
        (99, {"dir": "call"}),
        (99, {"epoch": 0}),
        (99, {"kid": "0" * 16}),
    ],
)
def test_an_order_that_is_old_expired_or_for_another_site_changes_nothing(shared: Paired, seq: int, members: dict[str, Any]) -> None:
    shared.peer.sign_order(shared.here, 50)
    beat(shared)
    shared.peer.sign_order(shared.here, seq, revoked=True, paused=True, **members)
    beat(shared)
    shared.peer.order = None
    assert shared.call("wp.site.inventory").status == 200


def test_an_order_with_a_forged_signature_changes_nothing(shared: Paired) -> None:
    shared.peer.sign_order(shared.here, 200, revoked=True)
    assert shared.peer.order is not None
    text, _ = shared.peer.order
    shared.peer.order = (text.replace('"seq":200', '"seq":201'), shared.peer.order[1])
    beat(shared)
    shared.peer.order = None
    assert shared.call("wp.site.inventory").status == 200


@pytest.mark.req("P6")
def test_a_standing_order_revokes_a_site_that_can_not_be_called(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    paired.peer.sign_order(paired.here, 1, revoked=True)
    paired.site.wp("presswarden", "heartbeat")
    paired.peer.order = None
    assert paired.call("wp.site.health").code == "call.revoked"
    assert json.loads(str(paired.site.option("presswarden_record")))["site_secret"] == ""


@pytest.mark.req("P3", "N2")
def test_a_waiting_call_is_run_once_and_its_receipt_is_posted(shared: Paired) -> None:
    shared.site.clear_events()
    message = shared.here.message("wp.site.get_environment")
    shared.peer.waiting = [message]
    beat(shared)
    posted = shared.peer.receipts[-1].body
    assert (posted["status"], posted["tool_call_id"]) == (200, message.headers["X-WP-Agent-ToolCallId"])
    text = ["presswarden-receipt-1", shared.here.installation, posted["tool_call_id"], "200"]
    hashes = [hashlib.sha256(message.body).hexdigest(), hashlib.sha256(posted["body"].encode()).hexdigest()]
    assert shared.here.site_signed(posted["signature"], "\n".join(text + hashes).encode())
    shared.peer.waiting = [shared.here.resigned(message)]
    beat(shared)
    assert shared.peer.receipts[-1].body["status"] == 409
    assert len(shared.ran()) == 1


@pytest.mark.req("W10")
def test_a_waiting_call_leaves_the_rest_of_the_request_to_whom_it_belongs(shared: Paired) -> None:
    shared.site.clear_events()
    shared.peer.waiting = [shared.here.message("wp.site.health")]
    after = shared.site.php(r"wp_set_current_user( 1 ); echo \Presswarden\Connector\Site\Heartbeat::send(), '|', get_current_user_id();")
    assert after == "|1"
    agent = shared.site.query("SELECT ID FROM wp_users WHERE user_login = 'presswarden-agent'")[0]["ID"]
    assert [event["acting_user"] for event in shared.ran()] == [agent]


@pytest.mark.req("P6")
def test_a_waiting_revocation_is_answered_before_the_site_falls_silent(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    message = paired.here.message("control.revoke", {"reason": "the end"})
    paired.peer.waiting = [message, paired.here.message("wp.site.health")]
    paired.site.wp("presswarden", "heartbeat")
    posted = paired.peer.receipts[-1].body
    assert (posted["tool_call_id"], posted["status"]) == (message.headers["X-WP-Agent-ToolCallId"], 200)
    assert [event["tool"] for event in paired.ran()] == ["control.confirm", "control.revoke"]


def test_a_waiting_call_that_is_not_signed_is_not_run_and_brings_no_receipt(shared: Paired) -> None:
    shared.site.clear_events()
    before = len(shared.peer.receipts)
    shared.peer.waiting = [shared.here.message("wp.site.health").with_header("X-WP-Agent-TTL", "7")]
    beat(shared)
    assert (shared.ran(), len(shared.peer.receipts)) == ([], before)


def test_wp_cron_sends_the_heartbeat_and_a_change_sends_one_soon(shared: Paired) -> None:
    crons = str(shared.site.option("cron"))
    assert "presswarden_five_minutes" in crons
    shared.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin( 'akismet/akismet.php' );")
    before = len(shared.peer.heartbeats)
    httpx.get(shared.site.url + "/wp-cron.php", timeout=30)
    deadline = time.monotonic() + 15
    while len(shared.peer.heartbeats) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    told = [received.body for received in shared.peer.heartbeats[before:]]
    assert "plugin:akismet/akismet.php" in json.dumps(told)


@pytest.mark.req("X4", "W12")
def test_a_heartbeat_to_plain_http_on_a_host_that_is_not_local_is_never_sent(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    held = json.loads(str(paired.site.option("presswarden_record")))
    paired.site.php(
        "global $wpdb; $wpdb->update( $wpdb->options, array( 'option_value' => $argv[1] ), array( 'option_name' => 'presswarden_record' ) );",
        json.dumps({**held, "control": "http://control.example"}),
    )
    (paired.site.content / "mu-plugins" / "wire.php").write_text(
        "<?php add_filter( 'pre_http_request', function ( $p, $a, $url ) { "
        "file_put_contents( WP_CONTENT_DIR . '/asked', $url . '|', FILE_APPEND ); return $p; }, 1, 3 );"
    )
    done = paired.site.wp("presswarden", "heartbeat")
    assert done.code == 1
    assert "insecure" in done.stderr
    asked = paired.site.content / "asked"
    assert "control.example" not in (asked.read_text() if asked.exists() else "")


def test_a_redirect_is_not_followed(shared: Paired) -> None:
    shared.peer.refuse_with = (307, {"code": "moved.away.to_thieves"})
    before = len(shared.peer.heartbeats)
    try:
        done = shared.site.wp("presswarden", "heartbeat")
    finally:
        shared.peer.refuse_with = None
    assert done.code == 1
    assert len(shared.peer.heartbeats) == before


def test_after_a_day_without_a_word_only_reads_are_answered_and_a_signed_word_ends_it(shared: Paired) -> None:
    held = json.loads(str(shared.site.option("presswarden_record")))
    shared.site.php(
        "global $wpdb; $wpdb->update( $wpdb->options, array( 'option_value' => $argv[1] ), array( 'option_name' => 'presswarden_record' ) );",
        json.dumps({**held, "contact": int(time.time()) - 86500}),
    )
    assert json.loads(shared.site.wp("presswarden", "status", "--format=json").stdout)["quiet"] == "silent"
    assert shared.call("wp.site.inventory").status == 200
    assert json.loads(shared.site.wp("presswarden", "status", "--format=json").stdout)["quiet"] == ""
