"""`site update`: one component in one go; what it may not do it files and says so, and "updated" is said of nothing but a success that was seen."""

import json

import pytest

from presswarden.identity.model import Role
from presswarden.kernel.clock import SystemClock
from presswarden.rollouts.model import Result
from tests.support.office import Office
from tests.support.shop import AKISMET, COMPONENTS, HEALTH, Shop, offered

pytestmark = pytest.mark.req("N20", "S5")


def _fresh(office: Office, components: dict[str, object], seq: int = 2) -> None:
    async def report(shop: Shop) -> None:
        await shop.report(components, SystemClock().now(), seq=seq)  # type: ignore[arg-type]  # built by hand

    office.do(report)


def _waiting(office: Office) -> list[dict[str, object]]:
    return [dict(each) for each in office.ask("proposal", "list", "--state", "waiting")]


@pytest.mark.parametrize(
    ("component", "code"),
    [("plugin:nobody/nobody.php", "update.unknown"), ("core", "update.no_offer"), ("passwords", "update.unknown")],
)
def test_what_can_not_be_updated_says_why_and_what_to_do(office: Office, component: str, code: str) -> None:
    ran = office.run("--json", "site", "update", "shop", component)
    told = json.loads(ran.stderr)
    assert (ran.exit_code, told["code"]) == (3, code)
    assert told["do"]
    assert _waiting(office) == []


def test_a_missing_licence_is_said_in_words(office: Office) -> None:
    _fresh(office, dict(offered(package=False)))
    ran = office.run("site", "update", "shop", AKISMET)
    assert (ran.exit_code, "licence" in ran.output) == (3, True)


@pytest.mark.req("N13")
def test_a_closed_plugin_is_refused_from_the_start_and_nothing_is_filed(office: Office) -> None:
    _fresh(office, {**offered(), AKISMET: {**COMPONENTS[AKISMET], "known": False}})
    ran = office.run("--json", "site", "update", "shop", AKISMET)
    told = json.loads(ran.stderr)
    assert (ran.exit_code, told["code"], told["where"]) == (3, "policy.refused", "policy.component_unknown")
    assert _waiting(office) == []


def test_a_site_that_can_not_take_a_change_now_says_why_before_anybody_says_yes(office: Office) -> None:
    async def report(shop: Shop) -> None:
        await shop.report(offered(), SystemClock().now(), health={**HEALTH, "watchdog": False}, seq=2)

    office.do(report)
    ran = office.run("--json", "site", "update", "shop", AKISMET)
    told = json.loads(ran.stderr)
    assert (ran.exit_code, told["code"], told["where"]) == (3, "update.not_ready", AKISMET)
    assert "watchdog" in told["says"].lower()
    assert "site show" in told["do"]
    assert _waiting(office) == []


@pytest.mark.req("X6")
def test_without_a_terminal_it_is_filed_and_waits_for_a_yes(on_both: Office) -> None:
    ran = on_both.run("--json", "site", "update", "shop", AKISMET)
    told = json.loads(ran.stderr)
    assert (ran.exit_code, told["code"]) == (3, "approval.wanted")
    (filed,) = _waiting(on_both)
    assert (filed["id"], filed["source"], filed["confidence"]) == (told["proposal"], "person", None)
    assert on_both.work_filed() == 0


def test_asking_twice_files_once(office: Office) -> None:
    for _ in range(2):
        ran = office.run("--json", "site", "update", "shop", AKISMET)
        assert (ran.exit_code, json.loads(ran.stderr)["code"]) == (3, "approval.wanted")
    assert len(_waiting(office)) == 1


def test_at_a_terminal_the_only_approver_says_yes_and_sees_the_honest_result(office: Office) -> None:
    with office.working(Result.SUCCEEDED):
        sat = office.sit("site", "update", "shop", AKISMET)
    assert sat.code == 0, sat.screen
    assert "5.7.2 -> 5.7.3. Updated: the new version was seen on the site" in sat.screen


@pytest.mark.req("W15")
@pytest.mark.parametrize(
    ("result", "exit_code", "code"),
    [
        (Result.ROLLED_BACK, 1, "change.rolled_back"),
        (Result.ROLLBACK_FAILED, 1, "change.rollback_failed"),
        (Result.UNVERIFIED, 5, "change.unverified"),
        (Result.UNKNOWN, 5, "change.unknown_outcome"),
        (Result.NOT_APPLICABLE, 4, "change.not_applicable"),
        (Result.REFUSED, 3, "change.refused"),
        (Result.STOPPED, 3, "change.stopped"),
    ],
)
def test_what_did_not_succeed_is_never_called_updated(office: Office, result: Result, exit_code: int, code: str) -> None:
    with office.working(result, says="The home page showed a fatal error."):
        sat = office.sit("site", "update", "shop", AKISMET)
    assert sat.code == exit_code, sat.screen
    assert code in sat.screen
    assert "The home page showed a fatal error." in sat.screen
    assert "Updated" not in sat.screen
    assert "presswarden change show" in sat.screen


@pytest.mark.req("N8")
def test_a_change_without_a_result_goes_on_when_the_waiting_ends(office: Office) -> None:
    sat = office.sit("site", "update", "shop", AKISMET, "--seconds", "1")
    assert (sat.code, "change.under_way" in sat.screen) == (5, True), sat.screen
    assert office.work_filed() == 1


@pytest.mark.req("X10")
def test_whoever_may_not_propose_may_not_update(office: Office) -> None:
    for role in (Role.VIEWER, Role.AUDITOR, Role.APPROVER):
        office.join(role.value, role)
        ran = office.run("site", "update", "shop", AKISMET, who=role.value)
        assert (ran.exit_code, "identity.forbidden" in ran.output) == (3, True), role
    assert _waiting(office) == []


@pytest.mark.req("W1")
def test_updates_of_many_sites_are_planned_and_none_is_agreed_to(on_both: Office) -> None:
    made = on_both.run("--json", "proposal", "plan", "--component", AKISMET)
    (one,) = json.loads(made.stdout)
    assert (made.exit_code, one["outcome"], one["component"]) == (0, "made", AKISMET)
    (filed,) = _waiting(on_both)
    assert (filed["id"], on_both.work_filed()) == (one["proposal"], 0)
    again = on_both.run("proposal", "plan", "--site", "shop")
    assert (again.exit_code, "0 made, 1 not yet, 0 refused" in again.output) == (0, True)


def test_a_plan_for_many_needs_a_site_or_a_component_and_something_to_update(office: Office) -> None:
    assert office.run("proposal", "plan").exit_code == 2
    nothing = office.run("--json", "proposal", "plan", "--component", "core")
    assert (nothing.exit_code, json.loads(nothing.stderr)["code"]) == (3, "update.no_offer")
