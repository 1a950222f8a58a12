"""Says whether a database is at this program's schema, without loading the tool that changes schemas: every command asks, few migrate."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from presswarden.kernel.db import Database


def newest() -> str:
    """The revision of the newest migration in the package: its dated file name's first two parts."""
    names = sorted(path.stem for path in (Path(__file__).parent / "versions").glob("2*.py"))
    return "_".join(names[-1].split("_")[:2])


async def is_current(database: Database) -> bool:
    """True when the newest migration this program knows is the newest one the database has had."""
    async with database.engine.connect() as connection:
        try:
            found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        except (OperationalError, ProgrammingError):  # no such table: nothing was ever migrated
            return False
    return bool(found == newest())
