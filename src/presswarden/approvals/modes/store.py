"""Tables of site modes and of verified snapshots. Limits: SQL only; `service` says who may set what."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.approvals.model import Station
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, SiteId, SnapshotId
from presswarden.policy.model import Mode


class StationRow(Tenant, Base):
    __tablename__ = "site_stations"
    __table_args__ = (
        ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"]),
        CheckConstraint("mode <> 'autonomous' OR snapshot_confirmed_at IS NOT NULL", name="autonomous_has_a_snapshot"),
    )
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    mode: Mapped[str | None] = mapped_column(String(12))
    critical: Mapped[bool] = mapped_column(Boolean)
    snapshot_confirmed_at: Mapped[datetime | None]


class SnapshotRow(Tenant, Base):
    __tablename__ = "verified_snapshots"
    __table_args__ = (ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"]),)
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    snapshot: Mapped[str] = mapped_column(String(36), primary_key=True)
    verified_at: Mapped[datetime]


_STATIONS = select(StationRow).where(StationRow.org == bindparam("of_org"), StationRow.site.in_(bindparam("of", expanding=True)))
_VERIFIED = select(SnapshotRow.verified_at).where(
    SnapshotRow.org == bindparam("of_org"), SnapshotRow.site == bindparam("of"), SnapshotRow.snapshot == bindparam("of_snapshot")
)


async def stations(org: OrgId, tx: Tx, sites: tuple[SiteId, ...]) -> dict[SiteId, Station]:
    """One for each of `sites`; where nobody decided anything, the empty one."""
    _ = org
    rows = await tx.rows(_STATIONS, of=list(sites))
    found = {
        SiteId(row.site): Station(SiteId(row.site), Mode(row.mode) if row.mode else None, row.critical, row.snapshot_confirmed_at)
        for row in rows
    }
    return {site: found.get(site, Station(site, None, critical=False, snapshot_confirmed_at=None)) for site in sites}


async def put(org: OrgId, tx: Tx, station: Station) -> None:
    values = {
        "mode": station.mode.value if station.mode else None,
        "critical": station.critical,
        "snapshot_confirmed_at": station.snapshot_confirmed_at,
    }
    mine = (StationRow.org == org, StationRow.site == station.site)
    if await tx.scalar(select(StationRow.site).where(*mine).with_for_update()) is None:
        await tx.execute(insert(StationRow).values(org=org, site=station.site, **values))
    else:
        await tx.execute(update(StationRow).where(*mine).values(**values).execution_options(synchronize_session=False))
    tx.expire_all()


async def add_verified(org: OrgId, tx: Tx, site: SiteId, snapshot: SnapshotId, now: datetime) -> None:
    """Keep that it was verified; a later time takes the place of an earlier one."""
    mine = (SnapshotRow.org == org, SnapshotRow.site == site, SnapshotRow.snapshot == snapshot)
    await tx.execute(delete(SnapshotRow).where(*mine))
    await tx.execute(insert(SnapshotRow).values(org=org, site=site, snapshot=snapshot, verified_at=now))


async def drop_verified(org: OrgId, tx: Tx, site: SiteId, snapshot: SnapshotId) -> None:
    await tx.execute(delete(SnapshotRow).where(SnapshotRow.org == org, SnapshotRow.site == site, SnapshotRow.snapshot == snapshot))


async def verified_at(org: OrgId, tx: Tx, site: SiteId, snapshot: SnapshotId) -> datetime | None:
    _ = org
    return next((row.verified_at for row in await tx.rows(_VERIFIED, of=site, of_snapshot=snapshot)), None)
