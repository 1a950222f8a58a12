"""One row for each site: when it was to be looked at, and what the last look found."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any  # JSON, as the database gives it back

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, SiteId
from presswarden.sites.probes.model import Finding, Probe, State


class ProbeRow(Tenant, Base):
    __tablename__ = "site_probes"
    __table_args__ = (ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"]), Index(None, "org", "due_at"))
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    home: Mapped[str] = mapped_column(String(500))
    wanted_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    findings: Mapped[Any] = mapped_column(JSON)


async def want(org: OrgId, tx: Tx, site: SiteId, home: str, now: datetime) -> None:
    row = {"org": org, "site": site, "home": home, "wanted_at": now, "due_at": now, "looked_at": None, "findings": []}
    statement = (postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert)(ProbeRow).values(**row)
    again = {"home": home, "wanted_at": now, "due_at": now}
    await tx.execute(statement.on_conflict_do_update(index_elements=["org", "site"], set_=again))


async def find(org: OrgId, tx: Tx, site: SiteId) -> Probe | None:
    wanted = select(ProbeRow).where(ProbeRow.org == org, ProbeRow.site == site).execution_options(populate_existing=True)
    row = await tx.scalar(wanted)
    return None if row is None else _probe(row)


async def due(org: OrgId, tx: Tx, now: datetime, most: int) -> tuple[Probe, ...]:
    """Longest overdue first."""
    wanted = select(ProbeRow).where(ProbeRow.org == org, ProbeRow.due_at <= now).order_by(ProbeRow.due_at, ProbeRow.site).limit(most)
    return tuple(_probe(row) for row in await tx.scalars(wanted.execution_options(populate_existing=True)))


async def put(org: OrgId, tx: Tx, probe: Probe, findings: Sequence[Finding], looked_at: datetime, due_at: datetime | None) -> bool:
    """False when somebody asked for another look meanwhile: that one is still to come."""
    told = [[one.code, one.state.value, one.says, one.do] for one in findings]
    same = (ProbeRow.org == org, ProbeRow.site == probe.site, ProbeRow.wanted_at == probe.wanted_at)
    values = {"looked_at": looked_at, "due_at": due_at, "findings": told}
    done = await tx.execute(update(ProbeRow).where(*same).values(**values).execution_options(synchronize_session=False))
    return bool(done.rowcount)  # type: ignore[attr-defined]  # of a statement that changes


def _probe(row: ProbeRow) -> Probe:
    findings = tuple(Finding(code, State(state), says, do) for code, state, says, do in row.findings)
    return Probe(OrgId(row.org), SiteId(row.site), row.home, row.wanted_at, row.due_at, row.looked_at, findings)
