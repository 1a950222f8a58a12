"""Verbs of batches: ask many sites the same, look how far it is. Limits: reads only; each is a request like any other, with its own checks.

What goes on needs nobody who waits: the dispatcher carries it out, whoever closed their browser. Ring `mailbox.service.DISPATCH` after the commit.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import Everyone, PersonId, RequestId, SiteId, new_id
from presswarden.mailbox import wishes
from presswarden.mailbox.batches import store
from presswarden.mailbox.batches.model import MOST_SITES, Batch, BatchTooLarge, BatchUnknown, Part

KEPT: Final = timedelta(days=30)
_MOST_SHOWN: Final = 50


async def read_many(tx: Tx, sites: Sequence[SiteId], tool: str, *, by: PersonId, now: datetime) -> str:
    """Ask each of them; one that can't be asked is kept with the reason. The batch's id. Raises `BatchTooLarge`."""
    wanted = tuple(dict.fromkeys(sites))
    if not 0 < len(wanted) <= MOST_SITES:
        raise BatchTooLarge(f"1 to {MOST_SITES} sites can be asked at once, not {len(wanted):,}.", do="Narrow the list with a filter.")
    parts: list[tuple[SiteId, RequestId | None, str]] = []
    for site in wanted:
        try:
            parts.append((site, (await wishes.read(tx, site, tool, by=by, now=now)).id, ""))
        except PresswardenError as fault:
            parts.append((site, None, fault.says))
    made = new_id()
    await store.add(tx.org, tx, made, tool, by, now, parts)
    return made


async def batch(tx: Tx, wanted: str) -> Batch:
    """Raises `BatchUnknown`."""
    found = await store.batch(tx.org, tx, wanted)
    if found is None:
        raise BatchUnknown("There is no such job in this organisation.", do="Look at the list of jobs; they are kept for 30 days.")
    return found


async def batches(tx: Tx, by: PersonId | None = None) -> tuple[Batch, ...]:
    """The newest first; those of one person, when named."""
    return await store.newest(tx.org, tx, _MOST_SHOWN, by)


async def parts(tx: Tx, wanted: str) -> tuple[Part, ...]:
    return await store.parts(tx.org, tx, wanted)


async def expire(everyone: Everyone, tx: Tx, *, now: datetime) -> None:
    await store.forget(everyone, tx, now - KEPT)
