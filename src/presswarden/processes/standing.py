"""How a process stands, for whoever watches it: `/healthz` (it runs), `/readyz` (it can work), `/metrics` (numbers). One small listener for each process.

It answers on this machine's loopback alone and only where `watch_listen` says so; a proxy that adds a password can stand in front. Limits: three paths, GET,
one answer a connection, bounded in time; of organisations there are sums alone, and no name.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Info, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.errors import PresswardenError
from presswarden.migrations.current import newest, standing
from presswarden.processes.settings import Watched

WITHIN: Final = 5.0
LONGEST: Final = 4_096

METRICS: Final = {
    "presswarden_process_info": "Which process this is, and the schema it needs.",
    "presswarden_ready": "1 while the process can work: its database answers and is at its schema.",
    "presswarden_stopping": "1 from the moment it was told to stop.",
    "presswarden_log_lines_total": "Lines of its log, by level.",
}
"""What we count ourselves; `process_` and `python_` are the library's own."""
LOADS: Final = {
    "presswarden_sites": "Paired sites, by whether they are heard or silent.",
    "presswarden_proposals_waiting": "Proposals that wait for somebody's yes.",
    "presswarden_proposals_oldest_waiting_seconds": "For how long the first of them waits.",
    "presswarden_requests_open": "Calls to sites that have no outcome yet.",
    "presswarden_incidents_open": "Open incidents.",
    "presswarden_notices": "Mails and webhooks of the last days, by whether they are queued or were given up.",
}
"""Of all organisations together, told by the janitor alone (and by `serve`): one process of its kind is enough."""


class Load(Protocol):
    """What lies before all organisations, for the one process that tells it."""

    async def now(self) -> Mapping[tuple[str, str], float]:
        """Name of the number and its state ("" where it has none). Raises `DatabaseGone`."""
        ...


class WatchFailed(PresswardenError):
    code = "listen.failed"


class _Counting(logging.Handler):
    def __init__(self, lines: Counter) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.labels(record.levelname.lower()).inc()


class Standing:
    """Of one process."""

    def __init__(self, name: str, database: Database, stop: asyncio.Event, load: Load | None = None) -> None:
        self._load = load
        self._database = database
        self._stop = stop
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        Info("presswarden_process", METRICS["presswarden_process_info"], registry=self._registry).info({"name": name, "schema": newest()})
        self._ready = Gauge("presswarden_ready", METRICS["presswarden_ready"], registry=self._registry)
        self._stopping = Gauge("presswarden_stopping", METRICS["presswarden_stopping"], registry=self._registry)
        self.counting = _Counting(
            Counter("presswarden_log_lines", METRICS["presswarden_log_lines_total"], ["level"], registry=self._registry)
        )

        self._gauges = {}
        if load is not None:
            stated = {"presswarden_sites", "presswarden_notices"}
            self._gauges = {
                each: Gauge(each, says, ["state"] if each in stated else [], registry=self._registry) for each, says in LOADS.items()
            }

    async def ready(self) -> str:
        """Empty, or the code of why it can't work now."""
        if self._stop.is_set():
            return "process.stopping"
        try:
            await self._database.check()
            return "" if await standing(self._database) == newest() else "database.schema"
        except DatabaseGone as gone:
            return gone.code

    async def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, media type and body."""
        if path == "/healthz":
            return 200, "text/plain", b"ok\n"
        if path not in {"/readyz", "/metrics"}:
            return 404, "text/plain", b"not found\n"
        why = await self.ready()
        if path == "/readyz":
            return (503 if why else 200), "text/plain", f"{why or 'ok'}\n".encode()
        self._ready.set(0 if why else 1)
        self._stopping.set(1 if self._stop.is_set() else 0)
        if self._load is not None and not why:
            with contextlib.suppress(DatabaseGone):
                for (number, state), value in (await self._load.now()).items():
                    (self._gauges[number].labels(state) if state else self._gauges[number]).set(value)
        return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self._registry)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(WITHIN):
                method, path = await _asked(reader)
                status, media, body = await self.answer(path) if method == "GET" else (405, "text/plain", b"only GET\n")
                head = f"HTTP/1.1 {status} -\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (TimeoutError, ValueError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asks so gets nothing; it is no matter of the process's own
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _asked(reader: asyncio.StreamReader) -> tuple[str, str]:
    """Method and path of a request, after its whole head was read."""
    head = await reader.readuntil(b"\r\n\r\n")
    method, target, _ = head.partition(b"\r\n")[0].decode("ascii").split(" ")
    return method, target.partition("?")[0]


@asynccontextmanager
async def watched(
    name: str, where: Watched | None, database: Database, stop: asyncio.Event, load: Load | None = None
) -> AsyncIterator[None]:
    """While the block runs, the process can be watched at `where`; nowhere, if that is None. With a `load` it tells that too."""
    if where is None:
        yield
        return
    of = Standing(name, database, stop, load)
    try:
        server = await asyncio.start_server(of.serve, where.host, where.port, limit=LONGEST)
    except OSError:
        raise WatchFailed(
            f"{where.host}:{where.port} can't be listened on.", do="Give each process a PRESSWARDEN_WATCH_LISTEN of its own."
        ) from None
    logging.getLogger().addHandler(of.counting)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(of.counting)
        server.close()
        await server.wait_closed()
