"""What the page of stops shows: what stands, what a stop would do in numbers, what was stopped before. Limits: values gathered; nothing is thrown here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Recorded, Search
from presswarden.gate import service as gate
from presswarden.gate.model import Stop, StopScope
from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Client, Permission, Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import SiteId
from presswarden.reports.fleet import service as fleet
from presswarden.sites import service as sites
from presswarden.surfaces.console.visit import Visit

MOST_PAST: Final = 20
MOST_AT_SITES: Final = 200
_PROCESSES: Final = {"janitor": "itself"}
WORDS: Final = {
    StopScope.EVERYTHING: "The whole installation",
    StopScope.ORGANISATION: "All agents of this organisation",
    StopScope.CLIENT: "One client",
    StopScope.SITE: "One site",
    StopScope.AGENT: "One agent",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One stop that holds, in words."""

    stop: Stop
    what: str
    name: str
    by: str
    resumable: bool
    """Lifting it would end it sooner than it ends by itself."""


@dataclass(frozen=True, slots=True)
class Past:
    at: datetime
    says: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class AtSite:
    """A site that its own admin stopped."""

    site: SiteId
    label: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    sites: int
    running: int
    waiting: int


@dataclass(frozen=True, slots=True)
class StopPage:
    standing: tuple[Standing, ...]
    past: tuple[Past, ...]
    at_sites: tuple[AtSite, ...]
    effect: Effect
    clients: tuple[Client, ...]
    agents: tuple[str, ...]
    scope: str
    subject: str
    may_all: bool
    may_everything: bool
    may_resume: bool
    alone: bool
    """One person alone may approve: lifting takes fifteen minutes, and the organisation's name typed."""
    problem: str = ""
    reason: str = ""
    until: str = ""


async def gather(
    tx: Tx,
    visit: Visit,
    now: datetime,
    *,
    organisations: int,
    scope: str = "",
    subject: str = "",
    problem: str = "",
    reason: str = "",
    until: str = "",
) -> StopPage:
    """`organisations`: how many there are on this installation; with one, its owner may stop all of it."""
    everybody: dict[str, str] = {one.id: one.name for one in await identity.people(tx)}
    known = await clients.clients(tx)
    found = [one for one in await gate.stops(tx, now) if gate.seen_by(visit.person, one)]
    labels = await _labels(tx, found)
    names: dict[str, str] = {**{one.id: one.name for one in known}, **labels}
    counts = await fleet.counts(tx, visit.person)
    owner = Role.OWNER in visit.person.roles
    alone = await gate.is_alone(tx)
    sooner = now + gate.ALONE_WAITS if alone else now
    return StopPage(
        standing=tuple(
            Standing(
                one,
                WORDS[one.scope],
                names.get(one.subject, one.subject),
                everybody.get(one.by, ""),
                one.until is None or sooner < one.until,
            )
            for one in found
        ),
        past=await _past(tx, everybody) if visit.may(Permission.AUDIT_SEE) else (),
        at_sites=await _at_sites(tx, visit),
        effect=Effect(counts.sites, counts.running, counts.waiting),
        clients=known if visit.may(Permission.SITE_PAUSE) else (),
        agents=gate.AGENTS,
        scope=scope if scope in set(StopScope) else "",
        subject=subject[:300],
        may_all=visit.may(Permission.SITE_PAUSE),
        may_everything=owner and organisations == 1,
        may_resume=visit.may(Permission.SITE_RESUME),
        alone=alone,
        problem=problem,
        reason=reason,
        until=until,
    )


async def _labels(tx: Tx, found: Sequence[Stop]) -> dict[str, str]:
    wanted = [SiteId(one.subject) for one in found if one.scope is StopScope.SITE]
    return {one.id: one.label for one in await sites.some_sites(tx, wanted)} if wanted else {}


async def _past(tx: Tx, everybody: dict[str, str]) -> tuple[Past, ...]:
    entries: list[Recorded] = []
    for kind in ("gate.stopped", "gate.lifted", "gate.ended"):
        entries += await audit.events(tx, search=Search(kind=kind), limit=MOST_PAST, newest_first=True)
    entries.sort(key=lambda one: (one.at, one.id), reverse=True)
    return tuple(_of(one, everybody) for one in entries[:MOST_PAST])


def _of(entry: Recorded, everybody: dict[str, str]) -> Past:
    payload = entry.payload or {}
    scope = str(payload.get("scope", ""))
    what = WORDS[StopScope(scope)] if scope in set(StopScope) else "Something"
    done = {"gate.stopped": "stopped", "gate.lifted": "resumed"}.get(entry.kind, "its end came")
    by = everybody.get(
        entry.actor.id, _PROCESSES.get(entry.actor.id, "the operator") if entry.actor.kind == "process" else "somebody who left"
    )
    return Past(entry.at, f"{what}: {done}", by, str(payload.get("reason", "")))


async def _at_sites(tx: Tx, visit: Visit) -> tuple[AtSite, ...]:
    open_ = [
        one
        for one in await incidents.list_incidents(tx, only_open=True, limit=1000)
        if one.kind is SignalKind.SITE_PAUSED and one.recovered_at is None and visit.may(Permission.SITE_SEE, one.site)
    ][:MOST_AT_SITES]
    labels = {one.id: one.label for one in await sites.some_sites(tx, [one.site for one in open_])} if open_ else {}
    return tuple(AtSite(one.site, labels.get(one.site, one.site), one.opened_at) for one in open_)
