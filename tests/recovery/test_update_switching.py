"""Plugins switched on and off, the word that a change is good, and a maintenance file that was left behind."""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

import pytest

from lab.packages import write_plugin
from tests.connector.wire import Answer
from tests.recovery.acting import TINY, Changed

pytestmark = [pytest.mark.site, pytest.mark.req("S4")]


def switch(changed: Changed, on: bool, *, snapshot: str = "", before: dict[str, Any] | None = None, component: str = TINY) -> Answer:
    args = {"change": str(uuid.uuid4()), "component": component, "deadline": 300, "snapshot": snapshot}
    changed.changes.append(str(args["change"]))
    found = changed.before(component) if before is None else before
    return changed.act("wp.plugin.activate" if on else "wp.plugin.deactivate", args, found)


def state(changed: Changed) -> str:
    found = changed.state()
    return "" if found is None or found["id"] != changed.changes[-1] else str(found["state"])


def test_without_a_snapshot_a_plugin_is_switched_and_no_change_is_opened(changed: Changed) -> None:
    for on in (False, True):
        result = switch(changed, on).result
        assert (result["active"], result["state"], result["deadline"], result["package"]) == (on, "closed", 0, "")
        assert (result["version"], result["was"]) == ("1.0", "1.0")
        assert changed.served() == ("1.0" if on else "")
        assert state(changed) == ""


@pytest.mark.req("W15")
def test_with_a_snapshot_switching_is_a_change_that_can_be_taken_back(changed: Changed) -> None:
    for on in (False, True):
        snapshot = changed.snapshot(TINY)
        assert switch(changed, on, snapshot=snapshot).result["state"] == "confirm"
        assert state(changed) == "confirm"
        assert changed.before(TINY)["active"] is on
        args = {"change": changed.changes[-1], "scope": "files", "snapshot": snapshot}
        assert changed.act("wp.snapshot.restore", args).result["state"] == "restored"
        assert changed.before(TINY)["active"] is not on
        assert switch(changed, on).status == 200


def test_a_switched_plugin_that_is_called_good_stays(changed: Changed) -> None:
    assert switch(changed, False, snapshot=changed.snapshot(TINY)).status == 200
    assert changed.close().status == 200
    assert changed.before(TINY)["active"] is False


@pytest.mark.parametrize("body", ["throw new Error( 'not here' );", "this is { no PHP"])
def test_a_plugin_that_breaks_when_it_is_switched_on_stays_off(changed: Changed, body: str) -> None:
    changed.site.install_plugin(write_plugin(changed.site.state / uuid.uuid4().hex, "bad", "1.0", body), activate=False)
    component = "plugin:bad/bad.php"
    for snapshot in ("", changed.snapshot(component)):
        answer = switch(changed, True, snapshot=snapshot, component=component)
        assert answer.code == "action.not_kept"
        assert changed.before(component)["active"] is False
        assert state(changed) == ""
        assert changed.served() == "1.0"


def test_a_plugin_that_only_talks_when_it_is_switched_on_is_on(changed: Changed) -> None:
    body = "register_activation_hook( __FILE__, static function () { echo '<b>Thank you!</b>'; } );"
    changed.site.install_plugin(write_plugin(changed.site.state / uuid.uuid4().hex, "loud", "1.0", body), activate=False)
    assert switch(changed, True, component="plugin:loud/loud.php").result["active"] is True


def test_a_plugin_that_is_not_as_the_plan_found_it_is_not_switched(changed: Changed) -> None:
    for on, before in (
        (False, {"active": True, "version": "0.9"}),
        (False, {"active": False}),
        (True, {"active": False, "version": "1.0"}),
        (True, {}),
    ):
        assert switch(changed, on, before=before).code == "action.before"
    assert changed.before(TINY) == {"active": True, "version": "1.0"}
    absent = {"active": False, "version": "1.0"}
    assert switch(changed, True, before=absent, component="plugin:none/none.php").code == "action.before"


def test_a_plans_reserve_to_switch_a_plugin_off_needs_not_know_what_stands_there(changed: Changed) -> None:
    assert switch(changed, False, before={}).result["active"] is False
    assert switch(changed, False, before={}).result["active"] is False


def test_a_stale_maintenance_file_is_taken_away_once(changed: Changed) -> None:
    stale = changed.site.root / ".maintenance"
    stale.write_text("<?php $upgrading = 1;")
    os.utime(stale, (time.time() - 3600, time.time() - 3600))
    assert changed.paired.call("wp.site.health").result["maintenance"] == "stale"
    assert changed.act("wp.maintenance.clear", {}).result == {"cleared": True}
    assert not stale.exists()
    assert changed.act("wp.maintenance.clear", {}).result == {"cleared": False}
