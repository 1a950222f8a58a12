"""Table of people who are erased. Limits: SQL only; `done_at` is empty until the janitor let the payloads about them go."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId


class ErasureRow(Tenant, Base):
    __tablename__ = "erasures"
    __table_args__ = (ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),)
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    asked_by: Mapped[str] = mapped_column(String(36))
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


async def is_asked(org: OrgId, tx: Tx, person: PersonId) -> bool:
    return await tx.scalar(select(ErasureRow.person).where(ErasureRow.org == org, ErasureRow.person == person)) is not None


async def add(org: OrgId, tx: Tx, person: PersonId, by: PersonId, now: datetime) -> None:
    tx.add(ErasureRow(org=org, person=person, asked_by=by, asked_at=now, done_at=None))
    await tx.flush()


async def waiting(everyone: Everyone, tx: Tx) -> tuple[tuple[OrgId, PersonId], ...]:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
    rows = await tx.execute(select(ErasureRow.org, ErasureRow.person).where(ErasureRow.done_at.is_(None)).order_by(ErasureRow.asked_at))
    return tuple((OrgId(row.org), PersonId(row.person)) for row in rows)


async def done(org: OrgId, tx: Tx, person: PersonId, now: datetime) -> None:
    mine = (ErasureRow.org == org, ErasureRow.person == person)
    await tx.execute(update(ErasureRow).where(*mine).values(done_at=now))
