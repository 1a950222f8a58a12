"""The decision, table by table. Limits: rules here are values; that documents come to them is `test_read_document`'s."""

from dataclasses import replace

import pytest

from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.kernel.ids import SiteId, new_id
from presswarden.policy.decide import decide
from presswarden.policy.model import Mode, Needs, Reason, Stage, Verdict, gravest
from presswarden.proposals.model import Source
from tests.stages.policy.questions import (
    ASKER,
    CORE_MAJOR,
    FACTS,
    MAJOR,
    NOW,
    ONE,
    OTHER,
    PATCH,
    TRANSLATION,
    WANTED,
    codes,
    consent,
    item,
    question,
    recommended,
    rules,
    site,
)

NOBODY = Needs(0, owners=False, passkeys=False, delay_minutes=0, single_operator=False)
ONE_YES = Needs(1, owners=False, passkeys=False, delay_minutes=0, single_operator=False)
TWO_PEOPLE = Needs(2, owners=False, passkeys=True, delay_minutes=0, single_operator=False)
TWO_OWNERS = Needs(2, owners=True, passkeys=True, delay_minutes=0, single_operator=False)

TABLE = [
    (Mode.OBSERVE, Risk.NONE, Verdict.ALLOW, NOBODY),
    (Mode.OBSERVE, Risk.LOW, Verdict.REFUSE, ONE_YES),
    (Mode.OBSERVE, Risk.MEDIUM, Verdict.REFUSE, ONE_YES),
    (Mode.OBSERVE, Risk.HIGH, Verdict.REFUSE, TWO_PEOPLE),
    (Mode.OBSERVE, Risk.CRITICAL, Verdict.REFUSE, TWO_OWNERS),
    (Mode.APPROVE, Risk.NONE, Verdict.ALLOW, NOBODY),
    (Mode.APPROVE, Risk.LOW, Verdict.ASK, ONE_YES),
    (Mode.APPROVE, Risk.MEDIUM, Verdict.ASK, ONE_YES),
    (Mode.APPROVE, Risk.HIGH, Verdict.ASK, TWO_PEOPLE),
    (Mode.APPROVE, Risk.CRITICAL, Verdict.ASK, TWO_OWNERS),
    (Mode.AUTONOMOUS, Risk.NONE, Verdict.ALLOW, NOBODY),
    (Mode.AUTONOMOUS, Risk.LOW, Verdict.ALLOW, NOBODY),
    (Mode.AUTONOMOUS, Risk.MEDIUM, Verdict.ALLOW, NOBODY),
    (Mode.AUTONOMOUS, Risk.HIGH, Verdict.ASK, TWO_PEOPLE),
    (Mode.AUTONOMOUS, Risk.CRITICAL, Verdict.ASK, TWO_OWNERS),
]


@pytest.mark.req("W8", "X6")
@pytest.mark.parametrize(("mode", "risk", "verdict", "needs"), TABLE)
def test_a_recommendation_at_dispatch_without_consent_follows_the_table(mode, risk, verdict, needs):
    found = decide(recommended(wanted=WANTED[risk], at=site(mode)), rules(), now=NOW)
    assert (found.risk, found.verdict, found.needs) == (risk, verdict, needs)


@pytest.mark.req("W8", "X6")
@pytest.mark.parametrize(("mode", "risk"), [(mode, risk) for mode, risk, _, _ in TABLE])
def test_with_every_consent_it_needs_it_runs_unless_the_site_is_only_observed(mode, risk):
    found = decide(question(WANTED[risk], at=site(mode)), rules(), now=NOW)
    refused = mode is Mode.OBSERVE and risk is not Risk.NONE
    assert found.verdict is (Verdict.REFUSE if refused else Verdict.ALLOW)
    assert found.consented is not refused


@pytest.mark.req("X6")
@pytest.mark.parametrize("risk", [Risk.LOW, Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL])
def test_on_an_observed_site_it_is_filed_and_never_approved_or_dispatched(risk):
    asked = recommended(wanted=WANTED[risk], at=site(Mode.OBSERVE))
    filed, approved, sent = (decide(replace(asked, stage=stage), rules(), now=NOW) for stage in Stage)
    assert filed.verdict is Verdict.HOLD
    assert approved.verdict is sent.verdict is Verdict.REFUSE
    assert "policy.observe" in codes(filed) & codes(approved) & codes(sent)


