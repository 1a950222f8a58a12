"""Times from the command line: listed with their bounds, set by an owner, refused outside."""

import subprocess
import sys
from pathlib import Path

import pytest

from presswarden.identity.model import Role
from tests.support.office import Office

pytestmark = pytest.mark.req("W13")


def test_times_are_listed_and_set(on_both: Office) -> None:
    assert "For ever: Entries of the audit trail" in on_both.run("limit", "list").output
    assert on_both.run("limit", "set", "notice_days", "60").exit_code == 0
    (found,) = [one for one in on_both.ask("limit", "list") if one["name"] == "notice_days"]
    assert found == {"name": "notice_days", "value": 60, "floor": 7, "ceiling": 90, "chosen": True}


def test_what_is_outside_its_bounds_or_no_time_of_ours_is_refused(office: Office) -> None:
    for words in (("notice_days", "3650"), ("audit_payload_days", "30"), ("audit_days", "400"), ("notice_days", "soon")):
        assert office.run("limit", "set", *words).exit_code == 2, words
    assert not any(one["chosen"] for one in office.ask("limit", "list"))


def test_a_time_that_there_is_not_is_refused_in_our_words(office: Office) -> None:
    program = Path(sys.executable).with_name("presswarden")
    ran = subprocess.run(
        [program, "--home", office.home, "limit", "set", "nonsense", "5"], env=office.env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("Error: Invalid value for 'limit': 'nonsense' is not one of 'session_idle_minutes', ")


def test_who_owns_nothing_sets_nothing(office: Office) -> None:
    office.join("otto", Role.ADMIN)
    assert office.run("limit", "set", "notice_days", "60", who="otto").exit_code == 3
