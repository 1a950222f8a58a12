"""Fixtures that every suite shares: a migrated, empty database of each kind, and a clock that stands still."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.migrations.runner import upgrade
from tests.claims.attacks import Count
from tests.crash.table import Table
from tests.fakes.clock import FrozenClock
from tests.support import memory
from tests.support.postgres import cluster

if "TMPDIR" not in os.environ and (fast := memory.folder()) is not None:
    # As early as can be, for everything that makes temporary files: pytest itself, the lab, what tests start.
    os.environ["TMPDIR"] = str(fast)
    tempfile.tempdir = None


def pytest_configure(config: pytest.Config) -> None:
    # Here and not in its own folder: where tests run in workers, only this file is read by the process that prints.
    config.pluginmanager.register(Table(), "crash-table")
    config.pluginmanager.register(Count(), "attack-count")


@pytest.fixture
def frozen() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def org() -> OrgId:
    return OrgId(str(uuid4()))


@pytest.fixture
def on_disk() -> Iterator[Path]:
    """A folder that does not lie in memory: PHP in WebAssembly has a /dev of its own, and does not see what is below the machine's."""
    with tempfile.TemporaryDirectory(prefix="presswarden-", dir="/var/tmp") as made:
        yield Path(made)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.sqlite"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    with cluster() as url:
        asyncio.run(_create(url, "CREATE DATABASE template_presswarden"))
        asyncio.run(_migrate(f"{url}/template_presswarden"))
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated, empty database of its own, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "presswarden.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres_cluster")
    name = f"test_{uuid4().hex}"
    asyncio.run(_create(server, f"CREATE DATABASE {name} TEMPLATE template_presswarden STRATEGY file_copy"))
    yield f"{server}/{name}"
    asyncio.run(_create(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    yield made
    await made.dispose()


async def _migrate(url: str) -> None:
    database = Database(url)
    await upgrade(database)
    await database.dispose()


async def _create(server: str, statement: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
