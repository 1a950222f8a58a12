"""The views of the fleet, as tables that are only read. Limits: SQL only; the views themselves are made by the migration.

What a person may not see is left out here, in the query: `reach` names the sites, or None for all of the organisation.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any  # rows, column by column

from sqlalchemy import ColumnElement, CompoundSelect, Select, String, case, exists, func, or_, select, union
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import ClientId, OrgId, SiteId
from presswarden.policy.model import MODES, Mode
from presswarden.reports.fleet.model import Condition, Counts, Listed, Sort, Tab, Tabs, Used, Version, Wish

Reach = Collection[SiteId] | None
Whose = Collection[ClientId]  # clients whose names hold the text that is looked for
_ENDLESS = 1_000_000


class Views(DeclarativeBase):
    """Apart from the tables that migrations make from what the stages map."""

    type_annotation_map = Base.type_annotation_map


class FleetRow(Tenant, Views):
    __tablename__ = "fleet"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    label: Mapped[str]
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    state: Mapped[str | None]
    home: Mapped[str | None]
    paired_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    paused_there: Mapped[str | None]
    wordpress: Mapped[str | None]
    php: Mapped[str | None]
    core_updates: Mapped[int | None]
    plugin_updates: Mapped[int | None]
    theme_updates: Mapped[int | None]
    translation_updates: Mapped[int | None]
    updates: Mapped[int | None]
    mode: Mapped[str | None]
    critical: Mapped[bool | None]
    client: Mapped[str | None]
    client_name: Mapped[str | None]
    incidents: Mapped[int | None]


class CountsRow(Tenant, Views):
    __tablename__ = "console_counts"
    sites: Mapped[int]
    waiting: Mapped[int]
    running: Mapped[int]
    incidents: Mapped[int]


class TagRow(Tenant, Views):
    __tablename__ = "fleet_tags"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)


class ComponentRow(Tenant, Views):
    __tablename__ = "fleet_components"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    component: Mapped[str] = mapped_column(String(300), primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    active: Mapped[bool]


class OfferRow(Tenant, Views):
    """What sites are offered now."""

    __tablename__ = "fleet_offers"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    component: Mapped[str] = mapped_column(String(300), primary_key=True)
    version: Mapped[str] = mapped_column(String(100), primary_key=True)


class AllRow(Tenant, Views):
    __tablename__ = "fleet_all"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)


class OfferedRow(Tenant, Views):
    __tablename__ = "fleet_offered"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)


class HeardRow(Tenant, Views):
    __tablename__ = "fleet_heard"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    heard_at: Mapped[datetime | None]


class TroubledRow(Tenant, Views):
    __tablename__ = "fleet_troubled"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)


def _condition(late: datetime) -> ColumnElement[str]:
    return case(
        (or_(FleetRow.state.is_(None), FleetRow.state.in_(("pending", "confirming"))), Condition.PENDING.value),
        (FleetRow.state != "paired", Condition.REVOKED.value),
        (or_(FleetRow.heard_at.is_(None), FleetRow.heard_at < late), Condition.UNREACHABLE.value),
        (FleetRow.incidents > 0, Condition.INCIDENT.value),
        (or_(FleetRow.paused_at.is_not(None), FleetRow.paused_there != ""), Condition.PAUSED.value),
        else_=Condition.HEALTHY.value,
    )


def _needs_attention(org: OrgId, reach: Reach, late: datetime) -> CompoundSelect[Any]:
    """Silent or in trouble: found from the few that are, not from all that could be."""
    silent = select(HeardRow.site).where(*_of(org, reach, HeardRow), or_(HeardRow.heard_at.is_(None), HeardRow.heard_at < late))
    return union(silent, select(TroubledRow.site).where(*_of(org, reach, TroubledRow)))


def _of(org: OrgId, reach: Reach, row: type[AllRow | OfferedRow | HeardRow | TroubledRow]) -> list[ColumnElement[bool]]:
    return [row.org == org, *([] if reach is None else [row.site.in_(list(reach))])]


_WORST = {each.value: place for place, each in enumerate(Condition)}
_NARROWER = {mode.value: place for place, mode in enumerate(MODES)}


def _order(wish: Wish, late: datetime) -> tuple[Any, ...]:
    by: Any  # a column or an expression over columns
    match wish.sort:
        case Sort.NAME:
            by = FleetRow.label
        case Sort.CONDITION:
            by = case(_WORST, value=_condition(late))
        case Sort.UPDATES:
            by = func.coalesce(FleetRow.updates, 0)
        case Sort.WORDPRESS:
            by = func.coalesce(FleetRow.wordpress, "")
        case Sort.PHP:
            by = func.coalesce(FleetRow.php, "")
        case Sort.SEEN:
            by = FleetRow.heard_at
        case Sort.CLIENT:
            by = func.coalesce(FleetRow.client_name, "")
        case Sort.MODE:
            by = case(_NARROWER, value=FleetRow.mode, else_=-1)
    turned = by.desc() if wish.down else by.asc()
    if wish.sort is Sort.SEEN:
        turned = turned.nulls_last() if wish.down else turned.nulls_first()
    return (turned,) if wish.sort is Sort.NAME else (turned, FleetRow.label)


def _which(org: OrgId, reach: Reach, wish: Wish, late: datetime, whose: Whose) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [*_mine(org, reach)]
    if wish.tab is Tab.UPDATES:
        found.append(FleetRow.updates > 0)
    if wish.tab is Tab.ATTENTION:
        found.append(FleetRow.site.in_(select(_needs_attention(org, reach, late).subquery().c.site)))
    if wish.text:
        # Addresses are small letters but for their paths: comparing them as they are costs a third of folding ten thousand of them.
        at_home = [FleetRow.home.contains(each, autoescape=True) for each in {wish.text, wish.text.lower()}]
        found.append(or_(FleetRow.label.icontains(wish.text, autoescape=True), *at_home, FleetRow.client.in_(list(whose))))
    if wish.condition:
        found.append(_condition(late) == wish.condition.value)
    if wish.client:
        found.append(FleetRow.client == wish.client if wish.client != "none" else FleetRow.client.is_(None))
    if wish.mode:
        found.append(FleetRow.mode == wish.mode.value)
    if wish.tag:
        found.append(exists().where(TagRow.org == org, TagRow.site == FleetRow.site, TagRow.tag == wish.tag))
    if wish.component:
        runs = [ComponentRow.org == org, ComponentRow.site == FleetRow.site, ComponentRow.component == wish.component]
        found.append(exists().where(*runs, *([ComponentRow.version == wish.version] if wish.version else [])))
    return found


def _mine(org: OrgId, reach: Reach) -> list[ColumnElement[bool]]:
    return [FleetRow.org == org, *([] if reach is None else [FleetRow.site.in_(list(reach))])]


async def page(org: OrgId, tx: Tx, reach: Reach, wish: Wish, late: datetime, whose: Whose, *, size: int, skip: int) -> tuple[Listed, ...]:
    # Which first, then what they show: sorting ten thousand narrow rows costs a fraction of sorting whole ones.
    narrow = select(FleetRow.site).where(*_which(org, reach, wish, late, whose)).order_by(*_order(wish, late)).limit(size).offset(skip)
    chosen = list(await tx.scalars(narrow))
    query = select(*_SHOWN, _condition(late).label("condition")).where(FleetRow.org == org, FleetRow.site.in_(chosen))
    rows = {row.site: row for row in await tx.execute(query)}
    return tuple(_listed(rows[site]) for site in chosen)


_SHOWN = (
    FleetRow.site, FleetRow.label, FleetRow.home, FleetRow.incidents, FleetRow.heard_at, FleetRow.wordpress, FleetRow.php, FleetRow.core_updates,
    FleetRow.plugin_updates, FleetRow.theme_updates, FleetRow.translation_updates, FleetRow.updates, FleetRow.mode, FleetRow.critical, FleetRow.client,
    FleetRow.client_name,
)  # fmt: skip


async def matching(org: OrgId, tx: Tx, reach: Reach, wish: Wish, late: datetime, whose: Whose, most: int) -> tuple[SiteId, ...]:
    query = select(FleetRow.site).where(*_which(org, reach, wish, late, whose)).order_by(FleetRow.label).limit(most)
    return tuple(SiteId(site) for site in await tx.scalars(query))


async def within(org: OrgId, tx: Tx, reach: Reach, wanted: Sequence[SiteId]) -> tuple[tuple[SiteId, str], ...]:
    """Id and label of those that exist and may be seen, by label."""
    query = select(FleetRow.site, FleetRow.label).where(*_mine(org, reach), FleetRow.site.in_(wanted)).order_by(FleetRow.label)
    return tuple((SiteId(site), label) for site, label in await tx.execute(query))


async def count(org: OrgId, tx: Tx, reach: Reach, wish: Wish, late: datetime, whose: Whose) -> int:
    # Counted around a list that ends somewhere: a bare count makes SQLite join all that the list would leave out.
    listed = select(FleetRow.site).where(*_which(org, reach, wish, late, whose)).limit(_ENDLESS).subquery()
    return int(await tx.scalar(select(func.count()).select_from(listed)) or 0)


async def tabs(org: OrgId, tx: Tx, reach: Reach, late: datetime) -> Tabs:
    amiss = _needs_attention(org, reach, late).subquery()
    found = [
        await tx.scalar(query)
        for query in (
            select(func.count()).select_from(AllRow).where(*_of(org, reach, AllRow)),
            select(func.count()).select_from(OfferedRow).where(*_of(org, reach, OfferedRow)),
            select(func.count()).select_from(amiss),
        )
    ]
    return Tabs(*(int(each or 0) for each in found))


async def counts(org: OrgId, tx: Tx) -> Counts:
    row = (
        await tx.execute(select(CountsRow.sites, CountsRow.waiting, CountsRow.running, CountsRow.incidents).where(CountsRow.org == org))
    ).first()
    return Counts(*row) if row else Counts(0, 0, 0, 0)


async def tags_of(org: OrgId, tx: Tx, sites: Sequence[SiteId]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    query = select(TagRow.site, TagRow.tag).where(TagRow.org == org, TagRow.site.in_(sites)).order_by(TagRow.tag)
    for site, tag in await tx.execute(query):
        found.setdefault(site, []).append(tag)
    return found


def _seen(org: OrgId, reach: Reach) -> list[ColumnElement[bool]]:
    return [ComponentRow.org == org, *([] if reach is None else [ComponentRow.site.in_(list(reach))])]


def _offered(org: OrgId, reach: Reach) -> Select[str, int]:
    which = [OfferRow.org == org, *([] if reach is None else [OfferRow.site.in_(list(reach))])]
    return select(OfferRow.component, func.count(func.distinct(OfferRow.site)).label("offered")).where(*which).group_by(OfferRow.component)


async def components(org: OrgId, tx: Tx, reach: Reach, text: str, *, size: int, skip: int) -> tuple[tuple[Used, ...], int]:
    """Those that most sites run first, and how many there are."""
    which = _seen(org, reach)
    if text:
        which.append(or_(ComponentRow.name.icontains(text, autoescape=True), ComponentRow.component.icontains(text, autoescape=True)))
    sites = func.count().label("sites")
    grouped = (
        select(
            ComponentRow.component,
            func.max(ComponentRow.name).label("name"),
            sites,
            func.count(func.distinct(ComponentRow.version)).label("versions"),
        )
        .where(*which)
        .group_by(ComponentRow.component)
    )
    rows = (await tx.execute(grouped.order_by(sites.desc(), ComponentRow.component).limit(size).offset(skip))).all()
    total = await tx.scalar(select(func.count(func.distinct(ComponentRow.component))).where(*which))
    offered = {
        row.component: row.offered
        for row in await tx.execute(_offered(org, reach).where(OfferRow.component.in_([r.component for r in rows])))
    }
    return tuple(Used(row.component, row.name, row.sites, row.versions, offered.get(row.component, 0)) for row in rows), int(total or 0)


async def versions(org: OrgId, tx: Tx, reach: Reach, component: str) -> tuple[str, tuple[Version, ...], int]:
    """Its name, how many sites run which version, and how many of them are offered a newer one."""
    active = func.sum(case((ComponentRow.active, 1), else_=0))
    query = select(ComponentRow.version, func.max(ComponentRow.name), func.count(), active).where(
        *_seen(org, reach), ComponentRow.component == component
    )
    rows = (await tx.execute(query.group_by(ComponentRow.version))).all()
    offered = (await tx.execute(_offered(org, reach).where(OfferRow.component == component))).first()
    return (
        rows[0][1] if rows else "",
        tuple(Version(version, int(n), int(on)) for version, _, n, on in rows),
        offered.offered if offered else 0,
    )


def _listed(row: Any) -> Listed:
    return Listed(
        SiteId(row.site), row.label, row.home or "", Condition(row.condition), row.incidents or 0, row.heard_at, row.wordpress or "", row.php or "",
        row.core_updates or 0, row.plugin_updates or 0, row.theme_updates or 0, row.translation_updates or 0, row.updates or 0,
        Mode(row.mode) if row.mode else None, bool(row.critical), ClientId(row.client) if row.client else None, row.client_name or "",
    )  # fmt: skip
