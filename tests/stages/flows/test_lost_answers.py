"""Answers that never came, sites that were not well before, and components of every kind: what the saga makes of each."""

from dataclasses import replace
from typing import Any

import pytest

from presswarden.mailbox.model import Outcome, RequestState
from presswarden.rollouts.model import Result
from tests.fakes.hands import AWAY, SNAPSHOT, UNKNOWN, UPDATE, FakeSite, ends, failing, page, refused

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


async def test_a_snapshot_whose_only_answer_was_lost_begins_nothing_and_says_what_happened_and_what_to_do() -> None:
    bend = {"snapshot.0": UNKNOWN, "snapshot.0.again": refused("action.step"), "snapshot.0.on": refused("action.step")}
    site = FakeSite(bend=bend, snapshots=[{"id": SNAPSHOT, "state": "made"}])
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.REFUSED, "snapshot.answer_lost", [])
    assert "Ask for the change again" in ended.says


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


TAKEN = Outcome(RequestState.UNKNOWN, "call.running", "The site took the call and has not answered it.")


async def test_a_call_that_the_site_took_and_never_began_is_over_after_two_minutes() -> None:
    site = FakeSite(bend={"act": TAKEN})
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.STOPPED, "change.never_began", [1])
    assert 120 < site.waited < 180


async def test_an_update_that_the_site_took_and_is_long_at_is_waited_for() -> None:
    def at_work(here: FakeSite) -> Outcome:
        here.run("act")
        here.stage = "applying"
        return TAKEN

    site = FakeSite(bend={"act": at_work, "settle.6.wait": lambda here: setattr(here, "stage", "confirm")})
    assert (await ends(site)).result is Result.SUCCEEDED
    assert site.acts == [1, 2]


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


@pytest.mark.req("N8")
@pytest.mark.parametrize("told", [UNKNOWN, AWAY])
async def test_a_close_that_the_site_took_and_never_ran_is_said_again_by_the_one_in_reserve(told: Outcome) -> None:
    site = FakeSite(bend={"close": told})
    ended = await ends(site)
    assert (ended.result, site.stage, site.version) == (Result.SUCCEEDED, "closed", "1.1")
    assert site.acts == [1, 2, 5]
    assert site.waited < 120, "not left to the deadline"


async def test_a_close_that_ran_after_all_before_the_one_in_reserve_counts() -> None:
    site = FakeSite(bend={"close": UNKNOWN, "close_again": lambda here: (here.run("close"), here.run("close"))[1]})
    assert (await ends(site)).result is Result.SUCCEEDED


async def test_a_close_that_was_refused_is_not_said_again() -> None:
    site = FakeSite(bend={"close": refused("gate.limit")})
    ended = await ends(site)
    assert (ended.result, site.acts) == (Result.ROLLED_BACK, [1, 2])


@pytest.mark.parametrize(("reserve", "tried"), [(5, [1, 2, 5]), (0, [1, 2])])
async def test_a_good_change_that_could_not_be_closed_is_taken_back_at_the_deadline_and_not_called_good(
    reserve: int, tried: list[int]
) -> None:
    site = FakeSite(replace(UPDATE, close_again=reserve), bend={"close": UNKNOWN, "close_again": UNKNOWN})
    ended = await ends(site)
    assert site.acts == tried
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
