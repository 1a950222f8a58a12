"""Acts that open no change on the site: what was not read back is not said to have succeeded."""

from dataclasses import replace

import pytest

from presswarden.rollouts.model import Result
from tests.fakes.hands import AWAY, SNAPSHOT, UNKNOWN, UPDATE, FakeSite, done, ends, failing, refused

ALONE = replace(UPDATE, close=0, take_back=0, deactivate=0, close_again=0, was="", version="")


async def test_a_deleted_snapshot_is_gone_from_the_list() -> None:
    site = FakeSite(replace(ALONE, tool="wp.snapshot.delete"), snapshots=[{"id": SNAPSHOT}, {"id": "another"}])
    assert (await ends(site)).result is Result.SUCCEEDED
    stays = FakeSite(replace(ALONE, tool="wp.snapshot.delete"), snapshots=[{"id": SNAPSHOT}], bend={"act": done(deleted=True)})
    assert ((await ends(stays)).result, stays.acts) == (Result.UNVERIFIED, [1])
    unlisted = FakeSite(replace(ALONE, tool="wp.snapshot.delete"), bend={"act": UNKNOWN, "list": AWAY})
    assert (await ends(unlisted)).result is Result.UNKNOWN
    later = FakeSite(replace(ALONE, tool="wp.snapshot.delete"), bend={"list": AWAY})
    assert (await ends(later)).result is Result.UNVERIFIED


async def test_a_cleared_maintenance_file_is_gone_from_the_health() -> None:
    task = replace(ALONE, tool="wp.maintenance.clear", component="", snapshot=None)
    assert (await ends(FakeSite(task, health={"maintenance": "stale"}))).result is Result.SUCCEEDED
    stays = FakeSite(task, health={"maintenance": "stale"}, bend={"act": done(cleared=False)})
    assert (await ends(stays)).result is Result.UNVERIFIED
    assert (await ends(FakeSite(task, bend={"after.health": AWAY}))).result is Result.UNKNOWN


async def test_a_restored_snapshot_is_read_back() -> None:
    task = replace(ALONE, tool="wp.snapshot.restore", version="0.9")
    assert (await ends(FakeSite(task, version="1.1"))).result is Result.SUCCEEDED
    for bend, result in (
        ({"act": UNKNOWN}, Result.UNKNOWN),
        ({"after.health": AWAY}, Result.UNVERIFIED),
        ({"act": done(version="0.8", files=1, tables=0)}, Result.UNVERIFIED),
        ({"after.pages": (failing(""),)}, Result.UNVERIFIED),
        ({"after.pages": ()}, Result.UNVERIFIED),
    ):
        assert (await ends(FakeSite(task, version="1.1", bend=bend))).result is result
    for bend in ({"act": refused("action.snapshot_unknown")}, {"act": refused("gate.approvals")}):
        assert (await ends(FakeSite(task, bend=bend))).result is Result.REFUSED
    assert (await ends(FakeSite(task, stop_at="act.stopped"))).result is Result.STOPPED


async def test_a_plugin_switched_without_a_snapshot_is_looked_at_and_never_called_taken_back() -> None:
    task = replace(ALONE, tool="wp.plugin.activate", snapshot=None, was="1.0")
    well = FakeSite(task, active=False)
    assert ((await ends(well)).result, well.acts) == (Result.SUCCEEDED, [1])
    breaks = FakeSite(task, active=False, broken=lambda here: here.active is True)
    ended = await ends(breaks)
    assert (ended.result, ended.code) == (Result.ROLLBACK_FAILED, "change.no_way_back")
    assert "rename wp-content/plugins/shop" in ended.says
    for bend, result in (
        ({"act": UNKNOWN}, Result.STOPPED),
        ({"act": done()}, Result.UNVERIFIED),
        ({"act": refused("action.before")}, Result.NOT_APPLICABLE),
        ({"after.1.health": AWAY, "after.2.health": AWAY, "after.3.health": AWAY}, Result.UNKNOWN),
    ):
        assert (await ends(FakeSite(task, active=False, bend=bend))).result is result
    before = FakeSite(task, active=False, pages={"": failing("")})
    assert (await ends(before)).result is Result.UNVERIFIED
    assert (await ends(FakeSite(task, active=False, stop_at="act.stopped"))).result is Result.STOPPED
    assert (await ends(FakeSite(task, active=False, stop_at="before.stopped"))).result is Result.STOPPED


@pytest.mark.req("W14")
async def test_tables_are_laid_ready_in_short_calls_before_they_are_restored() -> None:
    task = replace(ALONE, tool="wp.snapshot.restore", version="0.9", database=True)
    more, ready = done(next=1, done=False), done(next=2, done=True)
    site = FakeSite(task, version="1.1", bend={"stage.0": more, "stage.1": UNKNOWN, "stage.2": more, "stage.3": ready})
    assert (await ends(site)).result is Result.SUCCEEDED
    assert [step for step in site.steps if step.startswith("stage.") or step == "act"] == [
        "stage.0",
        "stage.1",
        "stage.2",
        "stage.3",
        "act",
    ]
    # A connector that does not know the call, and one that never comes to an end of it: the restore does all of it itself.
    for bend, steps in (({"stage.0": refused("call.tool")}, 1), ({f"stage.{turn}": UNKNOWN for turn in range(9)}, 3)):
        old = FakeSite(task, version="1.1", bend=bend)
        assert (await ends(old)).result is Result.SUCCEEDED
        assert len([step for step in old.steps if step.startswith("stage.")]) == steps
    files = FakeSite(replace(task, database=False), version="1.1")
    assert (await ends(files)).result is Result.SUCCEEDED
    assert not [step for step in files.steps if step.startswith("stage.")]
