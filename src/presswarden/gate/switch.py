"""The kill switches: while a row stands, nothing that it bears on starts but pause, revocation and health. SQL of their own tables only.

One table holds an organisation's own, the other the one for the whole installation, which belongs to no organisation. Both are read with every call, in one
statement. Limits: a row whose end has come stands for nothing, and goes with a word in the record.
"""

from datetime import datetime
from typing import Any, cast  # rows, of either table

from sqlalchemy import CursorResult, String, bindparam, delete, literal, select, union_all
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.gate.model import Stop, StopScope
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId

_ONLY = 1


class StopRow(Tenant, Base):
    __tablename__ = "gate_stops"
    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    stopped_by: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class StopAllRow(Base):
    """At most one row: the whole installation is stopped."""

    __tablename__ = "gate_stop_all"
    id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    stopped_by: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


_STOPS = union_all(
    select(literal(StopScope.EVERYTHING.value).label("scope"), literal("").label("subject"), StopAllRow.reason, StopAllRow.stopped_by,
           StopAllRow.since, StopAllRow.until),
    select(StopRow.scope, StopRow.subject, StopRow.reason, StopRow.stopped_by, StopRow.since, StopRow.until)
    .where(StopRow.org == bindparam("of_org")),
)  # fmt: skip
# Asked with every call: built once.


async def stops(org: OrgId, tx: Tx, now: datetime) -> tuple[Stop, ...]:
    """Those that stand now, the widest first."""
    _ = org
    found = [_stop(row) for row in await tx.rows(_STOPS)]
    order = list(StopScope)
    standing = (one for one in found if one.until is None or now < one.until)
    return tuple(sorted(standing, key=lambda one: (order.index(one.scope), one.since, one.subject)))


async def over(org: OrgId, tx: Tx, now: datetime) -> tuple[Stop, ...]:
    """The organisation's own whose end has come."""
    rows = await tx.scalars(select(StopRow).where(StopRow.org == org, StopRow.until <= now).order_by(StopRow.until, StopRow.subject))
    return tuple(_stop(row) for row in rows)


async def due(everyone: Everyone, tx: Tx, now: datetime) -> tuple[tuple[OrgId, ...], bool]:
    """Whose end has come: of these organisations, and of the whole installation."""
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
    orgs = tuple(OrgId(each) for each in await tx.scalars(select(StopRow.org).where(StopRow.until <= now).distinct()))
    return orgs, await tx.scalar(select(StopAllRow.id).where(StopAllRow.until <= now)) is not None


async def end_all(everyone: Everyone, tx: Tx, now: datetime) -> Stop | None:
    """Of several that ask at once, one gets it."""
    if tx.scope is not everyone:
        raise RuntimeError("what stops everything belongs to no organisation")
    row = await tx.scalar(select(StopAllRow).where(StopAllRow.until <= now))
    if row is None:
        return None
    ended = Stop(row.reason, row.stopped_by, row.since, StopScope.EVERYTHING, "", row.until)
    gone = await tx.execute(delete(StopAllRow).where(StopAllRow.until <= now))
    return ended if cast("CursorResult[Any]", gone).rowcount else None


async def throw(org: OrgId, tx: Tx, stop: Stop) -> None:
    """Write it down, in the place of an older one of the same reach."""
    await lift(org, tx, stop.scope, stop.subject)
    kept = {"reason": stop.reason, "stopped_by": stop.by, "since": stop.since, "until": stop.until}
    if stop.scope is StopScope.EVERYTHING:
        tx.add(StopAllRow(id=_ONLY, **kept))
    else:
        tx.add(StopRow(org=org, scope=stop.scope.value, subject=stop.subject, **kept))
    await tx.flush()


async def lift(org: OrgId, tx: Tx, scope: StopScope, subject: str) -> None:
    if scope is StopScope.EVERYTHING:
        await tx.execute(delete(StopAllRow))
    else:
        await tx.execute(delete(StopRow).where(StopRow.org == org, StopRow.scope == scope.value, StopRow.subject == subject))


def _stop(row: Any) -> Stop:
    return Stop(row.reason, row.stopped_by, row.since, StopScope(row.scope), row.subject, row.until)
