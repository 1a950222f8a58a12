"""Answers by person and key. The row is written before the work is done and in its transaction: of two at once, one waits for the other."""

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId
from presswarden.reports.answers.model import Answer


class AnswerRow(Tenant, Base):
    __tablename__ = "api_answers"
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    __table_args__ = (Index(None, "at"),)


async def claim(org: OrgId, tx: Tx, person: PersonId, key: str, digest: str, now: datetime, before: datetime) -> tuple[str, Answer] | None:
    """None when the key is now this request's; else the digest and the answer it was used for. What is older than `before` counts no more."""
    mine = (AnswerRow.org == org, AnswerRow.person == person, AnswerRow.key == key)
    await tx.execute(delete(AnswerRow).where(*mine, AnswerRow.at < before))
    try:
        async with tx.begin_nested():
            tx.add(AnswerRow(org=org, person=person, key=key, digest=digest, status=0, body="", at=now))
    except IntegrityError:
        row = (await tx.scalars(select(AnswerRow).where(*mine).execution_options(populate_existing=True))).one()
        return row.digest, Answer(row.status, row.body)
    return None


async def find(org: OrgId, tx: Tx, person: PersonId, key: str, before: datetime) -> tuple[str, Answer] | None:
    """The digest and the answer that the key was used for; None for a new one, and for one that is older than `before`."""
    mine = (AnswerRow.org == org, AnswerRow.person == person, AnswerRow.key == key, AnswerRow.at >= before)
    row = (await tx.scalars(select(AnswerRow).where(*mine))).one_or_none()
    return None if row is None else (row.digest, Answer(row.status, row.body))


async def count(org: OrgId, tx: Tx, person: PersonId) -> int:
    return await tx.scalar(select(func.count()).select_from(AnswerRow).where(AnswerRow.org == org, AnswerRow.person == person)) or 0


async def put(org: OrgId, tx: Tx, person: PersonId, key: str, answer: Answer) -> None:
    mine = (AnswerRow.org == org, AnswerRow.person == person, AnswerRow.key == key)
    await tx.execute(update(AnswerRow).where(*mine).values(status=answer.status, body=answer.body))


async def expire(everyone: Everyone, tx: Tx, before: datetime) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("expiry runs across organisations")
    await tx.execute(delete(AnswerRow).where(AnswerRow.at < before))
