"""After the control plane came back from a backup: every installation is held until its site was heard and the fences were compared (N16).

Limits: the gate refuses what is held; the dispatcher compares and lets go. What a held site is, it tells with its next heartbeat, unasked.
"""

from datetime import datetime

from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.sites import store
from presswarden.sites.lookup import record
from presswarden.sites.model import Installation


async def hold_all(tx: Tx, *, now: datetime) -> int:
    """Hold every installation of the organisation. How many."""
    return await store.hold_all(tx.org, tx, now)


async def let_go(tx: Tx, held: Installation, *, site: int, ours: int, by: Actor, now: datetime) -> None:
    """The site's fence is known: it may be called again. `site`, `ours`: the two that were compared."""
    await store.set_installation(tx.org, tx, held.id, restored_at=None)
    told: dict[str, Json] = {"installation": held.id, "site_fence": site, "our_fence": ours}
    await record(tx, "site.fences_compared", by, held.site, told, now)
