"""The one statement that removes anything of the record: payloads of old, integrated entries."""

from datetime import datetime

from sqlalchemy import delete, select

from presswarden.audit.store import EventRow, LeafRow, PayloadRow
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import OrgId


async def drop_payloads(org: OrgId, tx: Tx, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` payloads of entries older than `before` that have their place in the tree; how many went."""
    old = (
        select(EventRow.id)
        .join(LeafRow, (LeafRow.org == EventRow.org) & (LeafRow.event == EventRow.id))
        .join(PayloadRow, (PayloadRow.org == EventRow.org) & (PayloadRow.event == EventRow.id))
        .where(EventRow.org == org, EventRow.at < before)
        .order_by(EventRow.at)
        .limit(limit)
    )
    gone = (await tx.scalars(old)).all()
    if gone:
        await tx.execute(
            delete(PayloadRow).where(PayloadRow.org == org, PayloadRow.event.in_(gone)).execution_options(synchronize_session=False)
        )
    return len(gone)
