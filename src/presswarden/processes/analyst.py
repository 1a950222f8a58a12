"""The process that thinks: it looks at what sites reported and files recommendations. It holds no key of any site, sends nothing, and needs no model.

Limits: so many sites of an organisation in a round, one after the other, and on with the next ones a minute later.
"""

import asyncio
import logging
import time
from datetime import datetime

from presswarden.agents import service as agents
from presswarden.identity import service as identity
from presswarden.kernel.clock import Clock, SystemClock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE, OrgId, SiteId
from presswarden.kernel.wake import Wake, turns
from presswarden.processes import home
from presswarden.processes.beating import beating
from presswarden.processes.settings import AnalystSettings
from presswarden.processes.standing import watched
from presswarden.proposals import service as proposals
from presswarden.proposals.packages import service as packages
from presswarden.rollouts import service as rollouts
from presswarden.sites import service as sites
from presswarden.sites.model import Site
from presswarden.telemetry import service as telemetry

log = logging.getLogger(__name__)

LOOK_EVERY = 60.0
NEWS_EVERY = 2.0
"""How often it is asked whether a site reported, a package was fetched or a change ended since the last round, should a ring be lost."""
MOST_SITES = 50
"""Sites of one organisation in one round."""


class Analyst:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._reached: dict[OrgId, SiteId] = {}
        """The last site of each organisation that had its turn."""

    async def run(self, stop: asyncio.Event, wake: Wake, *, every: float = NEWS_EVERY) -> None:
        """Look every minute until `stop`, and at once when there is something new to see; a database that is away is waited for."""
        seen: tuple[datetime | None, ...] | None = None
        looked = -LOOK_EVERY
        async with wake.listen(proposals.ANALYST) as bell:
            async for _ in turns(stop, bell, every):
                try:
                    newest = await self._newest()
                    if newest != seen or time.monotonic() - looked >= LOOK_EVERY:
                        seen, looked = newest, time.monotonic()
                        if await self.look(stop):
                            await wake.ring(proposals.RELEASE)
                except DatabaseGone as gone:
                    log.warning("%s", gone.says)
                except Exception:  # the next round tries again: an analyst that ended would take `serve` with it
                    log.exception("a round of the analyst failed")

    async def look(self, stop: asyncio.Event | None = None) -> int:
        """One round over all organisations. How many proposals were filed."""
        async with self._database.reading(EVERYONE) as tx:
            organisations = await identity.organisations(EVERYONE, tx)
        filed = 0
        for organisation in organisations:
            for site in await self._next(organisation.id):
                if stop is not None and stop.is_set():
                    return filed
                filed += await self._look_at(organisation.id, site)
        return filed

    async def _newest(self) -> tuple[datetime | None, ...]:
        async with self._database.reading(EVERYONE) as tx:
            return (
                await telemetry.newest_inventory(EVERYONE, tx),
                await packages.newest_look(EVERYONE, tx),
                await rollouts.newest_end(EVERYONE, tx),
            )

    async def _next(self, org: OrgId) -> list[Site]:
        async with self._database.reading(org) as tx:
            known = sorted(await sites.list_sites(tx), key=lambda site: site.id)
        ahead = [site for site in known if site.id > self._reached.get(org, "")][:MOST_SITES]
        if len(ahead) < MOST_SITES:  # round again from the start
            ahead += [site for site in known if site not in ahead][: MOST_SITES - len(ahead)]
        if ahead:
            self._reached[org] = ahead[-1].id
        return ahead

    async def _look_at(self, org: OrgId, site: Site) -> int:
        """What fails for one site fails for it alone."""
        filed = 0
        try:
            async with self._database.reading(org) as tx:
                drafts = await agents.look(tx, site, self._clock.now())
            for draft in drafts:
                async with self._database.transaction(org) as tx:
                    filed += await agents.file(tx, draft, self._clock.now()) is not None
        except DatabaseGone:
            raise
        except PresswardenError as fault:
            log.warning("recommendations for site %s: %s", site.id, fault.says)
        except Exception:
            log.exception("recommendations for site %s failed", site.id)
        return filed


async def run(settings: AnalystSettings, stop: asyncio.Event) -> None:
    database = await home.open_database(settings.database)
    try:
        async with watched("analyst", settings.watch, database, stop), beating(database, SystemClock(), {"analyst": {}}):
            await Analyst(database, SystemClock()).run(stop, home.wake_for(database, settings.home))
    finally:
        await database.dispose()