def test_in_approve_mode_what_automate_lists_runs_by_itself_at_low_risk_only():
    listed = rules(automate=frozenset({"wp.translation.update", "wp.plugin.update"}))
    assert decide(recommended(wanted=TRANSLATION, at=site()), listed, now=NOW).verdict is Verdict.ALLOW
    assert decide(recommended(wanted=PATCH, at=site()), listed, now=NOW).verdict is Verdict.ASK
    raised = decide(recommended(wanted=TRANSLATION, at=site(critical=True)), listed, now=NOW)
    assert (raised.risk, raised.verdict) == (Risk.MEDIUM, Verdict.ASK)


@pytest.mark.req("W6")
@pytest.mark.parametrize(("confidence", "verdict"), [(0.8199, Verdict.HOLD), (0.82, Verdict.ALLOW), (0.8199999999, Verdict.HOLD)])
def test_confidence_holds_below_the_threshold_and_passes_at_it(confidence, verdict):
    found = decide(recommended(confidence), rules(), now=NOW)
    assert found.verdict is verdict
    assert ("policy.confidence" in codes(found)) is (verdict is Verdict.HOLD)


@pytest.mark.req("W6")
@pytest.mark.parametrize("mode", [Mode.APPROVE, Mode.AUTONOMOUS])
@pytest.mark.parametrize("wanted", [TRANSLATION, PATCH, MAJOR])
def test_a_recommendation_below_the_threshold_is_held_in_every_mode_even_with_consents(mode, wanted):
    asked = recommended(0.5, wanted=wanted, at=site(mode), consents=(consent(ONE), consent(OTHER)))
    assert decide(asked, rules(automate=frozenset({wanted.tool})), now=NOW).verdict is Verdict.HOLD


@pytest.mark.req("W6")
def test_a_confidence_that_is_no_number_holds():
    assert decide(recommended(float("nan")), rules(), now=NOW).verdict is Verdict.HOLD


@pytest.mark.req("W6")
def test_the_threshold_is_the_policy_s():
    assert decide(recommended(0.85), rules(confidence_threshold=0.86), now=NOW).verdict is Verdict.HOLD
    assert decide(recommended(0.75), rules(confidence_threshold=0.7), now=NOW).verdict is Verdict.ALLOW


@pytest.mark.req("W6")
@pytest.mark.parametrize("source", [Source.PERSON, Source.CLIENT])
def test_what_people_and_clients_ask_for_never_runs_by_itself_above_low(source):
    asked = question(at=site(Mode.AUTONOMOUS), source=source, confidence=0.99, consents=())
    found = decide(asked, rules(), now=NOW)
    assert found.verdict is Verdict.ASK
    assert "policy.confidence_not_applicable" in codes(found)
    by_client = replace(asked, proposer=Actor("client", "c1"))
    assert decide(by_client, rules(), now=NOW).verdict is Verdict.ASK
    low = question(TRANSLATION, at=site(Mode.AUTONOMOUS), source=source, consents=())
    assert decide(low, rules(), now=NOW).verdict is Verdict.ALLOW


@pytest.mark.req("W6")
def test_an_adopted_recommendation_is_the_adopter_s_request_and_needs_another_person():
    adopted = question(source=Source.ANALYST, confidence=0.5, consents=())
    assert decide(adopted, rules(), now=NOW).verdict is Verdict.ASK
    assert decide(replace(adopted, consents=(consent(ONE),)), rules(), now=NOW).verdict is Verdict.ALLOW
    assert decide(replace(adopted, consents=(consent(ASKER),)), rules(), now=NOW).verdict is Verdict.ASK


