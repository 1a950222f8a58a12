"""Tables of batches. Limits: SQL only; requests stand in the mailbox's own table, and are let go before the batch is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any  # rows, column by column

from sqlalchemy import ForeignKeyConstraint, Index, Integer, Select, String, and_, case, delete, exists, func, select
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId, RequestId, SiteId
from presswarden.mailbox.batches.model import Batch, Part
from presswarden.mailbox.model import SETTLED, RequestState
from presswarden.mailbox.store import RequestRow


class BatchRow(Tenant, Base):
    __tablename__ = "mailbox_batches"
    __table_args__ = (Index("ix_mailbox_batches_asked_at", "asked_at"),)
    batch: Mapped[str] = mapped_column(String(36), primary_key=True)
    tool: Mapped[str] = mapped_column(String(64))
    asked_by: Mapped[str] = mapped_column(String(36))
    asked_at: Mapped[datetime]
    total: Mapped[int] = mapped_column(Integer)


class PartRow(Tenant, Base):
    """`request` is null where asking was refused."""

    __tablename__ = "mailbox_batch_requests"
    __table_args__ = (ForeignKeyConstraint(["org", "batch"], ["mailbox_batches.org", "mailbox_batches.batch"]),)
    batch: Mapped[str] = mapped_column(String(36), primary_key=True)
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    request: Mapped[str | None] = mapped_column(String(36))
    refused: Mapped[str] = mapped_column(String(300))


_OWN = and_(RequestRow.org == PartRow.org, RequestRow.id == PartRow.request)
_OVER = [state.value for state in SETTLED]


async def add(
    org: OrgId, tx: Tx, batch: str, tool: str, by: PersonId, now: datetime, parts: Sequence[tuple[SiteId, RequestId | None, str]]
) -> None:
    tx.add(BatchRow(org=org, batch=batch, tool=tool, asked_by=by, asked_at=now, total=len(parts)))
    await tx.flush()
    tx.add_all(PartRow(org=org, batch=batch, site=site, request=request, refused=refused[:300]) for site, request, refused in parts)
    await tx.flush()


def _batches(org: OrgId) -> Select[str, str, str, datetime, int, Any, Any]:
    done = func.sum(case((RequestRow.state == RequestState.DONE.value, 1), else_=0))
    # A part without its request was refused at once, or its request was let go after it had settled.
    settled = func.sum(case((RequestRow.id.is_(None) | RequestRow.state.in_(_OVER), 1), else_=0))
    joined = and_(PartRow.org == BatchRow.org, PartRow.batch == BatchRow.batch)
    return (
        select(
            BatchRow.batch,
            BatchRow.tool,
            BatchRow.asked_by,
            BatchRow.asked_at,
            BatchRow.total,
            done.label("done"),
            settled.label("settled"),
        )
        .join(PartRow, joined)
        .outerjoin(RequestRow, _OWN)
        .where(BatchRow.org == org)
        .group_by(BatchRow.batch, BatchRow.tool, BatchRow.asked_by, BatchRow.asked_at, BatchRow.total)
    )


async def batch(org: OrgId, tx: Tx, wanted: str) -> Batch | None:
    row = (await tx.execute(_batches(org).where(BatchRow.batch == wanted))).first()
    return _batch(row) if row else None


async def newest(org: OrgId, tx: Tx, most: int, by: PersonId | None) -> tuple[Batch, ...]:
    query = _batches(org).order_by(BatchRow.asked_at.desc(), BatchRow.batch).limit(most)
    return tuple(_batch(row) for row in await tx.execute(query if by is None else query.where(BatchRow.asked_by == by)))


async def parts(org: OrgId, tx: Tx, wanted: str) -> tuple[Part, ...]:
    query = (
        select(PartRow.site, PartRow.request, PartRow.refused, RequestRow.state, RequestRow.settled_at, RequestRow.outcome)
        .outerjoin(RequestRow, _OWN)
        .where(PartRow.org == org, PartRow.batch == wanted)
    )
    return tuple(_part(row) for row in await tx.execute(query))


async def forget(everyone: Everyone, tx: Tx, asked_before: datetime) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
    old = exists().where(BatchRow.org == PartRow.org, BatchRow.batch == PartRow.batch, BatchRow.asked_at < asked_before)
    await tx.execute(delete(PartRow).where(old).execution_options(synchronize_session=False))
    await tx.execute(delete(BatchRow).where(BatchRow.asked_at < asked_before).execution_options(synchronize_session=False))


def _batch(row: Any) -> Batch:
    return Batch(row.batch, row.tool, PersonId(row.asked_by), row.asked_at, row.total, int(row.done or 0), int(row.settled or 0))


def _part(row: Any) -> Part:
    state = RequestState(row.state) if row.state else None
    said = str((row.outcome or {}).get("says", "")) if row.outcome else ""
    return Part(SiteId(row.site), state, row.refused or said, row.settled_at, row.request is not None and state is None)
