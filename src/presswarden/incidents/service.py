"""Verbs of incidents: raise a signal, see that a condition is over, list, show, and tell the gate what is contained.

Limits: an incident never pushes anything to a site; the gate reads `containment` before each call and gets quieter. Closing one is a person's act.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.incidents import store
from presswarden.incidents.model import (
    KINDS,
    Containment,
    Incident,
    IncidentState,
    IncidentUnknown,
    Signal,
    SignalKind,
    bounded,
    containment_of,
    first_state,
)
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import IncidentId, PersonId, SiteId, new_id
from presswarden.telemetry.model import Heartbeat, Paused, Reporter

SIGNALS_KEPT: Final = 100
"""Of one incident; the count goes on, so a flood costs neither table nor audit."""
SIGNATURE_FAILURES: Final = 5
_SIGNED_WRONG: Final = frozenset({"call.signature", "call.algorithm"})
_OURS: Final = Actor("process", "incidents")


async def raise_signal(
    tx: Tx, kind: SignalKind, site: SiteId, detail: Mapping[str, Json], now: datetime, *, by: Actor = _OURS
) -> IncidentId:
    """Fold the signal into the open incident of this site and kind, or open one."""
    kept = bounded(detail)
    fresh = Incident(IncidentId(new_id()), site, kind, first_state(kind), now, now, 1)
    known = await store.find_open(tx.org, tx, site, kind)
    if known is None:
        if await store.open_one(tx.org, tx, fresh):
            await store.add_signal(tx.org, tx, fresh.id, 1, now, kept)
            await _record(tx, "incident.opened", fresh, kept, by, now)
            return fresh.id
        known = await store.find_open(tx.org, tx, site, kind)
        if known is None:
            raise RuntimeError("an incident is open for the unique key but can't be read")
    after = known.with_signal(now)
    await store.put(tx.org, tx, after)
    if after.signals <= SIGNALS_KEPT:
        await store.add_signal(tx.org, tx, after.id, after.signals, now, kept)
        await _record(tx, "incident.signal", after, kept, by, now)
    elif after.state is not known.state:
        await _record(tx, "incident.reopened", after, kept, by, now)
    return after.id


async def condition_over(tx: Tx, kind: SignalKind, site: SiteId, now: datetime, *, by: Actor = _OURS) -> IncidentId | None:
    """What the signal told of is over by itself (the site answers again, the pause was lifted): recovered, and for a person to close.

    None when there is nothing to recover. Kinds that only a person can judge (a clone, a forked audit) stay as they are.
    """
    known = await store.find_open(tx.org, tx, site, kind)
    if known is None or not KINDS[kind].passes or known.state is IncidentState.RECOVERED:
        return None
    after = known.moved(IncidentState.RECOVERED, now)
    await store.put(tx.org, tx, after)
    await _record(tx, "incident.recovered", after, {}, by, now)
    return after.id


async def close(tx: Tx, incident: IncidentId, reason: str, *, by: PersonId, now: datetime) -> Incident:
    """A person has looked into it and takes the containment off. Raises `IncidentUnknown`, `Forbidden`, and `IncidentMove` for one that is closed."""
    found, _ = await show(tx, incident)
    await identity.require(tx, by, Permission.INCIDENT_DECIDE, site=found.site)
    after = found
    if after.state in {IncidentState.DETECTED, IncidentState.CONTAINED}:
        after = after.moved(IncidentState.REVIEWING, now)
    if after.state is IncidentState.REVIEWING:
        after = after.moved(IncidentState.RECOVERED, now)
    after = after.moved(IncidentState.CLOSED, now)
    await store.put(tx.org, tx, after)
    await _record(tx, "incident.closed", after, bounded({"reason": reason}), Actor("person", by), now)
    return after


async def observe(tx: Tx, installation: Reporter, heard: Heartbeat, now: datetime) -> tuple[IncidentId, ...]:
    """What an accepted heartbeat says about incidents: it reaches us, is paused or not, needs repair or not, counts refused signatures.

    A condition that is known already is not raised again by each heartbeat; the common case, nothing to tell, costs one query.
    """
    by, site = Actor("site", installation.id), installation.site
    stands = {incident.kind for incident in await open_incidents(tx, site) if incident.state is not IncidentState.RECOVERED}
    refused = sum(count for code, count in heard.refusals.items() if code in _SIGNED_WRONG)
    told: dict[SignalKind, dict[str, Json] | None] = {
        SignalKind.UNREACHABLE: None,
        SignalKind.CLOCK_SKEW: None,
        SignalKind.SITE_PAUSED: {"paused": heard.paused.value} if heard.paused in {Paused.LOCAL, Paused.QUIET} else None,
        SignalKind.NEEDS_REPAIR: {"repair": heard.repair} if heard.repair and not heard.unpaired else None,
    }
    raised: list[IncidentId] = []
    for kind, detail in told.items():
        if detail is None and kind in stands:
            await condition_over(tx, kind, site, now, by=by)
        elif detail is not None and kind not in stands:
            raised.append(await raise_signal(tx, kind, site, detail, now, by=by))
    if refused >= SIGNATURE_FAILURES:
        raised.append(await raise_signal(tx, SignalKind.SIGNATURE_FAILURES, site, {"seen_by": "site", "count": refused}, now, by=by))
    return tuple(raised)


async def containment(tx: Tx, site: SiteId) -> tuple[Containment, ...]:
    """Why the gate lets nothing but reads and control through; empty when nothing is contained."""
    found = (containment_of(incident) for incident in await open_incidents(tx, site))
    return tuple(one for one in found if one is not None)


async def held_components(tx: Tx) -> frozenset[str]:
    """Components that no site of the organisation may change, because on one of them a change of it could not be taken back."""
    return await store.told_of_open(tx.org, tx, SignalKind.ROLLBACK_FAILED, "component")


async def open_incidents(tx: Tx, site: SiteId) -> tuple[Incident, ...]:
    """Every one of them: at most one for each kind."""
    return await store.open_at(tx.org, tx, site)


async def open_counts(tx: Tx) -> Mapping[SiteId, int]:
    """How many are open for each site that has any, in one query."""
    return await store.open_counts(tx.org, tx)


async def list_incidents(tx: Tx, *, site: SiteId | None = None, only_open: bool = False, limit: int = 100) -> tuple[Incident, ...]:
    """Newest signal first."""
    return await store.listed(tx.org, tx, site=site, only_open=only_open, limit=limit)


async def page(tx: Tx, *, only_open: bool = False, before: tuple[datetime, str] | None = None, limit: int) -> tuple[Incident, ...]:
    """Those opened last first; `before` is the moment of opening and the id of the last one of the page before."""
    return await store.page(tx.org, tx, only_open=only_open, before=before, limit=limit)


async def forget(tx: Tx, now: datetime, *, keep: timedelta) -> int:
    """Incidents that were closed so long ago; the record keeps what they were. How many."""
    return await store.forget(tx.org, tx, now - keep)


async def show(tx: Tx, incident: IncidentId) -> tuple[Incident, tuple[Signal, ...]]:
    """One incident with the first 100 of its signals. Raises `IncidentUnknown`; another organisation's is unknown too."""
    found = await store.find(tx.org, tx, incident)
    if found is None:
        raise IncidentUnknown("There is no such incident.", do="List them with `incident list` and use the id shown.")
    return found, await store.signals(tx.org, tx, found)


async def _record(tx: Tx, kind: str, incident: Incident, detail: Mapping[str, Json], by: Actor, now: datetime) -> None:
    payload: dict[str, Json] = {
        "site": incident.site,
        "kind": incident.kind.value,
        "state": incident.state.value,
        "signals": incident.signals,
        "detail": [{"name": name, "value": value} for name, value in sorted(detail.items())],
    }
    entry = Entry(kind=kind, actor=by, subject=f"incident:{incident.id}", correlation=incident.id, payload=payload)
    await audit.record(tx, entry, now=now)
