"""SQL of the record. Events, leaves, nodes, checkpoints and logs are append-only (triggers in the migration); payloads may only be deleted.

The queue row of an event is written by a trigger on the event itself, so that no event can miss the tree. Limits: only the integrator deletes queue rows
and moves the head; nothing here signs or decides.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint, insert
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.audit.model import Sealed
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId


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
    __table_args__ = (Index("ix_audit_events_org_at_id", "org", "at", "id"),)


class PayloadRow(Tenant, Base):
    __tablename__ = "audit_payloads"
    event: Mapped[str] = mapped_column(String(36), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    document: Mapped[bytes] = mapped_column(LargeBinary)
    members: Mapped[bytes | None] = mapped_column(LargeBinary)
    __table_args__ = (ForeignKeyConstraint(("org", "event"), ("audit_events.org", "audit_events.id")),)


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


_INSERT_EVENTS: Final = insert(EventRow.__table__)
_INSERT_PAYLOADS: Final = insert(PayloadRow.__table__)


async def add(org: OrgId, tx: Tx, entries: Sequence[Sealed], members: bytes | None = None) -> None:
    """Two statements, whatever the number of entries; queue rows come with the events."""
    connection = await tx.connection()
    await connection.execute(
        _INSERT_EVENTS,
        [
            {
                "org": org,
                "id": one.id,
                "at": one.at,
                "kind": one.entry.kind,
                "actor_kind": one.entry.actor.kind,
                "actor_id": one.entry.actor.id,
                "subject": one.entry.subject,
                "correlation": one.entry.correlation,
                "leaf": one.leaf,
                "leaf_hash": one.leaf_hash,
            }
            for one in entries
        ],
    )
    await connection.execute(
        _INSERT_PAYLOADS,
        [{"org": org, "event": one.id, "salt": one.salt, "document": one.document, "members": members} for one in entries],
    )
