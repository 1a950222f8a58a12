"""An upgrade that is killed: the database is the old one or the new one, never one between, and the next try brings it to the end.

One program makes the upgrade over and over, each time in a child of its own on a copy of its own, and is killed as it sends another statement: before the
first change, in the middle, just before and just after what it did is confirmed, and while the backup is being written.
"""

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from presswarden.kernel.db import Database
from presswarden.migrations.current import newest, standing
from presswarden.processes import home, upgrade
from presswarden.processes.settings import DeskSettings
from tests.support.older import older

pytestmark = pytest.mark.req("N16", "N8")

STEPS = 4
"""So many migrations behind is the database."""
WORDS = "seven copper otters hum"
KILLED = '''
import asyncio, json, os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import Engine, event
from presswarden.processes import backup, migrate, upgrade
from presswarden.processes.settings import DeskSettings
from tests.support.older import older

def child(url, folder, at):
    """Kill ourselves at that statement; with none, say how many there were and which of them wrote down the last migration. Below 0: in the backup."""
    sent = []
    @event.listens_for(Engine, "before_cursor_execute")
    def before(connection, cursor, statement, parameters, context, many):
        sent.append(statement)
        if len(sent) == at:
            os.kill(os.getpid(), signal.SIGKILL)
    settings = DeskSettings(url, Path(folder), "http://127.0.0.1:8700")
    if at < 0:
        real = backup.strongbox.write
        def half(file, *rest):
            real(file, *rest)
            file.truncate(file.tell() // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        backup.strongbox.write = half
        asyncio.run(upgrade.run(settings, Path(folder) / "before", sys.argv[2], lambda text: None, now=datetime.now(UTC)))
    asyncio.run(migrate.run(settings))
    told = [number for number, statement in enumerate(sent, 1) if "alembic_version" in statement and statement.startswith(("UPDATE", "INSERT"))]
    print(json.dumps([len(sent), told[0] if told else 0, told[-1] if told else 0]), flush=True)

for url, folder, at in json.loads(sys.argv[1]):
    pid = os.fork()
    if not pid:
        child(url, folder, at)
        os._exit(0)
    print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])), flush=True)
'''
"""Nothing of the product is changed but that, for the backup, the program dies where it has written half of it."""

_LITE = ("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2", "SELECT org, name FROM organisations")
_SERVER = (
    "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "SELECT tablename, policyname FROM pg_policies ORDER BY 1, 2",
    "SELECT org, name FROM organisations",
)

Make = Callable[[], str]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def copies(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes copies of a database that is some migrations behind, with an organisation in it."""
    if request.param == "sqlite":
        old = tmp_path / "old.sqlite"
        asyncio.run(older(f"sqlite:///{old}", STEPS))

        def copied() -> str:
            (tmp_path / (name := uuid4().hex)).mkdir()
            shutil.copyfile(old, tmp_path / name / "presswarden.sqlite")
            return f"sqlite:///{tmp_path / name / 'presswarden.sqlite'}"

        yield copied
        return
    server, template, made = request.getfixturevalue("postgres_cluster"), f"old_{uuid4().hex}", list[str]()
    asyncio.run(_say(f"{server}/postgres", f"CREATE DATABASE {template}"))
    asyncio.run(older(f"{server}/{template}", STEPS))

    def another() -> str:
        made.append(f"old_{uuid4().hex}")
        asyncio.run(_say(f"{server}/postgres", f"CREATE DATABASE {made[-1]} TEMPLATE {template} STRATEGY file_copy"))
        return f"{server}/{made[-1]}"

    yield another
    for name in (*made, template):
        asyncio.run(_say(f"{server}/postgres", f"DROP DATABASE {name} WITH (FORCE)"))


async def _say(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _look(url: str) -> tuple[str, str]:
    """The revision, and all that the database says of its tables."""
    database = Database(url)
    try:
        async with database.engine.connect() as connection:
            told = [(await connection.execute(text(asked))).all() for asked in (_LITE if database.is_sqlite else _SERVER)]
        return await standing(database), repr(told)
    finally:
        await database.dispose()


def _run(points: list[tuple[str, Path, int]]) -> list[Any]:
    asked = json.dumps([(url, str(folder), at) for url, folder, at in points])
    done = subprocess.run([sys.executable, "-c", KILLED, asked, WORDS], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_upgrade_that_is_killed_leaves_the_old_database_or_the_new_one(copies: Make, tmp_path: Path) -> None:
    old = asyncio.run(_look(copies()))
    undisturbed = copies()
    (sent, first, last), status = _run([(undisturbed, tmp_path, 0)])
    new = asyncio.run(_look(undisturbed))
    assert (status, new[0]) == (0, newest())
    assert 0 < first < last < sent
    assert old != new
    points = {at: copies() for at in (first, (first + last) // 2, last, last + 1)}
    ended = _run([(url, tmp_path, at) for at, url in points.items()])
    assert ended == [-signal.SIGKILL] * len(points)
    for at, url in points.items():
        assert asyncio.run(_look(url)) == (new if at > last else old), f"killed at statement {at} of {sent}, the last change is {last}"
    again = points[last]
    (_, status) = _run([(again, tmp_path, 0)])
    assert status == 0
    assert asyncio.run(_look(again)) == new


def test_an_upgrade_that_dies_while_it_writes_the_backup_has_changed_nothing(tmp_path: Path) -> None:
    where = tmp_path / "home"
    home.make_home(where, lambda _: None)
    url = f"sqlite:///{where / 'presswarden.sqlite'}"
    asyncio.run(older(url, STEPS))
    before = asyncio.run(_look(url))
    assert _run([(url, where, -1)]) == [-signal.SIGKILL]
    assert asyncio.run(_look(url)) == before
    assert not (where / "before").exists(), "what was not read back is no backup"
    asyncio.run(
        upgrade.run(DeskSettings(url, where, "http://127.0.0.1:8700"), where / "before", WORDS, lambda _: None, now=datetime.now(UTC))
    )
    assert asyncio.run(_look(url))[0] == newest()
    with closing(sqlite3.connect(where / "presswarden.sqlite")) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
