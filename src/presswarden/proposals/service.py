"""Verbs of proposals: file, adopt, move, expire, list. Each step stands in the audit.

What was filed never changes; whoever wants something else files another. Limits: says nothing of whether it may run. What is filed here was decided by
`policy` before, through `approvals`; what is moved to approved has its consents there.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from presswarden.actions.model import Risk
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json, encode
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, PersonId, ProposalId, SiteId, new_id
from presswarden.proposals import plan, store
from presswarden.proposals.model import Draft, Item, PlanRefused, Proposal, ProposalMove, ProposalState, ProposalUnknown, Source, Wish

ANALYST: Final = "analyst"
"""The channel that wakes the analyst: a site reported something new, a package was looked for, or a change ended."""
RELEASE: Final = "release"
"""The channel that wakes who releases what runs by itself: something was filed, or what held it back is gone."""
LONGEST_TITLE: Final = 200
MOST_TOLD: Final = 1000
"""Items of one proposal that its entry names; the digest binds all."""
MOST_AT_ONCE: Final = 200
EVERYTHING: Final = Wish()
OPEN: Final = frozenset({ProposalState.RECOMMENDED, ProposalState.WAITING})
_OURS: Final = Actor("process", "proposals")


async def file(
    tx: Tx,
    draft: Draft,
    *,
    risk: Risk,
    approvals: int,
    approve_by: datetime,
    execute_by: datetime,
    correlation: CorrelationId,
    now: datetime,
) -> Proposal:
    """File a draft with its fixed plan. An analyst's is a recommendation and takes the place of older ones for the same component of the same site.

    Raises `PlanRefused`, `ArgsInvalid`.
    """
    if not now < approve_by <= execute_by:
        raise PlanRefused("A proposal is approved before it runs, and both take time.", do="Lengthen the policy's hours.")
    if not draft.title.strip():
        raise PlanRefused("A proposal has a title.", do="Say in a few words what it is for.")
    named = ProposalId(new_id())
    made = plan.make(
        plan=named, org=tx.org, items=draft.items, level=risk, approvals=approvals, not_before=now, not_after=execute_by, ids=new_id
    )
    recommended = draft.source is Source.ANALYST
    filed = Proposal(
        org=tx.org,
        id=named,
        source=draft.source,
        by=draft.by,
        adopted_by=None,
        title=draft.title[:LONGEST_TITLE],
        items=draft.items,
        evidence=draft.evidence,
        confidence=draft.confidence,
        risk=risk,
        plan=made,
        state=ProposalState.RECOMMENDED if recommended else ProposalState.WAITING,
        correlation=correlation,
        filed_at=now,
        approve_by=approve_by,
        execute_by=execute_by,
        decided_at=None,
    )
    if recommended:
        await _replace(tx, filed, now)
    await store.add(tx.org, tx, filed)
    await _record(tx, "proposal.filed", filed, draft.by, _content(filed), now)
    return filed


async def proposal(tx: Tx, named: ProposalId) -> Proposal:
    """Raises `ProposalUnknown`; another organisation's is unknown too."""
    return _known(await store.find(tx.org, tx, named))


async def listed(
    tx: Tx, *, states: Collection[ProposalState] | None = None, site: SiteId | None = None, component: str | None = None, limit: int = 100
) -> tuple[Proposal, ...]:
    """Newest first; `component` narrows those of one site."""
    return await store.listed(tx.org, tx, states=states, site=site, component=component, limit=limit)


async def ids(tx: Tx, *, states: Collection[ProposalState]) -> tuple[ProposalId, ...]:
    """Of all of them, newest first."""
    return await store.ids(tx.org, tx, states=states)


async def page(tx: Tx, wish: Wish = EVERYTHING, *, before: tuple[datetime, str] | None = None, limit: int) -> tuple[Proposal, ...]:
    """Newest first; `before` is the moment of filing and the id of the last one of the page before."""
    return await store.page(tx.org, tx, wish, before=before, limit=limit)


async def soonest(tx: Tx, *, states: Collection[ProposalState], limit: int) -> tuple[Proposal, ...]:
    """Those that have to be answered first."""
    return await store.soonest(tx.org, tx, states=states, limit=limit)


async def waiting(tx: Tx, state: ProposalState) -> tuple[int, datetime | None]:
    """How many stand there, and since when the first of them does."""
    return await store.waiting(tx.org, tx, state)


async def count(tx: Tx, *, states: Collection[ProposalState]) -> int:
    return await store.count(tx.org, tx, states=states)


