"""The page of requirements says what the tests cite, and nothing that nobody shows."""

from pathlib import Path

import pytest

from tests.layout.tree import REPOSITORY
from tools import requirements

ROWS = """done = [{done}]

[[row]]
ids = ["P3", "W3"]
section = "Trust"
line = "Replays are refused."

[[row]]
ids = ["W1"]
section = "Trust"
line = "Calls | short."
"""


def repository(at: Path, python: str = "", php: str = "", done: str = "") -> Path:
    for folder in ("docs", "tests/stages", "connector/tests"):
        (at / folder).mkdir(parents=True)
    (at / "docs/requirements.toml").write_text(ROWS.format(done=done))
    (at / "tests/stages/test_it.py").write_text(python)
    (at / "connector/tests/ItTest.php").write_text("<?php\n" + php)
    return at


PYTHON = "import pytest\n@pytest.mark.req('W3')\ndef test_a_replay_is_refused(): ...\n"


def test_a_row_that_no_test_cites_is_open(tmp_path: Path) -> None:
    assert "| P3 W3 | Replays are refused. | open |  |" in requirements.page(repository(tmp_path))


def test_a_row_that_a_test_cites_under_any_of_its_ids_is_partly_done(tmp_path: Path) -> None:
    text = requirements.page(repository(tmp_path, PYTHON))
    assert "| P3 W3 | Replays are refused. | partly | `tests/stages/test_it.py` (1) |" in text
    assert "1 open, 1 partly, 0 done, 2 in all." in text


def test_a_row_is_done_when_people_say_so_and_a_test_cites_it(tmp_path: Path) -> None:
    assert "| done | `tests/stages/test_it.py` (1) |" in requirements.page(repository(tmp_path, PYTHON, done='"P3", "W3"'))


def test_a_row_with_one_of_two_ids_done_is_partly_done(tmp_path: Path) -> None:
    assert "| partly | `tests/stages/test_it.py` (1) |" in requirements.page(repository(tmp_path, PYTHON, done='"P3"'))


def test_a_row_called_done_that_no_test_cites_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="W1 is called done and no test cites it"):
        requirements.page(repository(tmp_path, done='"W1"'))


def test_a_citation_of_no_requirement_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"test_it\.py cites W99, which is no requirement"):
        requirements.page(repository(tmp_path, PYTHON.replace("W3", "W99")))


def test_an_id_called_done_that_is_no_requirement_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="W99 is called done and is no requirement"):
        requirements.page(repository(tmp_path, done='"W99"'))


def test_a_computed_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="written out, not computed"):
        requirements.page(repository(tmp_path, PYTHON.replace("'W3'", "*IDS")))


def test_a_mark_on_a_whole_file_and_a_group_in_php_count(tmp_path: Path) -> None:
    php = "/**\n * @group req-W1\n */\nfinal class ItTest {\n\t/** @group req-P3 */\n\tpublic function test_a() {}\n}\n"
    cited = requirements.citations(repository(tmp_path, "import pytest\npytestmark = [pytest.mark.req('W1')]\n", php))
    assert {(c.id, c.file) for c in cited} == {
        ("W1", "tests/stages/test_it.py"),
        ("W1", "connector/tests/ItTest.php"),
        ("P3", "connector/tests/ItTest.php"),
    }


def test_every_id_of_the_repository_stands_in_one_row() -> None:
    table, _ = requirements.rows(REPOSITORY)
    ids = [id_ for row in table for id_ in row.ids]
    assert len(ids) == len(set(ids))
    assert len(table) == 80
