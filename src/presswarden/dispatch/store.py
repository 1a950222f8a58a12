"""SQL of dispatch's own tables: control keys of the pool, call keys of installations, fences and locks, failed contacts. Secrets lie here sealed.

A pooled key belongs to nobody, so the process's KEK wraps it directly; once an installation has it, it lies under the organisation's key.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import Boolean, Integer, LargeBinary, String, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.dispatch.model import Lock, SealedKey
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, InstallationId, KeyId, OrgId, WorkId


class PooledKeyRow(Base):
    __tablename__ = "control_keys"
    kid: Mapped[str] = mapped_column(String(16), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]


class CallKeyRow(Tenant, Base):
    __tablename__ = "call_keys"
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    kid: Mapped[str] = mapped_column(String(16), primary_key=True)
    alg: Mapped[str] = mapped_column(String(16))
    public: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_site: Mapped[bytes | None] = mapped_column(LargeBinary)
    epoch: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean)
    not_after: Mapped[datetime | None]
    made_at: Mapped[datetime]


class FenceRow(Tenant, Base):
    __tablename__ = "fences"
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    fence: Mapped[int] = mapped_column(Integer)
    seen: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """The highest fence that the site is known to have seen: a call that carried it came back with a receipt."""
    seen_at: Mapped[datetime | None]


class LockRow(Tenant, Base):
    __tablename__ = "site_locks"
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    work: Mapped[str] = mapped_column(String(36))
    holder: Mapped[str] = mapped_column(String(36))
    fence: Mapped[int] = mapped_column(Integer)
    taken_at: Mapped[datetime]


class ContactRow(Tenant, Base):
    __tablename__ = "contacts"
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    first_failed_at: Mapped[datetime]
    last_failed_at: Mapped[datetime]


# The statements of every call: built once.
_CALL_KEYS = (
    select(CallKeyRow)
    .where(CallKeyRow.org == bindparam("of_org"), CallKeyRow.installation == bindparam("of"))
    .order_by(CallKeyRow.epoch.desc())
)
_LOCK = select(LockRow).where(LockRow.org == bindparam("of_org"), LockRow.installation == bindparam("of")).with_for_update()
_FAILED = select(ContactRow.failures).where(ContactRow.org == bindparam("of_org"), ContactRow.installation == bindparam("of"))


async def add_pooled(everyone: Everyone, tx: Tx, kid: KeyId, wrapped: bytes, public: bytes, now: datetime) -> None:
    _across(everyone, tx)
    tx.add(PooledKeyRow(kid=kid, wrapped=wrapped, public=public, made_at=now))
    await tx.flush()


async def pooled(everyone: Everyone, tx: Tx, kid: KeyId) -> bytes | None:
    """The wrapped private half of a pooled key."""
    _across(everyone, tx)
    return await tx.scalar(select(PooledKeyRow.wrapped).where(PooledKeyRow.kid == kid))


async def drop_pooled(everyone: Everyone, tx: Tx, kid: KeyId) -> None:
    _across(everyone, tx)
    await tx.execute(delete(PooledKeyRow).where(PooledKeyRow.kid == kid))


@asynccontextmanager
async def unless_taken(org: OrgId, tx: Tx) -> AsyncIterator[None]:
    """A part of the transaction that is left out when a row of its keys is there already; waits for whoever is just writing one."""
    _ = org
    try:
        async with tx.begin_nested():
            yield
    except IntegrityError:
        pass


async def add_call_key(org: OrgId, tx: Tx, installation: InstallationId, key: SealedKey, now: datetime) -> None:
    tx.add(
        CallKeyRow(
            org=org, installation=installation, kid=key.kid, alg=key.alg, public=key.public, sealed=key.sealed, sealed_site=key.sealed_site,
            epoch=key.epoch, active=key.active, not_after=key.not_after, made_at=now,
        )
    )  # fmt: skip
    await tx.flush()


async def call_keys(org: OrgId, tx: Tx, installation: InstallationId) -> tuple[SealedKey, ...]:
    """The installation's keys, newest epoch first."""
    _ = org
    return tuple(
        SealedKey(KeyId(row.kid), row.alg, row.public, row.sealed, row.sealed_site, row.epoch, row.active, row.not_after)
        for row in await tx.rows(_CALL_KEYS, of=installation)
    )


async def put_call_key(org: OrgId, tx: Tx, installation: InstallationId, kid: KeyId, *, active: bool, not_after: datetime | None) -> None:
    await tx.execute(
        update(CallKeyRow)
        .where(CallKeyRow.org == org, CallKeyRow.installation == installation, CallKeyRow.kid == kid)
        .values(active=active, not_after=not_after)
        .execution_options(synchronize_session=False)
    )


