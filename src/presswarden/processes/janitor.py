"""The process that faces nobody: it integrates the audit and signs checkpoints, gives what dead processes left to the living, and lets old things go."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

from presswarden.approvals import service as approvals
from presswarden.audit import service as audit
from presswarden.flows.reaping import Reaper
from presswarden.gate import service as gate
from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.erasures import service as erasures
from presswarden.identity.invitations import service as invitations
from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import Limit
from presswarden.identity.sessions import service as sessions
from presswarden.incidents import service as incidents
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock, SystemClock
from presswarden.kernel.db import Database, DatabaseGone, Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.batches import service as batches
from presswarden.processes import home
from presswarden.processes.beating import beating
from presswarden.processes.checking import Checker
from presswarden.processes.load import Load
from presswarden.processes.settings import JanitorSettings
from presswarden.processes.standing import watched
from presswarden.proposals import service as proposals
from presswarden.proposals.packages import service as packages
from presswarden.reports.answers import service as answers
from presswarden.reports.notices import service as notices
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry

log = logging.getLogger(__name__)

INTEGRATE_EVERY = 1.0
CLEAN_EVERY = timedelta(minutes=10)
REAP_EVERY = timedelta(seconds=10)
MOST_BATCHES = 200
"""Batches of one organisation in one round; the others wait no longer than that."""


class Janitor:
    def __init__(self, database: Database, clock: Clock, kek: Kek, log_host: str, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._kek = kek
        self._log_host = log_host
        self._retention_days = retention_days
        self._reaper = Reaper(database, clock, everyone=EVERYONE)
        self._reaped: datetime | None = None
        self._checker = Checker(database, clock, everyone=EVERYONE)

    async def run(self, stop: asyncio.Event) -> None:
        """Integrate every second, clean every ten minutes, until `stop`; a database that is away is waited for. Integrates once more at the end."""
        cleaned: datetime | None = None
        while not stop.is_set():
            await self._do(self.integrate)
            if self._reaped is None or self._clock.now() - self._reaped >= REAP_EVERY:
                await self._do(self._reaper.reap)
                await self._do(self.end_stops)
                self._reaped = self._clock.now()
            if cleaned is None or self._clock.now() - cleaned >= CLEAN_EVERY:
                await self._do(self.clean)
                cleaned = self._clock.now()
            await self._do(self._checker.look)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTEGRATE_EVERY)
        await self._checker.close()
        await self._do(self.integrate)

    async def _do(self, duty: Callable[[], Awaitable[object]]) -> None:
        try:
            await duty()
        except DatabaseGone as gone:
            log.warning("%s", gone.says)
        except Exception:  # the next round tries again: a janitor that ended would take `serve` with it, and leave the audit unsigned
            log.exception("a duty of the janitor failed: %s", getattr(duty, "__name__", duty))

    async def integrate(self) -> int:
        """Put waiting heartbeats into the audit in batches, then give events their place in the log; the number that got one."""
        async with self._database.reading(EVERYONE) as tx:
            waiting = await telemetry.waiting_for_audit(EVERYONE, tx)
        for org in waiting:
            async with _alone(org, "heartbeats"), self._database.transaction(org) as tx:
                await telemetry.audit_heartbeats(tx, self._clock.now())
        return await integrate_all(self._database, self._kek, log_host=self._log_host, now=self._clock.now())

    async def end_stops(self) -> None:
        """What was stopped for a while goes on, and the record says so. It stood for nothing from its end on: the gate reads the clock."""
        now = self._clock.now()
        async with self._database.reading(EVERYONE) as tx:
            due, everything = await gate.due_to_end(EVERYONE, tx, now)
            everybody = [one.id for one in await identity.organisations(EVERYONE, tx)] if everything else []
        for org in due:
            async with _alone(org, "ends of stops"), self._database.transaction(org) as tx:
                await gate.end_due(tx, now)
        if not everything:
            return
        async with self._database.transaction(EVERYONE) as tx:
            ended = await gate.end_everything(EVERYONE, tx, now)
        if ended is None:  # another janitor was first
            return
        correlation = CorrelationId(new_id())
        for org in everybody:
            async with _alone(org, "ends of stops"), self._database.transaction(org) as tx:
                await gate.tell_everywhere(tx, "gate.ended", ended, ended.reason, correlation=correlation, now=now)

    async def clean(self) -> None:
        now = self._clock.now()
        async with self._database.transaction(EVERYONE) as tx:
            await sites.expire_pairings(EVERYONE, tx, now)
            await batches.expire(EVERYONE, tx, now=now)
            await gate.expire(EVERYONE, tx, now=now)
            await accounts.forget_tries(EVERYONE, tx, now)
            await answers.expire(EVERYONE, tx, now)
            organisations = await identity.organisations(EVERYONE, tx)
        for organisation in organisations:
            await self._let_go(organisation.id, now)
            async with _alone(organisation.id, "proposals"), self._database.transaction(organisation.id) as tx:
                await proposals.expire(tx, now)
            async with _alone(organisation.id, "ways in"), self._database.transaction(organisation.id) as tx:
                await sessions.forget(tx, now)
                await invitations.forget(tx, now)
                await accounts.forget(tx, now)
        await self._erase(now)
        await self._reaper.forget()
        await self._database.fold()

    async def _erase(self, now: datetime) -> None:
        """What the record's payloads tell of people who are erased. Entries that have no place in the log yet keep theirs until the next round."""
        async with self._database.reading(EVERYONE) as tx:
            waiting = await erasures.waiting(EVERYONE, tx)
        for org, person in waiting:
            async with _alone(org, "an erasure"), self._database.transaction(org) as tx:
                await erasures.finish(tx, person, now)

    async def _let_go(self, org: OrgId, now: datetime) -> None:
        """What the organisation's own limits say, each kind by itself: what holds one back keeps the others from nothing."""
        async with self._database.reading(org) as tx:
            own = await limits.limits(tx)
        days = own.chosen.get(Limit.TELEMETRY, self._retention_days)
        duties: dict[str, Callable[[Tx], Awaitable[object]]] = {
            "telemetry": lambda tx: telemetry.expire(tx, now, days=days),
            "payloads": lambda tx: audit.expire_payloads(tx, now=now, days=own.value(Limit.PAYLOADS)),
            "answers of sites": lambda tx: mailbox.expire(tx, now=now, keep=own.span(Limit.ANSWERS)),
            "incidents": lambda tx: incidents.forget(tx, now, keep=own.span(Limit.INCIDENTS)),
            "recommendations": lambda tx: _forget_untaken(tx, now, own.span(Limit.UNTAKEN)),
            "packages": lambda tx: packages.expire(tx, now, own.span(Limit.PACKAGES)),
            "notices": lambda tx: notices.expire(tx, now, own.span(Limit.NOTICES)),
        }
        for what, duty in duties.items():
            async with _alone(org, what), self._database.transaction(org) as tx:
                await duty(tx)


