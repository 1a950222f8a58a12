"""The embedded default: every process in one, on SQLite, for trials and small agencies.

What this gives up: web, dispatcher, janitor, courier and analyst share one memory and one database file, so the separation of keys and of database roles
that `deploy/` gives is not there. They are still built apart, each from its own settings, and import rules hold between them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack

from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.outside.fetch import Fetcher
from presswarden.processes import analyst, courier, dispatcher, home, janitor, web
from presswarden.processes.beating import beating
from presswarden.processes.load import Load
from presswarden.processes.migrate import migrate
from presswarden.processes.settings import ServeSettings
from presswarden.processes.standing import watched


async def run(settings: ServeSettings, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Serve until `stop`. The first start makes the home folder, the keys, the database and one organisation. Raises `SchemaOld`: an upgrade is asked for."""
    where = settings.web.home
    if home.is_first_start(where):
        home.make_home(where, say)
    else:
        home.require_database(where, settings.web.database)
    keks = {
        "web": home.kek("web", settings.web.kek),
        "dispatcher": home.kek("dispatcher", settings.dispatcher.kek),
        "janitor": home.kek("janitor", settings.janitor.kek),
    }
    database = Database(settings.web.database)
    names = ExitStack()
    try:
        await database.check()
        await home.require_schema(database, or_none=True)
        if await migrate(database):
            say("Made the first organisation, with one owner.")
        await home.require_fitting(database, *keks.values())
        box = await home.box("courier", settings.courier.kek, database)
        home.made(where)
        clock, wake = SystemClock(), home.wake_for(database, where)
        app = web.build_app(database, clock, keks["web"], wake, settings.web.url)
        acting = dispatcher.build(database, keks["dispatcher"], wake, settings.dispatcher, names.enter_context(home.executor(where)))
        cleaning = janitor.Janitor(database, clock, keks["janitor"], settings.janitor.log_host, settings.janitor.retention_days)
        fetching = courier.Courier(
            database,
            clock,
            Fetcher(settings.courier.package_hosts),
            wake,
            courier.sending(database, clock, settings.courier, box),
            courier.probing(database, clock, wake, settings.courier),
        )
        thinking = analyst.Analyst(database, clock)
        listening = asyncio.Event()
        told = {"janitor": janitor.told(settings.janitor), "courier": courier.told(settings.courier)}
        async with (
            watched("serve", settings.web.watch, database, stop, Load(database, clock)),
            beating(database, clock, {"web": {}, "dispatcher": {}, "analyst": {}, **told}),
        ):
            await _until_one_ends(
                stop,
                web.serve_app(app, settings.web, stop, listening),
                acting.run(stop),
                cleaning.run(stop),
                fetching.run(stop),
                thinking.run(stop, wake),
                _announce(listening, settings, say, database),
            )
    finally:
        names.close()
        await database.dispose()


async def _announce(listening: asyncio.Event, settings: ServeSettings, say: Callable[[str], None], database: Database) -> None:
    await listening.wait()
    await web.offer_setup(database, SystemClock(), settings.web.url, say)
    say(f"Presswarden answers at {settings.web.url} (listening on {settings.web.host}:{settings.web.port}). Stop with Ctrl C.")


async def _until_one_ends(stop: asyncio.Event, *parts: Coroutine[None, None, None]) -> None:
    """Run the parts together. When one fails, the others are told to stop, and the failure is raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        stop.set()
        for task in tasks[-1:]:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
            raise outcome
