"""The connection to a SQLite file: what may wait does not hold the loop up, and nothing overtakes what waits."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from presswarden.kernel import sqlite


@pytest.fixture
def path(tmp_path: Path) -> str:
    name = str(tmp_path / "x.sqlite")
    with sqlite3.connect(name) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE kept (n INTEGER)")
    return name


async def count(connection: sqlite.Connection) -> int:
    found = await (await connection.execute("SELECT count(*) FROM kept")).fetchall()
    return int(found[0][0])


async def test_statements_run_where_they_are_asked_for_and_a_commit_that_writes_does_not(path: str) -> None:
    connection, seen = await sqlite.connect(path), list[tuple[str, int]]()
    await connection.create_function("here", 1, lambda what: seen.append((what, threading.get_ident())))
    await connection.execute("BEGIN IMMEDIATE")
    await connection.execute("INSERT INTO kept SELECT 1 WHERE here('insert') IS NULL")
    await connection.execute("DELETE FROM kept WHERE here('delete') IS NULL")
    await connection.commit()
    await connection.close()
    where = dict(seen)
    assert where["insert"] == threading.get_ident() != where["delete"]


async def test_waiting_for_another_process_s_lock_does_not_hold_the_loop_up(path: str) -> None:
    connection = await sqlite.connect(path, timeout=10)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    beginning = asyncio.create_task(connection.execute("BEGIN IMMEDIATE"))
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert not beginning.done(), "the loop went on while it waited"
    holder.execute("COMMIT")
    await beginning
    await connection.execute("INSERT INTO kept VALUES (1)")
    await connection.commit()
    assert await count(connection) == 1
    holder.close()
    await connection.close()


async def test_what_comes_after_a_cancelled_wait_stands_behind_it(path: str) -> None:
    connection = await sqlite.connect(path, timeout=10)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    beginning = asyncio.create_task(connection.execute("BEGIN IMMEDIATE"))
    await asyncio.sleep(0.1)
    beginning.cancel()
    rolling_back = asyncio.create_task(connection.rollback())
    await asyncio.sleep(0.1)
    assert not rolling_back.done(), "it waits for the beginning, which still runs"
    holder.execute("COMMIT")
    await rolling_back
    holder.execute("BEGIN IMMEDIATE")  # nobody else has the lock
    holder.execute("COMMIT")
    holder.close()
    await connection.close()


async def test_a_closed_connection_says_so(path: str) -> None:
    connection = await sqlite.connect(path)
    await connection.close()
    with pytest.raises(sqlite3.ProgrammingError, match="connection closed"):
        connection.cursor()
    connection.stop()
    await connection.close()


async def test_a_file_that_cant_be_opened_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        await sqlite.connect(str(tmp_path / "none" / "x.sqlite"))
