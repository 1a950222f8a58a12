"""The process that fetches and tells: the packages that sites are offered, for their hash; mails and webhooks about what happened; how a new site looks.

Nothing is contacted unless the operator named hosts in `package_hosts` or a mail server, or an owner a webhook; a site, as any visitor does, when it is
connected. Limits: it signs nothing. One package at a time, so many a round; what is not fetched yet is not bound, and the policy counts that.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from presswarden.identity import service as identity
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock, SystemClock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.ids import EVERYONE, OrgId
from presswarden.kernel.sealing import Box
from presswarden.kernel.wake import Wake
from presswarden.outside.fetch import Digest, Fetcher
from presswarden.outside.hooks import Hooks
from presswarden.outside.mail import Mailer
from presswarden.outside.probe import Prober
from presswarden.processes import home
from presswarden.processes.beating import beating
from presswarden.processes.probing import Probing
from presswarden.processes.sending import Sending
from presswarden.processes.settings import CourierSettings
from presswarden.processes.standing import watched
from presswarden.proposals import service as proposals
from presswarden.proposals.packages import service as packages
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.offers import service as offers

log = logging.getLogger(__name__)

LOOK_EVERY = 60.0
SEND_EVERY = 3.0
NEWS_EVERY = 2.0
"""How often it is asked whether a site reported anything since the last round, should a ring be lost; one look-up of one value."""
MOST_AT_ONCE = 25
"""Packages of one organisation in one round; the others wait no longer than that."""


class Courier:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        fetcher: Fetcher,
        wake: Wake,
        sending: Sending | None = None,
        probing: Probing | None = None,
    ) -> None:
        self._database = database
        self._probing = probing
        self._sending = sending
        self._clock = clock
        self._fetcher = fetcher
        self._wake = wake
        self._noted = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch every minute, when rung, and when a site reported something new, until `stop`; what is under way at the end is given up."""
        looking = [] if self._probing is None else [self._probing.run()]
        parts = [asyncio.create_task(part) for part in (self._note(), self._work(), self._send(), *looking, stop.wait())]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in parts:
                task.cancel()
            outcomes = await asyncio.gather(*parts, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _send(self) -> None:
        while True:
            if self._sending is not None:
                await self._do(self._sending.round)
            await asyncio.sleep(SEND_EVERY)

    async def _work(self) -> None:
        while True:
            await self._noted.wait()
            self._noted.clear()
            await self._do(self._fetch_due)

    async def _note(self) -> None:
        """Apart from the fetching, which may take minutes: what is wanted stands in the database at once, and plans wait for its hash."""
        async with self._wake.listen(packages.COURIER) as bell:
            while True:
                seen = await self._newest()
                await self._do(self._want)
                self._noted.set()
                for _ in range(int(LOOK_EVERY / NEWS_EVERY)):
                    if await bell.wait(NEWS_EVERY) or await self._newest() != seen:
                        break

    async def fetch(self) -> int:
        """One round over all organisations: want what is offered, fetch what is due. How many were looked for."""
        await self._want()
        return await self._fetch_due()

    async def _want(self) -> None:
        for org in await self._organisations():
            async with self._database.reading(org) as tx:
                named = [(each.component, each.version, each.url) for each in await offers.wanted(tx) if self._fetcher.may(each.url)]
            if named:
                async with self._database.transaction(org) as tx:
                    await packages.want(tx, named, self._clock.now())

    async def _fetch_due(self) -> int:
        return sum([await self._fetch_for(org) for org in await self._organisations()])

    async def _organisations(self) -> tuple[OrgId, ...]:
        async with self._database.reading(EVERYONE) as tx:
            return tuple(each.id for each in await identity.organisations(EVERYONE, tx))

    async def _fetch_for(self, org: OrgId) -> int:
        async with self._database.reading(org) as tx:
            due = await packages.due(tx, self._clock.now(), most=MOST_AT_ONCE)
        for package in due:
            # Between the transactions: a database is not held while somebody else's server answers.
            came = await self._fetcher.digest(package.place)
            async with self._database.transaction(org) as tx:
                if isinstance(came, Digest):
                    await packages.found(tx, package, came.sha256, came.size, self._clock.now())
                else:
                    await packages.missed(tx, package, came.code, came.says, self._clock.now())
            await self._wake.ring(packages.FETCHED)
            await self._wake.ring(proposals.ANALYST)
        return len(due)

    async def _newest(self) -> datetime | None:
        try:
            async with self._database.reading(EVERYONE) as tx:
                return await telemetry.newest_inventory(EVERYONE, tx)
        except DatabaseGone:
            return None

    async def _do(self, duty: Callable[[], Awaitable[object]]) -> None:
        try:
            await duty()
        except DatabaseGone as gone:
            log.warning("%s", gone.says)
        except Exception:  # the next round tries again: a courier that ended would take `serve` with it
            log.exception("a round of the courier failed")


def sending(database: Database, clock: Clock, settings: CourierSettings, box: Box) -> Sending:
    """What tells people, as it was set up."""
    mailer = None if settings.mail is None else Mailer(settings.mail)
    return Sending(database, clock, url=settings.url, mailer=mailer, hooks=Hooks(settings.webhook_networks), box=box)


def probing(database: Database, clock: Clock, wake: Wake, settings: CourierSettings) -> Probing:
    """What looks at sites from outside."""
    return Probing(database, clock, Prober(settings.site_networks), wake)


def told(settings: CourierSettings) -> dict[str, Json]:
    """What the console says of how it was set up."""
    return {"mail": settings.mail is not None, "packages": bool(settings.package_hosts)}


async def run(settings: CourierSettings, stop: asyncio.Event) -> None:
    database, clock = await home.open_database(settings.database), SystemClock()
    try:
        box = await home.box("courier", settings.kek, database)
        wake = home.wake_for(database, settings.home)
        async with watched("courier", settings.watch, database, stop), beating(database, clock, {"courier": told(settings)}):
            telling, looking = sending(database, clock, settings, box), probing(database, clock, wake, settings)
            await Courier(database, clock, Fetcher(settings.package_hosts), wake, telling, looking).run(stop)
    finally:
        await database.dispose()
