"""The engine's books on a disk that is full: what it wanted to write is waited for. It knows of locks alone, and at anything else it drops the run."""

from pathlib import Path

import pytest
from dbos._utils import retriable_sqlite_exception  # what the engine itself asks
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from presswarden.flows.engine import books_of

pytestmark = pytest.mark.req("N8")


@pytest.fixture
def books(tmp_path: Path) -> Engine:
    _, made = books_of(make_url(f"sqlite:///{tmp_path / 'presswarden.sqlite'}"))
    assert made is not None
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE kept (answer TEXT)"))
    return made


def test_a_full_disk_is_waited_for_as_a_lock_is(books: Engine) -> None:
    try:
        with books.connect() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        write = text("INSERT INTO kept VALUES (:answer)")
        with pytest.raises(OperationalError, match="disk is full") as told, books.begin() as connection:
            connection.execute(write, {"answer": "x" * 100_000})
        assert retriable_sqlite_exception(told.value)
        with books.connect() as connection:
            connection.execute(text("PRAGMA max_page_count = 1000000"))
        with books.begin() as connection:
            connection.execute(write, {"answer": "x" * 100_000})
            assert connection.execute(text("SELECT count(*) FROM kept")).scalar_one() == 1
    finally:
        books.dispose()


def test_what_is_wrong_with_the_question_is_not_waited_for(books: Engine) -> None:
    try:
        with pytest.raises(OperationalError, match="no such table") as told, books.connect() as connection:
            connection.execute(text("SELECT * FROM nowhere"))
        assert not retriable_sqlite_exception(told.value)
    finally:
        books.dispose()
