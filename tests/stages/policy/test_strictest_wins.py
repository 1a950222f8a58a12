"""Whatever is asked: a restriction never makes a decision more permissive, silence refuses, and the gravest reason is the verdict."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presswarden.actions.model import Risk
from presswarden.policy.confidence import confidence
from presswarden.policy.decide import decide
from presswarden.policy.document import NONE, Rules, merge
from presswarden.policy.model import (
    LADDER,
    MODES,
    SEVERITY,
    Decision,
    Fleet,
    Jump,
    Mode,
    Outcome,
    Question,
    Size,
    Verdict,
)
from presswarden.policy.rules import Operations
from presswarden.proposals.model import Source
from tests.stages.policy.any_question import holds, questions, rules, windows
from tests.stages.policy.questions import ANALYST, NOW, ONE, SITE


def no_laxer(after: Decision, before: Decision) -> bool:
    """Nothing that was held, asked or refused is let through now, and no less is asked of people."""
    needs = (after.needs.people, after.needs.owners, after.needs.passkeys, after.needs.delay_minutes)
    asked = (before.needs.people, before.needs.owners, before.needs.passkeys, before.needs.delay_minutes)
    return (
        SEVERITY[after.verdict] >= SEVERITY[before.verdict]
        and LADDER[after.risk] >= LADDER[before.risk]
        and all(new >= old for new, old in zip(needs, asked, strict=True))
        and after.consented <= before.consented
    )


Restriction = Callable[[Rules], Rules]


def setting(name: str, stricter: Callable[[Any], Any]) -> Restriction:
    return lambda found: replace(found, operations=replace(found.operations, **{name: stricter(getattr(found.operations, name))}))


def one_less(mode: Mode) -> Mode:
    return MODES[max(0, MODES.index(mode) - 1)]


restrictions = st.one_of(
    holds.map(lambda hold: setting("holds", lambda before: (*before, hold))),
    windows.map(lambda window: setting("windows", lambda before: (*before, (window,)))),
    st.sampled_from(
        [
            setting("max_mode", one_less),
            setting("automate", lambda _: frozenset()),
            setting("confidence_threshold", lambda value: min(0.99, value + 0.05)),
            setting("core_minor", lambda _: Risk.CRITICAL),
            setting("core_major", lambda _: Risk.CRITICAL),
            *(
                setting(name, lambda days: days + 5)
                for name in ("wait_patch", "wait_minor", "wait_major", "wait_security", "core_wait_days")
            ),
        ]
    ),
)
few = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@given(asked=questions(), found=rules, restriction=restrictions)
@few
def test_a_stricter_setting_never_makes_a_decision_more_permissive(asked, found, restriction):
    assert no_laxer(decide(asked, {SITE: restriction(found)}, now=NOW), decide(asked, {SITE: found}, now=NOW))


@given(asked=questions(), one=rules, other=rules)
@few
def test_two_documents_together_are_never_laxer_than_either_is_where_both_speak(asked, one, other):
    names = one.given & other.given
    both = [
        replace(found, given=names, operations=replace(Operations(), **{name: getattr(found.operations, name) for name in names}))
        for found in (one, other)
    ]
    merged = decide(asked, {SITE: merge(*both)}, now=NOW)
    assert all(no_laxer(merged, decide(asked, {SITE: found}, now=NOW)) for found in both)


FACTS_AGAINST: list[Callable[[Question], Question]] = [
    lambda asked: replace(asked, consents=asked.consents[:-1]),
    lambda asked: replace(asked, digest_approved=False),
    lambda asked: replace(asked, confidence=None if asked.confidence is None else 0.1),
    lambda asked: replace(asked, fleet=Fleet(100, 100)),
    *(
        (lambda asked, change=change: replace(asked, sites={SITE: replace(asked.sites[SITE], **change)}))
        for change in (
            {"paused": True},
            {"critical": True},
            {"contained": ("a clone",)},
            {"snapshot_verified": False},
            {"snapshot_confirmed": False},
            {"ineligible": (("disk", "full"),)},
            {"mode": Mode.OBSERVE},
        )
    ),
    *(
        (lambda asked, change=change: replace(asked, items=tuple((one, replace(known, **change)) for one, known in asked.items)))
        for change in (
            {"known": False},
            {"offered": False},
            {"migrates": True},
            {"touchy": True},
            {"package_bound": False},
            {"package_differs": True},
            {"offered_since": NOW},
        )
    ),
    *(
        (lambda asked, change=change: replace(asked, consents=tuple(replace(one, **change) for one in asked.consents)))
        for change in ({"owner": False}, {"may_approve": False}, {"passkey": False}, {"identities": frozenset({"same"})}, {"person": ONE})
    ),
]


@given(asked=questions(), found=rules, against=st.sampled_from(FACTS_AGAINST))
@few
def test_a_fact_that_speaks_against_it_never_lets_through_what_was_not(asked, found, against):
    before, after = (decide(one, {SITE: found}, now=NOW) for one in (asked, against(asked)))
    if after.verdict is Verdict.ALLOW:
        assert before.verdict is Verdict.ALLOW or against_is_no_restriction(asked, against(asked))


def against_is_no_restriction(before: Question, after: Question) -> bool:
    """Where an unknown age of an offer becomes a known one, or all consents become those of a person who may give them, more is known than before."""
    ages = any(known.offered_since is None for _, known in before.items) and all(known.offered_since for _, known in after.items)
    people = {one.person for one in before.consents} != {one.person for one in after.consents}
    return ages or people


@given(asked=questions(), found=rules)
@few
def test_the_verdict_is_that_of_the_gravest_reason_and_each_reason_stands_once(asked, found):
    decision = decide(asked, {SITE: found}, now=NOW)
    assert decision.reasons
    assert decision.verdict is max((one.verdict for one in decision.reasons), key=SEVERITY.__getitem__)
    assert len(set(decision.reasons)) == len(decision.reasons)
    assert all(one.says and (one.verdict in {Verdict.ALLOW, Verdict.ASK} or one.do) for one in decision.reasons)


@given(asked=questions(), found=rules)
@few
def test_nothing_above_low_ever_runs_without_a_yes_but_a_confident_recommendation_in_autonomous_mode(asked, found):
    asked = replace(asked, consents=())
    decision = decide(asked, {SITE: found}, now=NOW)
    if decision.verdict is Verdict.ALLOW and LADDER[decision.risk] > LADDER[Risk.LOW]:
        site = asked.sites[SITE]
        assert decision.risk is Risk.MEDIUM
        assert (asked.source, asked.proposer) == (Source.ANALYST, ANALYST)
        assert asked.confidence is not None
        assert asked.confidence >= found.operations.confidence_threshold
        assert (site.mode, found.operations.max_mode, site.snapshot_confirmed) == (Mode.AUTONOMOUS, Mode.AUTONOMOUS, True)


@given(asked=questions())
@few
def test_without_rules_or_items_everything_is_refused(asked):
    assert decide(asked, {}, now=NOW).verdict is Verdict.REFUSE
    assert decide(replace(asked, items=()), {SITE: NONE}, now=NOW).verdict is Verdict.REFUSE
    assert decide(replace(asked, sites={}), {SITE: NONE}, now=NOW).verdict is Verdict.REFUSE


@given(
    passes=st.integers(0, 20),
    failures=st.integers(0, 20),
    asked=questions(),
    found=rules,
    size=st.sampled_from(Size),
)
@settings(deadline=None, max_examples=100)
def test_more_failures_never_let_a_recommendation_through(passes, failures, asked, found, size):
    jump = Jump("plugin:a/a.php", "1.0.0", "1.0.1", size)
    seen = [Outcome(jump.component, jump.was, jump.version, passed, True) for passed in (*[True] * passes, *[False] * failures)]
    worse = [*seen, Outcome(jump.component, jump.was, jump.version, False, True)]
    before = decide(replace(asked, source=Source.ANALYST, confidence=confidence(jump, seen)), {SITE: found}, now=NOW)
    after = decide(replace(asked, source=Source.ANALYST, confidence=confidence(jump, worse)), {SITE: found}, now=NOW)
    assert no_laxer(after, before)
