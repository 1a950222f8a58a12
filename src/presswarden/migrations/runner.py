"""Brings a database to the newest schema, from inside the package (a wheel can migrate). Limits: forward only; going back is restoring a backup."""

from pathlib import Path

from alembic import command
from alembic.config import Config
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


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # a migration moves the rows of every organisation
        connection.exec_driver_sql("SELECT set_config('presswarden.everyone', 'yes', true)")
    made = config()
    made.attributes["connection"] = connection
    command.upgrade(made, "head")