async def adopt(tx: Tx, named: ProposalId, by: Actor, now: datetime) -> Proposal:
    """A person makes a recommendation their own request, and counts as its proposer from then on. Raises `ProposalMove`, `Forbidden`."""
    if by.kind != "person":
        raise ProposalMove("Only a person adopts a recommendation.", do="Ask one to look at it.")
    found = _known(await store.find(tx.org, tx, named, lock=True))
    for site in found.sites:
        await identity.require(tx, PersonId(by.id), Permission.PROPOSE, site=site)
    if found.state is not ProposalState.RECOMMENDED:
        raise ProposalMove(
            f"Only a recommendation is adopted; this one is {found.state}.", do="Look at it with `presswarden proposal show`."
        )
    _in_time(found, now)
    adopted = replace(found.moved(ProposalState.WAITING, now), adopted_by=by, decided_at=None)
    await store.put(tx.org, tx, adopted)
    await _record(tx, "proposal.adopted", adopted, by, {}, now)
    return adopted


async def move(tx: Tx, named: ProposalId, to: ProposalState, *, by: Actor, why: str, now: datetime) -> Proposal:
    """Write where it stands now. Raises `ProposalMove` for a step it can't take; approving one whose clocks have run out is such a step."""
    found = _known(await store.find(tx.org, tx, named, lock=True))
    if to is ProposalState.APPROVED:
        _in_time(found, now)
    if to is ProposalState.WAITING:
        raise ProposalMove("A recommendation waits for approvals once a person adopted it.", do="Adopt it.")
    return await _move(tx, found, to, by, why, now)


async def expire(tx: Tx, now: datetime) -> tuple[ProposalId, ...]:
    """End what nobody approved in time, by either clock. What was approved and did not begin in time is ended by its work."""
    late = await store.overdue(tx.org, tx, states=OPEN, now=now, limit=MOST_AT_ONCE)
    ended = []
    for one in late:
        found = await store.find(tx.org, tx, one, lock=True)
        if found is not None and found.state in OPEN:
            await _move(tx, found, ProposalState.EXPIRED, _OURS, "its time ran out before everybody had said yes", now)
            ended.append(one)
    return tuple(ended)


async def untaken(tx: Tx, now: datetime, *, keep: timedelta) -> tuple[ProposalId, ...]:
    """Recommendations that nobody took up, which ended so long ago."""
    return await store.untaken(tx.org, tx, now - keep, MOST_AT_ONCE)


async def forget(tx: Tx, gone: Collection[ProposalId]) -> None:
    """Those that `untaken` gave; the record keeps that they were filed. What later stages keep of them went before."""
    await store.forget(tx.org, tx, gone)


async def _replace(tx: Tx, newer: Proposal, now: datetime) -> None:
    older: dict[ProposalId, Proposal] = {}
    for site, component in dict.fromkeys((item.site, item.component) for item in newer.items):
        same = await store.listed(tx.org, tx, states=[ProposalState.RECOMMENDED], site=site, component=component, limit=MOST_AT_ONCE)
        older |= {one.id: one for one in same}
    for one in older.values():
        found = await store.find(tx.org, tx, one.id, lock=True)
        if found is not None and found.state is ProposalState.RECOMMENDED:
            await _move(tx, found, ProposalState.REPLACED, newer.by, f"a newer recommendation took its place: {newer.id}", now)


async def _move(tx: Tx, found: Proposal, to: ProposalState, by: Actor, why: str, now: datetime) -> Proposal:
    moved = found.moved(to, now)
    await store.put(tx.org, tx, moved)
    await _record(tx, f"proposal.{to}", moved, by, {"why": why[:300], "was": found.state.value}, now)
    return moved


def _known(found: Proposal | None) -> Proposal:
    if found is None:
        raise ProposalUnknown("There is no such proposal.", do="List them with `presswarden proposal list` and use the id shown.")
    return found


def _in_time(found: Proposal, now: datetime) -> None:
    if now >= min(found.approve_by, found.execute_by):
        raise ProposalMove("Its time ran out before everybody had said yes.", do="File it again.")


def _content(filed: Proposal) -> dict[str, Json]:
    return {
        "title": filed.title,
        "source": filed.source.value,
        "risk": filed.risk.value,
        "confidence": None if filed.confidence is None else f"{filed.confidence:.6f}",
        "approve_by": unix(filed.approve_by),
        "execute_by": unix(filed.execute_by),
        "actions": len(filed.plan.leaves),
        "items": [_told(item) for item in filed.items[:MOST_TOLD]],
        "items_in_all": len(filed.items),
    }


def _told(item: Item) -> dict[str, Json]:
    return {
        "site": item.site,
        "tool": item.tool,
        "component": item.component,
        "was": item.was,
        "version": item.version,
        "package": item.package,
        # Names, lengths and hashes: what an argument says may be content, which the record does not keep (W19).
        "args": [_measured(name, value) for name, value in sorted(item.args.items())],
    }


def _measured(name: str, value: Json) -> dict[str, Json]:
    raw = encode(value)
    return {"name": name, "length": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


async def _record(tx: Tx, kind: str, found: Proposal, by: Actor, told: Mapping[str, Json], now: datetime) -> None:
    payload: dict[str, Json] = {"digest": found.plan.digest, "state": found.state.value, **told}
    entry = Entry(kind=kind, actor=by, subject=f"proposal:{found.id}", correlation=found.correlation, payload=payload)
    await audit.record(tx, entry, now=now)
