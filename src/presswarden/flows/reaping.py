"""What a dead process left is given to the living: its workflows go back into the queue, its leases end. The engine itself waits for the dead to return.

A process that was only slow is safe too: its runs lose the site's lock to those that follow. Limits: for the janitor, which has no part in the work.
"""

from datetime import timedelta
from typing import Final

from presswarden.flows import store
from presswarden.flows.engine import KEPT_DAYS, Reaping
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import Everyone
from presswarden.mailbox import service as mailbox

DEAD_AFTER: Final = timedelta(seconds=30)
"""Six beats."""


class Reaper:
    def __init__(self, database: Database, clock: Clock, *, everyone: Everyone) -> None:
        self._database = database
        self._clock = clock
        self._everyone = everyone
        self._books = Reaping(database.direct)

    async def reap(self) -> int:
        """Take from executors that were not seen for half a minute. How many pieces of work went back into the queue."""
        since = self._clock.now() - DEAD_AFTER
        async with self._database.reading(self._everyone) as tx:
            dead = await store.unseen(self._everyone, tx, since=since)
        taken = 0
        for executor in dead:
            taken += await self._books.take_from(executor)
            async with self._database.transaction(self._everyone) as tx:
                await mailbox.let_go(self._everyone, tx, executor, now=self._clock.now())
                await store.drop(self._everyone, tx, executor, since=since)
        return taken

    async def forget(self) -> int:
        """Let the engine's books on ended work go after a month; ours keep what matters. How many pieces."""
        return await self._books.forget((self._clock.now() - timedelta(days=KEPT_DAYS)).isoformat())
