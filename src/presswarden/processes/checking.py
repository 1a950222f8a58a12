"""The janitor's verifications of the record: taken up when a person asked, read in a thread of their own, told on the way.

Limits: one at a time, beside the other duties and never instead of them; one that dies is taken up again after a minute.
"""

import asyncio
import contextlib
import logging
import tempfile
from pathlib import Path

from presswarden.audit.checks import service as checks
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import Everyone, OrgId
from presswarden.telemetry import service as telemetry

log = logging.getLogger(__name__)

TELL_EVERY = 1.0


class Checker:
    def __init__(self, database: Database, clock: Clock, *, everyone: Everyone) -> None:
        self._database = database
        self._clock = clock
        self._everyone = everyone
        self._running: asyncio.Task[int] | None = None

    async def look(self) -> None:
        """Take up what was asked for, unless one is running."""
        if self._running is None or self._running.done():
            async with self._database.reading(self._everyone) as tx:
                wanted = await checks.waiting(self._everyone, tx)
            self._running = asyncio.create_task(self.run(wanted)) if wanted else None

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def run(self, organisations: tuple[OrgId, ...]) -> int:
        """Run what these organisations asked for; how many came to an end."""
        ended = 0
        for org in organisations:
            async with self._database.transaction(org) as tx:
                check = await checks.take(tx, now=self._clock.now())
            if check is None:
                continue
            try:
                await self._one(org, check)
            except PresswardenError as fault:
                await self._fail(org, check, f"{fault.says} {fault.do}")
            except Exception:  # whatever it was, the person who asked hears that it did not end
                log.exception("verifying the record of %s failed", org)
                await self._fail(org, check, "It could not be run to its end; the janitor's log says why.")
            ended += 1
        return ended

    async def _one(self, org: OrgId, check: str) -> None:
        with tempfile.TemporaryDirectory(prefix="presswarden-verify-") as scratch:
            async with self._database.reading(org) as tx:
                copies = sorted({each.checkpoint for each in (await telemetry.standings(tx)).values() if each.checkpoint})
                exported = await checks.prepare(tx, Path(scratch) / "export", copies)
            read = 0

            def tell(entries: int) -> None:
                nonlocal read
                read = entries

            judging = asyncio.create_task(asyncio.to_thread(checks.judge, exported, tell))
            while not judging.done():
                async with self._database.transaction(org) as tx:
                    await checks.tell(tx, check, size=exported.size, read=read, now=self._clock.now())
                await asyncio.wait({judging}, timeout=TELL_EVERY)
            report = judging.result()
        async with self._database.transaction(org) as tx:
            await checks.end(tx, check, report, copies=len(copies), now=self._clock.now())

    async def _fail(self, org: OrgId, check: str, says: str) -> None:
        async with self._database.transaction(org) as tx:
            await checks.fail(tx, check, says, now=self._clock.now())
