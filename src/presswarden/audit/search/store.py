"""Looking entries up by what they are about. Limits: SQL only, over the record's own tables; changes nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, tuple_

from presswarden.audit.model import Search, Stored
from presswarden.audit.store import EventRow, LeafRow, everything, read
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import EventId, OrgId


async def listed(
    org: OrgId, tx: Tx, *, after: tuple[datetime, EventId] | None, limit: int, search: Search, newest_first: bool
) -> list[Stored]:
    """Events in order of time, integrated or not; `after` is the last one seen."""
    wanted = everything(org).where(*_asked(search))
    place = tuple_(EventRow.at, EventRow.id)
    if after is not None:
        wanted = wanted.where(place < tuple_(*after) if newest_first else place > tuple_(*after))
    order = (EventRow.at.desc(), EventRow.id.desc()) if newest_first else (EventRow.at, EventRow.id)
    return await read(org, tx, wanted.order_by(*order).limit(limit))


async def placed(org: OrgId, tx: Tx, kinds: Collection[str], *, first: int, before: int, limit: int) -> list[Stored]:
    """Events of these kinds between two places of the tree, in its order."""
    wanted = everything(org).where(LeafRow.position >= first, LeafRow.position < before, EventRow.kind.in_(kinds))
    return await read(org, tx, wanted.order_by(LeafRow.position).limit(limit))


async def newest_about(org: OrgId, tx: Tx, kind: str, subjects: Sequence[str]) -> dict[str, EventId]:
    """The newest event of this kind about each of `subjects`."""
    rows = await tx.execute(
        select(EventRow.subject, EventRow.id)
        .where(EventRow.org == org, EventRow.kind == kind, EventRow.subject.in_(subjects))
        .order_by(EventRow.at, EventRow.id)
    )
    return {subject: EventId(event) for subject, event in rows}


def _asked(search: Search) -> list[ColumnElement[bool]]:
    family = search.kind.endswith(".")
    asked = [
        column == value
        for column, value in (
            (EventRow.kind, "" if family else search.kind),
            (EventRow.actor_kind, search.actor_kind),
            (EventRow.actor_id, search.actor),
            (EventRow.subject, search.subject),
            (EventRow.correlation, search.correlation),
        )
        if value
    ]
    if family:
        asked += [EventRow.kind > search.kind, EventRow.kind < f"{search.kind[:-1]}/"]  # `/` follows `.`
    if search.since is not None:
        asked.append(EventRow.at >= search.since)
    if search.until is not None:
        asked.append(EventRow.at < search.until)
    return asked
