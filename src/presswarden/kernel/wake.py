"""Wake-ups between processes: "look now" without a message in it. Whoever is woken reads the tables; a lost wake-up costs only the next poll.

PostgreSQL uses LISTEN/NOTIFY; SQLite, whose processes share one machine, uses named pipes in the state folder (no socket). Channels are short words of
[a-z0-9-]. Limits: one listener for each channel on SQLite; several on PostgreSQL.
"""

import asyncio
import contextlib
import errno
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg

_CHANNEL = re.compile(r"[a-z0-9-]{1,60}\Z")


class Listener(Protocol):
    async def wait(self, seconds: float) -> bool:
        """True when rung within `seconds`; rings that came before the call count."""
        ...


class Wake(Protocol):
    async def ring(self, channel: str) -> None:
        """Wake whoever listens on `channel`; nobody listening is no error."""
        ...

    def listen(self, channel: str) -> contextlib.AbstractAsyncContextManager[Listener]: ...


async def turns(stop: asyncio.Event, bell: Listener, every: float) -> AsyncIterator[None]:
    """A turn at once, then one whenever rung, or after `every` seconds, until `stop`.

    Between two there is as much time as the last one took: rings that come in rows take half of a process at most.
    """
    while not stop.is_set():
        began = time.monotonic()
        yield
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(time.monotonic() - began, every))
        rung, stopped = asyncio.ensure_future(bell.wait(every)), asyncio.ensure_future(stop.wait())
        await asyncio.wait({rung, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (rung, stopped):
            waiting.cancel()
        await asyncio.gather(rung, stopped, return_exceptions=True)


class _Bell:
    def __init__(self) -> None:
        self.rung = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        # Not `wait_for`, which on Python 3.11 loses the cancelling of a listener that is rung at the same moment: it would never end.
        try:
            async with asyncio.timeout(seconds):
                await self.rung.wait()
        except TimeoutError:
            return False
        self.rung.clear()
        return True


class PipeWake:
    """Named pipes in `folder` (made with mode 0700), one for each channel that is being listened to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def ring(self, channel: str) -> None:
        try:
            descriptor = os.open(self._pipe(channel), os.O_WRONLY | os.O_NONBLOCK)
        except OSError as fault:
            if fault.errno in {errno.ENXIO, errno.ENOENT}:  # nobody listens
                return
            raise
        try:
            with contextlib.suppress(BlockingIOError):  # a full pipe is a bell that already rings
                os.write(descriptor, b"!")
        finally:
            os.close(descriptor)

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[Listener]:
        pipe = self._pipe(channel)
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe, 0o600)
        # Read and write: the pipe never reaches end-of-file when a ringer closes its end.
        descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        bell, loop = _Bell(), asyncio.get_running_loop()

        def heard() -> None:
            with contextlib.suppress(BlockingIOError):
                os.read(descriptor, 65536)
            bell.rung.set()

        loop.add_reader(descriptor, heard)
        try:
            yield bell
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            pipe.unlink(missing_ok=True)

    def _pipe(self, channel: str) -> Path:
        if not _CHANNEL.match(channel):
            raise ValueError("a channel is a short word of [a-z0-9-]")
        return self.folder / f"wake-{channel}"


class _Listening:
    """A listener's connection, made again when it was lost: else one restart of the server would leave only the polls for good."""

    def __init__(self, dsn: str, channel: str) -> None:
        self._dsn = dsn
        self._channel = channel
        self._bell = _Bell()
        self._connection: asyncpg.Connection | None = None

    async def begin(self) -> None:
        self._connection = await asyncpg.connect(self._dsn, timeout=10)
        await self._connection.add_listener("presswarden_wake", self._heard)

    async def wait(self, seconds: float) -> bool:
        if self._connection is not None and not self._connection.is_closed():
            return await self._bell.wait(seconds)
        try:
            await self.begin()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(seconds)
            return False
        return True  # nobody knows what was rung meanwhile

    async def end(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    def _heard(self, _connection: object, _pid: int, _name: str, payload: object) -> None:
        if payload == self._channel:
            self._bell.rung.set()


class PostgresWake:
    """LISTEN/NOTIFY on one payload-carrying channel; `dsn` is a libpq URL."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._ringer: asyncpg.Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def ring(self, channel: str) -> None:
        if not _CHANNEL.match(channel):
            raise ValueError("a channel is a short word of [a-z0-9-]")
        async with self._one_at_a_time:
            if self._ringer is None or self._ringer.is_closed():
                self._ringer = await asyncpg.connect(self._dsn)
            await self._ringer.execute("SELECT pg_notify('presswarden_wake', $1)", channel)

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[Listener]:
        listening = _Listening(self._dsn, channel)
        await listening.begin()
        try:
            yield listening
        finally:
            await listening.end()

    async def close(self) -> None:
        if self._ringer is not None:
            await self._ringer.close()
