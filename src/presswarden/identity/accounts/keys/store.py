"""Table of passkeys to sign in with. A credential is one person's, whatever the organisation. Limits: SQL only."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CursorResult,
    ForeignKeyConstraint,
    LargeBinary,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    exists,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.identity.accounts.model import LoginKey
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId

_QUIET = {"synchronize_session": False}


class LoginKeyRow(Tenant, Base):
    __tablename__ = "login_passkeys"
    __table_args__ = (
        ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),
        UniqueConstraint("id"),
        UniqueConstraint("org", "fingerprint"),
    )
    id: Mapped[str] = mapped_column(String(1400), primary_key=True)
    person: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(100))
    rp_id: Mapped[str] = mapped_column(String(253))
    origin: Mapped[str] = mapped_column(String(300))
    public: Mapped[bytes] = mapped_column(LargeBinary)
    fingerprint: Mapped[str] = mapped_column(String(64))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


_OF_PERSON = (
    select(LoginKeyRow)
    .where(LoginKeyRow.org == bindparam("of_org"), LoginKeyRow.person == bindparam("of_person"))
    .order_by(LoginKeyRow.added_at, LoginKeyRow.id)
)


async def add(org: OrgId, tx: Tx, key: LoginKey, fingerprint: str) -> bool:
    """False when this credential, or its key under another id, is somebody's already."""
    try:
        async with tx.begin_nested():
            tx.add(
                LoginKeyRow(
                    org=org, id=key.id, person=key.person, name=key.name, rp_id=key.rp_id, origin=key.origin, public=key.public,
                    fingerprint=fingerprint, sign_count=key.sign_count, added_at=key.added_at, used_at=None,
                )
            )  # fmt: skip
            await tx.flush()
    except IntegrityError:
        return False
    return True


async def of_person(org: OrgId, tx: Tx, person: PersonId) -> tuple[LoginKey, ...]:
    """Oldest first."""
    return tuple(_key(row) for row in await tx.rows(_OF_PERSON, of_org=org, of_person=person))


async def everybody(org: OrgId, tx: Tx) -> tuple[LoginKey, ...]:
    return tuple(_key(row) for row in await tx.scalars(select(LoginKeyRow).where(LoginKeyRow.org == org)))


async def whose(everyone: Everyone, tx: Tx, credential: str) -> tuple[OrgId, PersonId] | None:
    _ = everyone
    row = (await tx.execute(select(LoginKeyRow.org, LoginKeyRow.person).where(LoginKeyRow.id == credential))).first()
    return None if row is None else (OrgId(row.org), PersonId(row.person))


async def exist(everyone: Everyone, tx: Tx) -> bool:
    """Somebody, anywhere, has one."""
    _ = everyone
    return bool(await tx.scalar(select(exists().where(LoginKeyRow.id != ""))))


async def used(org: OrgId, tx: Tx, key: LoginKey, sign_count: int, now: datetime) -> bool:
    """Keep the sign count of a use. False when it did not go up although this passkey counts: two authenticators may hold it."""
    mine = [LoginKeyRow.org == org, LoginKeyRow.id == key.id]
    if (sign_count, key.sign_count) != (0, 0):
        mine.append(LoginKeyRow.sign_count < sign_count)
    changed = update(LoginKeyRow).where(*mine).values(sign_count=sign_count, used_at=now).execution_options(**_QUIET)
    return cast("CursorResult[Any]", await tx.execute(changed)).rowcount == 1


async def remove(org: OrgId, tx: Tx, person: PersonId, credential: str = "") -> int:
    """One of this person's, or all of theirs; how many."""
    mine = [LoginKeyRow.org == org, LoginKeyRow.person == person]
    if credential:
        mine.append(LoginKeyRow.id == credential)
    return cast("CursorResult[Any]", await tx.execute(delete(LoginKeyRow).where(*mine).execution_options(**_QUIET))).rowcount


def _key(row: Any) -> LoginKey:
    return LoginKey(
        row.id, PersonId(row.person), row.name, row.rp_id, row.origin, row.public, row.sign_count, row.added_at, row.used_at
    )  # fmt: skip
