"""The process that faces sites: it holds the control keys, runs the gate itself, signs and sends. It knows no agent and no model."""

import asyncio

from presswarden.dispatch.service import Dispatcher
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import Wake
from presswarden.outside.wire import HttpWire
from presswarden.processes import home
from presswarden.processes.settings import DispatcherSettings, Network


def build(database: Database, kek: Kek, wake: Wake, site_networks: tuple[Network, ...]) -> Dispatcher:
    return Dispatcher(database, SystemClock(), kek, HttpWire(site_networks), wake, site_networks, everyone=EVERYONE)


async def run(settings: DispatcherSettings, stop: asyncio.Event) -> None:
    kek = home.kek("dispatcher", settings.kek)
    database = await home.open_database(settings.database)
    try:
        await home.require_fitting(database, kek)
        await build(database, kek, home.wake_for(database, settings.home), settings.site_networks).run(stop)
    finally:
        await database.dispose()
