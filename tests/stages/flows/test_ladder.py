"""The recovery ladder: the first rung that works ends it, and the result says what was seen, never what was hoped."""

from dataclasses import replace
from typing import Any

import pytest

from presswarden.mailbox.model import Outcome
from presswarden.rollouts.model import Result
from tests.fakes.hands import AWAY, UNKNOWN, UPDATE, FakeSite, ends, failing, new_is_broken, refused

pytestmark = pytest.mark.req("W15")


async def test_the_own_snapshot_is_restored_by_the_signed_leaf_of_the_plan() -> None:
    site = FakeSite(broken=new_is_broken)
    ended = await ends(site)
    assert (ended.result, site.acts, site.recovers, site.version) == (Result.ROLLED_BACK, [1, 3], [], "1.0")
    assert ended.seen["version"] == "1.0"


def dead(here: FakeSite) -> Outcome:
    here.run("act")
    here.answers = False
    return UNKNOWN


async def test_a_site_that_does_not_answer_is_taken_back_by_the_watchdog_and_confirmed_by_its_signed_word() -> None:
    site = FakeSite(bend={"act": dead}, broken=new_is_broken)
    ended = await ends(site)
    assert (ended.result, site.recovers, site.acts, site.version) == (Result.ROLLED_BACK, [3], [1], "1.0")


async def test_a_site_that_falls_silent_under_the_looks_is_recovered_the_same_way() -> None:
    site = FakeSite(
        bend={"check.1.wait": None, "check.2.wait": lambda here: setattr(here, "answers", False)}, broken=lambda here: not here.answers
    )
    ended = await ends(site)
    assert (ended.result, ended.code, site.recovers) == (Result.ROLLED_BACK, "health.no_answer", [3])


async def test_what_the_watchdog_answers_is_only_a_hint() -> None:
    site = FakeSite(bend={"act": dead}, broken=new_is_broken, heals_by_recover=False)
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLBACK_FAILED, "change.failed")
    assert site.recovers == [3, 3]
    assert "rename wp-content/plugins/shop to shop.off" in ended.says


async def test_pages_that_answer_without_the_sites_own_word_leave_it_unknown() -> None:
    site = FakeSite(bend={"act": dead}, heals_by_recover=False)
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.UNKNOWN, "change.not_seen")


async def test_a_lost_answer_to_the_restore_is_read_back() -> None:
    site = FakeSite(broken=new_is_broken, bend={"take_back": lambda here: (here.run("take_back"), UNKNOWN)[1]})
    assert (await ends(site)).result is Result.ROLLED_BACK


async def test_a_restore_that_never_arrived_is_done_by_the_recover_call() -> None:
    site = FakeSite(broken=new_is_broken, bend={"take_back": UNKNOWN})
    ended = await ends(site)
    assert (ended.result, site.recovers) == (Result.ROLLED_BACK, [3])


async def test_a_restore_that_our_gate_refuses_is_left_to_the_sites_deadline() -> None:
    site = FakeSite(broken=new_is_broken, bend={"take_back": refused("gate.stopped")})
    ended = await ends(site)
    assert (ended.result, site.why, site.recovers) == (Result.ROLLED_BACK, "deadline", [])
    assert site.site_time > site.deadline


async def test_a_change_that_the_site_took_back_by_itself_is_seen_and_named() -> None:
    def probe(here: FakeSite) -> Any:
        here.take_back("fatal-here")
        return list(here.pages.values())

    site = FakeSite(bend={"check.1.pages": probe})
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.ROLLED_BACK, "watchdog.fatal-here", [1])
    assert ended.seen["why"] == "fatal-here"


async def test_a_killed_updater_that_the_site_healed_is_named() -> None:
    site = FakeSite(bend={"act": lambda here: (here.run("act"), here.take_back("updater-died"), UNKNOWN)[2]})
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.ROLLED_BACK, "watchdog.updater-died", [1])


async def test_a_version_that_was_not_kept_is_seen_to_be_back() -> None:
    site = FakeSite(bend={"act": lambda here: (here.run("act"), here.take_back("not-kept"), refused("action.not_kept"))[2]})
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLED_BACK, "action.not_kept")


async def test_a_failure_that_left_no_change_and_the_old_version_touched_nothing() -> None:
    ended = await ends(FakeSite(bend={"act": refused("action.failed")}))
    assert (ended.result, ended.code) == (Result.REFUSED, "action.failed")


async def test_half_of_each_version_goes_up_the_ladder() -> None:
    def half(here: FakeSite) -> Outcome:
        here.run("act")
        here.version = "?"
        return refused("action.half")

    site = FakeSite(bend={"act": half})
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts, site.version) == (Result.ROLLED_BACK, "action.half", [1, 3], "1.0")


