"""Requests on their way: each is prepared in one transaction, sent, and concluded in another. What fails for one of them fails alone.

A request is taken from the mailbox (`begin`), or asked for, prepared and sent in one breath by whoever waits for its answer (`carry`): its row, its permit
and its bytes are committed before the first byte leaves either way. Limits: what to do in a step stands in `lane`; a process that dies loses nothing.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from presswarden.dispatch import lane
from presswarden.dispatch.model import WireAnswer, WireFault
from presswarden.dispatch.ports import Wire
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone, Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import InstallationId, OrgId, RequestId
from presswarden.kernel.log import about
from presswarden.kernel.wake import Wake
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import LEASE, Asked, Due, Outcome, Request

log = logging.getLogger(__name__)


class _NotReady(Exception):
    """It could not be prepared in the transaction that asked for it, which is undone."""


class Sending:
    """One for a process."""

    def __init__(self, database: Database, clock: Clock, bench: lane.Bench, wire: Wire, wake: Wake) -> None:
        self._database = database
        self._clock = clock
        self._bench = bench
        self._wire = wire
        self._wake = wake
        self.settled: Callable[[RequestId], None] = lambda _: None
        """Told of each request from the mailbox that came to its end here."""
        self.under_way: dict[RequestId, tuple[InstallationId, asyncio.Task[None]]] = {}
        """What was taken from the mailbox."""
        self._carried: dict[RequestId, tuple[InstallationId, asyncio.Task[lane.Settled | None]]] = {}
        self.ended = asyncio.Event()

    def busy(self) -> Counter[InstallationId]:
        """How many requests are on their way to each site."""
        return Counter(installation for installation, _ in (*self.under_way.values(), *self._carried.values()))

    def begin(self, due: Due) -> None:
        self.under_way[due.request] = (due.installation, asyncio.create_task(self._serve(due)))

    async def carry(
        self, transaction: Callable[[], AbstractAsyncContextManager[Tx]], asked: Asked, *, org: OrgId
    ) -> tuple[Request, Outcome | None]:
        """Ask and send in one breath. The outcome is None where the request stood there before, or stays open: then wait for it as for any other."""
        try:
            async with transaction() as tx:
                now = self._clock.now()
                request, is_new = await mailbox.ask_and_take(tx, asked, holder=self._bench.holder, now=now)
                if not is_new:
                    return request, request.outcome
                ready = await self._prepared(tx, request)
        except _NotReady:  # asked for alone, the loop tries it, again and again if need be
            async with transaction() as tx:
                request, _ = await mailbox.ask_and_take(tx, asked, holder=None, now=self._clock.now())
            await self._wake.ring(mailbox.DISPATCH)
            return request, request.outcome
        if isinstance(ready, lane.Settled):
            return request, ready.outcome
        task = asyncio.create_task(self._carry_on(org, ready))
        self._carried[request.id] = (request.installation, task)
        settled = await asyncio.shield(task)  # whoever waits may be cancelled; what was sent is concluded
        return request, None if settled is None else settled.outcome

    async def tell(self, settled: lane.Settled | None) -> None:
        """Wake whoever waits for this request, here and elsewhere."""
        if settled is not None:
            self.settled(settled.request)
            await self._wake.ring(mailbox.answer_channel(settled.request))

    async def rest(self) -> None:
        """Let what is on its way come to its end."""
        tasks = [task for _, task in (*self.under_way.values(), *self._carried.values())]
        if tasks:
            await asyncio.wait(tasks, timeout=LEASE.total_seconds())

    @asynccontextmanager
    async def alone(self, org: OrgId, what: str) -> AsyncIterator[None]:
        """What fails for one row fails alone: its transaction is rolled back, and its lease brings it up again."""
        with about(org=org):
            try:
                yield
            except DatabaseGone:
                raise
            except PresswardenError as fault:
                log.warning("%s (organisation %s): %s", what, org, fault.says)
            except Exception:
                log.exception("%s (organisation %s) failed", what, org)

    async def _prepared(self, tx: Tx, request: Request) -> lane.Ready | lane.Settled:
        try:
            return await lane.prepare_new(tx, self._bench, request, now=self._clock.now())
        except Exception as fault:
            raise _NotReady from fault

    async def _serve(self, due: Due) -> None:
        served = False
        try:
            async with self.alone(due.org, f"request {due.request}"):
                async with self._database.transaction(due.org) as tx:
                    ready = await lane.prepare(tx, self._bench, due.request, now=self._clock.now())
                await self.tell(await self._exchange(due.org, ready) if isinstance(ready, lane.Ready) else ready)
                served = True
            if not served:
                await self._later(due.org, due.request)
        except DatabaseGone as gone:
            log.warning("%s", gone.says)
        finally:
            del self.under_way[due.request]
            self.ended.set()

    async def _carry_on(self, org: OrgId, ready: lane.Ready) -> lane.Settled | None:
        settled, served = None, False
        try:
            async with self.alone(org, f"request {ready.request.id}"):
                settled, served = await self._exchange(org, ready), True
            if not served:
                await self._later(org, ready.request.id)
        except DatabaseGone as gone:
            log.warning("%s", gone.says)
        finally:
            del self._carried[ready.request.id]
        return settled

    async def _exchange(self, org: OrgId, ready: lane.Ready) -> lane.Settled | None:
        with about(correlation=ready.request.correlation, call=ready.envelope.call):
            came = await self._wire.post(ready.signed, ready.permit)
            log.info("%s: %s", ready.request.tool, came.code if isinstance(came, WireFault) else "the site answered")
            return await self._conclude(org, ready, came)

    async def _conclude(self, org: OrgId, ready: lane.Ready, came: WireAnswer | WireFault) -> lane.Settled | None:
        """Twice at most: answers of one site that end at the same moment can be in each other's way, and the second try sees what the first one met."""
        for tries_left in (1, 0):
            try:
                async with self._database.transaction(org) as tx:
                    if not await mailbox.hold_open(tx, ready.request.id):
                        return None  # this process slept through its lease, and another one brought the request to its end
                    return await lane.conclude(tx, self._bench, ready, came, now=self._clock.now())
            except DatabaseGone:
                raise
            except Exception:
                if not tries_left:
                    raise
        raise AssertionError("unreachable")

    async def _later(self, org: OrgId, request: RequestId) -> None:
        """Rolled back, its claim too: look again later, not at once and for ever."""
        async with self._database.transaction(org) as tx:
            await mailbox.postpone(tx, request, self._clock.now() + LEASE)
