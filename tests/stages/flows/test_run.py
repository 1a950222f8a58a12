"""The saga's course with a site that is well: each result in its place, and nothing done that the answers do not call for."""

from dataclasses import replace
from typing import Any

import pytest

from presswarden.flows import saga
from presswarden.flows.checking import Checks
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.rollouts.model import Result
from tests.fakes.hands import AWAY, SNAPSHOT, UNKNOWN, UPDATE, Ended, FakeSite, done, failing, page, refused


async def ends(site: FakeSite, checks: Checks | None = None) -> Ended:
    await saga.run(site, site.task, checks)
    assert site.ended is not None
    return site.ended


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


# Snapshot steps whose answer was lost.


async def test_a_snapshot_step_whose_answer_was_lost_is_asked_again() -> None:
    site = FakeSite(bend={"snapshot.0": UNKNOWN})
    assert (await ends(site)).result is Result.SUCCEEDED
    assert "snapshot.0.again" in site.steps


async def test_a_snapshot_step_that_ran_without_an_answer_is_stepped_over() -> None:
    site = FakeSite(steps_needed=3, bend={"snapshot.1": UNKNOWN, "snapshot.1.again": refused("action.step")})
    assert (await ends(site)).result is Result.SUCCEEDED
    assert "snapshot.1.on" in site.steps


async def test_a_snapshot_whose_last_answer_was_lost_is_found_in_the_list() -> None:
    bend = {"snapshot.1": UNKNOWN, "snapshot.1.again": refused("action.step"), "snapshot.1.on": refused("action.step")}
    site = FakeSite(bend=bend, snapshots=[{"id": SNAPSHOT, "state": "made"}])
    assert (await ends(site)).result is Result.SUCCEEDED


@pytest.mark.parametrize("kept", [[], [{"id": SNAPSHOT, "state": "making"}], [{"id": "another", "state": "verified"}]])
async def test_a_snapshot_that_the_list_does_not_know_as_made_is_none(kept: list[dict[str, Any]]) -> None:
    bend = {"snapshot.1": UNKNOWN, "snapshot.1.again": refused("action.step"), "snapshot.1.on": refused("action.step")}
    site = FakeSite(bend=bend, snapshots=kept)
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.REFUSED, "action.step", [])


# An act of whose end nobody knows.


def lost(here: FakeSite) -> Outcome:
    here.run("act")
    return UNKNOWN


@pytest.mark.req("N8")
async def test_a_lost_answer_is_settled_by_the_sites_own_word_and_the_act_is_not_run_again() -> None:
    site = FakeSite(bend={"act": lost})
    ended = await ends(site)
    assert (ended.result, site.acts) == (Result.SUCCEEDED, [1, 2])


async def test_a_call_that_never_arrived_changed_nothing() -> None:
    site = FakeSite(bend={"act": UNKNOWN})
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.STOPPED, "change.never_began", [1])
    assert site.waited > 330, "longer than a signed call stays valid"


async def test_a_failure_that_came_after_the_answer_is_settled_too() -> None:
    site = FakeSite(bend={"act": lambda here: (here.run("act"), Outcome(RequestState.FAILED, "sites.not_paired", "Revoked."))[1]})
    ended = await ends(site)
    assert site.acts[0] == 1
    assert ended.result is Result.ROLLED_BACK


async def test_an_update_that_still_runs_is_waited_for() -> None:
    def still_running(here: FakeSite) -> Outcome:
        here.run("act")
        here.stage = "applying"
        return UNKNOWN

    site = FakeSite(bend={"act": still_running, "settle.3.wait": lambda here: setattr(here, "stage", "confirm")})
    assert (await ends(site)).result is Result.SUCCEEDED


async def test_another_version_without_a_change_of_ours_is_said_to_be_unknown() -> None:
    site = FakeSite(bend={"act": lambda here: (setattr(here, "version", "1.0.9"), UNKNOWN)[1]})
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.UNKNOWN, "change.unknown")


# The word that it is good.


