"""The process that faces the internet: ingest, the console, the HTTP API, and a health answer. It holds its own KEK; it never signs and never sends.

Limits: plain HTTP on the address it is told; TLS ends at the proxy in front. The caller's address is the connection's, unless `trusted_proxies` names it.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI
from starlette.responses import JSONResponse

from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.kernel.clock import Clock, SystemClock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import Wake
from presswarden.processes import home
from presswarden.processes.beating import beating
from presswarden.processes.connections import ImpatientConnection
from presswarden.processes.settings import WebSettings
from presswarden.processes.standing import watched
from presswarden.surfaces.api.routes import api, mounted
from presswarden.surfaces.console.routes import furnish, named
from presswarden.surfaces.ingest.routes import ingest_routes


class ListenFailed(PresswardenError):
    code = "listen.failed"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers (the process that builds it decides when to stop), and with a word when it listens."""

    def __init__(self, config: uvicorn.Config, listening: asyncio.Event) -> None:
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()


def build_app(database: Database, clock: Clock, kek: Kek, wake: Wake, url: str) -> FastAPI:
    app = FastAPI(title="Presswarden", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(ingest_routes(database, clock, kek, wake, everyone=EVERYONE))

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        try:
            await database.check()
        except DatabaseGone as gone:
            return JSONResponse({"status": gone.code}, 503)
        return JSONResponse({"status": "ok"})

    app.router.routes.append(mounted(api(database, clock, wake, everyone=EVERYONE)))
    furnish(app, database, clock, kek, wake, EVERYONE, url)
    return app


async def serve_app(app: FastAPI, settings: WebSettings, stop: asyncio.Event, listening: asyncio.Event | None = None) -> None:
    """Answer on the address of `settings` until `stop`; open requests are finished first (10 s). Raises `ListenFailed` when the address is taken."""
    proxies = [str(network) for network in settings.trusted_proxies]
    config = uvicorn.Config(app, host=settings.host, port=settings.port, log_level="warning", lifespan="off", server_header=False,
                            proxy_headers=bool(proxies), forwarded_allow_ips=proxies, timeout_graceful_shutdown=10, timeout_keep_alive=15,
                            limit_concurrency=500, access_log=False, http=ImpatientConnection)  # fmt: skip
    server = _Server(config, listening or asyncio.Event())

    async def wait_for_stop() -> None:
        await stop.wait()
        server.should_exit = True

    watcher = asyncio.create_task(wait_for_stop())
    try:
        await server.serve()
    except SystemExit:
        # uvicorn exits by itself when it can't bind.
        raise ListenFailed(
            f"{settings.host}:{settings.port} can't be listened on.",
            do="Stop what uses it, or set PRESSWARDEN_LISTEN to another HOST:PORT.",
        ) from None
    finally:
        watcher.cancel()


async def offer_setup(database: Database, clock: Clock, url: str, say: Callable[[str], None]) -> None:
    """While nobody can sign in, each start prints a code with which the first owner can. Whoever reads what a process prints runs the machine anyway."""
    async with database.reading(EVERYONE) as tx:
        first = (await identity.organisations(EVERYONE, tx))[:1]
        if not first or await accounts.any_way(EVERYONE, tx):
            return
    async with database.transaction(first[0].id) as tx:
        code = await accounts.make_setup_code(tx, now=clock.now())
    say(f"Nobody can sign in yet. Open {named(url)}/setup within a day and type this code: {code}")


async def run(settings: WebSettings, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    kek = home.kek("web", settings.kek)
    database = await home.open_database(settings.database)
    try:
        await home.require_fitting(database, kek)
        wake = home.wake_for(database, settings.home)
        await offer_setup(database, SystemClock(), settings.url, say)
        async with watched("web", settings.watch, database, stop), beating(database, SystemClock(), {"web": {}}):
            await serve_app(build_app(database, SystemClock(), kek, wake, settings.url), settings, stop)
    finally:
        await database.dispose()
