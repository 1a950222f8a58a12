"""The migrations and what the stages map agree, on both databases."""

import importlib
import pkgutil
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import presswarden
from presswarden.kernel.db import Base, Database
from presswarden.migrations.current import is_current, newest
from presswarden.migrations.runner import config, upgrade


def _differences(connection: Connection) -> list[object]:
    for module in pkgutil.walk_packages(presswarden.__path__, "presswarden."):
        if module.name.endswith((".store", ".ledger", ".switch")):
            importlib.import_module(module.name)
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


async def test_migrations_make_exactly_the_tables_that_stages_map(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert await is_current(database)
    await upgrade(database)
    assert await is_current(database)


async def test_a_database_that_was_never_migrated_is_not_current(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.sqlite")
    assert not await is_current(empty)
    await empty.dispose()


def test_the_newest_file_name_is_the_head_of_the_migrations() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [newest()]