async def test_a_close_whose_answer_was_lost_is_read_back() -> None:
    site = FakeSite(bend={"close": lambda here: (here.run("close"), UNKNOWN)[1]})
    assert (await ends(site)).result is Result.SUCCEEDED


async def test_a_good_change_that_could_not_be_closed_is_taken_back_at_the_deadline_and_not_called_good() -> None:
    site = FakeSite(bend={"close": UNKNOWN})
    ended = await ends(site)
    assert (ended.result, ended.code, site.version, site.why) == (Result.ROLLED_BACK, "change.not_closed", "1.0", "deadline")


async def test_a_deadline_that_came_before_the_close_is_named() -> None:
    site = FakeSite(bend={"close": lambda here: (here.take_back("deadline"), here.run("close"))[1]})
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLED_BACK, "change.deadline")


async def test_files_changed_by_somebody_else_before_the_close_are_left_alone() -> None:
    site = FakeSite(bend={"close": lambda here: (setattr(here, "stage", "superseded"), refused("action.change_state"))[1]})
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.UNVERIFIED, "change.superseded", [1, 2])


# Sites that were not well before.


@pytest.mark.req("N6")
@pytest.mark.parametrize("before", [failing(""), page("", status=0), page("", status=503), page("", fatal=True)])
async def test_a_site_that_failed_before_is_unverified_and_keeps_its_update(before: Any) -> None:
    site = FakeSite(pages={"": before, "shop/": page("shop/")})
    ended = await ends(site)
    assert (ended.result, ended.code, site.version, site.stage) == (Result.UNVERIFIED, "health.failed_before", "1.1", "closed")


async def test_an_update_that_makes_a_failing_page_well_has_succeeded() -> None:
    site = FakeSite(pages={"": failing("")}, bend={"act": lambda here: (here.pages.update({"": page("")}), here.run("act"))[1]})
    assert (await ends(site)).result is Result.SUCCEEDED


async def test_pages_that_could_not_be_seen_before_make_it_unverified() -> None:
    assert (await ends(FakeSite(bend={"before.pages": ()}))).result is Result.UNVERIFIED


# Other components.


async def test_a_core_update_and_a_theme_update_go_the_same_way() -> None:
    for tool, component in (("wp.core.update", "core"), ("wp.theme.update", "theme:twenty")):
        site = FakeSite(replace(UPDATE, tool=tool, component=component, deactivate=0), active=None if component == "core" else False)
        assert (await ends(site)).result is Result.SUCCEEDED


async def test_a_translation_is_known_by_its_revision() -> None:
    task = replace(
        UPDATE, tool="wp.translation.update", component="translation:plugin:shop:de_DE", was="", version="2026-10-01 10:00:00", snapshot=None,
        take_back=0, deactivate=0,
    )  # fmt: skip
    site = FakeSite(task, revised="2026-01-01 10:00:00+0000")
    assert (await ends(site)).result is Result.SUCCEEDED
    assert not any(step.startswith("snapshot") for step in site.steps)
    fresh = FakeSite(task, present=False)
    assert (await ends(fresh)).result is Result.SUCCEEDED
    same = FakeSite(task, revised="2026-01-01 10:00:00+0000", bend={"act": still_old})
    ended = await ends(same)
    assert (ended.result, ended.code) == (Result.ROLLED_BACK, "health.version")


def still_old(here: FakeSite) -> Outcome:
    revised = here.revised
    answer = here.run("act")
    here.revised = revised
    return answer


async def test_switching_with_a_snapshot_is_a_change_like_any_other() -> None:
    task = replace(UPDATE, tool="wp.plugin.deactivate", version="", deactivate=0)
    site = FakeSite(
        task, bend={"act": lambda here: (here.pages.update({"shop/": page("shop/", title="other", size=900)}), here.run("act"))[1]}
    )
    ended = await ends(site)
    assert (ended.result, site.active, site.stage) == (Result.SUCCEEDED, False, "closed")


# Acts that open no change.

ALONE = replace(UPDATE, close=0, take_back=0, deactivate=0, was="", version="")


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
