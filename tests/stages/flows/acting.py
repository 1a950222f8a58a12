"""A dispatcher and its executor in a process of their own, for tests that kill it.

It is forked from a process that has imported all of this: where one is killed at every call, starting interpreters would take longer than all else.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
from ipaddress import ip_network
from pathlib import Path

from presswarden.dispatch.service import Dispatcher
from presswarden.flows.checking import Checks
from presswarden.flows.execute import Executor
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import PipeWake
from presswarden.outside.wire import HttpWire
from presswarden.processes.dispatcher import Acting

LOOPBACK = (ip_network("127.0.0.0/8"),)
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


class Process:
    """One that runs from the moment it is made."""

    def __init__(self, database: Database, folder: Path, name: str) -> None:
        url = database.url.render_as_string(hide_password=False)
        self._process = FORKS.Process(target=_run, args=(url, str(folder), name), daemon=True)
        self._process.start()

    @property
    def runs(self) -> bool:
        return self._process.is_alive()

    def signal(self, number: signal.Signals) -> None:
        if self._process.pid is not None and self.runs:
            os.kill(self._process.pid, number)

    async def wait(self) -> None:
        await asyncio.to_thread(self._process.join)


def _run(url: str, folder: str, name: str) -> None:
    asyncio.run(_main(url, folder, name))


async def _main(url: str, folder: str, name: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    database, clock, wake, stop = Database(url), SystemClock(), PipeWake(Path(folder)), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    wire = HttpWire(LOOPBACK, connect_seconds=2, total_seconds=10)
    dispatcher = Dispatcher(database, clock, Kek("dispatcher", b"d" * 32), wire, wake, LOOPBACK, everyone=EVERYONE, name=name)
    checks = Checks(seconds=0.2)
    await Acting(dispatcher, Executor(database, clock, wake, dispatcher, name, everyone=EVERYONE, checks=checks)).run(stop)
    await database.dispose()
