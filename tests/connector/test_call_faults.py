"""Calls on a site where something is wrong: no capability, no table, a fatal error, loud neighbours, too many calls."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.connector.conftest import Paired

pytestmark = pytest.mark.site


@pytest.mark.req("W10", "P5")
def test_without_the_capability_the_call_is_refused(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    paired.site.php("$u = get_user_by( 'login', 'presswarden-agent' ); $u->set_role( 'administrator' );")
    assert paired.call("wp.site.health").code == "call.capability"
    paired.site.php(
        "$u = get_user_by( 'login', 'presswarden-agent' ); $u->set_role( 'presswarden_agent' ); get_role( 'presswarden_agent' )->remove_cap( 'read' );"
    )
    assert paired.call("wp.site.health").code == "call.capability"
    paired.site.php("get_role( 'presswarden_agent' )->add_cap( 'read' );")
    assert paired.call("wp.site.health").status == 200
    assert len(paired.ran()) == 2  # the confirmation and the last read


def test_when_the_call_can_not_be_recorded_it_is_not_run_and_nothing_is_logged(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    log = paired.site.log.read_text() if paired.site.log.exists() else ""
    ran = len(paired.ran())
    paired.site.query("ALTER TABLE wp_presswarden_calls RENAME TO gone")
    answer = paired.call("wp.site.health")
    assert (answer.status, answer.code) == (503, "call.store")
    assert len(paired.ran()) == ran
    assert (paired.site.log.read_text() if paired.site.log.exists() else "") == log


def test_a_fatal_error_in_an_action_leaves_the_call_running_and_it_is_never_run_again(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    bomb = paired.site.content / "mu-plugins" / "bomb.php"
    bomb.write_text(
        "<?php add_action( 'presswarden_action_ran', function ( $tool ) { if ( 'wp.site.inventory' === $tool ) { exit( 255 ); } }, 99 );"
    )
    message = paired.here.message("wp.site.inventory")
    with httpx.Client(timeout=30) as client:
        client.post(paired.site.url + "/wp-json/presswarden/v1/call", content=message.body, headers=message.headers)
    bomb.unlink()
    again = paired.send(message)
    assert (again.status, again.code, again.json["state"], again.json["stored"]) == (409, "call.duplicate", "running", None)
    assert [event["tool"] for event in paired.ran()] == ["control.confirm", "wp.site.inventory"]


def test_an_exception_in_an_action_is_a_stored_outcome_without_its_text(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    (paired.site.content / "mu-plugins" / "bomb.php").write_text(
        "<?php add_action( 'presswarden_action_ran', function () { throw new Exception( 'secret path' ); } );"
    )
    message = paired.here.message("wp.site.inventory")
    answer = paired.send(message)
    assert (answer.status, answer.code) == (500, "action.failed")
    assert b"secret" not in answer.body
    assert paired.here.receipt_holds(message, answer)


@pytest.mark.req("P5")
def test_more_calls_than_the_installation_may_make_are_refused_after_the_claim(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair(constants={"PRESSWARDEN_LIMIT_INSTALLATION": 4})
    codes = [paired.call("wp.site.health").code or "done" for _ in range(8)]
    assert codes[0] == "done"
    assert codes[-1] == "call.rate"
    assert len(paired.ran()) <= 9


@pytest.mark.req("P5")
def test_junk_from_one_address_is_cut_off_before_any_signature_is_checked_and_costs_no_database_write(
    new_pair: Callable[..., Paired],
) -> None:
    paired = new_pair(constants={"PRESSWARDEN_LIMIT_ADDRESS": 5})
    before = {
        name: paired.site.query(f"SELECT count(*) AS n FROM {name}")[0]["n"]
        for name in ("wp_options", "wp_presswarden_calls", "wp_presswarden_journal")
    }
    record = paired.site.option("presswarden_record")
    junk = paired.here.message("wp.site.health").with_header("X-WP-Agent-Signature", "A" * 86 + "==")
    codes = [paired.send(junk).code for _ in range(12)]
    assert codes[-1] == "call.rate_address"
    assert {name: paired.site.query(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in before} == before
    assert paired.site.option("presswarden_record") == record


def test_another_plugin_that_closes_the_rest_interface_or_prints_does_not_reach_the_signed_bytes(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    (paired.site.content / "mu-plugins" / "loud.php").write_text(
        "<?php add_filter( 'rest_authentication_errors', function () { return new WP_Error( 'closed', 'closed', array( 'status' => 401 ) ); } );"
        "add_filter( 'rest_pre_dispatch', function () { return new WP_Error( 'closed', 'closed' ); } );"
        "add_action( 'init', function () { echo 'noise'; } ); add_action( 'shutdown', function () { echo 'more noise'; } );"
    )
    message = paired.here.message("wp.site.health")
    answer = paired.send(message)
    assert answer.status == 200
    assert paired.here.receipt_holds(message, answer)
    assert httpx.get(paired.site.url + "/wp-json/wp/v2/types").status_code == 401


def test_nonces_are_emptied_after_a_quarter_of_an_hour_and_rows_kept_a_day(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    message = paired.here.message("wp.site.health")
    paired.send(message)
    paired.site.query("UPDATE wp_presswarden_calls SET created = created - 901")
    paired.site.wp("presswarden", "heartbeat")
    assert paired.site.query("SELECT count(*) AS n FROM wp_presswarden_calls WHERE nonce IS NOT NULL")[0]["n"] == 0
    assert paired.send(paired.here.resigned(message)).code == "call.duplicate"
    paired.site.query("UPDATE wp_presswarden_calls SET keep_until = keep_until - 86400 - 60")
    paired.site.wp("presswarden", "heartbeat")
    assert paired.site.query("SELECT count(*) AS n FROM wp_presswarden_calls")[0]["n"] == 1, "the newest stays"
    assert paired.call("wp.site.health").status == 200, "an idle day is no restored database"
