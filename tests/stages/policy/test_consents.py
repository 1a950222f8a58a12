"""Whose yes counts, and how many there must be. Limits: that a yes was really said is `approvals`'."""

from dataclasses import replace
from datetime import timedelta

import pytest

from presswarden.actions.model import Risk
from presswarden.policy.decide import decide
from presswarden.policy.model import Approvers, Needs, Verdict
from presswarden.proposals.model import Source
from tests.stages.policy.questions import (
    ASKER,
    CORE_MAJOR,
    MAJOR,
    NOW,
    ONE,
    OTHER,
    PATCH,
    WANTED,
    codes,
    consent,
    question,
    recommended,
    rules,
)


@pytest.mark.req("X10")
def test_the_proposer_s_own_yes_does_not_count():
    found = decide(question(consents=(consent(ASKER),)), rules(), now=NOW)
    assert codes(found, Verdict.ASK) == {"policy.consent", "policy.own_proposal"}


@pytest.mark.req("X10")
@pytest.mark.parametrize("shared", ["passkey:1", "mail:both@example.org"])
def test_two_accounts_that_share_a_passkey_or_an_address_are_one_person(shared):
    two = (consent(ONE, identities=frozenset({shared, "a"})), consent(OTHER, identities=frozenset({shared, "b"})))
    assert codes(decide(question(MAJOR, consents=two), rules(), now=NOW), Verdict.ASK) == {"policy.consent"}
    apart = (consent(ONE, identities=frozenset({"a"})), consent(OTHER, identities=frozenset({"b"})))
    assert decide(question(MAJOR, consents=apart), rules(), now=NOW).verdict is Verdict.ALLOW


@pytest.mark.req("X10")
@pytest.mark.parametrize("marks", [("a", "b", "ab"), ("ax", "a", "x"), ("a", "ab", "b")])
def test_accounts_that_are_joined_by_way_of_another_are_one_person(marks):
    chain = tuple(consent(person, identities=frozenset(shared)) for person, shared in zip((ONE, OTHER, ASKER), marks, strict=True))
    asked = question(MAJOR, consents=chain, source=Source.ANALYST, proposer=recommended().proposer)
    assert decide(asked, rules(), now=NOW).verdict is Verdict.ASK


@pytest.mark.req("X10")
def test_the_same_person_twice_is_one_yes():
    assert decide(question(MAJOR, consents=(consent(ONE), consent(ONE))), rules(), now=NOW).verdict is Verdict.ASK


@pytest.mark.req("X10", "N1")
@pytest.mark.parametrize(
    ("wanted", "spoilt", "code"),
    [
        (PATCH, {"may_approve": False}, "policy.role"),
        (MAJOR, {"may_approve": False}, "policy.role"),
        (MAJOR, {"passkey": False}, "policy.passkey"),
        (CORE_MAJOR, {"passkey": False}, "policy.passkey"),
        (CORE_MAJOR, {"owner": False}, "policy.owner"),
    ],
)
def test_a_yes_that_lacks_what_the_risk_asks_for_does_not_count(wanted, spoilt, code):
    given = (consent(ONE, **spoilt),) if wanted is PATCH else (consent(ONE, **spoilt), consent(OTHER))
    found = decide(question(wanted, consents=given), rules(), now=NOW)
    assert (found.verdict, codes(found, Verdict.ASK)) == (Verdict.ASK, {"policy.consent", code})


def test_before_anybody_has_a_passkey_a_grave_yes_needs_none():
    nobody = Approvers(may_approve=3, removed_at=None, with_passkey=0)
    given = (consent(ONE, passkey=False), consent(OTHER, passkey=False))
    found = decide(question(MAJOR, consents=given, approvers=nobody), rules(), now=NOW)
    assert (found.verdict, found.needs.passkeys) == (Verdict.ALLOW, False)


ALONE = Approvers(may_approve=1, removed_at=None, with_passkey=1)


@pytest.mark.req("X10")
@pytest.mark.parametrize(("risk", "delay"), [(Risk.LOW, 0), (Risk.MEDIUM, 0), (Risk.HIGH, 15), (Risk.CRITICAL, 15)])
def test_a_single_operator_s_own_yes_counts_and_a_grave_one_waits(risk, delay):
    own = consent(ASKER, at=NOW - timedelta(minutes=14, seconds=59))
    found = decide(question(WANTED[risk], consents=(own,), approvers=ALONE), rules(), now=NOW)
    assert found.needs == Needs(1, owners=risk is Risk.CRITICAL, passkeys=bool(delay), delay_minutes=delay, single_operator=True)
    assert found.verdict is (Verdict.HOLD if delay else Verdict.ALLOW)
    assert codes(found, Verdict.HOLD) == ({"policy.delay"} if delay else set())
    later = decide(question(WANTED[risk], consents=(own,), approvers=ALONE), rules(), now=NOW + timedelta(seconds=1))
    assert later.verdict is Verdict.ALLOW


@pytest.mark.req("X10")
def test_single_operator_ends_when_a_second_approver_joins():
    asked = question(consents=(consent(ASKER),), approvers=replace(ALONE, may_approve=2))
    assert decide(asked, rules(), now=NOW).verdict is Verdict.ASK


@pytest.mark.req("X10")
@pytest.mark.parametrize(("ago", "verdict"), [(timedelta(hours=24), Verdict.ALLOW), (timedelta(hours=23, minutes=59), Verdict.ASK)])
def test_single_operator_starts_only_a_day_after_a_removal(ago, verdict):
    asked = question(consents=(consent(ASKER),), approvers=replace(ALONE, removed_at=NOW - ago))
    found = decide(asked, rules(), now=NOW)
    assert found.verdict is verdict
    assert ("policy.single_operator_not_yet" in codes(found)) is (verdict is Verdict.ASK)


@pytest.mark.req("X10")
def test_where_nobody_may_approve_nothing_is_approved():
    nobody = Approvers(may_approve=0, removed_at=None, with_passkey=0)
    found = decide(question(consents=(), approvers=nobody), rules(), now=NOW)
    assert (found.verdict, found.needs.single_operator) == (Verdict.ASK, False)
