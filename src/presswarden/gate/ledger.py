"""The gate's own books: token buckets and the permits that were given out. SQL of the gate's own tables only.

A bucket's row is locked while it is counted, so parallel callers can't spend one token twice. Limits: rows are emptied by age (`expire`).
"""

from datetime import datetime, timedelta

from sqlalchemy import Float, Integer, String, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.gate.model import Rate, refill
from presswarden.gate.permit import Permit
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import CallId, Everyone, InstallationId, OrgId


class BucketRow(Tenant, Base):
    __tablename__ = "gate_buckets"
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    tokens: Mapped[float] = mapped_column(Float)
    counted_at: Mapped[datetime]


class PermitRow(Tenant, Base):
    __tablename__ = "gate_permits"
    call: Mapped[str] = mapped_column(String(36), primary_key=True)
    installation: Mapped[str] = mapped_column(String(36))
    tool: Mapped[str] = mapped_column(String(64))
    args_hash: Mapped[str] = mapped_column(String(64))
    given_at: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime]
    renewals: Mapped[int] = mapped_column(Integer)


# Asked with every call: built once.
_BUCKET = select(BucketRow).where(BucketRow.org == bindparam("of_org"), BucketRow.installation == bindparam("of")).with_for_update()
_COUNT = (
    update(BucketRow)
    .where(BucketRow.org == bindparam("of_org"), BucketRow.installation == bindparam("of"))
    .values(tokens=bindparam("left"), counted_at=bindparam("at"))
)
_PERMIT = select(PermitRow).where(PermitRow.org == bindparam("of_org"), PermitRow.call == bindparam("of"))
_GIVE = insert(PermitRow)


async def take_token(org: OrgId, tx: Tx, installation: InstallationId, rate: Rate, *, now: datetime) -> bool:
    """Spend one token of the installation's bucket; False when it is empty."""
    found = await tx.rows(_BUCKET, of=installation)
    if not found:
        try:
            async with tx.begin_nested():
                tx.add(BucketRow(org=org, installation=installation, tokens=rate.capacity, counted_at=now))
        except IntegrityError:  # another caller made the bucket first
            pass
        found = await tx.rows(_BUCKET, of=installation)
    (row,) = found
    tokens = refill(row.tokens, row.counted_at, rate, now)
    await tx.change(_COUNT, of=installation, left=tokens - 1 if tokens >= 1 else tokens, at=max(now, row.counted_at))
    return tokens >= 1


async def give(org: OrgId, tx: Tx, permit: Permit, *, now: datetime) -> None:
    """Write a new permit down. A second one for the same call breaks the primary key."""
    await tx.change(
        _GIVE, org=org, call=permit.call, installation=permit.installation, tool=permit.tool, args_hash=permit.args_hash,
        given_at=now, until=permit.until, renewals=0,
    )  # fmt: skip


async def given(org: OrgId, tx: Tx, call: CallId) -> Permit | None:
    _ = org
    for row in await tx.rows(_PERMIT, of=call):
        return Permit(OrgId(row.org), InstallationId(row.installation), CallId(row.call), row.tool, row.args_hash, row.until)
    return None


async def renew(org: OrgId, tx: Tx, call: CallId, until: datetime) -> None:
    row = (await tx.scalars(select(PermitRow).where(PermitRow.org == org, PermitRow.call == call))).one()
    row.until, row.renewals = until, row.renewals + 1
    await tx.flush()


async def expire(everyone: Everyone, tx: Tx, *, now: datetime, keep: timedelta) -> None:
    """Drop permits older than `keep`."""
    if tx.scope is not everyone:
        raise RuntimeError("expiry runs across organisations")
    await tx.execute(delete(PermitRow).where(PermitRow.given_at < now - keep))
