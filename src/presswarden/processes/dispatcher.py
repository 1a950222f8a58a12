"""The process that faces sites: it holds the control keys, runs the gate itself, signs and sends, and carries out what was approved.

It knows no agent and no model.
"""

import asyncio
from dataclasses import dataclass

from presswarden.dispatch.service import Dispatcher
from presswarden.flows.checking import Checks
from presswarden.flows.execute import Executor
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import Wake
from presswarden.outside.wire import HttpWire
from presswarden.processes import home
from presswarden.processes.beating import beating
from presswarden.processes.settings import DispatcherSettings
from presswarden.processes.standing import watched


@dataclass(frozen=True, slots=True)
class Acting:
    """What this process runs: the dispatcher, and the executor that gives it work."""

    dispatcher: Dispatcher
    executor: Executor

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, or until one of them fails: then the other ends too. The executor ends first: what it waits for, the dispatcher answers."""
        ending = asyncio.Event()
        sending = asyncio.create_task(self.dispatcher.run(ending))
        carrying = asyncio.create_task(self.executor.run(stop))
        try:
            await asyncio.wait({sending, carrying}, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await carrying
        finally:
            ending.set()
            await sending


def build(database: Database, kek: Kek, wake: Wake, settings: DispatcherSettings, name: str) -> Acting:
    clock, networks = SystemClock(), settings.site_networks
    paths = ("", *settings.health_paths)
    dispatcher = Dispatcher(database, clock, kek, HttpWire(networks), wake, networks, everyone=EVERYONE, name=name, paths=paths)
    checks = Checks(seconds=settings.health_seconds)
    return Acting(dispatcher, Executor(database, clock, wake, dispatcher, name, everyone=EVERYONE, checks=checks))


async def run(settings: DispatcherSettings, stop: asyncio.Event) -> None:
    kek = home.kek("dispatcher", settings.kek)
    database = await home.open_database(settings.database)
    try:
        await home.require_fitting(database, kek)
        with home.executor(settings.home) as name:
            async with watched("dispatcher", settings.watch, database, stop), beating(database, SystemClock(), {"dispatcher": {}}):
                await build(database, kek, home.wake_for(database, settings.home), settings, name).run(stop)
    finally:
        await database.dispose()
