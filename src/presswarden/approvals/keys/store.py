"""Tables of passkeys and of the challenges for new ones. A removed passkey keeps its row, so that nobody else can ever register it. Limits: SQL only."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    LargeBinary,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.approvals.model import Enrolment, Party, Passkey
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, PersonId


class PasskeyRow(Tenant, Base):
    __tablename__ = "passkeys"
    __table_args__ = (
        ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),
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
    removed_at: Mapped[datetime | None]


class EnrolmentRow(Tenant, Base):
    __tablename__ = "passkey_enrolments"
    __table_args__ = (ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),)
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    rp_id: Mapped[str] = mapped_column(String(253))
    origin: Mapped[str] = mapped_column(String(300))
    until: Mapped[datetime]


async def add(org: OrgId, tx: Tx, passkey: Passkey, fingerprint: str) -> bool:
    """False when this credential, or its key under another id, was ever registered in the organisation."""
    try:
        async with tx.begin_nested():
            await tx.execute(
                insert(PasskeyRow).values(
                    org=org,
                    id=passkey.id,
                    person=passkey.person,
                    name=passkey.name,
                    rp_id=passkey.rp_id,
                    origin=passkey.origin,
                    public=passkey.public,
                    fingerprint=fingerprint,
                    sign_count=passkey.sign_count,
                    added_at=passkey.added_at,
                    removed_at=None,
                )
            )
    except IntegrityError:
        return False
    return True


_IN_USE = (
    select(PasskeyRow)
    .where(PasskeyRow.org == bindparam("of_org"), PasskeyRow.removed_at.is_(None))
    .order_by(PasskeyRow.added_at, PasskeyRow.id)
)


async def passkeys(org: OrgId, tx: Tx, person: PersonId | None = None) -> tuple[Passkey, ...]:
    """Those in use, oldest first; of one person, or of all."""
    _ = org
    return tuple(
        Passkey(row.id, PersonId(row.person), row.name, row.rp_id, row.origin, row.public, row.sign_count, row.added_at)
        for row in await tx.rows(_IN_USE)
        if person in (None, row.person)
    )


async def count(org: OrgId, tx: Tx, passkey: str, sign_count: int) -> None:
    mine = (PasskeyRow.org == org, PasskeyRow.id == passkey)
    await tx.execute(update(PasskeyRow).where(*mine).values(sign_count=sign_count).execution_options(synchronize_session=False))


async def remove(org: OrgId, tx: Tx, passkey: str, now: datetime) -> None:
    mine = (PasskeyRow.org == org, PasskeyRow.id == passkey)
    await tx.execute(update(PasskeyRow).where(*mine).values(removed_at=now).execution_options(synchronize_session=False))


async def forget_names(org: OrgId, tx: Tx, person: PersonId, now: datetime) -> None:
    """Of somebody who is erased: what is left proves what they said yes to, and registers nowhere again."""
    mine = (PasskeyRow.org == org, PasskeyRow.person == person)
    await tx.execute(update(PasskeyRow).where(*mine, PasskeyRow.removed_at.is_(None)).values(removed_at=now))
    await tx.execute(update(PasskeyRow).where(*mine).values(name=""))


async def last_removed(org: OrgId, tx: Tx) -> datetime | None:
    """When a passkey was last taken out of use."""
    return await tx.scalar(select(func.max(PasskeyRow.removed_at)).where(PasskeyRow.org == org))


async def put_enrolment(org: OrgId, tx: Tx, enrolment: Enrolment) -> None:
    """A new challenge takes the place of the one before."""
    await tx.execute(delete(EnrolmentRow).where(EnrolmentRow.org == org, EnrolmentRow.person == enrolment.person))
    await tx.execute(
        insert(EnrolmentRow).values(
            org=org,
            person=enrolment.person,
            challenge=enrolment.challenge,
            rp_id=enrolment.party.rp_id,
            origin=enrolment.party.origin,
            until=enrolment.until,
        )
    )


async def take_enrolment(org: OrgId, tx: Tx, person: PersonId) -> Enrolment | None:
    """The challenge that is out, which is spent with this; None when there is none."""
    mine = (EnrolmentRow.org == org, EnrolmentRow.person == person)
    row = await tx.scalar(select(EnrolmentRow).where(*mine).with_for_update())
    if row is None:
        return None
    found = Enrolment(PersonId(row.person), row.challenge, Party(row.rp_id, row.origin), row.until)
    await tx.execute(delete(EnrolmentRow).where(*mine))
    return found
