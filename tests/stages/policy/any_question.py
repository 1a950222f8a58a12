"""Any question and any rules, for property tests; mostly well, so that many get as far as an allow."""

from dataclasses import replace
from datetime import date, time, timedelta

from hypothesis import strategies as st

from presswarden.actions.model import Risk
from presswarden.policy.document import Rules
from presswarden.policy.model import (
    Approvers,
    ComponentFacts,
    Consent,
    Fleet,
    Mode,
    Question,
    SiteFacts,
    Stage,
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
