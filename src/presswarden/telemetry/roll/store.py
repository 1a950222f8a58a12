"""Tables of what runs where. Limits: SQL only; written with the inventory they come from, in the same transaction."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from sqlalchemy import Boolean, Index, Integer, String, Table, bindparam, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, SiteId
from presswarden.telemetry.roll.model import LONGEST_KEY, LONGEST_NAME, LONGEST_VERSION, Roll, Running
from presswarden.telemetry.store import InventoryRow


class RollRow(Tenant, Base):
    __tablename__ = "telemetry_roll"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    wordpress: Mapped[str] = mapped_column(String(LONGEST_VERSION))
    php: Mapped[str] = mapped_column(String(LONGEST_VERSION))
    core_updates: Mapped[int] = mapped_column(Integer)
    plugin_updates: Mapped[int] = mapped_column(Integer)
    theme_updates: Mapped[int] = mapped_column(Integer)
    translation_updates: Mapped[int] = mapped_column(Integer)
    updates: Mapped[int] = mapped_column(Integer)


class ComponentRow(Tenant, Base):
    __tablename__ = "telemetry_components"
    __table_args__ = (Index("ix_telemetry_components_org_component", "org", "component", "version"),)
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    component: Mapped[str] = mapped_column(String(LONGEST_KEY), primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    version: Mapped[str] = mapped_column(String(LONGEST_VERSION))
    active: Mapped[bool] = mapped_column(Boolean)


_OF_SITE = select(ComponentRow.component, ComponentRow.name, ComponentRow.version, ComponentRow.active).where(
    ComponentRow.org == bindparam("of_org"), ComponentRow.site == bindparam("of")
)


async def put_roll(org: OrgId, tx: Tx, site: SiteId, roll: Roll) -> None:
    values = {"wordpress": roll.wordpress, "php": roll.php, "core_updates": roll.core_updates, "plugin_updates": roll.plugin_updates,
              "theme_updates": roll.theme_updates, "translation_updates": roll.translation_updates, "updates": roll.updates}  # fmt: skip
    await _upsert(tx, RollRow, ("org", "site"), [{"org": org, "site": site, **values}])


async def components(org: OrgId, tx: Tx, site: SiteId) -> Mapping[str, Running]:
    _ = org
    return {row.component: Running(row.component, row.name, row.version, row.active) for row in await tx.rows(_OF_SITE, of=site)}


async def put_components(org: OrgId, tx: Tx, site: SiteId, found: Iterable[Running]) -> None:
    rows = [
        {"org": org, "site": site, "component": one.component, "name": one.name, "version": one.version, "active": one.active}
        for one in found
    ]
    if rows:
        await _upsert(tx, ComponentRow, ("org", "site", "component"), rows)


async def drop_components(org: OrgId, tx: Tx, site: SiteId, gone: Collection[str]) -> None:
    which = (ComponentRow.org == org, ComponentRow.site == site, ComponentRow.component.in_(gone))
    await tx.execute(delete(ComponentRow).where(*which).execution_options(synchronize_session=False))


async def expire(org: OrgId, tx: Tx) -> None:
    """What belongs to no inventory any more."""
    for row in (RollRow, ComponentRow):
        held = exists().where(InventoryRow.org == row.org, InventoryRow.site == row.site)
        await tx.execute(delete(row).where(row.org == org, ~held).execution_options(synchronize_session=False))


async def _upsert(tx: Tx, row: type[Base], keys: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    table = cast("Table", row.__table__)
    statement = (postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert)(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await (await tx.connection()).execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)
