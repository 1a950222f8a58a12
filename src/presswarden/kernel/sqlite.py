"""A connection to a SQLite file as SQLAlchemy's async dialect wants one, without a change of threads for each statement.

Statements that are answered from the page cache take microseconds, and handing one to a thread and back costs many times that. So a thread of the
connection's own does only what waits: for the file to open, for a lock that another process has (`BEGIN IMMEDIATE`), for the disk (the commit of such
a transaction), for many rows (`DELETE`, pragmas). What was asked for later never overtakes it. Limits: stands in for `aiosqlite.Connection` as far as
that dialect and `kernel.db` use one.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")

_WRITES: Final = "BEGIN IMMEDIATE"
_MAY_WAIT: Final = (_WRITES, "DELETE", "PRAGMA")


class Cursor:
    """One statement at a time. What it found is fetched where it ran."""

    def __init__(self, connection: "Connection", cursor: sqlite3.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor
        self._rows: list[Any] = []

    async def __aenter__(self) -> "Cursor":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> "Cursor":
        def once() -> None:
            self._cursor.execute(operation, parameters)
            self._rows = self._cursor.fetchall() if self._cursor.description else []

        if operation.startswith("BEGIN"):
            self._connection.writes = operation.startswith(_WRITES)
        if operation != _WRITES or not await self._connection.do(self._begun_at_once):
            await self._connection.do(once, waits=operation.startswith(_MAY_WAIT))
        return self

    def _begun_at_once(self) -> bool:
        """Begin to write, unless another process is writing."""
        (patience,) = self._cursor.execute("PRAGMA busy_timeout").fetchone()
        self._cursor.execute("PRAGMA busy_timeout=0")
        try:
            self._cursor.execute(_WRITES)
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        finally:
            self._cursor.execute(f"PRAGMA busy_timeout={patience}")
        return True

    async def executemany(self, operation: str, rows: Sequence[Sequence[Any]]) -> "Cursor":
        await self._connection.do(lambda: self._cursor.executemany(operation, rows), waits=True)
        return self

    async def fetchall(self) -> list[Any]:
        found, self._rows = self._rows, []
        return found

    async def close(self) -> None:
        await self._connection.do(self._cursor.close)


class Connection:
    """Made by `connect`. Belongs to one loop; the pool gives it to one task at a time."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection: sqlite3.Connection | None = connection
        self._thread = thread
        self._last: Future[Any] | None = None
        self.writes = False
        """Since the transaction under way began."""

    def cursor(self) -> Cursor:
        return Cursor(self, self._open.cursor())

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Cursor:
        return await self.cursor().execute(operation, parameters)

    async def commit(self) -> None:
        await self.do(self._open.commit, waits=self.writes)

    async def rollback(self) -> None:
        await self.do(self._open.rollback)

    async def create_function(self, *args: Any, **options: Any) -> None:
        await self.do(lambda: self._open.create_function(*args, **options))

    async def close(self) -> None:
        if self._connection is not None:
            await self.do(self._open.close, waits=True)
            self._ended()

    def stop(self) -> None:
        """Close without being waited for."""
        if self._connection is not None:
            self._thread.submit(self._connection.close)
            self._ended()

    async def do(self, work: Callable[[], T], *, waits: bool = False) -> T:
        """Run `work` here; in the thread if it may wait, or if something is still under way there whose caller was cancelled."""
        if not waits and (self._last is None or self._last.done()):
            return work()
        under_way = self._thread.submit(work)
        self._last = under_way
        return await asyncio.wrap_future(under_way)

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("connection closed")
        return self._connection

    def _ended(self) -> None:
        self._connection = None
        self._thread.shutdown(wait=False)


def connect(path: str, **options: Any) -> Awaitable[Connection]:
    """Open the file. Transactions are the caller's: nothing begins one by itself."""

    async def opened() -> Connection:
        thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        try:
            made = thread.submit(lambda: sqlite3.connect(path, **{**options, "isolation_level": None, "check_same_thread": False}))
            return Connection(await asyncio.wrap_future(made), thread)
        except BaseException:
            thread.shutdown(wait=False)
            raise

    return opened()
