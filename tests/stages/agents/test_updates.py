"""The update analyst: the same facts always come to the same recommendation, in words for and against, and nobody is told the same thing twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from presswarden.actions.model import Risk
from presswarden.agents.model import Known, Look, Past
from presswarden.agents.updates import ANALYST, is_news, recommendation
from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import ChangeId, CorrelationId, InstallationId, OrgId, ProposalId, SiteId, WorkId, new_id
from presswarden.policy.confidence import confidence
from presswarden.policy.model import Jump, Outcome, Size
from presswarden.proposals.model import Draft, Plan, Proposal, ProposalState, Source
from presswarden.proposals.packages.model import Package, wanted
from presswarden.rollouts.model import Change, Result
from presswarden.telemetry.offers.model import Named, Offer

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORG, SITE = OrgId("o"), SiteId("s")
AKISMET = "plugin:akismet/akismet.php"
URL = "https://downloads.wordpress.org/plugin/akismet.5.7.3.zip"
NOTHING = Known((), ())
FETCHED = wanted(ORG, AKISMET, "5.7.3", URL, NOW).found("1" * 64, 10, NOW)

pytestmark = pytest.mark.req("W5", "W16")


def _look(version: str = "5.7.3", component: str = AKISMET, *, php: str = "7.2", wp: str = "6.2", **facts: Json) -> Look:
    components: dict[str, dict[str, Json]] = {
        "core": {"version": "7.1.4"},
        "php": {"version": "8.2.7"},
        AKISMET: {"active": True, "known": True, "name": "Akismet", "version": "5.7.2", **facts},
        "translation:plugin:akismet:de_DE": {"revised": "2026-10-01 10:00:00+0000"},
    }
    offer = Offer(Named(component, version, True, URL, php, wp), NOW - timedelta(days=3))
    return Look(SITE, "shop", InstallationId("i"), "https://shop.example", components, {component: offer})


def _draft(known: Known = NOTHING, *, look: Look | None = None, component: str = AKISMET) -> Draft:
    found = recommendation(look or _look(), component, known)
    assert found is not None
    return found


def _codes(draft: Draft) -> list[str]:
    return [each.code for each in draft.evidence]


def _outcomes(passed: int, failed: int, *, alike: bool = True) -> tuple[Outcome, ...]:
    return tuple(Outcome(AKISMET, "5.7.2", "5.7.3", number < passed, alike) for number in range(passed + failed))


def test_a_recommendation_names_the_exact_step_and_what_speaks_against_it_first() -> None:
    draft = _draft(Known((FETCHED,), _outcomes(4, 1)))
    assert (draft.source, draft.by, draft.title) == (Source.ANALYST, ANALYST, "Update Akismet 5.7.2 to 5.7.3 on shop")
    (item,) = draft.items
    assert (item.tool, item.version, item.package, dict(item.before)) == (
        "wp.plugin.update",
        "5.7.3",
        "1" * 64,
        {"active": True, "version": "5.7.2"},
    )
    sides = [each.against for each in draft.evidence]
    assert sides == sorted(sides, reverse=True)
    assert _codes(draft) == [
        "failed-elsewhere",
        "patch-step",
        "package-bound",
        "passed-elsewhere",
        "confidence",
        "offered",
        "requirements-met",
    ]


@pytest.mark.req("W6")
def test_confidence_is_the_policys_own_number_for_this_step_and_the_fleets_outcomes() -> None:
    outcomes = _outcomes(5, 1)
    assert _draft(Known((), outcomes)).confidence == confidence(Jump(AKISMET, "5.7.2", "5.7.3", Size.PATCH), outcomes)
    assert _draft(Known((), ())).confidence == confidence(Jump(AKISMET, "5.7.2", "5.7.3", Size.PATCH), ())


@pytest.mark.parametrize(
    ("version", "code", "against"), [("5.7.3", "patch-step", False), ("5.8", "minor-step", True), ("6.0", "major-step", True)]
)
def test_the_size_of_the_step_speaks_for_or_against(version: str, code: str, against: bool) -> None:
    (found,) = [each for each in _draft(look=_look(version)).evidence if each.code.endswith("-step")]
    assert (found.code, found.against) == (code, against)


def test_a_language_pack_has_no_confidence_and_no_step() -> None:
    component = "translation:plugin:akismet:de_DE"
    draft = _draft(look=_look("2026-11-01 10:00:00", component), component=component)
    assert draft.confidence is None
    assert not [code for code in _codes(draft) if code.endswith("-step")]
    assert dict(draft.items[0].before) == {"revised": "2026-10-01 10:00:00+0000"}


@pytest.mark.parametrize(
    ("facts", "code"),
    [({"known": False}, "not-in-directory"), ({"auto_update": True}, "auto-update-on")],
)
def test_what_is_odd_about_the_component_speaks_against(facts: dict[str, Json], code: str) -> None:
    assert [each.against for each in _draft(look=_look(**facts)).evidence if each.code == code] == [True]
    assert code not in _codes(_draft())


@pytest.mark.req("N13")
def test_a_package_that_nobody_saw_outside_speaks_against_with_the_reason() -> None:
    missed = replace(FETCHED, sha256="", code="package.status", says="The package's address answers HTTP 404.")
    (found,) = [each for each in _draft(Known((missed,), ())).evidence if each.code == "package-unbound"]
    assert found.against
    assert "404" in found.says


@pytest.mark.req("N13")
def test_packages_that_differ_speak_against() -> None:
    other: Package = replace(FETCHED, id="2" * 64, place=URL + "?x", sha256="2" * 64)
    assert "package-differs" in _codes(_draft(Known((FETCHED, other), ())))


@pytest.mark.req("N20")
@pytest.mark.parametrize("needs", [{"php": "8.3"}, {"wp": "7.2"}])
def test_a_version_that_the_site_is_too_old_for_is_not_recommended(needs: dict[str, str]) -> None:
    assert recommendation(_look(**needs), AKISMET, NOTHING) is None


@pytest.mark.req("N13")
@pytest.mark.parametrize("version", ["5.7.2", "5.7.1", "5.7.2-beta"])
def test_a_version_that_is_not_newer_is_not_recommended(version: str) -> None:
    assert recommendation(_look(version), AKISMET, NOTHING) is None


def test_nothing_is_recommended_for_what_can_not_be_updated() -> None:
    assert recommendation(_look(), "plugin:nobody/nobody.php", NOTHING) is None


def _proposal(draft: Draft, state: ProposalState) -> Proposal:
    plan = Plan("", (), "", NOW, NOW)
    return Proposal(
        ORG, ProposalId(new_id()), draft.source, draft.by, None, draft.title, draft.items, draft.evidence, draft.confidence, Risk.MEDIUM, plan,
        state, CorrelationId(new_id()), NOW, NOW, NOW, None,
    )  # fmt: skip


def _change(result: Result | None, ended_at: datetime | None = NOW, *, version: str = "5.7.3") -> Change:
    return Change(
        ORG, ChangeId(new_id()), WorkId(new_id()), ProposalId(new_id()), SITE, 1, "wp.plugin.update", AKISMET, "5.7.2", version, None, "", result,
        "", "", {}, NOW, ended_at,
    )  # fmt: skip


def _past(*proposals: Proposal, changes: tuple[Change, ...] = (), now: datetime = NOW) -> Past:
    return Past(proposals, changes, now)


def test_the_first_recommendation_is_news() -> None:
    assert is_news(_draft(), _past())


@pytest.mark.parametrize("state", [ProposalState.WAITING, ProposalState.APPROVED, ProposalState.RECOMMENDED, ProposalState.REJECTED])
def test_what_people_have_before_them_or_refused_is_no_news(state: ProposalState) -> None:
    assert not is_news(_draft(), _past(_proposal(_draft(), state)))


@pytest.mark.parametrize("state", [ProposalState.EXPIRED, ProposalState.REPLACED, ProposalState.ENDED])
def test_what_ran_out_unseen_may_be_said_again(state: ProposalState) -> None:
    assert is_news(_draft(), _past(_proposal(_draft(), state)))


def test_a_person_who_works_on_the_component_is_not_disturbed_with_another_version() -> None:
    assert not is_news(_draft(look=_look("5.8")), _past(_proposal(_draft(), ProposalState.WAITING)))


@pytest.mark.parametrize(
    "known", [Known((FETCHED,), ()), Known((), _outcomes(0, 1)), Known((), _outcomes(9, 0))], ids=["package", "failure", "confidence"]
)
def test_other_evidence_is_news_and_replaces_what_was_recommended(known: Known) -> None:
    assert is_news(_draft(known), _past(_proposal(_draft(), ProposalState.RECOMMENDED)))


def test_another_version_is_news_also_where_the_last_one_was_refused() -> None:
    assert is_news(_draft(look=_look("5.8")), _past(_proposal(_draft(), ProposalState.REJECTED)))


def test_more_evidence_does_not_nag_whoever_refused_the_version() -> None:
    assert not is_news(_draft(Known((FETCHED,), _outcomes(9, 0))), _past(_proposal(_draft(), ProposalState.REJECTED)))


@pytest.mark.parametrize("result", [Result.ROLLED_BACK, Result.ROLLBACK_FAILED, Result.UNVERIFIED, Result.UNKNOWN])
def test_a_version_that_did_not_hold_on_this_site_is_never_recommended_there_again(result: Result) -> None:
    assert not is_news(_draft(), _past(changes=(_change(result),), now=NOW + timedelta(days=300)))
    assert is_news(_draft(look=_look("5.7.4")), _past(changes=(_change(result),)))


@pytest.mark.parametrize("result", [Result.NOT_APPLICABLE, Result.REFUSED, Result.STOPPED])
def test_a_version_that_never_began_is_not_tried_again_within_a_day(result: Result) -> None:
    assert not is_news(_draft(), _past(changes=(_change(result),), now=NOW + timedelta(hours=23)))
    assert is_news(_draft(), _past(changes=(_change(result),), now=NOW + timedelta(hours=25)))
