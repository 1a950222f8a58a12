"""Says whether a database is at this program's schema, without loading the tool that changes schemas: every command asks, few migrate."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from presswarden.kernel.db import Database


def newest() -> str:
    """The revision of the newest migration in the package: its dated file name's first two parts."""
    names = sorted(path.stem for path in (Path(__file__).parent / "versions").glob("2*.py"))
    return "_".join(names[-1].split("_")[:2])


def known() -> dict[str, str]:
    """Every revision that this program can migrate to, oldest first, with what it is about: the first line of its file."""
    found = sorted((Path(__file__).parent / "versions").glob("2*.py"))
    return {"_".join(path.stem.split("_")[:2]): path.read_text(encoding="utf-8").split('"""')[1].splitlines()[0] for path in found}


async def standing(database: Database) -> str:
    """The newest migration that the database has had; empty when it never had any."""
    async with database.engine.connect() as connection:
        try:
            found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        except (OperationalError, ProgrammingError):  # no such table: nothing was ever migrated
            return ""
    return str(found or "")


async def is_current(database: Database) -> bool:
    """True when the newest migration this program knows is the newest one the database has had."""
    return await standing(database) == newest()
