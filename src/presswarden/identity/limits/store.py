"""Table of the times that organisations set. Limits: SQL only; what holds without a row stands in `model`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.identity.limits.model import Limit
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, PersonId


class LimitRow(Tenant, Base):
    __tablename__ = "org_limits"
    __table_args__ = (ForeignKeyConstraint(["org"], ["organisations.org"]),)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int]
    set_by: Mapped[str] = mapped_column(String(36))
    set_at: Mapped[datetime]


_CHOSEN = select(LimitRow.name, LimitRow.value).where(LimitRow.org == bindparam("of_org"))
# Asked with every page: built once.


async def chosen(org: OrgId, tx: Tx) -> Mapping[Limit, int]:
    known = set(Limit)
    return {Limit(row.name): row.value for row in await tx.rows(_CHOSEN, of_org=org) if row.name in known}


async def put(org: OrgId, tx: Tx, limit: Limit, value: int, by: PersonId, now: datetime) -> None:
    await tx.execute(delete(LimitRow).where(LimitRow.org == org, LimitRow.name == limit.value))
    tx.add(LimitRow(org=org, name=limit.value, value=value, set_by=by, set_at=now))
    await tx.flush()