async def drop_call_keys(org: OrgId, tx: Tx, installation: InstallationId, kid: KeyId | None = None) -> None:
    """Delete one key of the installation, or all of them."""
    which = delete(CallKeyRow).where(CallKeyRow.org == org, CallKeyRow.installation == installation)
    if kid is not None:
        which = which.where(CallKeyRow.kid == kid)
    await tx.execute(which.execution_options(synchronize_session=False))


async def drop_expired_keys(everyone: Everyone, tx: Tx, now: datetime) -> None:
    _across(everyone, tx)
    await tx.execute(delete(CallKeyRow).where(CallKeyRow.not_after <= now).execution_options(synchronize_session=False))


async def fence(org: OrgId, tx: Tx, installation: InstallationId) -> int:
    return await tx.scalar(select(FenceRow.fence).where(FenceRow.org == org, FenceRow.installation == installation)) or 0


async def raise_fence(org: OrgId, tx: Tx, installation: InstallationId, to: int) -> None:
    """Set the fence; it never falls."""
    row = await tx.scalar(select(FenceRow).where(FenceRow.org == org, FenceRow.installation == installation).with_for_update())
    if row is None:
        tx.add(FenceRow(org=org, installation=installation, fence=to))
    else:
        row.fence = max(row.fence, to)
    await tx.flush()


async def seen_fence(org: OrgId, tx: Tx, installation: InstallationId) -> tuple[int, datetime | None]:
    """The highest fence that the site proved to have seen, and when."""
    row = (
        await tx.execute(select(FenceRow.seen, FenceRow.seen_at).where(FenceRow.org == org, FenceRow.installation == installation))
    ).first()
    return (0, None) if row is None else (row[0], row[1])


async def put_seen_fence(org: OrgId, tx: Tx, installation: InstallationId, fence: int, now: datetime) -> None:
    await tx.execute(
        update(FenceRow)
        .where(FenceRow.org == org, FenceRow.installation == installation, FenceRow.seen < fence)
        .values(seen=fence, seen_at=now)
        .execution_options(synchronize_session=False)
    )


async def lock(org: OrgId, tx: Tx, installation: InstallationId) -> Lock | None:
    """The site's lock, held until this transaction ends."""
    _ = org
    found = await tx.rows(_LOCK, of=installation)
    return next((Lock(InstallationId(row.installation), WorkId(row.work), row.holder, row.fence) for row in found), None)


async def put_lock(org: OrgId, tx: Tx, lock: Lock, now: datetime) -> bool:
    """False when somebody else took the site's first lock at the same moment."""
    changed = await tx.execute(
        update(LockRow)
        .where(LockRow.org == org, LockRow.installation == lock.installation)
        .values(work=lock.work, holder=lock.holder, fence=lock.fence, taken_at=now)
        .returning(LockRow.installation)
        .execution_options(synchronize_session=False)
    )
    if changed.scalar_one_or_none() is not None:
        return True
    try:
        async with tx.begin_nested():
            tx.add(LockRow(org=org, installation=lock.installation, work=lock.work, holder=lock.holder, fence=lock.fence, taken_at=now))
    except IntegrityError:
        return False
    return True


async def drop_lock(org: OrgId, tx: Tx, lock: Lock) -> None:
    await tx.execute(
        delete(LockRow)
        .where(LockRow.org == org, LockRow.installation == lock.installation, LockRow.holder == lock.holder)
        .execution_options(synchronize_session=False)
    )


async def count_failure(org: OrgId, tx: Tx, installation: InstallationId, now: datetime, apart_seconds: int) -> tuple[int, datetime]:
    """Count a failed contact; those closer than `apart_seconds` count once. Number of failures in a row, and when the first was."""
    row = await tx.scalar(select(ContactRow).where(ContactRow.org == org, ContactRow.installation == installation).with_for_update())
    if row is None:
        row = ContactRow(org=org, installation=installation, failures=1, first_failed_at=now, last_failed_at=now)
        tx.add(row)
    elif (now - row.last_failed_at).total_seconds() >= apart_seconds:
        row.failures, row.last_failed_at = row.failures + 1, now
    await tx.flush()
    return row.failures, row.first_failed_at


async def forget_failures(org: OrgId, tx: Tx, installation: InstallationId) -> bool:
    """True when there were any."""
    if not await tx.rows(_FAILED, of=installation):  # nearly always, and cheaper to see than to delete nothing
        return False
    gone = await tx.execute(
        delete(ContactRow)
        .where(ContactRow.org == org, ContactRow.installation == installation)
        .returning(ContactRow.installation)
        .execution_options(synchronize_session=False)
    )
    return gone.scalar_one_or_none() is not None


def _across(everyone: Everyone, tx: Tx) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
