"""Tables of incidents. One open incident for each site and kind is the database's promise: `open_key` is unique while it is open, null after."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast  # Any for JSON columns: SQLAlchemy can't resolve the recursive type of `Json`

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.incidents.model import Incident, IncidentState, Signal, SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import IncidentId, OrgId, SiteId

_AT_ONCE = 1000


class IncidentRow(Tenant, Base):
    __tablename__ = "incidents"
    __table_args__ = (UniqueConstraint("org", "open_key"), Index(None, "org", "site", "opened_at"), Index(None, "org", "opened_at"))
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    site: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    open_key: Mapped[str | None] = mapped_column(String(80))
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    recovered_at: Mapped[datetime | None]
    signals: Mapped[int] = mapped_column(BigInteger)


class SignalRow(Tenant, Base):
    __tablename__ = "incident_signals"
    __table_args__ = (ForeignKeyConstraint(["org", "incident"], ["incidents.org", "incidents.id"]),)
    incident: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


# Asked with every heartbeat: built once, and without rows that the session keeps.
_INCIDENTS = cast("Table", IncidentRow.__table__)
_OPEN_AT = select(_INCIDENTS).where(
    _INCIDENTS.c.org == bindparam("of_org"), _INCIDENTS.c.site == bindparam("of_site"), _INCIDENTS.c.open_key.is_not(None)
)


_TOLD = (
    select(SignalRow.detail)
    .join(IncidentRow, (SignalRow.org == IncidentRow.org) & (SignalRow.incident == IncidentRow.id))
    .where(IncidentRow.org == bindparam("of_org"), IncidentRow.kind == bindparam("of_kind"), IncidentRow.open_key.is_not(None))
)


async def open_one(org: OrgId, tx: Tx, incident: Incident) -> bool:
    """Write a new incident; False when another transaction opened one of the same site and kind first."""
    try:
        async with tx.begin_nested():
            await tx.execute(
                insert(IncidentRow).values(
                    org=org,
                    id=incident.id,
                    site=incident.site,
                    kind=incident.kind.value,
                    state=incident.state.value,
                    open_key=f"{incident.site}:{incident.kind}",
                    opened_at=incident.opened_at,
                    last_at=incident.last_at,
                    recovered_at=None,
                    signals=incident.signals,
                )
            )
    except IntegrityError:
        return False
    return True


async def find_open(org: OrgId, tx: Tx, site: SiteId, kind: SignalKind) -> Incident | None:
    """The open incident, locked until the transaction ends, so that two signals at once are both counted."""
    where = (IncidentRow.org == org, IncidentRow.open_key == f"{site}:{kind}")
    row = await tx.scalar(select(IncidentRow).where(*where).with_for_update().execution_options(populate_existing=True))
    return _incident(row) if row is not None else None


async def put(org: OrgId, tx: Tx, incident: Incident) -> None:
    """Write state, times and count of an incident that exists."""
    changed = {
        "state": incident.state.value,
        "open_key": f"{incident.site}:{incident.kind}" if incident.open else None,
        "last_at": incident.last_at,
        "recovered_at": incident.recovered_at,
        "signals": incident.signals,
    }
    statement = update(IncidentRow).where(IncidentRow.org == org, IncidentRow.id == incident.id).values(**changed)
    await tx.execute(statement.execution_options(synchronize_session=False))


async def add_signal(org: OrgId, tx: Tx, incident: IncidentId, number: int, at: datetime, detail: Mapping[str, Json]) -> None:
    await tx.execute(insert(SignalRow).values(org=org, incident=incident, number=number, at=at, detail=dict(detail)))


async def find(org: OrgId, tx: Tx, incident: IncidentId) -> Incident | None:
    where = (IncidentRow.org == org, IncidentRow.id == incident)
    row = await tx.scalar(select(IncidentRow).where(*where).execution_options(populate_existing=True))
    return _incident(row) if row is not None else None


async def listed(org: OrgId, tx: Tx, *, site: SiteId | None, only_open: bool, limit: int) -> tuple[Incident, ...]:
    wanted = select(IncidentRow).where(IncidentRow.org == org)
    if site is not None:
        wanted = wanted.where(IncidentRow.site == site)
    if only_open:
        wanted = wanted.where(IncidentRow.open_key.is_not(None))
    newest_first = wanted.order_by(IncidentRow.last_at.desc(), IncidentRow.id).limit(limit)
    return tuple(_incident(row) for row in await tx.scalars(newest_first.execution_options(populate_existing=True)))


async def page(org: OrgId, tx: Tx, *, only_open: bool, before: tuple[datetime, str] | None, limit: int) -> tuple[Incident, ...]:
    """Those opened last first, from `before` on: the last one of the page before."""
    wanted = select(IncidentRow).where(IncidentRow.org == org)
    if only_open:
        wanted = wanted.where(IncidentRow.open_key.is_not(None))
    if before is not None:
        wanted = wanted.where(tuple_(IncidentRow.opened_at, IncidentRow.id) < tuple_(*before))
    newest = wanted.order_by(IncidentRow.opened_at.desc(), IncidentRow.id.desc()).limit(limit)
    return tuple(_incident(row) for row in await tx.scalars(newest.execution_options(populate_existing=True)))


async def open_at(org: OrgId, tx: Tx, site: SiteId) -> tuple[Incident, ...]:
    """Every open one of a site: at most one for each kind. Newest signal first."""
    _ = org
    rows = await tx.rows(_OPEN_AT, of_site=site)
    return tuple(sorted(map(_incident, rows), key=lambda one: (-one.last_at.timestamp(), one.id)))


async def open_counts(org: OrgId, tx: Tx) -> dict[SiteId, int]:
    rows = await tx.execute(
        select(IncidentRow.site, func.count()).where(IncidentRow.org == org, IncidentRow.open_key.is_not(None)).group_by(IncidentRow.site)
    )
    return {SiteId(site): count for site, count in rows}


async def told_of_open(org: OrgId, tx: Tx, kind: SignalKind, name: str) -> frozenset[str]:
    """What the signals of every open incident of this kind tell under `name`."""
    _ = org
    found = (row.detail.get(name) for row in await tx.rows(_TOLD, of_kind=kind.value))
    return frozenset(value for value in found if isinstance(value, str) and value)


async def signals(org: OrgId, tx: Tx, incident: Incident) -> tuple[Signal, ...]:
    rows = await tx.scalars(select(SignalRow).where(SignalRow.org == org, SignalRow.incident == incident.id).order_by(SignalRow.number))
    return tuple(Signal(incident.kind, row.at, row.detail) for row in rows)


async def forget(org: OrgId, tx: Tx, before: datetime) -> int:
    """Closed ones of which nothing was heard since, with their signals; how many."""
    old = (IncidentRow.org == org, IncidentRow.open_key.is_(None), IncidentRow.last_at < before)
    over = select(IncidentRow.id).where(*old, func.coalesce(IncidentRow.recovered_at, IncidentRow.last_at) < before)
    gone = [str(each) for each in await tx.scalars(over.limit(_AT_ONCE))]
    for row, named in ((SignalRow, SignalRow.incident), (IncidentRow, IncidentRow.id)):
        await tx.execute(delete(row).where(row.org == org, named.in_(gone)).execution_options(synchronize_session=False))
    return len(gone)


def _incident(row: IncidentRow | Row[Any]) -> Incident:
    return Incident(
        id=IncidentId(row.id),
        site=SiteId(row.site),
        kind=SignalKind(row.kind),
        state=IncidentState(row.state),
        opened_at=row.opened_at,
        last_at=row.last_at,
        signals=row.signals,
        recovered_at=row.recovered_at,
    )
