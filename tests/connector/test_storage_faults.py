"""A database or a folder that fails in the middle: nothing is taken for what it is not, and nothing of WordPress falls over."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.site import Site
from tests.connector.conftest import Paired

pytestmark = pytest.mark.site
PLUGIN = "presswarden-connector/presswarden-connector.php"


def status(site: Site) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(site.wp("presswarden", "status", "--format=json").stdout)
    return value


def record(site: Site) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(str(site.option("presswarden_record")))
    return value


def fail(site: Site, begins: str, holds: str, times: int) -> None:
    """Let the first queries of each request that look like this fail, as a database does that lost its connection."""
    (site.content / "mu-plugins" / "fail.php").write_text(
        "<?php add_filter( 'query', function ( $sql ) { static $left = " + str(times) + ";"
        f" if ( $left > 0 && 0 === strpos( ltrim( $sql ), '{begins}' ) && strpos( $sql, '{holds}' ) ) {{"
        " --$left; return 'SELECT nothing FROM nowhere_at_all'; }"
        " return $sql; } );"
    )


@pytest.mark.req("P3")
@pytest.mark.parametrize("times", [1, 9])
def test_a_question_that_fails_is_not_taken_for_a_restored_database(new_pair: Callable[..., Paired], times: int) -> None:
    paired = new_pair()
    fail(paired.site, "SELECT", "presswarden_record", times)
    ran = len(paired.ran())
    answer = paired.call("wp.site.inventory")
    assert (answer.status, answer.code) == (503, "call.store")
    assert paired.site.wp("presswarden", "heartbeat").code == 1
    assert len(paired.ran()) == ran
    (paired.site.content / "mu-plugins" / "fail.php").unlink()
    shown = status(paired.site)
    assert (shown["state"], shown["quiet"], shown["repair"]) == ("paired", "", "")
    assert paired.call("wp.site.inventory").status == 200


@pytest.mark.req("P3", "N2")
def test_an_outcome_that_can_not_be_kept_is_answered_and_a_retry_finds_the_call_running(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    fail(paired.site, "UPDATE", "presswarden_calls SET state", 9)
    message = paired.here.message("wp.site.inventory")
    answer = paired.send(message)
    assert answer.status == 200
    assert paired.here.receipt_holds(message, answer)
    again = paired.send(message)
    assert (again.code, again.json["state"], again.json["stored"]) == ("call.duplicate", "running", None)


@pytest.mark.req("P6")
def test_a_revocation_whose_request_died_loses_its_keys_with_the_next_heartbeat(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    bomb = paired.site.content / "mu-plugins" / "bomb.php"
    bomb.write_text(
        "<?php add_filter( 'query', function ( $sql ) {"
        " if ( 0 === strpos( $sql, 'UPDATE' ) && strpos( $sql, 'presswarden_calls SET state' ) ) { exit( 1 ); } return $sql; } );"
    )
    message = paired.here.message("control.revoke", {"reason": "x"})
    assert paired.send(message).body == b""
    bomb.unlink()
    assert (record(paired.site)["state"], record(paired.site)["site_secret"] != "") == ("revoked", True)
    paired.site.wp("presswarden", "heartbeat")
    held = record(paired.site)
    assert (held["state"], held["site_secret"], held["control_keys"]) == ("revoked", "", [])
    assert "presswarden_heartbeat" not in str(paired.site.option("cron"))


def test_a_folder_that_can_not_be_written_keeps_nobody_from_switching_the_connector_off(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    folder = paired.site.content / "presswarden-state"
    folder.rename(folder.with_name("elsewhere"))
    paired.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins( $argv[1] );", PLUGIN)
    assert PLUGIN not in str(paired.site.option("active_plugins"))
    folder.with_name("elsewhere").rename(folder)
    paired.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin( $argv[1] );", PLUGIN)
    assert record(paired.site)["paused_local"] is True, "the row was written first"


def test_the_command_line_tells_of_a_folder_that_can_not_be_written_and_does_not_claim_that_nothing_changed(
    new_pair: Callable[..., Paired],
) -> None:
    paired = new_pair()
    folder = paired.site.content / "presswarden-state"
    folder.rename(folder.with_name("elsewhere"))
    for verb in ("heartbeat", "pause", "moved"):
        told = paired.site.wp("presswarden", verb)
        assert told.code == 1
        assert "could not read or write" in told.stderr, (verb, told)
        assert "Nothing changed" not in told.stderr
    folder.with_name("elsewhere").rename(folder)


@pytest.mark.mariadb
def test_a_shared_cache_that_lost_the_state_gets_it_back(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair(database="mariadb")  # counts rows that changed; SQLite counts rows that were found
    seen = paired.site.php(
        "$all = wp_load_alloptions(); $all['presswarden_flags'] = '{\"state\":\"\",\"agent\":0}'; wp_cache_set( 'alloptions', $all, 'options' );"
        r" echo \Presswarden\Connector\Site\Flags::state(), '>';"
        r" ( new \Presswarden\Connector\Site\RecordStore() )->change( function ( $record ) { ++$record->sequence; } );"
        r" echo \Presswarden\Connector\Site\Flags::state();"
    )
    assert seen == ">paired"
