"""Questions that are fine as they are, to be changed in the one point a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.kernel.ids import InstallationId, PersonId, SiteId, new_id
from presswarden.policy.document import NONE, Rules
from presswarden.policy.model import (
    Approvers,
    ComponentFacts,
    Consent,
    Decision,
    Fleet,
    Mode,
    Question,
    SiteFacts,
    Stage,
    Verdict,
)
from presswarden.proposals.model import Item, Source

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
SITE = SiteId("8c6a1f4e-0b7d-4e2a-9a51-3f2b6c7d8e90")
ANALYST = Actor("process", "analyst")
ASKER = PersonId("11111111-1111-4111-8111-111111111111")
PERSON = Actor("person", ASKER)
ONE, OTHER = PersonId("22222222-2222-4222-8222-222222222222"), PersonId("33333333-3333-4333-8333-333333333333")
FACTS = ComponentFacts(
    known=True,
    offered=True,
    offered_since=NOW - timedelta(days=30),
    security=False,
    migrates=False,
    touchy=False,
    package_bound=True,
    package_differs=False,
)


def item(
    tool: str = "wp.plugin.update", component: str = "plugin:a/a.php", was: str = "1.0.0", version: str = "1.0.1", **more: Any
) -> Item:
    before = {"version": was, "active": True} if was else {}
    if component.startswith("translation:"):
        before = {"revised": "2026-01-01"}
    known = {"site": SITE, "installation": InstallationId(new_id()), "home": "https://a.example", "package": "a" * 64, **more}
    return Item(tool=tool, component=component, version=version, before=before, **known)


TRANSLATION = item("wp.translation.update", "translation:plugin:a:de_DE", "", "1.0.1")
READ = item("wp.site.inventory", "", "", "")
PATCH = item()
MAJOR = item(version="2.0.0")
CORE_MAJOR = item("wp.core.update", "core", "7.1.4", "7.2")
WANTED = {Risk.NONE: READ, Risk.LOW: TRANSLATION, Risk.MEDIUM: PATCH, Risk.HIGH: MAJOR, Risk.CRITICAL: CORE_MAJOR}
"""One item of each risk, before any fact raises it."""


def site(mode: Mode = Mode.APPROVE, **more: Any) -> SiteFacts:
    whole = SiteFacts(
        site=SITE,
        mode=mode,
        critical=False,
        timezone="UTC",
        snapshot_confirmed=True,
        snapshot_verified=True,
        ineligible=(),
        paused=False,
        contained=(),
    )
    return replace(whole, **more)


def consent(person: PersonId = ONE, **more: Any) -> Consent:
    whole = Consent(
        person=person, owner=True, may_approve=True, passkey=True, identities=frozenset({f"mail:{person}"}), at=NOW - timedelta(hours=1)
    )
    return replace(whole, **more)


def question(wanted: Item | None = None, facts: ComponentFacts = FACTS, *, at: SiteFacts | None = None, **more: Any) -> Question:
    """A plugin's patch update at dispatch, asked for by a person, with the consents of two owners."""
    whole = Question(
        stage=Stage.DISPATCH,
        source=Source.PERSON,
        proposer=PERSON,
        items=((wanted or item(), facts),),
        sites={SITE: at or site()},
        fleet=Fleet(size=1, touched=1),
        confidence=None,
        consents=(consent(ONE), consent(OTHER)),
        approvers=Approvers(may_approve=3, removed_at=None, with_passkey=2),
        digest_approved=True,
    )
    return replace(whole, **more)


def recommended(confidence: float | None = 0.9, **more: Any) -> Question:
    """The same as an analyst's own recommendation on a site in Autonomous mode, without any consent."""
    given = {"source": Source.ANALYST, "proposer": ANALYST, "confidence": confidence, "consents": (), "at": site(Mode.AUTONOMOUS), **more}
    return question(**given)


def rules(**operations: Any) -> dict[SiteId, Rules]:
    return {SITE: replace(NONE, digest="d" * 64, operations=replace(NONE.operations, **operations))}


def codes(decision: Decision, verdict: Verdict | None = None) -> set[str]:
    return {reason.code for reason in decision.reasons if verdict is None or reason.verdict is verdict}
