"""Verbs of the record. `record` stands in the business transaction: when it fails, the action fails with it.

Limits: recording neither orders nor signs; the integrator does, later, from the queue. Nothing here updates or deletes an event.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from presswarden.audit import store
from presswarden.audit.model import SALT_BYTES, Entry, Sealed, seal
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import EventId, new_id


async def record(tx: Tx, entry: Entry, *, now: datetime) -> EventId:
    """Record one entry beside the change it tells of, in the same transaction."""
    sealed = _sealed(entry, now)
    await store.add(tx.org, tx, [sealed])
    return sealed.id


async def record_many(tx: Tx, entries: Sequence[Entry], *, now: datetime) -> tuple[EventId, ...]:
    """Record several entries, each with its own leaf, in two statements."""
    if not entries:
        return ()
    sealed = [_sealed(entry, now) for entry in entries]
    await store.add(tx.org, tx, sealed)
    return tuple(one.id for one in sealed)


def _sealed(entry: Entry, now: datetime) -> Sealed:
    return seal(entry, event=EventId(new_id()), salt=secrets.token_bytes(SALT_BYTES), at=now)
