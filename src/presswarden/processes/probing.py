"""The courier's third round: look at sites from outside when they are connected or move, or when somebody asks, and note what was found.

Limits: a few at once; a look takes half a minute at most, and nothing waits for it but the page that shows it.
"""

import asyncio
import logging
from typing import Final

from presswarden.identity import service as identity
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.ids import EVERYONE, OrgId
from presswarden.kernel.wake import Wake
from presswarden.outside.probe import Prober
from presswarden.sites.probes import service as probes
from presswarden.sites.probes.model import Probe

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 10.0
"""Should a ring be lost, and for those that are looked at again by themselves."""
MOST_AT_ONCE: Final = 20
_TOGETHER: Final = 4


class Probing:
    def __init__(self, database: Database, clock: Clock, prober: Prober, wake: Wake) -> None:
        self._database = database
        self._clock = clock
        self._prober = prober
        self._wake = wake

    async def run(self) -> None:
        """Until it is cancelled."""
        async with self._wake.listen(probes.LOOK) as bell:
            while True:
                try:
                    await self.round()
                except DatabaseGone as gone:
                    log.warning("%s", gone.says)
                except Exception:  # the next round tries again
                    log.exception("looking at sites from outside failed")
                await bell.wait(LOOK_EVERY)

    async def round(self) -> int:
        """Once over all organisations. How many sites were looked at."""
        async with self._database.reading(EVERYONE) as tx:
            organisations = await identity.organisations(EVERYONE, tx)
        turn, looked = asyncio.Semaphore(_TOGETHER), 0
        for organisation in organisations:
            async with self._database.reading(organisation.id) as tx:
                due = await probes.due(tx, self._clock.now(), most=MOST_AT_ONCE)
            await asyncio.gather(*(self._look(turn, organisation.id, one) for one in due))
            looked += len(due)
        return looked

    async def _look(self, turn: asyncio.Semaphore, org: OrgId, one: Probe) -> None:
        async with turn:  # no transaction is open while somebody else's server answers
            findings = await self._prober.look(one.home, self._clock.now())
        async with self._database.transaction(org) as tx:
            await probes.found(tx, one, findings, self._clock.now())
