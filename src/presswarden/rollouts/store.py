"""SQL of work and changes. Rows of work are the outbox: written in the transaction of the last consent, taken up by a dispatcher.

Limits: a change's result is written once; whoever comes later changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    Row,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import ChangeId, CorrelationId, Everyone, InstallationId, OrgId, ProposalId, SiteId, SnapshotId, WorkId
from presswarden.rollouts.model import Change, Result, Work, WorkState


class WorkRow(Tenant, Base):
    __tablename__ = "work"
    __table_args__ = (UniqueConstraint("org", "proposal", "site"), Index("ix_work_state", "state", "not_before"), Index(None, "org", "filed_at"))  # fmt: skip
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    proposal: Mapped[str] = mapped_column(String(36))
    site: Mapped[str] = mapped_column(String(36))
    installation: Mapped[str] = mapped_column(String(36))
    state: Mapped[str] = mapped_column(String(16))
    correlation: Mapped[str] = mapped_column(String(64))
    filed_at: Mapped[datetime]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ChangeRow(Tenant, Base):
    __tablename__ = "changes"
    __table_args__ = (
        ForeignKeyConstraint(["org", "work"], ["work.org", "work.id"]),
        Index("ix_changes_proposal", "org", "proposal"),
        Index("ix_changes_site", "org", "site"),
        Index("ix_changes_component", "org", "component"),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    work: Mapped[str] = mapped_column(String(36))
    proposal: Mapped[str] = mapped_column(String(36))
    site: Mapped[str] = mapped_column(String(36))
    leaf: Mapped[int] = mapped_column(Integer)
    tool: Mapped[str] = mapped_column(String(64))
    component: Mapped[str] = mapped_column(String(400))
    was: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(100))
    snapshot: Mapped[str | None] = mapped_column(String(36))
    step: Mapped[str] = mapped_column(String(64))
    result: Mapped[str | None] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(64))
    says: Mapped[str] = mapped_column(Text)
    seen: Mapped[dict[str, Any]] = mapped_column(JSON)
    site_class: Mapped[str] = mapped_column(String(32))
    """What its host was when it was released; evidence from equals counts more."""
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


# The statements of every step: built once.
_WORK = select(WorkRow).where(WorkRow.org == bindparam("of_org"), WorkRow.id == bindparam("of"))
_CORRELATION = select(WorkRow.correlation).where(WorkRow.org == bindparam("of_org"), WorkRow.id == bindparam("of"))
_WORK_OF = select(WorkRow).where(WorkRow.org == bindparam("of_org"), WorkRow.proposal == bindparam("of")).order_by(WorkRow.id)
_CHANGES_OF_WORK = (
    select(ChangeRow.id).where(ChangeRow.org == bindparam("of_org"), ChangeRow.work == bindparam("of")).order_by(ChangeRow.leaf)
)
_CHANGE = select(ChangeRow).where(ChangeRow.org == bindparam("of_org"), ChangeRow.id == bindparam("of"))
_CHANGES_OF_PROPOSAL = (
    select(ChangeRow)
    .where(ChangeRow.org == bindparam("of_org"), ChangeRow.proposal == bindparam("of"))
    .order_by(ChangeRow.leaf)
    .limit(bindparam("most"))
)
_OPEN = (
    select(ChangeRow)
    .where(
        ChangeRow.org == bindparam("of_org"), ChangeRow.site == bindparam("of"), ChangeRow.began_at.is_not(None), ChangeRow.result.is_(None)
    )
    .order_by(ChangeRow.began_at.desc())
    .limit(1)
)
_TO_START = (
    select(WorkRow.org, WorkRow.id, WorkRow.installation)
    .where(WorkRow.state == WorkState.WAITING.value, WorkRow.not_before <= bindparam("by"))
    .order_by(WorkRow.not_before, WorkRow.id)
    .limit(bindparam("most"))
)


async def add(org: OrgId, tx: Tx, work: Work, changes: Sequence[Change], site_class: str) -> None:
    tx.add(
        WorkRow(
            org=org, id=work.id, proposal=work.proposal, site=work.site, installation=work.installation, state=work.state,
            correlation=work.correlation, filed_at=work.filed_at, not_before=work.not_before, not_after=work.not_after,
        )
    )  # fmt: skip
    await tx.flush()
    for one in changes:
        tx.add(
            ChangeRow(
                org=org, id=one.id, work=one.work, proposal=one.proposal, site=one.site, leaf=one.index, tool=one.tool,
                component=one.component, was=one.was, version=one.version, snapshot=one.snapshot, step=one.step, result=None, code="",
                says="", seen={}, site_class=site_class,
            )
        )  # fmt: skip
    await tx.flush()


async def work_of(org: OrgId, tx: Tx, proposal: ProposalId) -> tuple[Work, ...]:
    _ = org
    return tuple([await _with_changes(tx, row) for row in await tx.rows(_WORK_OF, of=proposal)])


async def work(org: OrgId, tx: Tx, work_id: WorkId) -> Work | None:
    _ = org
    for row in await tx.rows(_WORK, of=work_id):
        return await _with_changes(tx, row)
    return None


async def correlation(org: OrgId, tx: Tx, work_id: WorkId) -> CorrelationId:
    """Of work that there is."""
    _ = org
    ((found,),) = await tx.rows(_CORRELATION, of=work_id)
    return CorrelationId(found)


async def to_start(everyone: Everyone, tx: Tx, *, now: datetime, limit: int) -> tuple[tuple[OrgId, WorkId, InstallationId], ...]:
    """Outbox rows whose time has come, oldest first."""
    _across(everyone, tx)
    rows = await tx.direct.execute(_TO_START, {"by": now, "most": limit})
    return tuple((OrgId(org), WorkId(id_), InstallationId(installation)) for org, id_, installation in rows)


async def running(everyone: Everyone, tx: Tx) -> tuple[tuple[OrgId, WorkId, InstallationId], ...]:
    _across(everyone, tx)
    rows = await tx.execute(
        select(WorkRow.org, WorkRow.id, WorkRow.installation).where(WorkRow.state == WorkState.RUNNING).order_by(WorkRow.id)
    )
    return tuple((OrgId(org), WorkId(id_), InstallationId(installation)) for org, id_, installation in rows)


async def put_work_state(org: OrgId, tx: Tx, work_id: WorkId, state: WorkState, *, was: WorkState, **values: datetime) -> bool:
    """With these moments of it; False when the work did not stand where the caller thought."""
    moved = await tx.execute(
        update(WorkRow)
        .where(WorkRow.org == org, WorkRow.id == work_id, WorkRow.state == was)
        .values(state=state.value, **values)
        .returning(WorkRow.id)
        .execution_options(synchronize_session=False)
    )
    return moved.scalar_one_or_none() is not None


async def open_work(org: OrgId, tx: Tx, proposal: ProposalId) -> int:
    counted = select(func.count()).where(WorkRow.org == org, WorkRow.proposal == proposal, WorkRow.state != WorkState.ENDED)
    return await tx.scalar(counted) or 0


async def change(org: OrgId, tx: Tx, change_id: ChangeId) -> Change | None:
    _ = org
    return next((_change(row) for row in await tx.rows(_CHANGE, of=change_id)), None)


async def changes(
    org: OrgId, tx: Tx, *, proposal: ProposalId | None, site: SiteId | None, work: WorkId | None = None, limit: int
) -> tuple[Change, ...]:
    """Those that began or ended last stand first; of one proposal or one piece of work, in the plan's order."""
    if proposal is not None and site is None and work is None:
        return tuple(_change(row) for row in await tx.rows(_CHANGES_OF_PROPOSAL, of=proposal, most=limit))
    wanted = select(ChangeRow).where(ChangeRow.org == org).execution_options(populate_existing=True)
    if proposal is not None:
        wanted = wanted.where(ChangeRow.proposal == proposal)
    if site is not None:
        wanted = wanted.where(ChangeRow.site == site)
    if work is not None:
        wanted = wanted.where(ChangeRow.work == work)
    if proposal is not None or work is not None:
        wanted = wanted.order_by(ChangeRow.leaf)
    else:
        newest = select(WorkRow.filed_at).where(WorkRow.org == ChangeRow.org, WorkRow.id == ChangeRow.work).scalar_subquery()
        wanted = wanted.order_by(newest.desc(), ChangeRow.leaf.desc())
    return tuple(_change(row) for row in await tx.scalars(wanted.limit(limit)))


