"""Tables of telemetry: heartbeats as they came, where each site stands, its newest inventory, its newest signed reads. Limits: rows never leave this file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast  # JSON columns: SQLAlchemy can't resolve the recursive type of `Json`

from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    Executable,
    Index,
    Row,
    String,
    Table,
    Text,
    UpdateBase,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import EventId, Everyone, InstallationId, OrgId, SiteId
from presswarden.telemetry.model import Components, Heartbeat, Inventory, Paused, Source, Standing


class HeartbeatRow(Tenant, Base):
    __tablename__ = "telemetry_heartbeats"
    __table_args__ = (Index(None, "org", "audited", "taken_at"), Index(None, "taken_at"))
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    site: Mapped[str] = mapped_column(String(36))
    sent_at: Mapped[datetime]
    taken_at: Mapped[datetime]
    connector: Mapped[str] = mapped_column(String(40))
    paused: Mapped[str] = mapped_column(String(10))
    repair: Mapped[str] = mapped_column(String(200))
    epoch: Mapped[int] = mapped_column(BigInteger)
    fence: Mapped[int] = mapped_column(BigInteger)
    inventory_hash: Mapped[str] = mapped_column(String(64))
    refusals: Mapped[dict[str, int]] = mapped_column(JSON)
    audited: Mapped[str] = mapped_column(String(36))
    """The audit entry whose batch holds this heartbeat; "" while it waits for one."""


class StandingRow(Tenant, Base):
    __tablename__ = "telemetry_standings"
    __table_args__ = (Index(None, "heard_at"),)
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    installation: Mapped[str] = mapped_column(String(36))
    expected_since: Mapped[datetime]
    heard_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    connector: Mapped[str] = mapped_column(String(40))
    home: Mapped[str] = mapped_column(String(200))
    paused: Mapped[str] = mapped_column(String(10))
    repair: Mapped[str] = mapped_column(String(200))
    epoch: Mapped[int] = mapped_column(BigInteger)
    fence: Mapped[int] = mapped_column(BigInteger)
    inventory_hash: Mapped[str] = mapped_column(String(64))
    refusals: Mapped[dict[str, int]] = mapped_column(JSON)
    checkpoint: Mapped[str] = mapped_column(Text)


class InventoryRow(Tenant, Base):
    __tablename__ = "telemetry_inventories"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    source: Mapped[str] = mapped_column(String(16))
    hash: Mapped[str] = mapped_column(String(64))
    components: Mapped[dict[str, Any]] = mapped_column(JSON)
    sent_at: Mapped[datetime]
    taken_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]


class ReadRow(Tenant, Base):
    __tablename__ = "telemetry_reads"
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    tool: Mapped[str] = mapped_column(String(60), primary_key=True)
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    taken_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class StoredRead:
    tool: str
    result: Mapping[str, Json]
    taken_at: datetime


# The statements of every heartbeat are built once: building them anew cost more than running them.
_HEARTBEATS, _STANDINGS, _INVENTORIES = (cast("Table", row.__table__) for row in (HeartbeatRow, StandingRow, InventoryRow))
_ADD_HEARTBEAT = insert(_HEARTBEATS)
_SAID = ("installation", "heard_at", "sent_at", "connector", "home", "paused", "repair", "epoch", "fence", "inventory_hash", "refusals",
         "checkpoint")  # fmt: skip
_PUT_STANDING = (
    update(_STANDINGS)
    .where(_STANDINGS.c.org == bindparam("of_org"), _STANDINGS.c.site == bindparam("of_site"))
    .values({name: bindparam(f"said_{name}") for name in _SAID})
)
_TOUCH = (
    update(_STANDINGS).where(_STANDINGS.c.org == bindparam("of_org"), _STANDINGS.c.site == bindparam("of")).values(read_at=bindparam("at"))
)
_CONFIRM = (
    update(_INVENTORIES)
    .where(
        _INVENTORIES.c.org == bindparam("of_org"), _INVENTORIES.c.site == bindparam("of_site"), _INVENTORIES.c.hash == bindparam("of_hash")
    )
    .values(source=bindparam("said_source"), sent_at=bindparam("said_sent_at"), confirmed_at=bindparam("said_confirmed_at"))
)


# So are those of every decision about a change.
_STANDING, _INVENTORY, _READS = (
    select(row).where(row.org == bindparam("of_org"), row.site == bindparam("of")) for row in (StandingRow, InventoryRow, ReadRow)
)


async def add_heartbeat(org: OrgId, tx: Tx, installation: InstallationId, site: SiteId, heard: Heartbeat, now: datetime) -> None:
    row = {"org": org, "installation": installation, "seq": heard.seq, "site": site, "taken_at": now, "audited": "", **_told(heard)}
    await tx.direct.execute(_ADD_HEARTBEAT, row)


async def put_standing(org: OrgId, tx: Tx, installation: InstallationId, site: SiteId, heard: Heartbeat, now: datetime) -> None:
    said = {"installation": installation, "heard_at": now, "home": heard.home, "checkpoint": heard.checkpoint, **_told(heard)}
    values = {"of_org": org, "of_site": site, **{f"said_{name}": value for name, value in said.items()}}
    if (await tx.direct.execute(_PUT_STANDING, values)).rowcount == 0:
        await _upsert(tx, StandingRow, {"org": org, "site": site}, {"expected_since": now, "read_at": None, **said})


async def expect(org: OrgId, tx: Tx, installation: InstallationId, site: SiteId, now: datetime) -> None:
    """A fresh standing: whatever an earlier installation of this site said no longer counts."""
    nothing = {"heard_at": None, "sent_at": None, "read_at": None, "connector": "", "home": "", "paused": "", "repair": ""}
    counted = {"epoch": 0, "fence": 0, "inventory_hash": "", "refusals": {}, "checkpoint": ""}
    row = {"installation": installation, "expected_since": now, **nothing, **counted}
    await _upsert(tx, StandingRow, {"org": org, "site": site}, row)


async def drop_standing(org: OrgId, tx: Tx, site: SiteId) -> bool:
    return await _rows(tx, delete(StandingRow).where(StandingRow.org == org, StandingRow.site == site)) > 0


async def standing(org: OrgId, tx: Tx, site: SiteId) -> Standing | None:
    _ = org
    return next((_standing(row) for row in await tx.rows(_STANDING, of=site)), None)


async def standings(org: OrgId, tx: Tx) -> tuple[Standing, ...]:
    rows = await tx.scalars(select(StandingRow).where(StandingRow.org == org).execution_options(populate_existing=True))
    return tuple(_standing(row) for row in rows)


async def silent(org: OrgId, tx: Tx, before: datetime) -> int:
    """Sites that were not heard since."""
    heard = func.coalesce(StandingRow.heard_at, StandingRow.expected_since)
    return await tx.scalar(select(func.count()).select_from(StandingRow).where(StandingRow.org == org, heard < before)) or 0


async def inventory(org: OrgId, tx: Tx, site: SiteId) -> Inventory | None:
    _ = org
    for row in await tx.rows(_INVENTORY, of=site):
        return Inventory(SiteId(row.site), Source(row.source), row.hash, row.components, row.sent_at, row.taken_at, row.confirmed_at)
    return None


async def put_inventory(
    org: OrgId, tx: Tx, site: SiteId, source: Source, hash_: str, components: Components, sent_at: datetime, now: datetime
) -> None:
    plain = {key: dict(component) for key, component in components.items()}
    row = {"source": source.value, "hash": hash_, "components": plain, "sent_at": sent_at, "taken_at": now, "confirmed_at": now}
    await _upsert(tx, InventoryRow, {"org": org, "site": site}, row)


async def confirm_inventory(org: OrgId, tx: Tx, site: SiteId, source: Source, hash_: str, sent_at: datetime, now: datetime) -> bool:
    """One UPDATE for the common case, an unchanged site; False when the stored inventory has another hash or there is none."""
    values = {
        "of_org": org,
        "of_site": site,
        "of_hash": hash_,
        "said_source": source.value,
        "said_sent_at": sent_at,
        "said_confirmed_at": now,
    }
    return (await tx.direct.execute(_CONFIRM, values)).rowcount == 1


async def put_read(org: OrgId, tx: Tx, site: SiteId, tool: str, result: Mapping[str, Json], now: datetime) -> None:
    await _upsert(tx, ReadRow, {"org": org, "site": site, "tool": tool}, {"result": dict(result), "taken_at": now})
    await tx.change(_TOUCH, of=site, at=now)


async def reads(org: OrgId, tx: Tx, site: SiteId) -> tuple[StoredRead, ...]:
    _ = org
    rows = sorted(await tx.rows(_READS, of=site), key=lambda row: row.taken_at)
    return tuple(StoredRead(row.tool, row.result, row.taken_at) for row in rows)


async def unaudited(org: OrgId, tx: Tx, most: int) -> tuple[tuple[InstallationId, int, dict[str, Json]], ...]:
    """Heartbeats that no audit batch holds yet, oldest first: their key and what the audit keeps of them."""
    rows = await tx.scalars(
        select(HeartbeatRow)
        .where(HeartbeatRow.org == org, HeartbeatRow.audited == "")
        .order_by(HeartbeatRow.taken_at, HeartbeatRow.installation, HeartbeatRow.seq)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return tuple((InstallationId(row.installation), row.seq, _payload(row)) for row in rows)


async def mark_audited(org: OrgId, tx: Tx, keys: Sequence[tuple[InstallationId, int]], entry: EventId) -> None:
    these = tuple_(HeartbeatRow.installation, HeartbeatRow.seq).in_(keys)
    await tx.execute(
        update(HeartbeatRow).where(HeartbeatRow.org == org, these).values(audited=entry).execution_options(synchronize_session=False)
    )


async def waiting_for_audit(everyone: Everyone, tx: Tx) -> tuple[OrgId, ...]:
    _across(everyone, tx)
    return tuple(OrgId(org) for org in await tx.scalars(select(HeartbeatRow.org).where(HeartbeatRow.audited == "").distinct()))


async def expire(org: OrgId, tx: Tx, horizon: datetime) -> int:
    """Delete what is older than `horizon`; a heartbeat that the audit does not hold yet stays until it does."""
    gone = await _rows(tx, delete(HeartbeatRow).where(HeartbeatRow.org == org, HeartbeatRow.taken_at < horizon, HeartbeatRow.audited != ""))
    gone += await _rows(tx, delete(InventoryRow).where(InventoryRow.org == org, InventoryRow.confirmed_at < horizon))
    return gone + await _rows(tx, delete(ReadRow).where(ReadRow.org == org, ReadRow.taken_at < horizon))


def _across(everyone: Everyone, tx: Tx) -> None:
    """A look-up across organisations in a transaction of one of them would answer for that one only, in silence."""
    if tx.scope is not everyone:
        raise RuntimeError("a look-up across organisations needs a transaction across organisations")


async def _upsert(tx: Tx, table: type[Base], key: Mapping[str, object], row: Mapping[str, object]) -> None:
    """One statement, so that a heartbeat and a read of one site that arrive together do not fail each other."""
    built = _upserting(table, tuple(key), tuple(row), on_postgresql=tx.direct.dialect.name == "postgresql")
    await tx.direct.execute(built, {**key, **row})


@cache
def _upserting(table: type[Base], key: tuple[str, ...], row: tuple[str, ...], *, on_postgresql: bool) -> Executable:
    inserting = (postgresql.insert if on_postgresql else sqlite.insert)(table).values({name: bindparam(name) for name in (*key, *row)})
    return inserting.on_conflict_do_update(index_elements=list(key), set_={name: inserting.excluded[name] for name in row})


async def _rows(tx: Tx, statement: UpdateBase) -> int:
    result = await tx.execute(statement.execution_options(synchronize_session=False))
    return result.rowcount if isinstance(result, CursorResult) else 0


def _told(heard: Heartbeat) -> dict[str, object]:
    return {
        "sent_at": heard.sent_at, "connector": heard.connector, "paused": heard.paused.value, "repair": heard.repair, "epoch": heard.epoch,
        "fence": heard.fence, "inventory_hash": heard.inventory_hash, "refusals": dict(heard.refusals),
    }  # fmt: skip


def _standing(row: StandingRow | Row[Any]) -> Standing:
    return Standing(
        SiteId(row.site), InstallationId(row.installation), row.expected_since, row.heard_at, row.sent_at, row.read_at, row.inventory_hash,
        row.connector, row.home, Paused(row.paused), row.repair, row.epoch, row.fence, row.refusals, row.checkpoint,
    )  # fmt: skip


def _payload(row: HeartbeatRow) -> dict[str, Json]:
    return {
        "connector": row.connector,
        "epoch": row.epoch,
        "fence": row.fence,
        "installation": row.installation,
        "inventory_hash": row.inventory_hash,
        "paused": row.paused,
        # A list, because the record refuses field names like `call.signature`.
        "refusals": [{"code": code, "count": count} for code, count in sorted(row.refusals.items())],
        "repair": row.repair,
        "sent_at": int(row.sent_at.timestamp()),
        "seq": row.seq,
        "site": row.site,
        "taken_at": int(row.taken_at.timestamp()),
    }
