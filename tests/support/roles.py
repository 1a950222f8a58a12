"""A database whose processes have roles of their own, made as `deploy/` says: roles.sql by the administrator, migrated by the owner, grants.sql.

Limits: roles are the cluster's, and the tests' cluster asks nobody for a password: who one is, one says.
"""

import asyncio
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from presswarden.kernel.db import Database
from presswarden.migrations.runner import upgrade

DEPLOY = Path(__file__).parents[2] / "deploy"
PROCESSES = ("web", "analyst", "dispatcher", "janitor", "courier")
VERBS = {"r": "SELECT", "a": "INSERT", "c": "UPDATE", "d": "DELETE"}


@contextmanager
def apart(server: str) -> Iterator[str]:
    """A new database on the cluster at `server`, with all roles and rights; yields its URL as the administrator."""
    name = f"apart_{uuid4().hex}"
    asyncio.run(say(f"{server}/postgres", f"CREATE DATABASE {name}"))
    try:
        psql(f"{server}/{name}", "roles.sql")
        asyncio.run(_migrate(url_as("owner", f"{server}/{name}")))
        psql(url_as("owner", f"{server}/{name}"), "grants.sql")
        yield f"{server}/{name}"
    finally:
        asyncio.run(say(f"{server}/postgres", f"DROP DATABASE {name} WITH (FORCE)"))


def url_as(process: str, url: str) -> str:
    return re.sub(r"//[^@]+@", f"//presswarden_{process}@", url)


def psql(url: str, file: str) -> None:
    ran = subprocess.run(
        ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--file", DEPLOY / file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def rights() -> Mapping[str, Mapping[str, str]]:
    """Table by table what each process may do, as grants.sql lists it."""
    text = (DEPLOY / "grants.sql").read_text()
    lines = re.findall(r"^    \('(\w+)', +'(\w*)', +'(\w*)', +'(\w*)', +'(\w*)', +'(\w*)'\)", text, re.MULTILINE)
    found = {name: dict(zip(PROCESSES, each, strict=True)) for name, *each in lines}
    views = re.search(r"ARRAY\[\s*('\w+'(?:,\s*'\w+')*)\]\) AS view", text)
    assert views is not None
    return found | {view: {process: "r" if process == "web" else "" for process in PROCESSES} for view in re.findall(r"\w+", views[1])}


async def say(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    database = Database(url)
    try:
        await upgrade(database)
    finally:
        await database.dispose()
