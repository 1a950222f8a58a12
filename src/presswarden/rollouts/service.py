"""Verbs of work and changes: release what was approved, take it up, note where it stands, end it.

Every step of a change is in the audit. Limits: nothing here decides, permits or calls a site; what a change came to is the saga's word.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind, bounded
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ChangeId, Everyone, InstallationId, OrgId, ProposalId, SiteId, WorkId, new_id
from presswarden.policy.model import Outcome
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Leaf, Proposal, ProposalState
from presswarden.proposals.packages import service as packages
from presswarden.rollouts import store
from presswarden.rollouts.model import Change, ChangeUnknown, Result, Work, WorkState
from presswarden.telemetry import service as telemetry

MOST_NOT_APPLICABLE: Final = 0.2
"""Of a plan's leaves (POLICY). With more that no longer apply, the plan was made for another fleet: what has not begun never does."""
MOST_OUTCOMES: Final = 500
_PROVED: Final = {Result.SUCCEEDED: True, Result.ROLLED_BACK: False, Result.ROLLBACK_FAILED: False}
_SIGNALS: Final = {Result.ROLLED_BACK: SignalKind.CHANGE_TAKEN_BACK, Result.ROLLBACK_FAILED: SignalKind.ROLLBACK_FAILED}
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
_ROLLOUTS: Final = Actor("process", "rollouts")


async def release(tx: Tx, proposal: Proposal, *, delay: timedelta, now: datetime) -> tuple[Work, ...]:
    """File the work of an approved proposal, one piece for each site: in the transaction that approved it. Ring `DISPATCH` after the commit.

    Released before, it is not released again: the pieces that stand are returned.
    """
    if proposal.state is not ProposalState.APPROVED:
        raise RuntimeError("only what is approved is released")
    before = await store.work_of(tx.org, tx, proposal.id)
    if before:
        return before
    made = []
    for site in dict.fromkeys(leaf.site for leaf in proposal.plan.acts):
        acts = tuple(leaf for leaf in proposal.plan.acts if leaf.site == site)
        work = Work(
            tx.org, WorkId(new_id()), proposal.id, site, acts[0].installation, tuple(change_id(leaf) for leaf in acts), WorkState.WAITING,
            proposal.correlation, now, max(proposal.plan.not_before, now + delay), min(proposal.plan.not_after, proposal.execute_by),
        )  # fmt: skip
        filed = [_change(work, leaf, proposal) for leaf in acts]
        await store.add(tx.org, tx, work, filed, await _site_class(tx, site))
        told: dict[str, Json] = {"proposal": proposal.id, "plan": proposal.plan.digest, "changes": [one.id for one in filed]}
        await _record(tx, work, "work.filed", told, now)
        made.append(work)
    return tuple(made)


def change_id(act: Leaf) -> ChangeId:
    """What the change of this act is called: the plan's own name for it; an act that opens no change on the site goes by its call."""
    return act.change or ChangeId(act.call)


async def work(tx: Tx, work_id: WorkId) -> Work:
    """Raises `ChangeUnknown`."""
    found = await store.work(tx.org, tx, work_id)
    if found is None:
        raise ChangeUnknown("There is no such work in this organisation.", do="List changes with `presswarden change list`.")
    return found


async def change(tx: Tx, change_id: ChangeId) -> Change:
    """Raises `ChangeUnknown`."""
    found = await store.change(tx.org, tx, change_id)
    if found is None:
        raise ChangeUnknown("There is no such change in this organisation.", do="List them with `presswarden change list`.")
    return found


async def work_of(tx: Tx, proposal: ProposalId) -> tuple[Work, ...]:
    return await store.work_of(tx.org, tx, proposal)


async def changes(
    tx: Tx, *, proposal: ProposalId | None = None, site: SiteId | None = None, work: WorkId | None = None, limit: int = 200
) -> tuple[Change, ...]:
    """In the plan's order for one proposal or piece of work; else the newest first."""
    return await store.changes(tx.org, tx, proposal=proposal, site=site, work=work, limit=limit)


async def history(
    tx: Tx, *, sites: Collection[SiteId] | None = None, since: datetime | None = None, until: datetime | None = None, limit: int = 200
) -> tuple[Change, ...]:
    """What changed on these sites (None: on all) in a time, newest first."""
    return await store.history(tx.org, tx, sites=sites, since=since, until=until, limit=limit)


