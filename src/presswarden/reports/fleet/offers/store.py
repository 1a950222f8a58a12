"""Offers of many sites with what runs there now. Limits: SQL only; what a person may not see is left out in the query."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from presswarden.kernel.db import Tx
from presswarden.kernel.ids import OrgId, SiteId
from presswarden.reports.fleet.model import Offered
from presswarden.reports.fleet.store import ComponentRow, FleetRow, OfferRow, Reach


async def offered(
    org: OrgId, tx: Tx, reach: Reach, sites: Sequence[SiteId] | None, components: Sequence[str], family: str, most: int
) -> tuple[Offered, ...]:
    which = [OfferRow.org == org, *([] if reach is None else [OfferRow.site.in_(list(reach))])]
    if sites is not None:
        which.append(OfferRow.site.in_(sites))
    if components:
        which.append(OfferRow.component.in_(components))
    if family:
        which.append(or_(OfferRow.component == family, OfferRow.component.startswith(f"{family}:", autoescape=True)))
    runs = and_(ComponentRow.org == org, ComponentRow.site == OfferRow.site, ComponentRow.component == OfferRow.component)
    query = (
        select(OfferRow.site, FleetRow.label, OfferRow.component, ComponentRow.name, ComponentRow.version, OfferRow.version.label("newer"))
        .join(FleetRow, and_(FleetRow.org == org, FleetRow.site == OfferRow.site))
        .outerjoin(ComponentRow, runs)
        .where(*which)
        .order_by(FleetRow.label, OfferRow.site, OfferRow.component)
        .limit(most)
    )
    return tuple(
        Offered(SiteId(row.site), row.label, row.component, row.name or row.component.partition(":")[2] or row.component, row.version or "", row.newer)
        for row in await tx.execute(query)
    )  # fmt: skip
