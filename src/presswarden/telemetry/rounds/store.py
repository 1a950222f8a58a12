"""SQL of the rounds, over telemetry's own tables."""

from datetime import datetime

from sqlalchemy import func, or_, select

from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, InstallationId, OrgId, SiteId
from presswarden.telemetry.model import LateSite
from presswarden.telemetry.store import InventoryRow, ReadRow, StandingRow


async def newest_inventory(everyone: Everyone, tx: Tx) -> datetime | None:
    _across(everyone, tx)
    return await tx.scalar(select(func.max(InventoryRow.taken_at)))


async def unread(everyone: Everyone, tx: Tx, tool: str, before: datetime, limit: int) -> tuple[tuple[OrgId, SiteId], ...]:
    _across(everyone, tx)
    same = (ReadRow.org == StandingRow.org) & (ReadRow.site == StandingRow.site) & (ReadRow.tool == tool)
    rows = await tx.execute(
        select(StandingRow.org, StandingRow.site)
        .outerjoin(ReadRow, same)
        .where(StandingRow.heard_at > before, or_(ReadRow.taken_at.is_(None), ReadRow.taken_at < before))
        .order_by(ReadRow.taken_at, StandingRow.site)
        .limit(limit)
    )
    return tuple((OrgId(org), SiteId(site)) for org, site in rows)


async def late(everyone: Everyone, tx: Tx, before: datetime) -> tuple[LateSite, ...]:
    _across(everyone, tx)
    since = func.coalesce(StandingRow.heard_at, StandingRow.expected_since)
    silent = or_(StandingRow.heard_at <= before, StandingRow.heard_at.is_(None) & (StandingRow.expected_since <= before))
    rows = await tx.execute(
        select(StandingRow.org, StandingRow.site, StandingRow.installation, StandingRow.heard_at, StandingRow.expected_since)
        .where(silent)
        .order_by(since, StandingRow.site)
    )
    return tuple(
        LateSite(OrgId(org), SiteId(site), InstallationId(installation), heard, heard or expected)
        for org, site, installation, heard, expected in rows
    )


def _across(everyone: Everyone, tx: Tx) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