async def page(
    org: OrgId, tx: Tx, *, site: SiteId | None, ended: bool | None, before: tuple[datetime, str] | None, limit: int
) -> list[tuple[Change, datetime]]:
    """Those released last first, each with that moment, from `before` on: the last one of the page before."""
    wanted = select(ChangeRow, WorkRow.filed_at).join(WorkRow, (WorkRow.org == ChangeRow.org) & (WorkRow.id == ChangeRow.work))
    wanted = wanted.where(ChangeRow.org == org, *([] if site is None else [ChangeRow.site == site]))
    if ended is not None:
        wanted = wanted.where(ChangeRow.result.is_not(None) if ended else ChangeRow.result.is_(None))
    if before is not None:
        wanted = wanted.where(tuple_(WorkRow.filed_at, ChangeRow.id) < tuple_(*before))
    newest = wanted.order_by(WorkRow.filed_at.desc(), ChangeRow.id.desc()).limit(limit).execution_options(populate_existing=True)
    return [(_change(row), filed_at) for row, filed_at in await tx.execute(newest)]


async def history(
    org: OrgId, tx: Tx, *, sites: Collection[SiteId] | None, since: datetime | None, until: datetime | None, limit: int
) -> tuple[Change, ...]:
    """Newest first by when it began, or ended without having begun; those that still wait stand before all others."""
    at = func.coalesce(ChangeRow.began_at, ChangeRow.ended_at)
    which: list[ColumnElement[bool]] = [] if sites is None else [ChangeRow.site.in_(list(sites))]
    which += [] if since is None else [at >= since]
    which += [] if until is None else [at < until]
    wanted = select(ChangeRow).where(ChangeRow.org == org, *which).execution_options(populate_existing=True)
    newest = wanted.order_by(at.is_(None).desc(), at.desc(), ChangeRow.id).limit(limit)
    return tuple(_change(row) for row in await tx.scalars(newest))


