"""The saga's course with a site that is well: each result in its place, and nothing done that the answers do not call for."""

from dataclasses import replace
from typing import Any

import pytest

from presswarden.flows import saga
from presswarden.mailbox.model import Outcome
from presswarden.rollouts.model import Result
from tests.fakes.hands import AWAY, SNAPSHOT, UNKNOWN, UPDATE, FakeSite, done, ends, refused


@pytest.mark.req("N6")
async def test_a_good_update_is_seen_three_times_over_a_minute_and_then_closed() -> None:
    site = FakeSite()
    ended = await ends(site)
    assert (ended.result, ended.code, site.stage, site.version) == (Result.SUCCEEDED, "", "closed", "1.1")
    assert site.acts == [1, 2]
    assert site.waited == 60
    assert site.probed == ["check.1.pages", "check.2.pages", "check.3.pages"], "signed only while the change is open"
    assert [step for step in site.steps if step.endswith(".pages")] == ["before.pages", "check.1.pages", "check.2.pages", "check.3.pages"]
    assert ended.seen["version"] == "1.1"


async def test_nothing_is_called_good_before_the_site_has_closed_it() -> None:
    site = FakeSite()
    await saga.run(site, site.task)
    assert site.steps.index("close") > site.steps.index("check.3.inventory")
    assert [name for name, _ in site.notes] == ["snapshot", "verify", "act", "check", "close"]


async def test_a_snapshot_is_made_and_verified_before_anything_is_touched() -> None:
    site = FakeSite(steps_needed=3)
    await saga.run(site, site.task)
    wanted = ["snapshot.0", "snapshot.1", "snapshot.2", "canary", "verify.0", "verify.1", "act.stopped", "act"]
    assert [step for step in site.steps if step.split(".")[0] in {"snapshot", "canary", "verify", "act"}] == wanted


@pytest.mark.req("W14")
async def test_the_first_call_of_a_snapshot_with_tables_may_take_longer() -> None:
    seconds = []

    class Watched(FakeSite):
        async def call(self, step: str, tool: str, args: Any) -> Outcome:
            if tool == "wp.snapshot.create":
                seconds.append((args["database"], args["seconds"]))
            return await super().call(step, tool, args)

    task = replace(UPDATE, database=True)
    await saga.run(Watched(task=task), task)
    assert seconds == [(True, 25), (True, 10)]


# Before anything is touched.


@pytest.mark.parametrize("where", ["before.stopped", "act.stopped"])
async def test_a_stop_before_the_act_leaves_the_site_alone(where: str) -> None:
    site = FakeSite(stop_at=where)
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.STOPPED, "change.stopped", [])


async def test_a_stop_is_seen_in_the_middle_of_a_long_snapshot() -> None:
    site = FakeSite(steps_needed=40, stop_at="snapshot.9.stopped")
    ended = await ends(site)
    assert (ended.result, site.acts) == (Result.STOPPED, [])


@pytest.mark.parametrize(
    ("bend", "result", "code"),
    [
        ({"before.health": AWAY}, Result.STOPPED, "site.unreachable"),
        ({"before.health": refused("gate.paused")}, Result.REFUSED, "gate.paused"),
        ({"before.inventory": refused("call.rate")}, Result.REFUSED, "call.rate"),
        ({"before.inventory": UNKNOWN}, Result.STOPPED, "dispatch.unanswered"),
        ({"snapshot.0": refused("action.snapshot", "disk")}, Result.REFUSED, "action.snapshot"),
        ({"snapshot.1": AWAY}, Result.STOPPED, "site.unreachable"),
        ({"snapshot.0": done(done=False, next=0)}, Result.REFUSED, "snapshot.endless"),
        ({"canary": True}, Result.REFUSED, "snapshot.exposed"),
        ({"canary": None}, Result.REFUSED, "snapshot.not_tested"),
        ({"verify.0": done(done=True, next=1, verified=False, says="one bit")}, Result.REFUSED, "snapshot.not_verified"),
        ({"verify.0": refused("action.snapshot_unknown")}, Result.REFUSED, "action.snapshot_unknown"),
        ({"act": refused("gate.window")}, Result.REFUSED, "gate.window"),
        ({"act": refused("call.snapshot")}, Result.REFUSED, "call.snapshot"),
        ({"act": refused("action.package_hash")}, Result.REFUSED, "action.package_hash"),
        ({"act": refused("action.files", "link")}, Result.REFUSED, "action.files"),
        ({"act": refused("action.before")}, Result.NOT_APPLICABLE, "action.before"),
        ({"act": refused("action.offer")}, Result.NOT_APPLICABLE, "action.offer"),
        ({"act": AWAY}, Result.STOPPED, "site.unreachable"),
    ],
)
async def test_what_ends_before_a_file_is_touched_has_its_own_name(bend: dict[str, Any], result: Result, code: str) -> None:
    site = FakeSite(bend=bend)
    ended = await ends(site)
    assert (ended.result, ended.code, site.version, site.stage) == (result, code, "1.0", "")
    assert set(site.acts) <= {1}
    assert ended.says


@pytest.mark.req("W14")
async def test_an_exposed_snapshot_folder_names_the_snapshot_to_delete() -> None:
    assert SNAPSHOT in (await ends(FakeSite(bend={"canary": True}))).says


@pytest.mark.parametrize(
    ("health", "result", "code"),
    [
        ({"paused": "local"}, Result.STOPPED, "change.site_paused"),
        ({"quiet": "clone"}, Result.STOPPED, "change.site_paused"),
        ({"watchdog": False}, Result.REFUSED, "change.watchdog"),
    ],
)
async def test_a_site_that_can_not_take_a_change_gets_none(health: dict[str, Any], result: Result, code: str) -> None:
    site = FakeSite(health=health)
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (result, code, [])


@pytest.mark.parametrize("state", ["applying", "confirm", "restoring"])
async def test_another_open_change_keeps_this_one_out(state: str) -> None:
    ended = await ends(FakeSite(other=state))
    assert (ended.result, ended.code) == (Result.REFUSED, "change.other_open")


@pytest.mark.parametrize("state", ["closed", "restored", "failed"])
async def test_a_change_that_is_over_keeps_nobody_out(state: str) -> None:
    site = FakeSite(other=state)
    site.bend["act"] = lambda here: (setattr(here, "other", ""), here.run("act"))[1]
    assert (await ends(site)).result is Result.SUCCEEDED


@pytest.mark.parametrize(
    ("site", "code"),
    [
        (FakeSite(version="1.0.5"), "change.version_before"),
        (FakeSite(version="1.1"), "change.version_before"),
        (FakeSite(present=False), "change.absent"),
        (FakeSite(replace(UPDATE, tool="wp.plugin.deactivate", version=""), active=False), "change.done_before"),
        (FakeSite(replace(UPDATE, tool="wp.plugin.activate", version=""), active=True), "change.done_before"),
    ],
)
async def test_a_site_that_is_no_longer_as_planned_is_not_touched(site: FakeSite, code: str) -> None:
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.NOT_APPLICABLE, code, [])
