"""Table of verifications. Limits: SQL only; one open at a time for each organisation is the database's promise (`open_key`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String, UniqueConstraint, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.audit.checks.model import OPEN, Check, CheckState
from presswarden.audit.model import Actor
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId


class CheckRow(Tenant, Base):
    __tablename__ = "audit_checks"
    __table_args__ = (UniqueConstraint("org", "open_key"), Index(None, "state"), Index(None, "org", "asked_at"))
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    open_key: Mapped[str | None] = mapped_column(String(8))
    asked_kind: Mapped[str] = mapped_column(String(16))
    asked_id: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12))
    seen_at: Mapped[datetime]
    size: Mapped[int] = mapped_column(BigInteger)
    read: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[str] = mapped_column(String(64))
    heads: Mapped[int] = mapped_column(Integer)
    copies: Mapped[int] = mapped_column(Integer)
    payloads: Mapped[int] = mapped_column(BigInteger)
    good: Mapped[int] = mapped_column(BigInteger)
    first_bad: Mapped[int | None] = mapped_column(BigInteger)
    says: Mapped[str] = mapped_column(String(500))
    faults: Mapped[int] = mapped_column(Integer)
    ended_at: Mapped[datetime | None]


async def add(org: OrgId, tx: Tx, check: Check) -> bool:
    """False when another is open."""
    values = {
        "id": check.id, "open_key": "open", "asked_kind": check.asked_by.kind, "asked_id": check.asked_by.id, "asked_at": check.asked_at,
        "state": check.state.value, "seen_at": check.seen_at, "size": 0, "read": 0, "root": "", "heads": 0, "copies": 0, "payloads": 0,
        "good": 0, "first_bad": None, "says": "", "faults": 0, "ended_at": None,
    }  # fmt: skip
    try:
        async with tx.begin_nested():
            await tx.execute(insert(CheckRow).values(org=org, **values))
    except IntegrityError:
        return False
    return True


async def put(org: OrgId, tx: Tx, check: str, *, while_in: Sequence[CheckState], **values: object) -> bool:
    """Set columns of a check that is in one of these states; False when it is in another."""
    mine = (CheckRow.org == org, CheckRow.id == check, CheckRow.state.in_([one.value for one in while_in]))
    changed = update(CheckRow).where(*mine).values(**values).returning(CheckRow.id).execution_options(synchronize_session=False)
    return (await tx.execute(changed)).scalar_one_or_none() is not None


async def take(org: OrgId, tx: Tx, *, seen_before: datetime, now: datetime) -> str | None:
    """The id of one that nobody runs, taken now; None when there is none."""
    free = (CheckRow.state == CheckState.ASKED.value) | ((CheckRow.state == CheckState.RUNNING.value) & (CheckRow.seen_at < seen_before))
    row = select(CheckRow.id).where(CheckRow.org == org, free).order_by(CheckRow.asked_at).limit(1).with_for_update(skip_locked=True)
    found = await tx.scalar(row)
    if found is not None:
        await put(org, tx, found, while_in=list(OPEN), state=CheckState.RUNNING.value, seen_at=now)
    return found


async def waiting(everyone: Everyone, tx: Tx) -> tuple[OrgId, ...]:
    _ = everyone
    open_ = select(CheckRow.org).where(CheckRow.state.in_([one.value for one in OPEN])).distinct().order_by(CheckRow.org)
    return tuple(OrgId(org) for org in await tx.scalars(open_))


async def newest(org: OrgId, tx: Tx, limit: int) -> tuple[Check, ...]:
    rows = select(CheckRow).where(CheckRow.org == org).order_by(CheckRow.asked_at.desc(), CheckRow.id).limit(limit)
    return tuple(_check(row) for row in await tx.scalars(rows.execution_options(populate_existing=True)))


async def keep_newest(org: OrgId, tx: Tx, most: int) -> None:
    kept = select(CheckRow.id).where(CheckRow.org == org).order_by(CheckRow.asked_at.desc(), CheckRow.id).limit(most)
    ids = list(await tx.scalars(kept))
    await tx.execute(delete(CheckRow).where(CheckRow.org == org, CheckRow.id.not_in(ids)).execution_options(synchronize_session=False))


def _check(row: CheckRow) -> Check:
    return Check(
        OrgId(row.org), row.id, Actor(row.asked_kind, row.asked_id), row.asked_at, CheckState(row.state), row.seen_at, row.size, row.read,
        row.root, row.heads, row.copies, row.payloads, row.good, row.first_bad, row.says, row.faults, row.ended_at,
    )  # fmt: skip
