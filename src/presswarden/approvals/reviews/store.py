"""Table of what each person did with a proposal before they answered it. Limits: SQL only; it decides nothing."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, String, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, PersonId, ProposalId


class ReviewRow(Tenant, Base):
    __tablename__ = "proposal_reviews"
    __table_args__ = (
        ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),
        ForeignKeyConstraint(["org", "proposal"], ["proposals.org", "proposals.id"]),
    )
    proposal: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    seen_at: Mapped[datetime | None]
    later_until: Mapped[datetime | None]


async def seen_at(org: OrgId, tx: Tx, proposal: ProposalId, person: PersonId) -> datetime | None:
    mine = (ReviewRow.org == org, ReviewRow.proposal == proposal, ReviewRow.person == person)
    return await tx.scalar(select(ReviewRow.seen_at).where(*mine))


async def put(org: OrgId, tx: Tx, proposal: ProposalId, person: PersonId, **values: datetime) -> None:
    """Set `seen_at` or `later_until`; the first `seen_at` stays."""
    mine = [ReviewRow.org == org, ReviewRow.proposal == proposal, ReviewRow.person == person]
    try:
        async with tx.begin_nested():
            await tx.execute(insert(ReviewRow).values(org=org, proposal=proposal, person=person, **values))
    except IntegrityError:
        if "seen_at" in values:
            mine.append(ReviewRow.seen_at.is_(None))
        await tx.execute(update(ReviewRow).where(*mine).values(**values).execution_options(synchronize_session=False))


async def forget(org: OrgId, tx: Tx, gone: Collection[ProposalId]) -> None:
    await tx.execute(
        delete(ReviewRow).where(ReviewRow.org == org, ReviewRow.proposal.in_(gone)).execution_options(synchronize_session=False)
    )


async def put_off(org: OrgId, tx: Tx, person: PersonId, now: datetime) -> frozenset[ProposalId]:
    wanted = select(ReviewRow.proposal).where(ReviewRow.org == org, ReviewRow.person == person, ReviewRow.later_until > now)
    return frozenset(ProposalId(found) for found in await tx.scalars(wanted))