async def _forget_untaken(tx: Tx, now: datetime, keep: timedelta) -> None:
    gone = await proposals.untaken(tx, now, keep=keep)
    if gone:
        await approvals.forget_reviews(tx, gone)
        await proposals.forget(tx, gone)


async def integrate_all(database: Database, kek: Kek, *, log_host: str, now: datetime) -> int:
    """Give every waiting event of every organisation its place: one transaction for each organisation and batch. How many got one."""
    async with database.reading(EVERYONE) as tx:
        waiting = await audit.organisations_waiting(EVERYONE, tx)
    placed = 0
    for org in waiting:
        async with _alone(org, "integration"):
            for _ in range(MOST_BATCHES):
                async with database.transaction(org) as tx:
                    taken = await audit.integrate(tx, kek, log_host=log_host, now=now)
                placed += taken
                if taken < audit.MOST_AT_ONCE:
                    break
    return placed


@contextlib.asynccontextmanager
async def _alone(org: OrgId, what: str) -> AsyncIterator[None]:
    """What fails for one organisation fails for it alone: its transaction is rolled back, and the others have their turn."""
    try:
        yield
    except DatabaseGone:
        raise
    except PresswardenError as fault:
        log.warning("%s of organisation %s: %s", what, org, fault.says)
    except Exception:
        log.exception("%s of organisation %s failed", what, org)


def told(settings: JanitorSettings) -> dict[str, Json]:
    """What the console says of how it was set up."""
    return {"retention_days": settings.retention_days}


async def run(settings: JanitorSettings, stop: asyncio.Event) -> None:
    kek = home.kek("janitor", settings.kek)
    database = await home.open_database(settings.database)
    try:
        await home.require_fitting(database, kek)
        load = Load(database, SystemClock())
        async with watched("janitor", settings.watch, database, stop, load), beating(database, SystemClock(), {"janitor": told(settings)}):
            await Janitor(database, SystemClock(), kek, settings.log_host, settings.retention_days).run(stop)
    finally:
        await database.dispose()
