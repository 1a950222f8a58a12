"""Databases as an older program left them, some migrations behind. Limits: rows are carried back only where both schemas have the column."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from sqlalchemy import Connection, text

from presswarden.kernel.db import Database
from presswarden.migrations.current import known
from presswarden.migrations.runner import config


async def older(url: str, steps: int) -> None:
    """Bring an empty database to the schema of so many migrations ago, with one organisation in it."""
    database, revision = Database(url), list(known())[-1 - steps]

    def upgraded(connection: Connection) -> None:
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
        connection.execute(
            text("INSERT INTO organisations (org, name, created_at) VALUES ('11111111-1111-4111-8111-111111111111', 'Old', '2026-11-01')")
        )

    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(upgraded)
    finally:
        await database.dispose()


async def age(path: Path, steps: int) -> None:
    """Put the rows of a SQLite database of today into one of so many migrations ago, in its place."""
    before = path.with_suffix(".older")
    await older(f"sqlite:///{before}", steps)
    _carry_back(path, before)


def _carry_back(path: Path, before: Path) -> None:
    with closing(sqlite3.connect(before, isolation_level=None)) as old:
        old.execute("ATTACH ? AS today", (str(path),))
        old.execute("DELETE FROM organisations")
        tables = "SELECT name FROM {}sqlite_master WHERE type = 'table' AND name NOT IN ('alembic_version', 'sqlite_sequence')"
        both = {name for (name,) in old.execute(tables.format(""))} & {name for (name,) in old.execute(tables.format("today."))}
        for table in sorted(both):
            of = {where: [row[1] for row in old.execute(f"PRAGMA {where}table_info({table})")] for where in ("main.", "today.")}
            columns = ", ".join(f'"{name}"' for name in of["main."] if name in of["today."])
            # Ignored: what a trigger has put there already.
            old.execute(f"INSERT OR IGNORE INTO main.{table} ({columns}) SELECT {columns} FROM today.{table}")
        old.execute("DETACH today")
    before.replace(path)
    for leftover in (f"{path}-wal", f"{path}-shm", f"{before}-wal", f"{before}-shm"):
        Path(leftover).unlink(missing_ok=True)
