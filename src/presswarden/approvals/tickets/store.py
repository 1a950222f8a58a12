"""Table of tickets. Only the hash of a ticket is kept. Limits: SQL only; what a ticket opens is `ticketing`'s."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.approvals.model import Purpose, Ticket
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId, ProposalId, SessionId


class TicketRow(Tenant, Base):
    __tablename__ = "consent_tickets"
    __table_args__ = (ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]), UniqueConstraint("hash"))
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(36))
    purpose: Mapped[str] = mapped_column(String(12))
    proposal: Mapped[str | None] = mapped_column(String(36))
    digest: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    read_seconds: Mapped[int | None]
    until: Mapped[datetime]
    spent_at: Mapped[datetime | None]
    session: Mapped[str | None] = mapped_column(String(36))


async def put(org: OrgId, tx: Tx, ticket: Ticket) -> None:
    """A new one takes the place of those that this person has for the same purpose."""
    same = (TicketRow.person == ticket.person) & (TicketRow.purpose == ticket.purpose.value)
    await tx.execute(delete(TicketRow).where(TicketRow.org == org, same))
    await tx.execute(
        insert(TicketRow).values(
            org=org,
            hash=ticket.hash,
            person=ticket.person,
            purpose=ticket.purpose.value,
            proposal=ticket.proposal,
            digest=ticket.digest,
            reason=ticket.reason,
            read_seconds=ticket.read_seconds,
            until=ticket.until,
            spent_at=None,
            session=ticket.session,
        )
    )


async def organisation_of(everyone: Everyone, tx: Tx, hash_: str) -> OrgId | None:
    """Whose ticket has this hash: looked for before anybody knows."""
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
    found = await tx.scalar(select(TicketRow.org).where(TicketRow.hash == hash_))
    return None if found is None else OrgId(found)


async def find(org: OrgId, tx: Tx, hash_: str, now: datetime, *, lock: bool = False) -> Ticket | None:
    """One that is good still."""
    good = select(TicketRow).where(TicketRow.org == org, TicketRow.hash == hash_, TicketRow.until > now, TicketRow.spent_at.is_(None))
    row = await tx.scalar(good.with_for_update() if lock else good)
    if row is None:
        return None
    proposal = None if row.proposal is None else ProposalId(row.proposal)
    return Ticket(
        OrgId(row.org), row.hash, PersonId(row.person), Purpose(row.purpose), proposal, row.digest, row.reason, row.read_seconds, row.until,
        SessionId(row.session or ""),
    )  # fmt: skip


async def spend(org: OrgId, tx: Tx, hash_: str, now: datetime) -> None:
    mine = (TicketRow.org == org, TicketRow.hash == hash_)
    await tx.execute(update(TicketRow).where(*mine).values(spent_at=now).execution_options(synchronize_session=False))
