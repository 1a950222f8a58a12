"""`presswarden person export` and `erase`, as an owner runs them."""

import json
from pathlib import Path

import pytest

from presswarden.identity.model import Role
from tests.support.office import Office

pytestmark = pytest.mark.req("X15")
PROMPT = r"Type their address, (.+), to go on: "


def test_a_person_is_exported_to_a_new_file_of_ones_own(office: Office, tmp_path: Path) -> None:
    office.join("nora", Role.VIEWER)
    to = tmp_path / "nora.json"
    assert office.run("person", "export", "nora@example.org", "--to", str(to)).exit_code == 0
    assert json.loads(to.read_text())["person"]["mail"] == "nora@example.org"
    assert to.stat().st_mode & 0o777 == 0o600
    assert office.run("person", "export", "nora@example.org", "--to", str(to)).exit_code == 2, "a file that is there stays"
    assert office.run("person", "export", "nobody@example.org").exit_code == 1
    assert office.run("person", "export", "olga@example.org", who="nora").exit_code == 3


def test_erasing_is_typed_at_a_terminal_and_removes_first(office: Office) -> None:
    office.join("nora", Role.VIEWER)
    assert office.run("person", "erase", "nora@example.org", typed="nora@example.org\n").exit_code == 2
    wrong = office.sit("person", "erase", "nora@example.org", prompt=PROMPT, answer="no")
    assert (wrong.code, "Nothing was changed" in wrong.screen) == (2, True), wrong.screen
    assert "nora" in office.run("person", "list").output
    sat = office.sit("person", "erase", "nora@example.org", prompt=PROMPT)
    assert sat.code == 0, sat.screen
    assert "nora" not in office.run("person", "list").output
    assert office.run("person", "export", "nora@example.org").exit_code == 1
    last = office.sit("person", "erase", "olga@example.org", prompt=PROMPT)
    assert (last.code, "identity.last_owner" in last.screen) == (3, True), last.screen
