"""The process that faces nobody: it integrates the audit and signs checkpoints, and lets old telemetry and unused pairings go."""

import asyncio
import contextlib
import logging
from datetime import datetime, timedelta

from presswarden.audit import service as audit
from presswarden.gate import service as gate
from presswarden.identity import service as identity
from presswarden.kernel.clock import Clock, SystemClock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Kek
from presswarden.mailbox import service as mailbox
from presswarden.processes import home
from presswarden.processes.settings import JanitorSettings
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry

log = logging.getLogger(__name__)

INTEGRATE_EVERY = 1.0
CLEAN_EVERY = timedelta(minutes=10)
MOST_BATCHES = 200
"""Batches of one organisation in one round; the others wait no longer than that."""


class Janitor:
    def __init__(self, database: Database, clock: Clock, kek: Kek, log_host: str, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._kek = kek
        self._log_host = log_host
        self._retention_days = retention_days

    async def run(self, stop: asyncio.Event) -> None:
        """Integrate every second, clean every ten minutes, until `stop`; a database that is away is waited for. Integrates once more at the end."""
        cleaned: datetime | None = None
        while not stop.is_set():
            try:
                await self.integrate()
                if cleaned is None or self._clock.now() - cleaned >= CLEAN_EVERY:
                    await self.clean()
                    cleaned = self._clock.now()
            except DatabaseGone as gone:
                log.warning("%s", gone.says)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTEGRATE_EVERY)
        await self.integrate()

    async def integrate(self) -> int:
        """Put waiting heartbeats into the audit in batches, then give events their place in the log; the number that got one."""
        async with self._database.reading(EVERYONE) as tx:
            waiting = await telemetry.waiting_for_audit(EVERYONE, tx)
        for org in waiting:
            async with self._database.transaction(org) as tx:
                await telemetry.audit_heartbeats(tx, self._clock.now())
        return await integrate_all(self._database, self._kek, log_host=self._log_host, now=self._clock.now())

    async def clean(self) -> None:
        now = self._clock.now()
        async with self._database.transaction(EVERYONE) as tx:
            await telemetry.expire(EVERYONE, tx, now, days=self._retention_days)
            await sites.expire_pairings(EVERYONE, tx, now)
            await mailbox.expire(EVERYONE, tx, now=now)
            await gate.expire(EVERYONE, tx, now=now)
            organisations = await identity.organisations(EVERYONE, tx)
        for organisation in organisations:
            async with self._database.transaction(organisation.id) as tx:
                await audit.expire_payloads(tx, now=now)


async def integrate_all(database: Database, kek: Kek, *, log_host: str, now: datetime) -> int:
    """Give every waiting event of every organisation its place: one transaction for each organisation and batch. How many got one."""
    async with database.reading(EVERYONE) as tx:
        waiting = await audit.organisations_waiting(EVERYONE, tx)
    placed = 0
    for org in waiting:
        for _ in range(MOST_BATCHES):
            async with database.transaction(org) as tx:
                taken = await audit.integrate(tx, kek, log_host=log_host, now=now)
            placed += taken
            if taken < audit.MOST_AT_ONCE:
                break
    return placed


async def run(settings: JanitorSettings, stop: asyncio.Event) -> None:
    kek = home.kek("janitor", settings.kek)
    database = await home.open_database(settings.database)
    try:
        await Janitor(database, SystemClock(), kek, settings.log_host, settings.retention_days).run(stop)
    finally:
        await database.dispose()