@pytest.mark.req("W7")
@pytest.mark.parametrize("wanted", [PATCH, MAJOR, CORE_MAJOR, item("wp.plugin.activate", version="")])
@pytest.mark.parametrize("verified", [None, False])
def test_without_a_verified_snapshot_nothing_of_medium_risk_or_above_is_dispatched(wanted, verified):
    found = decide(question(wanted, at=site(snapshot_verified=verified)), rules(), now=NOW)
    assert found.verdict is Verdict.HOLD
    assert codes(found, Verdict.HOLD) == {"policy.snapshot"}


@pytest.mark.req("W7")
def test_a_snapshot_is_not_due_before_dispatch_but_a_bad_one_is_told():
    for stage in (Stage.FILING, Stage.APPROVAL):
        assert decide(question(at=site(snapshot_verified=None), stage=stage), rules(), now=NOW).verdict is Verdict.ALLOW
        assert decide(question(at=site(snapshot_verified=False), stage=stage), rules(), now=NOW).verdict is Verdict.HOLD


@pytest.mark.req("W7")
def test_low_risk_and_the_deletion_of_a_snapshot_need_none():
    assert decide(question(TRANSLATION, at=site(snapshot_verified=None)), rules(), now=NOW).verdict is Verdict.ALLOW
    delete = item("wp.snapshot.delete", "", "", "", args={"snapshot": new_id()})
    found = decide(question(delete, at=site(snapshot_verified=None)), rules(), now=NOW)
    assert (found.verdict, found.risk) == (Verdict.ALLOW, Risk.HIGH)


@pytest.mark.req("W8")
def test_autonomous_counts_as_approve_until_a_snapshot_was_confirmed():
    asked = recommended(at=site(Mode.AUTONOMOUS, snapshot_confirmed=False))
    found = decide(asked, rules(), now=NOW)
    assert found.verdict is Verdict.ASK
    assert "policy.no_snapshot_yet" in codes(found)
    assert decide(recommended(at=site(Mode.AUTONOMOUS)), rules(), now=NOW).verdict is Verdict.ALLOW


@pytest.mark.req("W8")
@pytest.mark.parametrize(("most", "verdict"), [(Mode.APPROVE, Verdict.ASK), (Mode.OBSERVE, Verdict.REFUSE)])
def test_no_site_goes_further_than_the_policy_lets_it(most, verdict):
    found = decide(recommended(), rules(max_mode=most), now=NOW)
    assert found.verdict is verdict
    assert codes(found) & {"policy.max_mode", "policy.observe"}


@pytest.mark.req("N13")
def test_a_package_that_differs_from_that_of_other_sites_never_runs_by_itself():
    translation = decide(recommended(wanted=TRANSLATION, facts=replace(FACTS, package_differs=True)), rules(), now=NOW)
    assert (translation.risk, translation.verdict) == (Risk.MEDIUM, Verdict.ASK)
    assert "policy.package_differs" in codes(translation)


@pytest.mark.req("N13")
@pytest.mark.parametrize(
    ("wanted", "facts", "code"),
    [
        (PATCH, replace(FACTS, known=False), "policy.component_unknown"),
        (PATCH, replace(FACTS, offered=False), "policy.not_offered"),
        (item(was="2.0", version="1.9"), FACTS, "policy.downgrade"),
        (item(was="2.0", version="2.0"), FACTS, "policy.downgrade"),
        (item(was="2.0", version="2.0-beta1"), FACTS, "policy.downgrade"),
        (item("wp.core.update", "core", "7.1", "7.0.9"), FACTS, "policy.downgrade"),
        (item(was=""), FACTS, "policy.version_unknown"),
    ],
)
@pytest.mark.parametrize("stage", list(Stage))
def test_what_is_closed_unknown_not_offered_or_older_is_refused(wanted, facts, code, stage):
    found = decide(question(wanted, facts, stage=stage), rules(), now=NOW)
    assert found.verdict is Verdict.REFUSE
    assert codes(found, Verdict.REFUSE) == {code}


def test_a_plugin_may_be_switched_off_although_nobody_offers_it_any_more():
    unknown = replace(FACTS, known=False, offered=False)
    assert decide(question(item("wp.plugin.deactivate", version=""), unknown), rules(), now=NOW).verdict is Verdict.ALLOW


