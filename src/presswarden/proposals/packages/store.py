"""SQL of packages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any  # rows, column by column

from sqlalchemy import BigInteger, Boolean, Index, Integer, Row, String, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId
from presswarden.proposals.packages.model import Origin, Package


class PackageRow(Tenant, Base):
    __tablename__ = "proposal_packages"
    __table_args__ = (Index(None, "org", "component", "version"), Index(None, "org", "due_at"), Index(None, "wanted_at"))
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    component: Mapped[str] = mapped_column(String(300))
    version: Mapped[str] = mapped_column(String(100))
    origin: Mapped[str] = mapped_column(String(12))
    place: Mapped[str] = mapped_column(String(500))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str] = mapped_column(String(60))
    says: Mapped[str] = mapped_column(String(300))
    tries: Mapped[int] = mapped_column(Integer)
    changed: Mapped[bool] = mapped_column(Boolean)
    wanted_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]


async def put(org: OrgId, tx: Tx, package: Package) -> None:
    row = {name: getattr(package, name) for name in Package.__dataclass_fields__} | {"org": org, "origin": package.origin.value}
    statement = (postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert)(PackageRow).values(**row)
    await tx.execute(statement.on_conflict_do_update(index_elements=["org", "id"], set_=row))


async def find(org: OrgId, tx: Tx, id: str) -> Package | None:  # noqa: A002 - the noun's own word
    row = await tx.scalar(
        select(PackageRow).where(PackageRow.org == org, PackageRow.id == id).execution_options(populate_existing=True).with_for_update()
    )
    return None if row is None else _package(row)


async def known(org: OrgId, tx: Tx, ids: Iterable[str]) -> dict[str, datetime]:
    """Which of these are there, and when each was last wanted."""
    rows = await tx.execute(select(PackageRow.id, PackageRow.wanted_at).where(PackageRow.org == org, PackageRow.id.in_(list(ids))))
    return {row.id: row.wanted_at for row in rows}


async def touch(org: OrgId, tx: Tx, ids: Iterable[str], now: datetime) -> None:
    these = update(PackageRow).where(PackageRow.org == org, PackageRow.id.in_(list(ids)))
    await tx.execute(these.values(wanted_at=now).execution_options(synchronize_session=False))


async def newest_look(everyone: Everyone, tx: Tx) -> datetime | None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
    return await tx.scalar(select(func.max(PackageRow.looked_at)))


_OF_VERSION = (
    select(PackageRow)
    .where(PackageRow.org == bindparam("of_org"), PackageRow.component == bindparam("of"), PackageRow.version == bindparam("of_version"))
    .order_by(PackageRow.origin, PackageRow.place)
)


async def of_version(org: OrgId, tx: Tx, component: str, version: str) -> tuple[Package, ...]:
    _ = org
    return tuple(_package(row) for row in await tx.rows(_OF_VERSION, of=component, of_version=version))


async def due(org: OrgId, tx: Tx, now: datetime, wanted_after: datetime, most: int) -> tuple[Package, ...]:
    """What is to be looked for now, longest overdue first; what nobody wants any more is left alone."""
    rows = await tx.scalars(
        select(PackageRow)
        .where(PackageRow.org == org, PackageRow.due_at <= now, PackageRow.wanted_at >= wanted_after)
        .order_by(PackageRow.due_at, PackageRow.id)
        .limit(most)
        .execution_options(populate_existing=True)
    )
    return tuple(_package(row) for row in rows)


async def expire(org: OrgId, tx: Tx, horizon: datetime) -> None:
    await tx.execute(
        delete(PackageRow).where(PackageRow.org == org, PackageRow.wanted_at < horizon).execution_options(synchronize_session=False)
    )


def _package(row: PackageRow | Row[Any]) -> Package:
    return Package(
        OrgId(row.org), row.id, row.component, row.version, Origin(row.origin), row.place, row.sha256, row.size, row.code, row.says, row.tries,
        row.changed, row.wanted_at, row.looked_at, row.due_at,
    )  # fmt: skip
