"""Verbs of limits: what holds, and an owner's setting of one. Limits: whoever ends sessions or deletes asks here and does it in their own stage."""

from collections.abc import Mapping
from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.limits import store
from presswarden.identity.limits.model import Limit, Limits, within
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId, new_id


async def limits(tx: Tx) -> Limits:
    return Limits(await store.chosen(tx.org, tx))


async def choose(tx: Tx, wanted: Mapping[Limit, int], *, by: PersonId, now: datetime) -> Limits:
    """Those that differ from what holds are set and recorded. Raises `Forbidden`, `LimitRefused`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    before = await limits(tx)
    for limit, value in wanted.items():
        if within(limit, value) != before.value(limit):
            await store.put(tx.org, tx, limit, value, by, now)
            told = {"limit": limit.value, "from": before.value(limit), "to": value}
            await audit.record(tx, Entry("limit.set", Actor("person", by), f"org:{tx.org}", new_id(), told), now=now)
    return await limits(tx)
