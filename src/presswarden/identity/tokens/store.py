"""Table of API tokens. A revoked token leaves no row. Limits: SQL only; the token is kept as its hash."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKeyConstraint, Index, String, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.identity.tokens.model import Scope, Token
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId

_QUIET = {"synchronize_session": False}


class TokenRow(Tenant, Base):
    __tablename__ = "api_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),
        UniqueConstraint("digest"),
        Index("ix_api_tokens_org_person", "org", "person"),
    )
    token: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(String(100))
    made_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]
    made_by: Mapped[str | None] = mapped_column(String(36))
    offered_to: Mapped[str | None] = mapped_column(String(36))


async def add(org: OrgId, tx: Tx, token: Token, digest: str) -> None:
    tx.add(
        TokenRow(
            org=org, token=token.id, person=token.person, name=token.name, digest=digest, scopes=" ".join(sorted(token.scopes)),
            made_at=token.made_at, until=token.until, used_at=None, made_by=token.made_by, offered_to=None,
        )
    )  # fmt: skip
    await tx.flush()


async def tokens(org: OrgId, tx: Tx, person: PersonId | None = None) -> tuple[Token, ...]:
    """Of one person, or of all; newest first."""
    query = select(TokenRow).where(TokenRow.org == org).order_by(TokenRow.made_at.desc(), TokenRow.token)
    rows = await tx.scalars(query if person is None else query.where(TokenRow.person == person))
    return tuple(_token(row) for row in rows)


async def by_digest(everyone: Everyone, tx: Tx, digest: str) -> tuple[OrgId, Token] | None:
    _ = everyone
    row = await tx.scalar(select(TokenRow).where(TokenRow.digest == digest))
    return None if row is None else (OrgId(row.org), _token(row))


async def used(org: OrgId, tx: Tx, token: str, now: datetime) -> None:
    await tx.execute(update(TokenRow).where(TokenRow.org == org, TokenRow.token == token).values(used_at=now).execution_options(**_QUIET))


async def offered(org: OrgId, tx: Tx, to: PersonId) -> tuple[Token, ...]:
    rows = await tx.scalars(
        select(TokenRow).where(TokenRow.org == org, TokenRow.offered_to == to).order_by(TokenRow.made_at, TokenRow.token)
    )
    return tuple(_token(row) for row in rows)


async def offer(org: OrgId, tx: Tx, token: str, to: PersonId | None) -> None:
    mine = (TokenRow.org == org, TokenRow.token == token)
    await tx.execute(update(TokenRow).where(*mine).values(offered_to=to).execution_options(**_QUIET))


async def take(org: OrgId, tx: Tx, token: str, by: PersonId) -> bool:
    """False when it is not offered to this person any more."""
    mine = (TokenRow.org == org, TokenRow.token == token, TokenRow.offered_to == by)
    taken = update(TokenRow).where(*mine).values(person=by, offered_to=None).execution_options(**_QUIET)
    return cast("CursorResult[Any]", await tx.execute(taken)).rowcount == 1


async def end_offers(org: OrgId, tx: Tx, to: PersonId) -> None:
    mine = (TokenRow.org == org, TokenRow.offered_to == to)
    await tx.execute(update(TokenRow).where(*mine).values(offered_to=None).execution_options(**_QUIET))


async def drop(org: OrgId, tx: Tx, *, token: str = "", person: PersonId | None = None) -> int:
    which = [TokenRow.org == org]
    if token:
        which.append(TokenRow.token == token)
    if person is not None:
        which.append(TokenRow.person == person)
    return cast("CursorResult[Any]", await tx.execute(delete(TokenRow).where(*which).execution_options(**_QUIET))).rowcount


def _token(row: TokenRow) -> Token:
    scopes = frozenset(Scope(each) for each in row.scopes.split())
    return Token(
        row.token, PersonId(row.person), row.name, scopes, row.made_at, row.until, row.used_at, PersonId(row.made_by or row.person),
        PersonId(row.offered_to) if row.offered_to else None,
    )  # fmt: skip
