"""The kill switch of an organisation: while its row stands, nothing starts but pause, revocation and health. SQL of its own table only."""

from datetime import datetime

from sqlalchemy import String, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.gate.model import Stop
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId


class StopRow(Tenant, Base):
    __tablename__ = "gate_stops"
    reason: Mapped[str] = mapped_column(String(200))
    stopped_by: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime]


_STOP = select(StopRow).where(StopRow.org == bindparam("of_org"))  # asked with every call


async def stop(org: OrgId, tx: Tx, *, reason: str, by: str, now: datetime) -> bool:
    """True when it was running until now."""
    if await stopped(org, tx) is not None:
        return False
    tx.add(StopRow(org=org, reason=reason, stopped_by=by, since=now))
    await tx.flush()
    return True


async def lift(org: OrgId, tx: Tx) -> bool:
    """True when it was stopped until now."""
    was = await stopped(org, tx)
    await tx.execute(delete(StopRow).where(StopRow.org == org))
    return was is not None


async def stopped(org: OrgId, tx: Tx) -> Stop | None:
    _ = org
    return next((Stop(row.reason, row.stopped_by, row.since) for row in await tx.rows(_STOP)), None)
