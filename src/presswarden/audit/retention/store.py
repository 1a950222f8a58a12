"""The statements that remove anything of the record: payloads of integrated entries that are old, or about somebody who is erased."""

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


async def drop_payloads_about(org: OrgId, tx: Tx, subject: str, *, but: str, limit: int) -> int:
    """Delete up to `limit` payloads of entries about `subject` that have their place in the tree; how many went. Those of kind `but` stay."""
    about = (
        select(EventRow.id)
        .join(LeafRow, (LeafRow.org == EventRow.org) & (LeafRow.event == EventRow.id))
        .join(PayloadRow, (PayloadRow.org == EventRow.org) & (PayloadRow.event == EventRow.id))
        .where(EventRow.org == org, EventRow.subject == subject, EventRow.kind != but)
        .limit(limit)
    )
    gone = (await tx.scalars(about)).all()
    if gone:
        of_them = (PayloadRow.org == org, PayloadRow.event.in_(gone))
        await tx.execute(delete(PayloadRow).where(*of_them).execution_options(synchronize_session=False))
    return len(gone)


async def waits_for_its_place(org: OrgId, tx: Tx, subject: str) -> bool:
    """An entry about `subject` is not in the tree yet."""
    placed = (LeafRow.org == EventRow.org) & (LeafRow.event == EventRow.id)
    waiting = (
        select(EventRow.id).outerjoin(LeafRow, placed).where(EventRow.org == org, EventRow.subject == subject, LeafRow.event.is_(None))
    )
    return await tx.scalar(waiting.limit(1)) is not None
