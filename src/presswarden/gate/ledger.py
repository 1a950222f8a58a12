"""The gate's own books: token buckets and the permits that were given out. SQL of the gate's own tables only.

A bucket's row is locked while it is counted, so parallel callers can't spend one token twice. Limits: rows are emptied by age (`expire`).
"""

from datetime import datetime, timedelta

from sqlalchemy import Float, Integer, String, delete, select
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


async def take_token(org: OrgId, tx: Tx, installation: InstallationId, rate: Rate, *, now: datetime) -> bool:
    """Spend one token of the installation's bucket; False when it is empty."""
    bucket = select(BucketRow).where(BucketRow.org == org, BucketRow.installation == installation).with_for_update()
    row = await tx.scalar(bucket)
    if row is None:
        try:
            async with tx.begin_nested():
                tx.add(BucketRow(org=org, installation=installation, tokens=rate.capacity, counted_at=now))
        except IntegrityError:  # another caller made the bucket first
            pass
        row = (await tx.scalars(bucket.execution_options(populate_existing=True))).one()
    tokens = refill(row.tokens, row.counted_at, rate, now)
    row.counted_at = max(now, row.counted_at)
    row.tokens = tokens - 1 if tokens >= 1 else tokens
    await tx.flush()
    return tokens >= 1


async def give(org: OrgId, tx: Tx, permit: Permit, *, now: datetime) -> None:
    """Write a new permit down. A second one for the same call breaks the primary key."""
    tx.add(
        PermitRow(
            org=org, call=permit.call, installation=permit.installation, tool=permit.tool, args_hash=permit.args_hash,
            given_at=now, until=permit.until, renewals=0,
        )
    )  # fmt: skip
    await tx.flush()


async def given(org: OrgId, tx: Tx, call: CallId) -> Permit | None:
    row = await tx.scalar(select(PermitRow).where(PermitRow.org == org, PermitRow.call == call))
    if row is None:
        return None
    return Permit(OrgId(row.org), InstallationId(row.installation), CallId(row.call), row.tool, row.args_hash, row.until)


async def renew(org: OrgId, tx: Tx, call: CallId, until: datetime) -> None:
    row = (await tx.scalars(select(PermitRow).where(PermitRow.org == org, PermitRow.call == call))).one()
    row.until, row.renewals = until, row.renewals + 1
    await tx.flush()


async def expire(everyone: Everyone, tx: Tx, *, now: datetime, keep: timedelta) -> None:
    """Drop permits older than `keep`."""
    if tx.scope is not everyone:
        raise RuntimeError("expiry runs across organisations")
    await tx.execute(delete(PermitRow).where(PermitRow.given_at < now - keep))
