"""Says for a process, now and then, that it runs. Limits: a database that is away is waited for; nobody is started or stopped by it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.ids import EVERYONE
from presswarden.reports.pulse import service as pulse
from presswarden.reports.pulse.model import EVERY

log = logging.getLogger(__name__)


@asynccontextmanager
async def beating(database: Database, clock: Clock, names: Mapping[str, Mapping[str, Json]]) -> AsyncIterator[None]:
    """While the block runs, each of `names` is said to run, with what it was set up with."""

    async def forever() -> None:
        while True:
            try:
                async with database.transaction(EVERYONE) as tx:
                    for name, told in names.items():
                        await pulse.beat(EVERYONE, tx, name, told, clock.now())
            except DatabaseGone as gone:
                log.warning("%s", gone.says)
            except Exception:  # what a page shows must not end what it shows
                log.exception("saying that a process runs failed")
            await asyncio.sleep(EVERY.total_seconds())

    task = asyncio.create_task(forever())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
