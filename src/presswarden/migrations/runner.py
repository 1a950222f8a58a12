"""Brings a database to the newest schema, from inside the package (a wheel can migrate). Limits: forward only; going back is restoring a backup."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from presswarden.kernel.db import Database


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    return made


async def upgrade(database: Database) -> None:
    """Run every migration that `database` has not had, in one transaction."""
    async with database.engine.connect() as connection:
        await connection.run_sync(_upgrade)
        await connection.commit()


async def is_current(database: Database) -> bool:
    """True when the database has had every migration this program knows."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(_is_current)


def _upgrade(connection: Connection) -> None:
    made = config()
    made.attributes["connection"] = connection
    command.upgrade(made, "head")


def _is_current(connection: Connection) -> bool:
    heads = ScriptDirectory.from_config(config()).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)
