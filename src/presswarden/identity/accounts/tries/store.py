"""Tables of tries at signing in, and of browsers that somebody signed in with. Limits: SQL only; addresses and mail addresses are kept as hashes.

Tries are of nobody's organisation: who tries a mail address that nobody has is counted like anybody else.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKeyConstraint, Index, String, Table, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId

_QUIET = {"synchronize_session": False}


class TriesRow(Base):
    """Tries under one name since `opened_at`."""

    __tablename__ = "login_tries"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]


class BrowserRow(Tenant, Base):
    __tablename__ = "known_browsers"
    __table_args__ = (
        ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),
        Index("ix_known_browsers_used_at", "used_at"),
    )
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime]


async def count(everyone: Everyone, tx: Tx, name: str, opened_after: datetime, now: datetime) -> int:
    """One try more under this name; how many there are in its window, which opens anew when the one before is over."""
    _ = everyone
    table = cast("Table", TriesRow.__table__)
    fresh = table.c.opened_at <= opened_after
    insert = postgresql.insert if (await tx.connection()).dialect.name == "postgresql" else sqlite.insert
    changed = (
        insert(table)
        .values(name=name, opened_at=now, count=1)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={"count": case((fresh, 1), else_=table.c.count + 1), "opened_at": case((fresh, now), else_=table.c.opened_at)},
        )
        .returning(table.c.count)
    )
    return int((await tx.execute(changed)).scalar_one())


async def refund(everyone: Everyone, tx: Tx, names: Sequence[str]) -> None:
    """What turned out to be right was no guess."""
    _ = everyone
    mine = (TriesRow.name.in_(names), TriesRow.count > 0)
    await tx.execute(update(TriesRow).where(*mine).values(count=TriesRow.count - 1).execution_options(**_QUIET))


async def forget(everyone: Everyone, tx: Tx, opened_before: datetime) -> int:
    _ = everyone
    gone = await tx.execute(delete(TriesRow).where(TriesRow.opened_at < opened_before).execution_options(**_QUIET))
    return cast("CursorResult[Any]", gone).rowcount


async def know(org: OrgId, tx: Tx, person: PersonId, digest: str, now: datetime, most: int) -> None:
    """This browser is known from now on; of a person's, the `most` used last are kept."""
    row = await tx.get(BrowserRow, {"org": org, "person": person, "digest": digest})
    if row is not None:
        row.used_at = now
        return
    tx.add(BrowserRow(org=org, person=person, digest=digest, used_at=now))
    await tx.flush()
    mine = select(BrowserRow.digest).where(BrowserRow.org == org, BrowserRow.person == person).order_by(BrowserRow.used_at.desc())
    for old in (await tx.scalars(mine.offset(most))).all():
        await tx.execute(delete(BrowserRow).where(BrowserRow.org == org, BrowserRow.person == person, BrowserRow.digest == old))


async def is_known(everyone: Everyone, tx: Tx, people: Sequence[PersonId], digest: str) -> bool:
    """Every one of these people signed in with it: who took somebody's mail address elsewhere guesses no more freely for it."""
    _ = everyone
    found = await tx.scalars(select(BrowserRow.person).where(BrowserRow.person.in_(people), BrowserRow.digest == digest))
    return set(found) == set(people)


async def forget_browsers(org: OrgId, tx: Tx, *, person: PersonId | None = None, before: datetime | None = None) -> int:
    """All of a person's, or those that were not used since."""
    which = [BrowserRow.org == org]
    if person is not None:
        which.append(BrowserRow.person == person)
    if before is not None:
        which.append(BrowserRow.used_at < before)
    gone = await tx.execute(delete(BrowserRow).where(*which).execution_options(**_QUIET))
    return cast("CursorResult[Any]", gone).rowcount
