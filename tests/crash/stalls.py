"""Stops a process in the middle of its transaction, without a switch in it: the test holds a lock on a table that the transaction writes later.

PostgreSQL only: SQLite has one writer, which waits before its transaction has written anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg

from tests.crash.plane import Plane
from tests.crash.waiting import until

_WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = pg_locks.relation"
    " WHERE NOT granted AND relname = $1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@contextmanager
def stalled(plane: Plane, table: str) -> Iterator[Callable[[], None]]:
    """Until it is left nobody writes `table`; reading goes on. What it yields waits until somebody waits to write."""
    with asyncio.Runner() as runner:
        connection: asyncpg.Connection = runner.run(asyncpg.connect(plane.database))
        holding = connection.transaction()
        runner.run(holding.start())
        runner.run(connection.execute(f'LOCK TABLE "{table}" IN SHARE MODE'))

        def somebody_waits() -> None:
            until(lambda: bool(runner.run(connection.fetchval(_WAITING, table))), f"somebody waits to write {table}")

        try:
            yield somebody_waits
        finally:
            runner.run(holding.rollback())
            runner.run(connection.close())