async def page(
    tx: Tx, *, site: SiteId | None = None, ended: bool | None = None, before: tuple[datetime, str] | None = None, limit: int
) -> tuple[tuple[Change, datetime], ...]:
    """Those released last first, each with that moment; `before` is moment and id of the last one of the page before.

    Of one site, when named; only those with a result, or only those without, when asked.
    """
    return tuple(await store.page(tx.org, tx, site=site, ended=ended, before=before, limit=limit))


async def open_change(tx: Tx, site: SiteId) -> Change | None:
    """The change of this site that began and has no result yet."""
    return await store.open_change(tx.org, tx, site)


async def newest_end(everyone: Everyone, tx: Tx) -> datetime | None:
    """When any change last came to a result."""
    return await store.newest_end(everyone, tx)


async def outcomes(tx: Tx, component: str, *, like: SiteId | None = None) -> tuple[Outcome, ...]:
    """What became of updates of this component in the organisation. `like`: the site whose equals count as of its class. Unproved results say nothing."""
    wanted = "" if like is None else await _site_class(tx, like)
    found = await store.ended_of_component(tx.org, tx, component, tuple(_PROVED), limit=MOST_OUTCOMES)
    return tuple(
        Outcome(component, one.was, one.version, _PROVED[one.result], bool(wanted) and of_class == wanted)
        for one, of_class in found
        if one.result is not None and one.tool.endswith(".update")
    )


# The dispatcher's side.


async def to_start(everyone: Everyone, tx: Tx, *, now: datetime, limit: int = 500) -> tuple[tuple[OrgId, WorkId, InstallationId], ...]:
    """Outbox rows whose time has come."""
    return await store.to_start(everyone, tx, now=now, limit=limit)


async def running(everyone: Everyone, tx: Tx) -> tuple[tuple[OrgId, WorkId, InstallationId], ...]:
    """Work that a workflow has taken up and not ended."""
    return await store.running(everyone, tx)


async def started(tx: Tx, work_id: WorkId) -> bool:
    """The workflow of this work exists. False when that was known."""
    return await store.put_work_state(tx.org, tx, work_id, WorkState.RUNNING, was=WorkState.WAITING)


async def put_off(tx: Tx, work: Work, until: datetime, *, code: str, says: str, now: datetime) -> None:
    """Something that passes by itself holds it: looked at again then. Why stands in each of its changes, once."""
    if await store.put_work_state(tx.org, tx, work.id, WorkState.WAITING, was=WorkState.WAITING, not_before=until):
        for one in work.changes:
            await note(tx, one, "held", code=code, says=says, now=now)


async def why_not(tx: Tx, work: Work, *, now: datetime) -> tuple[str, str]:
    """Code and words of why nothing new of this work may begin; both empty when it may."""
    if now >= work.not_after:
        return "rollout.expired", "The time in which this could begin is over."
    counts = await store.counts(tx.org, tx, work.proposal)
    gone, whole = counts.get(Result.NOT_APPLICABLE, 0), sum(counts.values())
    if gone and gone > MOST_NOT_APPLICABLE * whole:
        return "rollout.not_applicable", f"{gone} of {whole} sites are no longer as the plan expects: the rest was stopped."
    return "", ""


async def begin(tx: Tx, change: Change, *, now: datetime) -> Change:
    """The change is under way from now on. Begun or ended before, it stays as it is."""
    if change.result is None and change.began_at is None:
        await store.put_change(tx.org, tx, change.id, began_at=now, step="begin")
        began = replace(change, began_at=now, step="begin")
        await _record_change(tx, began, "change.began", {"was": change.was, "version": change.version}, now)
        return began
    return change


async def note(
    tx: Tx, change: ChangeId, step: str, *, code: str = "", says: str = "", seen: Mapping[str, Json] | None = None, now: datetime
) -> None:
    """Write down where a change is. One that has its result takes no more notes; the same note a second time is none."""
    found = await store.change(tx.org, tx, change)
    if found is None or found.result is not None or (found.step, found.code, found.says) == (step, code, says):
        return
    kept: dict[str, object] = {"step": step, "code": code, "says": says}
    if seen is not None:
        kept["seen"] = dict(seen)
    await store.put_change(tx.org, tx, change, **kept)
    await _record_change(tx, found, "change.step", {"step": step, "code": code, "says": says, "seen": _plain(seen or {})}, now)
    package = (seen or {}).get("package")
    if found.version and isinstance(package, str) and _SHA256.match(package):
        # Where a vendor gives nobody else the zip, this is the one way to know that the next site gets the same.
        await packages.installed_at(tx, found.site, found.component, found.version, package, now)


