"""The dispatcher: its duties, and the loop that does what is due. The only module that holds the signing hand.

Several requests are under way at once, a few for each site, so a slow site stalls nobody. Each method is one round of one duty; `run` repeats them.
Limits: what to do in a step stands in the modules beside; a process that dies loses nothing, since every envelope was written down before it was sent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from presswarden.dispatch import confirming, keyring, lane, orders, settling, signing, store
from presswarden.dispatch.looking import Looking
from presswarden.dispatch.ports import Wire
from presswarden.dispatch.sending import Sending
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone, Tx
from presswarden.kernel.ids import Everyone, KeyId
from presswarden.kernel.sealing import Kek, SealBroken
from presswarden.kernel.wake import Wake
from presswarden.mailbox import service as mailbox
from presswarden.sites import service as sites
from presswarden.sites.model import Confirmation

log = logging.getLogger(__name__)

POOL: Final = 20
AT_ONCE: Final = 20
PER_SITE: Final = 4
LOOK_EVERY: Final = 1.0
FILE_EVERY: Final = 0.1
CHORES_EVERY: Final = 10.0
RESIGNED_AFTER: Final = timedelta(seconds=120)


class Dispatcher:
    """One process's dispatcher. `everyone` lets it look for work across organisations; what it finds it handles inside one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        kek: Kek,
        wire: Wire,
        wake: Wake,
        site_networks: Sequence[IPv4Network | IPv6Network] = (),
        *,
        everyone: Everyone,
        name: str = "",
        paths: tuple[str, ...] = ("",),
    ) -> None:
        self._database = database
        self._clock = clock
        self._kek = kek
        self._wire = wire
        self._wake = wake
        self._everyone = everyone
        self._bench = lane.Bench(kek, signing.sign, signing.new_control_key, name)
        self.looking = Looking(database, clock, self._bench, wire, paths)
        self.also: list[Callable[[], Awaitable[object]]] = []
        """Duties of others, each done in every round."""
        self.sending = Sending(database, clock, self._bench, wire, wake)
        self.site_networks = tuple(site_networks)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; then let what is under way come to its end. A database that is away is waited for."""
        async with self._wake.listen(mailbox.DISPATCH) as bell:
            chores = asyncio.create_task(self._chores(stop))
            try:
                now, filed_at = asyncio.get_running_loop().time, -FILE_EVERY
                while not stop.is_set():
                    # Each call that ends and each that is asked for brings a round; what is rarer is looked at less often while they come thick.
                    is_time = now() - filed_at >= FILE_EVERY
                    rung = asyncio.ensure_future(bell.wait(LOOK_EVERY if is_time else FILE_EVERY))
                    for duty in (*self.also, self.confirm_due, self.file_moves, self._start_due) if is_time else (self._start_due,):
                        await self._do(duty)
                    filed_at = now() if is_time else filed_at
                    ended = asyncio.ensure_future(self.sending.ended.wait())
                    stopped = asyncio.ensure_future(stop.wait())
                    await asyncio.wait({rung, ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
                    self.sending.ended.clear()
                    for waiting in (rung, ended, stopped):
                        waiting.cancel()
                    await asyncio.gather(rung, ended, stopped, return_exceptions=True)
            finally:
                chores.cancel()
                with suppress(asyncio.CancelledError):
                    await chores
                await self.sending.rest()

    # One round of each duty.

    async def serve_waiting(self) -> int:
        """Serve everything that is due now and wait for it. How many requests were taken."""
        taken = 0
        for _ in range(1_000):
            started = await self._start_due()
            taken += started
            if not self.sending.under_way:
                break
            await asyncio.wait({task for _, task in self.sending.under_way.values()}, return_when=asyncio.FIRST_COMPLETED)
        return taken

    async def fill_pool(self) -> int:
        """Keep control keys ready for pairings. How many were made."""
        async with self._database.transaction(self._everyone) as tx:
            wanted = max(0, POOL - await sites.pool_size(self._everyone, tx))
            made = [signing.new_control_key() for _ in range(wanted)]
            for key in made:
                await keyring.put_in_pool(self._everyone, tx, self._kek, key, now=self._clock.now())
            if made:
                await sites.add_pooled_keys(self._everyone, tx, [(KeyId(key.kid), key.public) for key in made], now=self._clock.now())
        return len(made)

    async def confirm_due(self) -> int:
        """File the first signed call of each redeemed pairing. How many wait to be confirmed."""
        async with self._database.reading(self._everyone) as tx:
            due = await sites.confirmations_due(self._everyone, tx)
        for one in due:
            async with self.sending.alone(one.org, f"first call of {one.installation}"):
                await self._file_first_call(one)
        return len(due)

    async def file_moves(self) -> int:
        """File the call to the new address of each move that a person confirmed. How many were filed."""
        return await self._each("move of", confirming.moves)

    async def refresh_orders(self) -> int:
        """Renew standing orders that are old or no longer true. How many were made."""
        async with self._database.reading(self._everyone) as tx:
            due = await orders.due(self._everyone, tx, now=self._clock.now())
        made = 0
        for installation in due:
            async with (
                self.sending.alone(installation.org, f"standing order of {installation.id}"),
                self._database.transaction(installation.org) as tx,
            ):
                await settling.compare_fence(tx, installation, now=self._clock.now())
                made += await orders.renew(tx, self._kek, signing.sign, installation.id, now=self._clock.now()) is not None
        return made

    async def probe_late(self) -> int:
        """Ask sites whose heartbeat is late for their health. How many were asked."""
        return await self._each("probe of", settling.late)

    async def read_health(self) -> int:
        """Keep what is known of each site's health young enough to decide on. How many were asked."""
        return await self._each("health of", settling.unread)

    async def resign_waiting(self) -> int:
        """Sign the calls that wait for a heartbeat afresh, every two minutes. How many were looked at."""
        now = self._clock.now()
        async with self._database.reading(self._everyone) as tx:
            stale = await mailbox.stale_offers(self._everyone, tx, signed_before=now - RESIGNED_AFTER)
        for org, _, request in stale:
            async with self.sending.alone(org, f"waiting call of {request}"):
                async with self._database.transaction(org) as tx:
                    settled = await lane.renew_offer(tx, self._bench, request, now=now)
                await self.sending.tell(settled)
        return len(stale)

    async def reconcile(self) -> int:
        """Let reads settle what nobody knows. How many reads were filed."""
        return await self._each("settling of", settling.unknown)

    async def drop_expired_keys(self) -> None:
        async with self._database.transaction(self._everyone) as tx:
            await store.drop_expired_keys(self._everyone, tx, self._clock.now())

    # How the rounds are run.

    async def _each(self, what: str, find: Callable[[Everyone, Tx, datetime], Awaitable[Iterable[settling.Do]]]) -> int:
        """Find rows, and do what each asks for in a transaction of its own. How many did something."""
        async with self._database.reading(self._everyone) as tx:
            rows = await find(self._everyone, tx, self._clock.now())
        done = 0
        for org, name, do in rows:
            async with self.sending.alone(org, f"{what} {name}"), self._database.transaction(org) as tx:
                done += bool(await do(tx, now=self._clock.now()))
        return done

    async def _file_first_call(self, one: Confirmation) -> None:
        async with self._database.reading(self._everyone) as tx:
            installation = await sites.installation_of(self._everyone, tx, one.installation)
            try:
                pooled = None if installation is None else await keyring.from_pool(self._everyone, tx, self._kek, installation)
            except SealBroken as broken:  # lost for good: without a key the pairing is abandoned below
                log.warning("control key of %s: %s", one.installation, broken.says)
                pooled = None
        async with self._database.transaction(one.org) as tx:
            await confirming.file(tx, self._kek, one, pooled, now=self._clock.now())
        if pooled is not None:  # adopted above, under the organisation's key
            async with self._database.transaction(self._everyone) as tx:
                await store.drop_pooled(self._everyone, tx, KeyId(pooled.kid))

    async def _chores(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for duty in (
                self.fill_pool, self.refresh_orders, self.resign_waiting, self.reconcile, self.probe_late, self.read_health, self.drop_expired_keys,
            ):  # fmt: skip
                await self._do(duty)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), CHORES_EVERY)

    async def _start_due(self) -> int:
        """Start as many due requests as there is room for; none for a site that has its share under way."""
        started = 0
        for _ in range(AT_ONCE):  # each round leaves out the sites that the rounds before filled
            room = AT_ONCE - len(self.sending.under_way)
            counts = self.sending.busy()
            busy = [installation for installation, count in counts.items() if count >= PER_SITE]
            if room <= 0:
                break
            async with self._database.reading(self._everyone) as tx:
                due = await mailbox.waiting(
                    self._everyone, tx, now=self._clock.now(), limit=room, busy=busy, held=list(self.sending.under_way)
                )
            for one in due:
                if counts[one.installation] < PER_SITE:
                    counts[one.installation] += 1
                    self.sending.begin(one)
                    started += 1
            if len(due) < room:
                break
        return started

    async def _do(self, duty: Callable[[], Awaitable[object]]) -> None:
        try:
            await duty()
        except DatabaseGone as gone:
            log.warning("%s", gone.says)
        except Exception:  # one duty's fault never ends the others; the next round tries again
            log.exception("a duty of the dispatcher failed: %s", getattr(duty, "__name__", duty))
