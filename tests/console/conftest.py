"""`house`: the application on both databases. `lone`: on SQLite alone, for what can't differ between them."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presswarden.kernel.db import Database
from tests.console.rig import House, open_house
from tests.fakes.clock import FrozenClock


@pytest.fixture
async def house(database: Database, frozen: FrozenClock) -> House:
    return await open_house(database, frozen)


@pytest.fixture
async def lone(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock) -> AsyncIterator[House]:
    path = tmp_path / "presswarden.sqlite"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield await open_house(database, frozen)
    await database.dispose()