async def end(
    tx: Tx, change: ChangeId, result: Result, *, code: str = "", says: str = "", seen: Mapping[str, Json] | None = None, now: datetime
) -> bool:
    """Write the result down, once: False when there is one. What was taken back is an incident; a rollback that failed holds the component everywhere."""
    found = await store.change(tx.org, tx, change)
    if found is None:
        raise ChangeUnknown("There is no such change in this organisation.", do="List them with `presswarden change list`.")
    kept: dict[str, object] = {"result": result.value, "code": code, "says": says, "ended_at": now}
    if seen is not None:
        kept["seen"] = dict(seen)
    if not await store.put_change(tx.org, tx, change, **kept):
        return False
    await _record_change(tx, found, "change.ended", {"result": result, "code": code, "says": says, "seen": _plain(seen or {})}, now)
    kind = SignalKind.SNAPSHOT_EXPOSED if code == "snapshot.exposed" else _SIGNALS.get(result)
    if kind is not None:
        detail: dict[str, Json] = {"change": change, "component": found.component, "version": found.version, "code": code, "says": says}
        await incidents.raise_signal(tx, kind, found.site, detail, now, by=_ROLLOUTS)
    return True


async def end_work(tx: Tx, work_id: WorkId, *, now: datetime) -> None:
    """All changes of this work have their results; with the last piece of work its proposal ends too."""
    found = await work(tx, work_id)
    if any(one.result is None for one in await store.changes(tx.org, tx, proposal=None, site=None, work=work_id, limit=10_000)):
        raise RuntimeError("work ends when each of its changes has its result")
    if not await store.put_work_state(tx.org, tx, work_id, WorkState.ENDED, was=WorkState.RUNNING, ended_at=now):
        return
    await _record(tx, found, "work.ended", {"proposal": found.proposal}, now)
    if await store.open_work(tx.org, tx, found.proposal) == 0:
        await proposals.move(tx, found.proposal, ProposalState.ENDED, by=_ROLLOUTS, why="all its work came to a result", now=now)


async def give_up(tx: Tx, *, code: str, says: str, now: datetime) -> int:
    """End all work of the organisation that has no end, with results that nobody knows: it is carried on by nobody. How many changes."""
    given_up = 0
    for work_id, state in await store.unended(tx.org, tx):
        for one in await store.changes(tx.org, tx, proposal=None, site=None, work=work_id, limit=10_000):
            if one.result is None:
                given_up += await end(tx, one.id, Result.UNKNOWN, code=code, says=says, now=now)
        if state is WorkState.WAITING:
            await started(tx, work_id)
        await end_work(tx, work_id, now=now)
    return given_up


def _change(work: Work, leaf: Leaf, proposal: Proposal) -> Change:
    item = next((one for one in proposal.items if (one.site, one.tool, one.component) == (leaf.site, leaf.tool, leaf.component)), None)
    return Change(
        work.org, change_id(leaf), work.id, proposal.id, leaf.site, leaf.index, leaf.tool, leaf.component,
        "" if item is None else item.was, "" if item is None else item.version, leaf.snapshot, "", None, "", "",
    )  # fmt: skip


async def _site_class(tx: Tx, site: SiteId) -> str:
    """What hosts differ in: PHP release, kind of database, network or not, as in `8.2/mysql/single`; empty when any is unknown. Decision 0005."""
    facts = await telemetry.facts(tx, site)
    php, database, multisite = (
        None if fact is None else fact.value for fact in map(facts.get, ("php.version", "server.database", "core.multisite"))
    )
    if not (isinstance(php, str) and isinstance(database, str) and isinstance(multisite, bool)):
        return ""
    return f"{'.'.join(php.split('.')[:2])[:10]}/{database[:10]}/{'network' if multisite else 'single'}"


def _plain(seen: Mapping[str, Json]) -> list[Json]:
    """What was seen, as names and values: a name of the site's can't pass for one of ours."""
    return [{"name": name, "value": value} for name, value in sorted(bounded(seen).items())]


async def _record(tx: Tx, work: Work, kind: str, payload: Mapping[str, Json], now: datetime) -> None:
    told = {"work": work.id, "site": work.site, **payload}
    await audit.record(tx, Entry(kind, _ROLLOUTS, f"work:{work.id}", work.correlation, told), now=now)


async def _record_change(tx: Tx, change: Change, kind: str, payload: Mapping[str, Json], now: datetime) -> None:
    correlation = await store.correlation(tx.org, tx, change.work)
    told: dict[str, Json] = {
        "work": change.work, "site": change.site, "tool": change.tool, "component": change.component, "proposal": change.proposal, **payload,
    }  # fmt: skip
    await audit.record(tx, Entry(kind, _ROLLOUTS, f"change:{change.id}", correlation, told), now=now)
