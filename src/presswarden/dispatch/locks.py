"""One piece of work has a site to itself, and says so to the site: each taking raises the fence that its planned calls carry.

The engine's queue runs one piece of work of a site at a time; this lock holds where that is not enough: a process that was thought dead, whose work runs on
elsewhere, wakes up and goes on. It finds that its lock is gone before it can ask for anything (`hold`), and what it had on its way carries a lower fence.
Limits: steps in somebody's transaction.
"""

from datetime import datetime

from presswarden.dispatch import store
from presswarden.dispatch.model import Lock, LockHeld, LockLost
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import InstallationId, WorkId


async def take(tx: Tx, installation: InstallationId, work: WorkId, holder: str, *, free: bool = False, now: datetime) -> Lock:
    """Take the site for this run of the work, from another run of the same work too. Raises `LockHeld` when other work has it.

    `free`: the caller knows that the work which has it came to its end.
    """
    held = await store.lock(tx.org, tx, installation)
    if held is not None and held.work != work and not free:
        raise LockHeld(f"Work {held.work} has this site.", do="It is taken when that work ends.")
    if held is not None and (held.work, held.holder) == (work, holder):
        return held
    fence = await store.fence(tx.org, tx, installation) + 1
    await store.raise_fence(tx.org, tx, installation, fence)
    taken = Lock(installation, work, holder, fence)
    if not await store.put_lock(tx.org, tx, taken, now):
        raise LockHeld("Another piece of work took this site at the same moment.", do="It is taken when that work ends.")
    return taken


async def held(tx: Tx, installation: InstallationId) -> Lock | None:
    """Who has the site, if anybody; it stays so until this transaction ends."""
    return await store.lock(tx.org, tx, installation)


async def hold(tx: Tx, lock: Lock) -> None:
    """Raises `LockLost` unless the lock is still this run's; it stays so until this transaction ends."""
    now_so = await store.lock(tx.org, tx, lock.installation)
    if now_so is None or (now_so.work, now_so.holder) != (lock.work, lock.holder):
        raise LockLost("Another run of this work has taken the site over.", do="Nothing: the other run goes on.")


async def release(tx: Tx, lock: Lock) -> None:
    """Let the site go; a lock that is somebody else's by now stays."""
    await store.drop_lock(tx.org, tx, lock)


async def seen(tx: Tx, installation: InstallationId, fence: int, *, now: datetime) -> None:
    """A call with this fence came back with a receipt: the site knows it, and refuses what is lower."""
    await store.put_seen_fence(tx.org, tx, installation, fence, now)