async def put_change(org: OrgId, tx: Tx, change_id: ChangeId, **values: object) -> bool:
    """Set columns of a change that has no result yet; False when it has one."""
    changed = await tx.execute(
        update(ChangeRow)
        .where(ChangeRow.org == org, ChangeRow.id == change_id, ChangeRow.result.is_(None))
        .values(**values)
        .returning(ChangeRow.id)
        .execution_options(synchronize_session=False)
    )
    return changed.scalar_one_or_none() is not None


async def open_change(org: OrgId, tx: Tx, site: SiteId) -> Change | None:
    """The change of this site that began and has no result."""
    _ = org
    return next((_change(row) for row in await tx.rows(_OPEN, of=site)), None)


async def ended_of_component(
    org: OrgId, tx: Tx, component: str, results: Sequence[Result], *, limit: int
) -> tuple[tuple[Change, str], ...]:
    """Changes of one component that came to one of these results, newest first, each with its site's class."""
    rows = await tx.scalars(
        select(ChangeRow)
        .where(ChangeRow.org == org, ChangeRow.component == component, ChangeRow.result.in_([result.value for result in results]))
        .order_by(ChangeRow.ended_at.desc(), ChangeRow.id)
        .limit(limit)
    )
    return tuple((_change(row), row.site_class) for row in rows)


async def counts(org: OrgId, tx: Tx, proposal: ProposalId) -> Mapping[str, int]:
    """How many changes of the proposal came to each result; "" for those that have none."""
    rows = await tx.execute(
        select(ChangeRow.result, func.count()).where(ChangeRow.org == org, ChangeRow.proposal == proposal).group_by(ChangeRow.result)
    )
    return {result or "": int(count) for result, count in rows}


async def _with_changes(tx: Tx, row: Row[Any]) -> Work:
    changes = await tx.rows(_CHANGES_OF_WORK, of=row.id)
    return Work(
        OrgId(row.org), WorkId(row.id), ProposalId(row.proposal), SiteId(row.site), InstallationId(row.installation),
        tuple(ChangeId(one.id) for one in changes), WorkState(row.state), CorrelationId(row.correlation), row.filed_at, row.not_before, row.not_after,
    )  # fmt: skip


def _change(row: ChangeRow | Row[Any]) -> Change:
    seen: Mapping[str, Json] = row.seen
    return Change(
        OrgId(row.org), ChangeId(row.id), WorkId(row.work), ProposalId(row.proposal), SiteId(row.site), row.leaf, row.tool, row.component,
        row.was, row.version, None if row.snapshot is None else SnapshotId(row.snapshot), row.step,
        None if row.result is None else Result(row.result), row.code, row.says, seen, row.began_at, row.ended_at,
    )  # fmt: skip


async def unended(org: OrgId, tx: Tx) -> tuple[tuple[WorkId, WorkState], ...]:
    rows = await tx.execute(select(WorkRow.id, WorkRow.state).where(WorkRow.org == org, WorkRow.state != WorkState.ENDED))
    return tuple((WorkId(row.id), WorkState(row.state)) for row in rows)


async def newest_end(everyone: Everyone, tx: Tx) -> datetime | None:
    _across(everyone, tx)
    return await tx.scalar(select(func.max(ChangeRow.ended_at)))


def _across(everyone: Everyone, tx: Tx) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
