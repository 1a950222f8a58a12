"""Whatever is asked: a restriction never makes a decision more permissive, silence refuses, and the gravest reason is the verdict."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
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
    Approvers,
    ComponentFacts,
    Consent,
    Decision,
    Fleet,
    Jump,
    Mode,
    Outcome,
    Question,
    SiteFacts,
    Size,
    Stage,
    Verdict,
)
from presswarden.policy.rules import Hold, Operations, Window
from presswarden.policy.versions import range_of
from presswarden.proposals.model import Source
from tests.stages.policy.questions import ANALYST, ASKER, NOW, ONE, OTHER, PERSON, SITE, TRANSLATION, item

ITEMS = (
    item(),
    item(version="1.1"),
    item(version="2.0"),
    item(was="2.0"),
    TRANSLATION,
    item("wp.core.update", "core", "7.1.3", "7.1.4"),
    item("wp.core.update", "core", "7.1.3", "7.2"),
    item("wp.plugin.deactivate", version=""),
    item("wp.snapshot.delete", "", "", "", args={"snapshot": "s"}),
    item("wp.snapshot.restore", "", "", "", args={"snapshot": "s", "scope": "files", "change": "c"}),
    item("wp.snapshot.restore", "", "", "", args={"snapshot": "s", "scope": "database", "change": ""}),
    item("wp.maintenance.clear", "", "", ""),
    item("wp.site.inventory", "", "", ""),
)
PEOPLE = (ONE, OTHER, ASKER)
often = st.sampled_from([True, True, True, False])
"""Mostly well, so that many questions get as far as an allow."""
facts = st.builds(
    ComponentFacts,
    known=often,
    offered=often,
    offered_since=st.sampled_from([None, NOW, NOW - timedelta(days=3), NOW - timedelta(days=30)]),
    security=st.booleans(),
    migrates=often.map(lambda well: not well),
    touchy=often.map(lambda well: not well),
    package_bound=often,
    package_differs=often.map(lambda well: not well),
)
consents = st.builds(
    Consent,
    person=st.sampled_from(PEOPLE),
    owner=often,
    may_approve=often,
    passkey=often,
    identities=st.sets(st.sampled_from(["a", "b", "c", "d"]), max_size=2).map(frozenset),
    at=st.sampled_from([NOW, NOW - timedelta(minutes=14), NOW - timedelta(hours=1)]),
)
approvers = st.builds(
    Approvers,
    may_approve=st.integers(0, 3),
    removed_at=st.sampled_from([None, NOW, NOW - timedelta(hours=30)]),
    with_passkey=st.integers(0, 2),
)
sites = st.builds(
    SiteFacts,
    site=st.just(SITE),
    mode=st.sampled_from(Mode),
    critical=often.map(lambda well: not well),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "nowhere"]),
    snapshot_confirmed=often,
    snapshot_verified=st.sampled_from([True, True, True, None, False]),
    ineligible=st.sampled_from([(), (), (("disk", "The disk is full."),)]),
    paused=often.map(lambda well: not well),
    contained=st.sampled_from([(), (), ("a clone",)]),
)
windows = st.builds(
    Window,
    days=st.sets(st.integers(0, 6), min_size=1).map(frozenset),
    begins=st.integers(0, 23).map(time),
    ends=st.integers(0, 23).map(time),
    zone=st.sampled_from(["site", "UTC", "Asia/Tokyo"]),
)
holds = st.builds(
    Hold,
    component=st.sampled_from(["plugin:a", "plugin:b", "core", "translation:*", "plugin:*"]),
    versions=st.sampled_from([range_of("*"), range_of(">=2"), range_of("1.*")]),
    until=st.sampled_from([date(2026, 11, 23), date(2026, 12, 1)]),
    reason=st.just("a reason"),
)
waits = st.sampled_from([0, 0, 2, 7])
operations = st.builds(
    Operations,
    confidence_threshold=st.sampled_from([0.5, 0.82, 0.95]),
    default_mode=st.sampled_from(Mode),
    max_mode=st.sampled_from([Mode.AUTONOMOUS, Mode.AUTONOMOUS, Mode.APPROVE, Mode.OBSERVE]),
    automate=st.sets(st.sampled_from(["wp.translation.update", "wp.plugin.update"])).map(frozenset),
    core_minor=st.sampled_from([Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL]),
    core_major=st.sampled_from([Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL]),
    core_wait_days=waits,
    wait_patch=waits,
    wait_minor=waits,
    wait_major=waits,
    wait_security=waits,
    windows=st.lists(st.lists(windows, min_size=1, max_size=2).map(tuple), max_size=1).map(tuple),
    holds=st.lists(holds, max_size=2).map(tuple),
)
rules = st.builds(
    Rules,
    digest=st.integers(0, 2**64).map("{:064x}".format),
    operations=operations,
    given=st.sets(st.sampled_from(sorted(name for name in Operations.__slots__))).map(frozenset),  # type: ignore[attr-defined]  # slots of a dataclass
).map(lambda made: replace(made, operations=replace(Operations(), **{name: getattr(made.operations, name) for name in made.given})))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    source = draw(st.sampled_from(Source))
    wanted = draw(st.lists(st.tuples(st.sampled_from(ITEMS), facts), min_size=1, max_size=2))
    return Question(
        stage=draw(st.sampled_from(Stage)),
        source=source,
        proposer=draw(st.sampled_from([ANALYST, PERSON])) if source is Source.ANALYST else PERSON,
        items=tuple(wanted),
        sites={SITE: draw(sites)},
        fleet=draw(st.builds(Fleet, size=st.sampled_from([1, 20, 100]), touched=st.sampled_from([1, 6, 26]))),
        confidence=draw(st.sampled_from([None, 0.5, 0.8199, 0.82, 0.99])) if source is Source.ANALYST else None,
        consents=tuple(draw(st.lists(consents, max_size=3))),
        approvers=draw(approvers),
        digest_approved=draw(often),
    )


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
