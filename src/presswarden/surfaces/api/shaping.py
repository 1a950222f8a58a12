"""Nouns of the stages as documents of the API. Pure."""

from datetime import datetime
from typing import Any  # the fields that a short form and a whole one share

from presswarden.approvals.model import PolicyDocument
from presswarden.audit import model as audit
from presswarden.gate import model as gate
from presswarden.incidents import model as incidents
from presswarden.kernel.canonical import Json
from presswarden.proposals import model as proposals
from presswarden.reports.sites.model import Part, SiteReport
from presswarden.rollouts import model as rollouts
from presswarden.sites import model as sites
from presswarden.surfaces.api import shapes
from presswarden.surfaces.planning import Planned
from presswarden.telemetry import model as telemetry


def site(of: sites.Site) -> shapes.Site:
    return shapes.Site(**_site(of))


def _site(of: sites.Site) -> dict[str, Any]:
    state = "" if of.state is None else of.state.value
    return {
        "id": of.id,
        "label": of.label,
        "home": of.home,
        "state": state,
        "paused": of.paused,
        "paired_at": of.paired_at,
        "created_at": of.created_at,
    }


def whole_site(of: SiteReport) -> shapes.WholeSite:
    standing = of.standing
    return shapes.WholeSite(
        **_site(of.site),
        mode=of.mode.value,
        critical=of.station.critical,
        heard_at=None if standing is None else standing.heard_at,
        stopped_at_the_site=standing is not None and standing.paused is telemetry.Paused.LOCAL,
        ready=of.ready.eligible,
        not_ready=[reason.code.value for reason in of.ready.reasons],
        open_incidents=len(of.incidents),
        open_change=None if of.open_change is None else of.open_change.id,
    )


def fact(of: telemetry.Fact, now: datetime) -> shapes.Fact:
    age = int(of.age(now).total_seconds())
    return shapes.Fact(name=of.name, value=of.value, source=of.source.value, taken_at=of.taken_at, age_seconds=age)


def component(of: Part) -> shapes.Component:
    against = [code for code, _ in of.against]
    return shapes.Component(key=of.key, name=of.name, version=of.version, active=of.active, offered=of.offered, against=against)


def snapshot(of: dict[str, Json]) -> shapes.Snapshot:
    size, created = of.get("bytes"), of.get("created")
    return shapes.Snapshot(
        id=str(of.get("id", "")),
        component=str(of.get("component", "")),
        version=str(of.get("version", "")),
        state=str(of.get("state", "")),
        database=of.get("database") is True,
        bytes=size if type(size) is int else None,
        created=created if type(created) is int else None,
    )


def _proposal(of: proposals.Proposal) -> dict[str, Any]:
    return {
        "id": of.id, "state": of.state.value, "source": of.source.value, "title": of.title, "risk": of.risk.value, "confidence": of.confidence,
        "digest": of.plan.digest, "by": of.by.id, "adopted_by": None if of.adopted_by is None else of.adopted_by.id, "sites": list(of.sites),
        "filed_at": of.filed_at, "approve_by": of.approve_by, "execute_by": of.execute_by, "decided_at": of.decided_at,
    }  # fmt: skip


def proposal(of: proposals.Proposal) -> shapes.Proposal:
    return shapes.Proposal(**_proposal(of))


def whole_proposal(of: proposals.Proposal, yeses: int) -> shapes.WholeProposal:
    """Arguments beyond component and version stay out: they may be content."""
    items = [
        shapes.Item(site=one.site, tool=one.tool, component=one.component, was=one.was, version=one.version, package=one.package)
        for one in of.items
    ]
    evidence = [shapes.Evidence(code=one.code, says=one.says, against=one.against) for one in of.evidence]
    return shapes.WholeProposal(**_proposal(of), items=items, evidence=evidence, answers=yeses)


def change(of: rollouts.Change) -> shapes.Change:
    return shapes.Change(
        id=of.id, proposal=of.proposal, site=of.site, tool=of.tool, component=of.component, was=of.was, version=of.version, snapshot=of.snapshot,
        step=of.step, result=None if of.result is None else of.result.value, code=of.code, says=of.says, began_at=of.began_at, ended_at=of.ended_at,
    )  # fmt: skip


def incident(of: incidents.Incident) -> shapes.Incident:
    kind = incidents.KINDS[of.kind]
    return shapes.Incident(
        id=of.id, site=of.site, kind=of.kind.value, severity=of.severity.value, state=of.state.value, says=kind.says, do=kind.do,
        signals=of.signals, opened_at=of.opened_at, last_at=of.last_at,
    )  # fmt: skip


def policy(of: PolicyDocument) -> shapes.Policy:
    return shapes.Policy(
        scope=of.scope, version=of.version, digest=of.digest, active=of.active, set_by=of.set_by, set_at=of.set_at, from_when=of.from_when,
        document=dict(of.document),
    )  # fmt: skip


def entry(of: audit.Recorded, *, payload: bool) -> shapes.Entry:
    shown = dict(of.payload) if payload and of.payload is not None else None
    return shapes.Entry(
        id=of.id, at=of.at, kind=of.kind, actor_kind=of.actor.kind, actor=of.actor.id, subject=of.subject, correlation=of.correlation,
        index=of.index, payload=shown,
    )  # fmt: skip


def stop(of: gate.Stop) -> shapes.Stop:
    return shapes.Stop(scope=of.scope.value, subject=of.subject, reason=of.reason, by=of.by, since=of.since, until=of.until)


def planned(one: Planned) -> shapes.PlannedUpdate:
    return shapes.PlannedUpdate(
        site=one.site,
        component=one.component,
        outcome=one.outcome.value,
        code=one.code,
        says=one.says,
        proposal=one.proposal,
        again=one.again,
    )
