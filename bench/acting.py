"""One dispatcher with its executor as a process of its own, for the benchmarks: `python -m bench.acting URL NAME`, until it is told to end.

It is what `presswarden dispatcher` runs, with looks that follow each other without a wait and leave to call on loopback. Limits: PostgreSQL.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from presswarden.dispatch.service import Dispatcher
from presswarden.flows.checking import Checks
from presswarden.flows.execute import Executor
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import PostgresWake
from presswarden.outside.wire import HttpWire
from presswarden.processes.dispatcher import Acting
from tests.stages.dispatch.conftest import LOOPBACK
from tests.stages.flows.house import KEK


async def main(url: str, name: str) -> None:
    database, clock, stop = Database(url), SystemClock(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    wake = PostgresWake(database.direct.set(drivername="postgresql").render_as_string(hide_password=False))
    wire = HttpWire(LOOPBACK, connect_seconds=5, total_seconds=30)
    dispatcher = Dispatcher(database, clock, Kek("dispatcher", KEK), wire, wake, LOOPBACK, everyone=EVERYONE, name=name)
    executor = Executor(database, clock, wake, dispatcher, name, everyone=EVERYONE, checks=Checks(seconds=0.0))
    try:
        await Acting(dispatcher, executor).run(stop)
    finally:
        await wake.close()
        await database.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
