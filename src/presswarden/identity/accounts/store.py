"""Tables of passwords and codes, spent challenges, and the code of the first start. Limits: SQL only; hashes and sealed bytes, no secret in the open."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, CursorResult, ForeignKeyConstraint, LargeBinary, String, bindparam, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.identity.accounts.model import Account
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId

_QUIET = {"synchronize_session": False}


class AccountRow(Tenant, Base):
    __tablename__ = "accounts"
    __table_args__ = (ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),)
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    password: Mapped[str] = mapped_column(String(255))
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    step: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime]


class RecoveryCodeRow(Tenant, Base):
    __tablename__ = "recovery_codes"
    __table_args__ = (ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),)
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)


class SpentChallengeRow(Tenant, Base):
    """A challenge is made without a row; answered once, it leaves one until it would be too old anyway."""

    __tablename__ = "spent_challenges"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    spent_at: Mapped[datetime]


class SetupCodeRow(Tenant, Base):
    __tablename__ = "setup_codes"
    __table_args__ = (ForeignKeyConstraint(["org"], ["organisations.org"]),)
    digest: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]


_ACCOUNT = select(AccountRow.org, AccountRow.person, AccountRow.password, AccountRow.seed, AccountRow.step).where(
    AccountRow.org == bindparam("of_org"), AccountRow.person == bindparam("of_person")
)


async def account(org: OrgId, tx: Tx, person: PersonId) -> Account:
    """An empty one where nothing is kept yet."""
    rows = await tx.rows(_ACCOUNT, of_org=org, of_person=person)
    if not rows:
        return Account(org, person)
    return Account(org, person, rows[0].password, rows[0].seed, rows[0].step)


async def put(org: OrgId, tx: Tx, kept: Account, now: datetime) -> None:
    row = await tx.scalar(select(AccountRow).where(AccountRow.org == org, AccountRow.person == kept.person))
    if row is None:
        row = AccountRow(org=org, person=kept.person)
        tx.add(row)
    row.password, row.seed, row.step, row.changed_at = kept.password, kept.seed, kept.step, now
    await tx.flush()


async def advance(org: OrgId, tx: Tx, person: PersonId, step: int) -> bool:
    """The code of this step is taken. False when it, or a later one, was taken before: however many ask at once, one gets it."""
    mine = (AccountRow.org == org, AccountRow.person == person, AccountRow.step < step)
    return _count(await tx.execute(update(AccountRow).where(*mine).values(step=step).execution_options(**_QUIET))) == 1


async def replace_recovery(org: OrgId, tx: Tx, person: PersonId, digests: list[str]) -> None:
    await tx.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.org == org, RecoveryCodeRow.person == person))
    tx.add_all([RecoveryCodeRow(org=org, person=person, digest=each) for each in digests])
    await tx.flush()


async def take_recovery(org: OrgId, tx: Tx, person: PersonId, digest: str) -> bool:
    mine = (RecoveryCodeRow.org == org, RecoveryCodeRow.person == person, RecoveryCodeRow.digest == digest)
    return _count(await tx.execute(delete(RecoveryCodeRow).where(*mine).execution_options(**_QUIET))) == 1


async def recovery_left(org: OrgId, tx: Tx, person: PersonId) -> int:
    mine = (RecoveryCodeRow.org == org, RecoveryCodeRow.person == person)
    return int(await tx.scalar(select(func.count()).select_from(RecoveryCodeRow).where(*mine)) or 0)


async def forget_account(org: OrgId, tx: Tx, person: PersonId) -> None:
    for table in (AccountRow, RecoveryCodeRow):
        await tx.execute(delete(table).where(table.org == org, table.person == person).execution_options(**_QUIET))


async def passwords_exist(everyone: Everyone, tx: Tx) -> bool:
    """Somebody, anywhere, has a password."""
    _ = everyone
    return bool(await tx.scalar(select(exists().where(AccountRow.password != ""))))


async def spend(org: OrgId, tx: Tx, digest: str, now: datetime) -> bool:
    """False when it was spent before."""
    try:
        async with tx.begin_nested():
            tx.add(SpentChallengeRow(org=org, digest=digest, spent_at=now))
            await tx.flush()
    except IntegrityError:
        return False
    return True


async def forget_challenges(org: OrgId, tx: Tx, before: datetime) -> int:
    old = (SpentChallengeRow.org == org, SpentChallengeRow.spent_at < before)
    return _count(await tx.execute(delete(SpentChallengeRow).where(*old).execution_options(**_QUIET)))


async def put_setup_code(org: OrgId, tx: Tx, digest: str, until: datetime) -> None:
    """The one before is void, also one that another process of web put there at this very moment."""
    for is_last in (False, False, False, True):
        try:
            async with tx.begin_nested():
                await tx.execute(delete(SetupCodeRow).where(SetupCodeRow.org == org))
                tx.add(SetupCodeRow(org=org, digest=digest, until=until))
                await tx.flush()
        except IntegrityError:
            if is_last:
                raise
        else:
            break


async def setup_code(org: OrgId, tx: Tx) -> tuple[str, datetime] | None:
    row = await tx.scalar(select(SetupCodeRow).where(SetupCodeRow.org == org))
    return None if row is None else (row.digest, row.until)


async def drop_setup_code(org: OrgId, tx: Tx) -> bool:
    """False when somebody else was first."""
    return _count(await tx.execute(delete(SetupCodeRow).where(SetupCodeRow.org == org).execution_options(**_QUIET))) == 1


def _count(result: Any) -> int:
    return cast("CursorResult[Any]", result).rowcount
