"""SQL of the standing orders: one row for each installation, replaced by each new order; its `seq` only rises."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Boolean, Integer, Row, String, Table, Text, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, InstallationId, OrgId
from presswarden.mailbox.model import StandingOrder


class StandingOrderRow(Tenant, Base):
    __tablename__ = "standing_orders"
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(String(128))
    seq: Mapped[int] = mapped_column(Integer)
    epoch: Mapped[int] = mapped_column(Integer)
    paused: Mapped[bool] = mapped_column(Boolean)
    revoked: Mapped[bool] = mapped_column(Boolean)
    made_at: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)


# Read with every heartbeat: built once, and without rows that the session keeps.
_ORDERS = cast("Table", StandingOrderRow.__table__)
_ORDER_OF = select(_ORDERS).where(_ORDERS.c.org == bindparam("of_org"), _ORDERS.c.installation == bindparam("of"))


async def order_of(org: OrgId, tx: Tx, installation: InstallationId) -> StandingOrder | None:
    row = (await (await tx.connection()).execute(_ORDER_OF, {"of_org": org, "of": installation})).one_or_none()
    return None if row is None else _order(row)


async def put_order(org: OrgId, tx: Tx, order: StandingOrder) -> bool:
    """Replace the installation's order. False when one with the same or a higher `seq` stands there already: the site would take neither."""
    row = await tx.scalar(
        select(StandingOrderRow)
        .where(StandingOrderRow.org == org, StandingOrderRow.installation == order.installation)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is not None and row.seq >= order.seq:
        return False
    try:
        async with tx.begin_nested():
            if row is None:
                row = StandingOrderRow(org=org, installation=order.installation, seq=0)
                tx.add(row)
            row.text, row.signature, row.seq, row.epoch = order.text, order.signature, order.seq, order.epoch
            row.paused, row.revoked, row.made_at, row.expires = order.paused, order.revoked, order.made_at, order.expires
    except IntegrityError:  # another dispatcher made the first one, at the same moment
        return False
    return True


async def outdate(org: OrgId, tx: Tx, *, by: int, at: datetime) -> None:
    """Blank the orders there are, and count on from far above them: the site takes only what is newer than all it has seen."""
    gone = {"text": "", "signature": "", "seq": StandingOrderRow.seq + by, "made_at": at, "expires": at}
    await tx.execute(
        update(StandingOrderRow).where(StandingOrderRow.org == org).values(gone), execution_options={"synchronize_session": False}
    )


async def orders_made(everyone: Everyone, tx: Tx) -> dict[InstallationId, StandingOrder]:
    """Every order there is, by installation."""
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
    return {InstallationId(row.installation): _order(row) for row in await tx.scalars(select(StandingOrderRow))}


def _order(row: StandingOrderRow | Row[Any]) -> StandingOrder:
    return StandingOrder(
        InstallationId(row.installation), row.text, row.signature, row.seq, row.epoch, row.paused, row.revoked, row.made_at, row.expires
    )  # fmt: skip