@pytest.mark.parametrize("tool", ["control.revoke", "wp.php.eval", ""])
def test_a_tool_that_no_proposal_can_ask_for_is_refused(tool):
    found = decide(question(item(tool)), rules(), now=NOW)
    assert (found.verdict, codes(found)) == (Verdict.REFUSE, {"policy.tool"})


def test_a_question_of_nothing_or_about_the_unknown_is_refused():
    assert codes(decide(question(items=()), rules(), now=NOW)) == {"policy.empty"}
    assert decide(question(items=()), rules(), now=NOW).verdict is Verdict.REFUSE
    elsewhere = item(site=SiteId(new_id()))
    assert codes(decide(question(elsewhere), rules(), now=NOW), Verdict.REFUSE) == {"policy.site_unknown"}
    assert codes(decide(question(), {}, now=NOW), Verdict.REFUSE) == {"policy.rules_unknown"}


def test_no_answer_is_a_refusal_and_the_strictest_answer_wins():
    answers = [Reason(verdict, "policy.x", "x") for verdict in Verdict]
    assert gravest(()) is Verdict.REFUSE
    assert [gravest(answers[: count + 1]) for count in range(4)] == [Verdict.ALLOW, Verdict.ASK, Verdict.HOLD, Verdict.REFUSE]


def test_a_consent_to_another_digest_refuses():
    found = decide(question(digest_approved=False), rules(), now=NOW)
    assert (found.verdict, codes(found, Verdict.REFUSE)) == (Verdict.REFUSE, {"policy.digest"})


@pytest.mark.req("S1", "W17")
@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"paused": True}, "policy.paused"),
        ({"contained": ("a clone",)}, "policy.contained"),
        ({"ineligible": (("disk", "The disk is full."),)}, "policy.ineligible"),
    ],
)
def test_a_site_that_can_not_take_it_now_holds_it(facts, code):
    found = decide(question(at=site(**facts)), rules(), now=NOW)
    assert (found.verdict, codes(found, Verdict.HOLD)) == (Verdict.HOLD, {code})


def test_every_reason_is_collected_and_the_gravest_decides():
    at = site(paused=True, snapshot_verified=False, contained=("a clone",))
    found = decide(question(facts=replace(FACTS, offered=False), at=at, consents=()), rules(), now=NOW)
    assert {"policy.paused", "policy.snapshot", "policy.contained", "policy.not_offered", "policy.consent"} <= codes(found)
    assert found.verdict is Verdict.REFUSE
    assert not found.consented


@pytest.mark.req("W15")
@pytest.mark.parametrize(
    "wanted",
    [
        item("wp.maintenance.clear", "", "", ""),
        item("wp.snapshot.restore", "", "", "", args={"snapshot": new_id(), "scope": "files", "change": new_id()}),
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_ending_an_open_change_needs_one_operator_and_passes_pause_and_containment(wanted, mode):
    at = site(mode, paused=True, contained=("a failed update",), critical=True, ineligible=(("change", "A change is open."),))
    found = decide(question(wanted, at=at, consents=()), rules(), now=NOW)
    assert (found.verdict, found.risk, found.needs) == (Verdict.ALLOW, Risk.LOW, NOBODY)
    assert decide(recommended(wanted=wanted, at=at), rules(), now=NOW).verdict is Verdict.ASK


@pytest.mark.req("W15")
@pytest.mark.parametrize(
    ("scope", "change", "risk"),
    [
        ("files", "", Risk.HIGH),
        ("database", "", Risk.CRITICAL),
        pytest.param("database", new_id(), Risk.CRITICAL, id="database-of-a-change"),
    ],
)
def test_any_other_restore_is_high_and_one_of_the_database_critical(scope, change, risk):
    wanted = item("wp.snapshot.restore", "", "", "", args={"snapshot": new_id(), "scope": scope, "change": change})
    found = decide(question(wanted, consents=()), rules(), now=NOW)
    assert (found.verdict, found.risk) == (Verdict.ASK, risk)
