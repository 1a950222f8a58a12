"""Requests that the dispatcher files by itself: a look at a site that fell silent, and reads that settle what nobody knows.

Limits: each is filed like anybody's request and passes the same gate.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from presswarden.audit.model import Actor
from presswarden.dispatch import store
from presswarden.incidents import service as incidents
from presswarden.incidents.model import IncidentState, SignalKind
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, Everyone, OrgId, SiteId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Carried, Outcome, Request, RequestState
from presswarden.sites import restoring
from presswarden.sites import service as sites
from presswarden.sites.model import Installation
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import LateSite, Paused, Standing

HEALTH: Final = "wp.site.health"
HEALTH_EVERY: Final = timedelta(hours=6)
"""Of a site that is heard of: what its health says decides whether anything may start there, and counts for a day (S1)."""
HEALTH_AT_ONCE: Final = 20
PROBE_EVERY: Final = timedelta(minutes=10)
PROBE_UNREACHABLE_EVERY: Final = timedelta(hours=6)
SETTLED_BY_HEALTH: Final = ("control.pause", "control.resume")
SETTLED_WITHIN: Final = timedelta(hours=24)
FENCE_SETTLES: Final = timedelta(minutes=2)
_DISPATCHER: Final = Actor("process", "dispatcher")


Do = tuple[OrgId, str, Callable[..., Awaitable[object]]]
"""Whose it is, of what, and what to do about it in a transaction of its own."""


async def late(everyone: Everyone, tx: Tx, now: datetime) -> tuple[Do, ...]:
    return tuple((one.org, one.site, partial(probe, late=one)) for one in await telemetry.late(everyone, tx, now))


async def unread(everyone: Everyone, tx: Tx, now: datetime) -> tuple[Do, ...]:
    due = await telemetry.unread(everyone, tx, HEALTH, before=now - HEALTH_EVERY, limit=HEALTH_AT_ONCE)
    return tuple((org, site, partial(ask_health_again, site=site)) for org, site in due)


async def unknown(everyone: Everyone, tx: Tx, now: datetime) -> tuple[Do, ...]:
    found = await mailbox.unknown(everyone, tx, tools=SETTLED_BY_HEALTH, since=now - SETTLED_WITHIN)
    return tuple((one.org, one.id, partial(settle_by_read, unknown=one)) for one in found)


async def probe(tx: Tx, late: LateSite, *, now: datetime) -> Request | None:
    """Ask a silent site for its health; None when that was done within ten minutes, or, for one that is known to be unreachable, within six hours."""
    known = any(
        incident.kind is SignalKind.UNREACHABLE and incident.state is not IncidentState.RECOVERED
        for incident in await incidents.open_incidents(tx, late.site)
    )
    every = PROBE_UNREACHABLE_EVERY if known else PROBE_EVERY
    for request in await mailbox.requests(tx, late.site, limit=10):
        if request.tool == HEALTH and request.by == _DISPATCHER and now - request.asked_at < every:
            return None
    return await _ask_health(tx, late.site, CorrelationId(new_id()), now)


async def ask_health_again(tx: Tx, site: SiteId, *, now: datetime) -> bool:
    """Ask a site whose health nobody read for long. False when somebody asked within ten minutes."""
    for request in await mailbox.requests(tx, site, limit=10):
        if request.tool == HEALTH and now - request.asked_at < PROBE_EVERY:
            return False
    await _ask_health(tx, site, CorrelationId(new_id()), now)
    return True


async def settle_by_read(tx: Tx, unknown: Request, *, now: datetime) -> bool:
    """Take the next step towards knowing what became of a pause or resumption. True when a read was filed."""
    if unknown.settled_by is None:
        read = await _ask_health(tx, unknown.site, unknown.correlation, now)
        await mailbox.put_settled_by(tx, unknown.id, read.id)
        return True
    read = await mailbox.outcome(tx, unknown.settled_by)
    if read.outcome is None or read.outcome.state is not RequestState.DONE:
        return False
    paused = read.outcome.result.get("paused")
    came = paused == "control" if unknown.tool == "control.pause" else paused in {"", "local"}
    known = Outcome(
        RequestState.DONE if came else RequestState.FAILED,
        "" if came else "dispatch.not_done",
        "A read of the site's health showed it." if came else "The site's health shows that it did not happen.",
        "" if came else "The standing order carries it with the next heartbeat.",
        {"paused": paused} if isinstance(paused, str) else {},
        None if unknown.outcome is None else unknown.outcome.call,
        Carried.CALL if came else Carried.ORDER,
    )
    await mailbox.settle(tx, unknown, known, by=_DISPATCHER, now=now)
    return False


async def compare_fence(tx: Tx, installation: Installation, *, now: datetime) -> None:
    """Compare the highest fence that the site says it has seen with ours. Lower than it proved to have seen before: the site went back to a backup.

    Higher than any that we gave out: we did, and jump above it.
    """
    known = await telemetry.standing(tx, installation.site)
    if known is None or known.installation != installation.id or known.heard_at is None:
        return
    if installation.restored_at is not None and known.heard_at <= installation.restored_at:
        return  # said before, to another life of this control plane
    ours = await store.fence(tx.org, tx, installation.id)
    if installation.restored_at is not None:
        await _let_go(tx, installation, known, ours, now)
    proved, when = await store.seen_fence(tx.org, tx, installation.id)
    # A heartbeat may have been on its way while a call with a new fence came back.
    is_behind = known.fence < proved and when is not None and known.heard_at - when > FENCE_SETTLES
    if known.fence <= ours and not is_behind:
        return
    kind = SignalKind.FENCE_AHEAD if known.fence > ours else SignalKind.FENCE_BEHIND
    if kind is SignalKind.FENCE_AHEAD:
        await store.raise_fence(tx.org, tx, installation.id, known.fence)
    if kind not in {incident.kind for incident in await incidents.open_incidents(tx, installation.site)}:
        await incidents.raise_signal(tx, kind, installation.site, {"site": known.fence, "ours": ours}, now, by=_DISPATCHER)


async def _let_go(tx: Tx, held: Installation, known: Standing, ours: int, now: datetime) -> None:
    """The first word of a site since the control plane was restored. A pause of ours that the site knows and the backup does not, stays."""
    await restoring.let_go(tx, held, site=known.fence, ours=ours, by=_DISPATCHER, now=now)
    if known.paused is Paused.CONTROL and not held.wanted_paused:
        why = "The site was paused when the control plane was restored from an older backup."
        await sites.pause(tx, held.site, why, by=_DISPATCHER, now=now)


async def _ask_health(tx: Tx, site: SiteId, correlation: CorrelationId, now: datetime) -> Request:
    return await mailbox.ask(tx, site, HEALTH, {}, by=_DISPATCHER, correlation=correlation, now=now)