@pytest.mark.parametrize("when", ["act", "check.1.pages", "take_back"])
async def test_files_that_somebody_else_changed_meanwhile_are_left_alone(when: str) -> None:
    def superseded(here: FakeSite) -> Any:
        if when == "act":
            here.run("act")
        here.stage, here.version = "superseded", "1.2"
        return list(here.pages.values()) if when.endswith("pages") else UNKNOWN

    site = FakeSite(broken=new_is_broken, bend={when: superseded})
    ended = await ends(site)
    assert (ended.result, ended.code, site.version) == (Result.UNVERIFIED, "change.superseded", "1.2")
    assert 4 not in site.acts


async def test_a_change_that_somebody_else_closed_is_not_called_ours() -> None:
    site = FakeSite(broken=new_is_broken, bend={"take_back": lambda here: (setattr(here, "stage", "closed"), UNKNOWN)[1]})
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.UNVERIFIED, "change.closed")


def gave_up(here: FakeSite) -> Outcome:
    here.stage = "failed"
    return refused("action.failed")


async def test_a_restore_that_fails_switches_the_plugin_off_and_says_so() -> None:
    site = FakeSite(broken=lambda here: here.version == "1.1" and here.active is True, bend={"take_back": gave_up})
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts, site.active) == (Result.ROLLBACK_FAILED, "change.deactivated", [1, 3, 4], False)
    assert "By hand" in ended.says


async def test_a_site_that_gave_up_by_itself_goes_to_the_last_rungs() -> None:
    site = FakeSite(broken=lambda here: here.version == "1.1" and here.active is True)
    site.bend["check.1.pages"] = lambda here: (setattr(here, "stage", "failed"), [failing("")])[1]
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLBACK_FAILED, "change.deactivated")


async def test_old_files_that_do_not_help_are_followed_by_switching_the_plugin_off() -> None:
    site = FakeSite(broken=lambda here: 1 in here.acts and here.active is True)
    ended = await ends(site)
    assert (ended.result, ended.code, site.acts) == (Result.ROLLED_BACK, "change.deactivated", [1, 3, 4])
    assert site.version == "1.0"


@pytest.mark.parametrize("answer", [refused("gate.stopped"), UNKNOWN, lambda here: here.run("deactivate")])
async def test_when_no_rung_helps_a_person_is_told_exactly_what_to_do(answer: Any) -> None:
    site = FakeSite(broken=lambda here: 1 in here.acts, bend={"take_back": gave_up, "deactivate": answer})
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLBACK_FAILED, "change.failed")
    for words in ("By hand", "shop.off", ".maintenance", "snapshot restore"):
        assert words in ended.says


@pytest.mark.parametrize(
    ("component", "words"), [("theme:twenty", "themes/twenty"), ("core", "wp-includes"), ("translation:core:default:de_DE", ".mo")]
)
async def test_the_steps_by_hand_fit_the_component(component: str, words: str) -> None:
    was = "" if component.startswith("translation") else "1.0"
    task = replace(UPDATE, component=component, was=was, deactivate=0)
    site = FakeSite(task, revised="2026-01-01", broken=lambda here: 1 in here.acts, bend={"take_back": gave_up})
    site.bend["act"] = lambda here: (here.run("act"), setattr(here, "revised", "2026-02-02"))[0]
    ended = await ends(site)
    assert ended.result is Result.ROLLBACK_FAILED
    assert words in ended.says


async def test_a_plugin_that_was_off_is_not_switched_off() -> None:
    site = FakeSite(active=False, broken=lambda here: 1 in here.acts, bend={"take_back": gave_up})
    await ends(site)
    assert 4 not in site.acts


# The database.


async def test_what_was_written_meanwhile_is_counted_and_never_taken_back() -> None:
    site = FakeSite(replace(UPDATE, database=True), broken=new_is_broken, lost={"orders": 2, "posts": 1, "users": 0})
    ended = await ends(site)
    assert (ended.result, ended.seen["lost_orders"], ended.seen["lost_posts"], ended.seen["lost_users"]) == (Result.ROLLED_BACK, 2, 1, 0)
    assert "The database was left as it is. Restoring it would lose 2 orders, 1 posts written meanwhile." in ended.says
    assert site.acts == [1, 3], "no leaf of the plan restores a table"


async def test_old_files_on_migrated_tables_that_stay_broken_need_a_person() -> None:
    task = replace(UPDATE, component="core", tool="wp.core.update", database=True, deactivate=0)
    site = FakeSite(task, active=None, broken=lambda here: 1 in here.acts, lost={"orders": 0, "posts": 3, "users": 0})
    site.bend["take_back"] = lambda here: (here.run("take_back"), setattr(here, "active", None))[0]
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLBACK_FAILED, "change.database")
    assert "its database needs a person. Restoring it would lose 3 posts" in ended.says


async def test_a_site_that_never_answers_again_is_not_called_restored() -> None:
    site = FakeSite(bend={"act": dead, "after.1.pages": [failing("")], "after.2.pages": [failing("")], "after.3.pages": [failing("")]})
    for name in ("recover.first.stands", "recover.second.stands", "taken_back"):
        site.bend |= {f"{name}.{turn}": AWAY for turn in range(5)}
    site.bend |= {f"after.{turn}.health": AWAY for turn in (1, 2, 3)}
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLBACK_FAILED, "change.failed")
