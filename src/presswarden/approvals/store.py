"""Tables of consents: append-only, one yes and one no for each person and digest, never the proposer's. Limits: SQL only; the policy says what is enough."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any  # for JSON columns: SQLAlchemy can't resolve the recursive type of `Json`

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKeyConstraint, Index, Row, String, bindparam, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.approvals.model import Given, Way
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, PersonId, ProposalId

_TAPS = text("yes AND passkey <> ''")


class ConsentRow(Tenant, Base):
    __tablename__ = "consents"
    __table_args__ = (
        ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),
        CheckConstraint("NOT yes OR alone OR person <> proposer", name="not_the_proposers_own"),
        CheckConstraint("(way = 'passkey') = (passkey <> '')", name="a_passkey_is_named"),
        CheckConstraint("length(digest) = 64", name="digest"),
        Index("uq_consents_tap", "org", "proposal", "digest", "passkey", unique=True, sqlite_where=_TAPS, postgresql_where=_TAPS),
    )
    proposal: Mapped[str] = mapped_column(String(36), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    yes: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    way: Mapped[str] = mapped_column(String(12))
    passkey: Mapped[str] = mapped_column(String(1400))
    proposer: Mapped[str] = mapped_column(String(64))
    alone: Mapped[bool] = mapped_column(Boolean)
    policy_version: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    assertion: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    at: Mapped[datetime]
    read_seconds: Mapped[int | None]


class RoundRow(Tenant, Base):
    """One for each proposal that somebody answered: locked while an answer is counted, so that two last answers are both seen."""

    __tablename__ = "consent_rounds"
    proposal: Mapped[str] = mapped_column(String(36), primary_key=True)
    opened_at: Mapped[datetime]


async def lock_round(org: OrgId, tx: Tx, proposal: ProposalId, now: datetime) -> None:
    """Whoever answers this proposal waits here for the one before."""
    row = select(RoundRow).where(RoundRow.org == org, RoundRow.proposal == proposal).with_for_update()
    if await tx.scalar(row) is None:
        try:
            async with tx.begin_nested():
                await tx.execute(insert(RoundRow).values(org=org, proposal=proposal, opened_at=now))
        except IntegrityError:  # another answer opened it first
            pass
        (await tx.scalars(row)).one()


async def add(org: OrgId, tx: Tx, given: Given, *, proposer: str, alone: bool, assertion: Mapping[str, Json] | None) -> None:
    """Write one answer down. The database refuses a second of its kind, a used passkey and the proposer's own."""
    await tx.execute(
        insert(ConsentRow).values(
            org=org,
            proposal=given.proposal,
            digest=given.digest,
            person=given.person,
            yes=given.yes,
            way=given.way.value,
            passkey=given.passkey,
            proposer=proposer,
            alone=alone,
            policy_version=given.policy_version,
            reason=given.reason,
            assertion=None if assertion is None else dict(assertion),
            at=given.at,
            read_seconds=given.read_seconds,
        )
    )


_GIVEN = (
    select(ConsentRow)
    .where(ConsentRow.org == bindparam("of_org"), ConsentRow.proposal == bindparam("of"))
    .order_by(ConsentRow.at, ConsentRow.person)
)


async def given_to(org: OrgId, tx: Tx, proposal: ProposalId) -> tuple[Given, ...]:
    """Every answer, oldest first."""
    _ = org
    return tuple(_given(row) for row in await tx.rows(_GIVEN, of=proposal))


async def given_since(org: OrgId, tx: Tx, since: datetime) -> tuple[Given, ...]:
    """Every answer to any proposal from then on, oldest first."""
    rows = await tx.scalars(select(ConsentRow).where(ConsentRow.org == org, ConsentRow.at >= since).order_by(ConsentRow.at))
    return tuple(_given(row) for row in rows)


async def counted(org: OrgId, tx: Tx, proposals: Sequence[ProposalId]) -> Mapping[ProposalId, int]:
    """How many said yes to each of these, where anybody did."""
    rows = await tx.execute(
        select(ConsentRow.proposal, func.count())
        .where(ConsentRow.org == org, ConsentRow.proposal.in_(proposals), ConsentRow.yes)
        .group_by(ConsentRow.proposal)
    )
    return {ProposalId(proposal): int(count) for proposal, count in rows}


async def given_by(org: OrgId, tx: Tx, person: PersonId) -> tuple[Given, ...]:
    """All that this person ever said, oldest first."""
    rows = await tx.scalars(
        select(ConsentRow).where(ConsentRow.org == org, ConsentRow.person == person).order_by(ConsentRow.at, ConsentRow.proposal)
    )
    return tuple(_given(row) for row in rows)


async def said_by(org: OrgId, tx: Tx, person: PersonId, proposals: Sequence[ProposalId]) -> frozenset[ProposalId]:
    """Which of these this person answered."""
    mine = (ConsentRow.org == org, ConsentRow.person == person, ConsentRow.proposal.in_(proposals))
    return frozenset(ProposalId(found) for found in await tx.scalars(select(ConsentRow.proposal).where(*mine)))


def _given(row: ConsentRow | Row[Any]) -> Given:
    return Given(
        org=OrgId(row.org),
        proposal=ProposalId(row.proposal),
        digest=row.digest,
        person=PersonId(row.person),
        yes=row.yes,
        way=Way(row.way),
        passkey=row.passkey,
        policy_version=row.policy_version,
        reason=row.reason,
        at=row.at,
        alone=row.alone,
        read_seconds=row.read_seconds,
    )
