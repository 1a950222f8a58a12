"""The page of exit codes is the table of the program, and every transcript ends with a code of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from presswarden.surfaces.problems import EXITS, MEANINGS, exit_code
from tests.transcripts.transcript import FOLDER
from tools import exit_codes

TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))


def test_the_page_is_fresh() -> None:
    assert exit_codes.PAGE.read_text() == exit_codes.page(), "run `make docs` and commit it"


def test_every_family_of_codes_has_a_number_with_a_meaning() -> None:
    assert set(EXITS.values()) <= MEANINGS.keys()


@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda file: file.stem)
def test_each_command_of_a_transcript_ends_as_its_code_says(file: Path) -> None:
    steps = [step for step in re.split(r"(?m)^(?=\$ )", file.read_text()) if step.startswith("$ ")]
    assert steps
    for step in steps:
        ended = int(re.findall(r"^\[exit code (\d+)\]$", step, re.M)[0])
        if step.startswith("$ wp "):
            assert (ended == 0) is ("Error: " not in step)
            continue
        code = re.search(r'^(?:Code:| +"code":) +"?([a-z_.]+)', step, re.M)
        assert (ended == 0) is (code is None)
        assert code is None or exit_code(code[1]) == ended
