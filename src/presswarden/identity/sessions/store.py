"""Table of sessions. A session that ended leaves no row. Limits: SQL only; the secret is kept as its hash."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKeyConstraint, Index, String, UniqueConstraint, bindparam, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.identity.sessions.model import Session, Way
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, PersonId, SessionId


class SessionRow(Tenant, Base):
    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),
        UniqueConstraint("org", "digest"),
        Index("ix_sessions_org_person", "org", "person"),
        Index("ix_sessions_seen_at", "seen_at"),
    )
    session: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(String(36))
    digest: Mapped[str] = mapped_column(String(64))
    way: Mapped[str] = mapped_column(String(12))
    signed_in_at: Mapped[datetime]
    stepped_up_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(200))


_COLUMNS = (
    SessionRow.session,
    SessionRow.person,
    SessionRow.way,
    SessionRow.signed_in_at,
    SessionRow.stepped_up_at,
    SessionRow.seen_at,
    SessionRow.source,
    SessionRow.browser,
)
_BY_DIGEST = select(*_COLUMNS).where(SessionRow.org == bindparam("of_org"), SessionRow.digest == bindparam("of_digest"))
_OF_PERSON = (
    select(*_COLUMNS)
    .where(SessionRow.org == bindparam("of_org"), SessionRow.person == bindparam("of_person"))
    .order_by(SessionRow.seen_at.desc(), SessionRow.session)
)


async def add(org: OrgId, tx: Tx, session: Session, digest: str) -> None:
    tx.add(
        SessionRow(
            org=org, session=session.id, person=session.person, digest=digest, way=session.way.value, signed_in_at=session.signed_in_at,
            stepped_up_at=session.stepped_up_at, seen_at=session.seen_at, source=session.source, browser=session.browser,
        )
    )  # fmt: skip
    await tx.flush()


async def by_digest(org: OrgId, tx: Tx, digest: str, token: str) -> Session | None:
    rows = await tx.rows(_BY_DIGEST, of_org=org, of_digest=digest)
    return _session(rows[0], token) if rows else None


async def of_person(org: OrgId, tx: Tx, person: PersonId) -> tuple[Session, ...]:
    return tuple(_session(row, "") for row in await tx.rows(_OF_PERSON, of_org=org, of_person=person))


async def seen(org: OrgId, tx: Tx, session: SessionId, source: str, now: datetime) -> None:
    mine = (SessionRow.org == org, SessionRow.session == session, SessionRow.seen_at < now)
    await tx.execute(update(SessionRow).where(*mine).values(seen_at=now, source=source).execution_options(synchronize_session=False))


async def renew(org: OrgId, tx: Tx, session: SessionId, old: str, digest: str, now: datetime) -> bool:
    """A new secret in the place of `old`, at a step-up. False when the old one does not hold any more."""
    mine = (SessionRow.org == org, SessionRow.session == session, SessionRow.digest == old)
    changed = update(SessionRow).where(*mine).values(digest=digest, stepped_up_at=now, seen_at=now)
    return _count(await tx.execute(changed.execution_options(synchronize_session=False))) == 1


async def end(org: OrgId, tx: Tx, person: PersonId, *, only: SessionId | None = None, keep: SessionId | None = None) -> int:
    """End one session of the person, or all of theirs but `keep`; how many."""
    which = [SessionRow.org == org, SessionRow.person == person]
    if only is not None:
        which.append(SessionRow.session == only)
    if keep is not None:
        which.append(SessionRow.session != keep)
    return _count(await tx.execute(delete(SessionRow).where(*which).execution_options(synchronize_session=False)))


async def end_all(org: OrgId, tx: Tx) -> int:
    return _count(await tx.execute(delete(SessionRow).where(SessionRow.org == org).execution_options(synchronize_session=False)))


async def forget(org: OrgId, tx: Tx, seen_before: datetime, signed_in_before: datetime) -> int:
    dead = or_(SessionRow.seen_at < seen_before, SessionRow.signed_in_at < signed_in_before)
    return _count(await tx.execute(delete(SessionRow).where(SessionRow.org == org, dead).execution_options(synchronize_session=False)))


def _count(result: Any) -> int:
    return cast("CursorResult[Any]", result).rowcount


def _session(row: Any, token: str) -> Session:
    return Session(
        SessionId(row.session), PersonId(row.person), token, Way(row.way), row.signed_in_at, row.stepped_up_at, row.seen_at, row.source, row.browser
    )  # fmt: skip
