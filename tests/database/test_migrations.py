"""The migrations and what the stages map agree, on both databases."""

import importlib
import pkgutil

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

import presswarden
from presswarden.kernel.db import Base, Database
from presswarden.migrations.runner import is_current, upgrade


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
