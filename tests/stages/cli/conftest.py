"""An office with one site and one recommendation. What a terminal needs is tried on SQLite; what the tables have to do with it on both."""

import shutil
from pathlib import Path

import pytest

from tests.support.office import Office
from tests.support.shop import offered


@pytest.fixture
def office(sqlite_template: Path, tmp_path: Path) -> Office:
    shutil.copyfile(sqlite_template, tmp_path / "office.sqlite")
    made = Office(f"sqlite:///{tmp_path / 'office.sqlite'}", tmp_path)
    made.open(offered())
    return made


@pytest.fixture
def on_both(database_url: str, tmp_path: Path) -> Office:
    """The same, on SQLite and on PostgreSQL."""
    made = Office(database_url, tmp_path)
    made.open(offered())
    return made
