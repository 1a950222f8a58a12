"""SQL of offers: one row for each version that a site was offered, with when it was first seen and when it went."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Index, String, bindparam, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, SiteId
from presswarden.telemetry.offers.model import LONGEST_COMPONENT, LONGEST_URL, LONGEST_VERSION, Named, Wanted
from presswarden.telemetry.store import InventoryRow


class OfferRow(Tenant, Base):
    __tablename__ = "telemetry_offers"
    __table_args__ = (Index(None, "gone_at"),)
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    component: Mapped[str] = mapped_column(String(LONGEST_COMPONENT), primary_key=True)
    version: Mapped[str] = mapped_column(String(LONGEST_VERSION), primary_key=True)
    url: Mapped[str] = mapped_column(String(LONGEST_URL))
    first_seen: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    """When an inventory first came without it; None while it is offered."""


async def put(org: OrgId, tx: Tx, site: SiteId, offers: Iterable[Named], now: datetime) -> None:
    """These are offered now; one that is known keeps its first day."""
    rows = [
        {
            "org": org,
            "site": site,
            "component": each.component,
            "version": each.version,
            "url": each.url,
            "first_seen": now,
            "gone_at": None,
        }
        for each in offers
    ]
    if not rows:
        return
    statement = (postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert)(OfferRow)
    again = {"url": statement.excluded.url, "gone_at": None}
    whole = statement.on_conflict_do_update(index_elements=["org", "site", "component", "version"], set_=again)
    await (await tx.connection()).execute(whole, rows)


async def gone(org: OrgId, tx: Tx, site: SiteId, offers: Iterable[tuple[str, str]], now: datetime) -> None:
    for component, version in offers:
        row = (OfferRow.org == org, OfferRow.site == site, OfferRow.component == component, OfferRow.version == version)
        await tx.execute(update(OfferRow).where(*row).values(gone_at=now).execution_options(synchronize_session=False))


_STANDING = select(OfferRow.component, OfferRow.version, OfferRow.first_seen, OfferRow.url).where(
    OfferRow.org == bindparam("of_org"), OfferRow.site == bindparam("of"), OfferRow.gone_at.is_(None)
)


async def standing(org: OrgId, tx: Tx, site: SiteId) -> dict[tuple[str, str], tuple[datetime, str]]:
    """First day and address of what the site is offered now, by component and version."""
    _ = org
    rows = await tx.rows(_STANDING, of=site)
    return {(component, version): (first_seen, url) for component, version, first_seen, url in rows}


async def drop_gone_beyond(org: OrgId, tx: Tx, site: SiteId, most: int) -> None:
    """A site that names other offers with each report costs no more than `most` rows of the past."""
    past = select(func.count()).select_from(OfferRow).where(OfferRow.org == org, OfferRow.site == site, OfferRow.gone_at.is_not(None))
    if (await tx.scalar(past) or 0) > most:
        await tx.execute(
            delete(OfferRow)
            .where(OfferRow.org == org, OfferRow.site == site, OfferRow.gone_at.is_not(None))
            .execution_options(synchronize_session=False)
        )


async def wanted(org: OrgId, tx: Tx, most: int) -> tuple[Wanted, ...]:
    """Every address that some site is offered a package at now, each once."""
    rows = await tx.execute(
        select(OfferRow.component, OfferRow.version, OfferRow.url)
        .where(OfferRow.org == org, OfferRow.gone_at.is_(None), OfferRow.url != "")
        .distinct()
        .order_by(OfferRow.component, OfferRow.version, OfferRow.url)
        .limit(most)
    )
    return tuple(Wanted(component, version, url) for component, version, url in rows)


async def expire(org: OrgId, tx: Tx, horizon: datetime) -> None:
    """Delete what went before `horizon`, and all of sites whose inventory is gone."""
    held = exists().where(InventoryRow.org == OfferRow.org, InventoryRow.site == OfferRow.site)
    for old in (OfferRow.gone_at < horizon, ~held):
        await tx.execute(delete(OfferRow).where(OfferRow.org == org, old).execution_options(synchronize_session=False))
