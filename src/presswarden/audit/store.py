"""SQL of the record. Events, leaves, nodes, checkpoints and logs are append-only (triggers in the migration); payloads may only be deleted.

The queue row of an event is written by a trigger on the event itself, so that no event can miss the tree. Limits: only the integrator deletes queue rows
and moves the head; nothing here signs or decides.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import (  # fmt: skip
    BigInteger,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    column,
    delete,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.audit.model import Checkpoint, Sealed, Stored, Waiting
from presswarden.audit.note import LogKey
from presswarden.audit.tree import Kept, Node
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import EventId, Everyone, OrgId
from presswarden.kernel.merkle import Frontier


class EventRow(Tenant, Base):
    __tablename__ = "audit_events"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(64))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    correlation: Mapped[str] = mapped_column(String(64))
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    __table_args__ = (
        Index(None, "org", "at", "id"),
        Index(None, "org", "kind", "at", "id"),
        Index(None, "org", "subject", "at", "id"),
        Index(None, "org", "correlation", "at", "id"),
    )


class PayloadRow(Tenant, Base):
    """No foreign key: one statement writes both rows, an event never goes, and the check would cost a fifth of every append."""

    __tablename__ = "audit_payloads"
    event: Mapped[str] = mapped_column(String(36), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    document: Mapped[bytes] = mapped_column(LargeBinary)
    members: Mapped[bytes | None] = mapped_column(LargeBinary)


class QueueRow(Tenant, Base):
    """Events that are not in the tree yet, in order of time. Not a cursor: a late commit with an earlier time is still a row."""

    __tablename__ = "audit_queue"
    at: Mapped[datetime] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(String(36), primary_key=True)
    __table_args__ = ({"sqlite_with_rowid": False},)


class LeafRow(Tenant, Base):
    __tablename__ = "audit_leaves"
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    event: Mapped[str] = mapped_column(String(36))
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    __table_args__ = (
        UniqueConstraint("org", "event"),
        ForeignKeyConstraint(("org", "event"), ("audit_events.org", "audit_events.id")),
        {"sqlite_with_rowid": False},
    )


class NodeRow(Tenant, Base):
    """Hash of each complete subtree of 256**level leaves: what keeps proofs O(log n)."""

    __tablename__ = "audit_nodes"
    level: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    node_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    __table_args__ = ({"sqlite_with_rowid": False},)


class LogRow(Tenant, Base):
    """One log for each organisation: its origin and key. The seed is sealed for the janitor."""

    __tablename__ = "audit_logs"
    origin: Mapped[str] = mapped_column(String(255))
    public: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_seed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]


class HeadRow(Tenant, Base):
    """The right edge of the tree. Locked by whoever integrates."""

    __tablename__ = "audit_heads"
    size: Mapped[int] = mapped_column(BigInteger)
    peaks: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Tenant, Base):
    __tablename__ = "audit_checkpoints"
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    text: Mapped[str]


_PAYLOAD: Final = ("salt", "document", "members")
_ENTRY: Final = [*(EventRow.__table__.columns), *(PayloadRow.__table__.columns[name] for name in _PAYLOAD)]
# Event and payload in one statement: half the time of two. SQLite knows no INSERT in WITH and has a view that takes both; PostgreSQL has no view
# because its trigger would be silently off in replica mode. One row goes as one row: the drivers are slower with a list of one.
_INTO_VIEW: Final = insert(table("audit_entries", *(column(c.name, c.type) for c in _ENTRY)))
_INTO_BOTH: Final = (
    insert(PayloadRow)
    .values(org=bindparam("org"), event=bindparam("id"), **{name: bindparam(name) for name in _PAYLOAD})
    .add_cte(insert(EventRow).values({c.name: bindparam(c.name, type_=c.type) for c in EventRow.__table__.columns}).cte("event"))
)


async def add(org: OrgId, tx: Tx, entries: Sequence[Sealed], members: bytes | None = None) -> None:
    """One statement, whatever the number of entries; their queue rows come with them."""
    rows = [
        {
            "org": org, "id": one.id, "at": one.at, "kind": one.entry.kind, "actor_kind": one.entry.actor.kind, "actor_id": one.entry.actor.id,
            "subject": one.entry.subject, "correlation": one.entry.correlation, "leaf": one.leaf, "leaf_hash": one.leaf_hash,
            "salt": one.salt, "document": one.document, "members": members,
        }
        for one in entries
    ]  # fmt: skip
    await tx.direct.execute(_INTO_BOTH if tx.direct.dialect.name == "postgresql" else _INTO_VIEW, rows if len(rows) > 1 else rows[0])


_NEWEST = select(func.max(EventRow.at)).where(EventRow.org == bindparam("of_org"), EventRow.kind == bindparam("of_kind"))


async def newest(org: OrgId, tx: Tx, kind: str) -> datetime | None:
    """When the newest event of this kind was, if there is one."""
    _ = org
    return (await tx.rows(_NEWEST, of_kind=kind))[0][0]  # type: ignore[no-any-return]  # one row of one column


async def organisations_waiting(everyone: Everyone, tx: Tx) -> tuple[OrgId, ...]:
    """Organisations with events that are not in their tree yet."""
    if tx.scope is not everyone:
        raise RuntimeError("this look-up spans organisations; the transaction does not")
    return tuple(OrgId(org) for org in await tx.scalars(select(QueueRow.org).distinct().order_by(QueueRow.org)))


async def lock_head(org: OrgId, tx: Tx) -> Frontier | None:
    """The right edge of the tree, locked until the transaction ends; None while another integrator has it. Made on first use."""
    locking = select(HeadRow).where(HeadRow.org == org).with_for_update(skip_locked=True)
    row = await tx.scalar(locking)
    if row is None:
        making = (postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert)(HeadRow)
        connection = await tx.connection()
        await connection.execute(making.values(org=org, size=0, peaks=b"").on_conflict_do_nothing())
        row = await tx.scalar(locking)
    return None if row is None else Frontier(row.size, [row.peaks[i : i + 32] for i in range(0, len(row.peaks), 32)])


async def size(org: OrgId, tx: Tx) -> int:
    return await tx.scalar(select(HeadRow.size).where(HeadRow.org == org)) or 0


async def find_log(org: OrgId, tx: Tx) -> tuple[LogKey, bytes] | None:
    """The public key of the log and its sealed seed."""
    row = await tx.scalar(select(LogRow).where(LogRow.org == org))
    return None if row is None else (LogKey(row.origin, row.public), row.sealed_seed)


async def add_log(org: OrgId, tx: Tx, key: LogKey, sealed_seed: bytes, at: datetime) -> None:
    tx.add(LogRow(org=org, origin=key.name, public=key.public, sealed_seed=sealed_seed, made_at=at))
    await tx.flush()


async def waiting(org: OrgId, tx: Tx, limit: int) -> list[Waiting]:
    """The oldest events of the queue."""
    found = await tx.execute(
        select(QueueRow.event, QueueRow.at, EventRow.leaf)
        .join(EventRow, and_(EventRow.org == QueueRow.org, EventRow.id == QueueRow.event))
        .where(QueueRow.org == org)
        .order_by(QueueRow.at, QueueRow.event)
        .limit(limit)
    )
    return [Waiting(EventId(event), at, leaf) for event, at, leaf in found]


async def append(
    org: OrgId,
    tx: Tx,
    taken: Sequence[tuple[Waiting, bytes]],
    nodes: Sequence[Node],
    head: Frontier,
    checkpoint: Checkpoint,
    at: datetime,
) -> None:
    """Give `taken` (events with their leaf hashes) the last places of the tree that ends at `head`, and take them off the queue."""
    connection, first = await tx.connection(), head.size - len(taken)
    await connection.execute(
        insert(LeafRow),
        [{"org": org, "position": first + i, "event": one.event, "leaf_hash": hashed} for i, (one, hashed) in enumerate(taken)],
    )
    if nodes:
        await connection.execute(
            insert(NodeRow), [{"org": org, "level": n.level, "position": n.position, "node_hash": n.node_hash} for n in nodes]
        )
    await connection.execute(insert(CheckpointRow).values(org=org, size=checkpoint.size, at=at, root=checkpoint.root, text=checkpoint.text))
    await connection.execute(update(HeadRow).where(HeadRow.org == org).values(size=head.size, peaks=b"".join(head.peaks)))
    # By name, not by time alone: an event that was committed meanwhile may be older than the last one taken.
    events = [one.event for one, _ in taken]
    await connection.execute(
        delete(QueueRow).where(QueueRow.org == org, QueueRow.at <= max(one.at for one, _ in taken), QueueRow.event.in_(events))
    )


async def latest_checkpoint(org: OrgId, tx: Tx) -> Checkpoint | None:
    row = await tx.scalar(select(CheckpointRow).where(CheckpointRow.org == org).order_by(CheckpointRow.size.desc()).limit(1))
    return None if row is None else Checkpoint(row.text, row.text.partition("\n")[0], row.size, row.root)


async def checkpoints(org: OrgId, tx: Tx, *, after: int, limit: int) -> list[tuple[int, str]]:
    """Size and text of every checkpoint ever signed, smallest first."""
    found = await tx.execute(
        select(CheckpointRow.size, CheckpointRow.text)
        .where(CheckpointRow.org == org, CheckpointRow.size > after)
        .order_by(CheckpointRow.size)
        .limit(limit)
    )
    return [(size, text) for size, text in found]


async def hashes(org: OrgId, tx: Tx, run: Kept) -> list[bytes]:
    """The kept hashes of `run`; fewer when the tree does not have them."""
    end = run.first + run.count
    if run.level == 0:
        leaves = select(LeafRow.leaf_hash).where(LeafRow.org == org, LeafRow.position >= run.first, LeafRow.position < end)
        return list(await tx.scalars(leaves.order_by(LeafRow.position)))
    nodes = select(NodeRow.node_hash).where(NodeRow.org == org, NodeRow.level == run.level)
    return list(await tx.scalars(nodes.where(NodeRow.position >= run.first, NodeRow.position < end).order_by(NodeRow.position)))


async def find(org: OrgId, tx: Tx, event: EventId) -> Stored | None:
    row = (await tx.execute(everything(org).where(EventRow.id == event))).first()
    return None if row is None else _stored(*row)


async def in_tree(org: OrgId, tx: Tx, *, first: int, limit: int) -> list[Stored]:
    """Events in order of the tree."""
    wanted = everything(org).where(LeafRow.position >= first, LeafRow.position < first + limit)
    return await read(org, tx, wanted.order_by(LeafRow.position))


def everything(org: OrgId) -> Select[EventRow, int, PayloadRow]:
    """Events with their places and what is left of their payloads."""
    return (
        select(EventRow, LeafRow.position, PayloadRow)
        .outerjoin(LeafRow, and_(LeafRow.org == EventRow.org, LeafRow.event == EventRow.id))
        .outerjoin(PayloadRow, and_(PayloadRow.org == EventRow.org, PayloadRow.event == EventRow.id))
        .where(EventRow.org == org)
    )


async def read(org: OrgId, tx: Tx, wanted: Select[EventRow, int, PayloadRow]) -> list[Stored]:
    """What a narrowed `everything` finds, in its order."""
    _ = org
    return [_stored(*row) for row in await tx.execute(wanted)]


def _stored(event: EventRow, position: int | None, payload: PayloadRow | None) -> Stored:
    return Stored(
        id=EventId(event.id),
        at=event.at,
        kind=event.kind,
        actor=(event.actor_kind, event.actor_id),
        subject=event.subject,
        correlation=event.correlation,
        leaf=event.leaf,
        index=position,
        salt=payload.salt if payload else None,
        document=payload.document if payload else None,
        members=payload.members if payload else None,
    )
