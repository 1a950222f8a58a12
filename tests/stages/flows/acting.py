"""A dispatcher and its executor in a process of their own, for tests that kill it: `python -m tests.stages.flows.acting DATABASE FOLDER NAME SECONDS`."""

import asyncio
import logging
import signal
import sys
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


async def _main(url: str, folder: str, name: str, seconds: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    database, clock, wake, stop = Database(url), SystemClock(), PipeWake(Path(folder)), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    wire = HttpWire(LOOPBACK, connect_seconds=2, total_seconds=10)
    dispatcher = Dispatcher(database, clock, Kek("dispatcher", b"d" * 32), wire, wake, LOOPBACK, everyone=EVERYONE, name=name)
    checks = Checks(seconds=float(seconds))
    await Acting(dispatcher, Executor(database, clock, wake, dispatcher, name, everyone=EVERYONE, checks=checks)).run(stop)
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
