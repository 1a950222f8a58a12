"""Tables of messages taken, signatures refused and tries by source address. Limits: SQL only.

A message row is kept 15 minutes at least: longer than the longest TTL and the clock's tolerance together, so a replay always meets its first copy.
Source addresses are kept while their window is open and then deleted.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CursorResult,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    UniqueConstraint,
    case,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, InstallationId, OrgId
from presswarden.sites.model import MessageMark


class MessageRow(Tenant, Base):
    __tablename__ = "site_messages"
    __table_args__ = (
        ForeignKeyConstraint(["org", "installation"], ["installations.org", "installations.installation"]),
        UniqueConstraint("org", "installation", "nonce"),
        Index("ix_site_messages_taken_at", "taken_at"),
    )
    message: Mapped[str] = mapped_column(String(36), primary_key=True)
    installation: Mapped[str] = mapped_column(String(36))
    nonce: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    taken_at: Mapped[datetime]


class RefusedSignaturesRow(Tenant, Base):
    """Refused signatures under one installation's name since `opened_at`."""

    __tablename__ = "refused_signatures"
    __table_args__ = (ForeignKeyConstraint(["org", "installation"], ["installations.org", "installations.installation"]),)
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    opened_at: Mapped[datetime]
    count: Mapped[int]


class SourceTriesRow(Base):
    """Wrong pairing tries from one source address since `opened_at`; of nobody's organisation."""

    __tablename__ = "pairing_sources"
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    opened_at: Mapped[datetime]
    tries: Mapped[int]


# Built once for each dialect: it runs with every message.
_ADD = {
    "postgresql": postgresql.insert(cast("Table", MessageRow.__table__)).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(cast("Table", MessageRow.__table__)).on_conflict_do_nothing(),
}


async def add_message(org: OrgId, tx: Tx, of: InstallationId, mark: MessageMark, now: datetime) -> bool:
    """One INSERT; False when this id or this nonce was taken before."""
    values = {"org": org, "message": mark.id, "installation": of, "nonce": mark.nonce, "seq": mark.seq, "kind": mark.kind, "taken_at": now}
    connection = await tx.connection()
    return cast("CursorResult[Any]", await connection.execute(_ADD[connection.dialect.name], values)).rowcount == 1


async def seq_was_taken(org: OrgId, tx: Tx, of: InstallationId, seq: int, apart_from: str) -> bool:
    mine = (MessageRow.org == org, MessageRow.installation == of, MessageRow.seq == seq, MessageRow.message != apart_from)
    return await tx.scalar(select(MessageRow.message).where(*mine).limit(1)) is not None


async def forget(everyone: Everyone, tx: Tx, before: datetime) -> None:
    """Messages and addresses older than `before`."""
    _ = everyone
    rows = {"synchronize_session": False}
    await tx.execute(delete(MessageRow).where(MessageRow.taken_at < before), execution_options=rows)
    await tx.execute(delete(SourceTriesRow).where(SourceTriesRow.opened_at < before), execution_options=rows)


async def count_refused(org: OrgId, tx: Tx, of: InstallationId, now: datetime, window_start: datetime) -> int:
    """Count one more; the number since the window opened. A window that opened before `window_start` starts again."""
    table = RefusedSignaturesRow.__table__
    statement = _insert(tx)(table).values(org=org, installation=of, opened_at=now, count=1)
    stale = table.c.opened_at <= window_start
    counted = statement.on_conflict_do_update(
        index_elements=["org", "installation"],
        set_={"count": case((stale, 1), else_=table.c.count + 1), "opened_at": case((stale, now), else_=table.c.opened_at)},
    )
    return int((await tx.execute(counted.returning(table.c.count))).scalar_one())


async def spend_source_try(everyone: Everyone, tx: Tx, address: str, now: datetime, window_start: datetime, most: int) -> bool:
    """See `spend_source_try_in`; for a request whose organisation is not known."""
    _ = everyone
    return await _spend(tx, address, now, window_start, most)


async def spend_source_try_in(org: OrgId, tx: Tx, address: str, now: datetime, window_start: datetime, most: int) -> bool:
    """One upsert; False when the address has spent `most` tries in its window. Others from the address wait here until this transaction ends."""
    _ = org
    return await _spend(tx, address, now, window_start, most)


async def give_source_try_back(org: OrgId, tx: Tx, address: str) -> None:
    _ = org
    mine = update(SourceTriesRow).where(SourceTriesRow.address == address, SourceTriesRow.tries > 0).values(tries=SourceTriesRow.tries - 1)
    await tx.execute(mine, execution_options={"synchronize_session": False})


async def _spend(tx: Tx, address: str, now: datetime, window_start: datetime, most: int) -> bool:
    table = SourceTriesRow.__table__
    statement = _insert(tx)(table).values(address=address, opened_at=now, tries=1)
    stale = table.c.opened_at <= window_start
    spent = statement.on_conflict_do_update(
        index_elements=["address"],
        set_={"tries": case((stale, 1), else_=table.c.tries + 1), "opened_at": case((stale, now), else_=table.c.opened_at)},
        where=or_(stale, table.c.tries < most),
    )
    return await _changed(tx, spent)


def _insert(tx: Tx) -> Any:  # both dialects' `insert` have the same ON CONFLICT methods, but no common type
    return postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert


async def _changed(tx: Tx, statement: Any) -> bool:
    return cast("CursorResult[Any]", await tx.execute(statement)).rowcount == 1
