"""The policy at the command line: in plain sentences, with the place of each fault, and a laxer one never by one hand alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from presswarden.identity.model import Role
from tests.stages.approvals.documents import as_built_in
from tests.support.office import Office

pytestmark = pytest.mark.req("P7", "X5")


def _file(folder: Path, document: Any, name: str = "policy.json") -> str:
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    return str(folder / name)


def test_without_a_document_the_built_in_defaults_are_told(office: Office) -> None:
    text = office.run("policy", "show").output
    assert "No document: the built-in defaults hold." in text
    assert "0.82" in text
    assert office.ask("policy", "show") == {"scope": "", "version": 0, "document": None, "versions": []}


def test_a_fault_is_named_with_its_path_and_nothing_is_filed(office: Office, tmp_path: Path) -> None:
    wrong = _file(tmp_path, as_built_in(confidence_threshold=0.2))
    for verb in ("check", "diff", "set"):
        ran = office.run("--json", "policy", verb, wrong)
        told = json.loads(ran.stderr)
        assert (ran.exit_code, told["code"]) == (2, "policy.invalid"), verb
        assert "confidence_threshold" in told["where"]
    assert office.ask("policy", "show")["versions"] == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a":1,"a":2}', '"policy"'])
def test_a_file_that_is_no_document_is_a_wrong_argument(office: Office, tmp_path: Path, text: str) -> None:
    ran = office.run("policy", "check", _file(tmp_path, text))
    assert (ran.exit_code, "Next:" in ran.output) == (2, True)
    assert office.run("policy", "check", str(tmp_path / "nothing")).exit_code == 2


def test_a_stricter_document_holds_at_once_and_tells_what_it_says(on_both: Office, tmp_path: Path) -> None:
    stricter = _file(tmp_path, as_built_in(confidence_threshold=0.9, max_mode="approve"))
    differs = on_both.ask("policy", "diff", stricter)["differs"]
    assert any(line.startswith("+ ") and "0.9" in line for line in differs)
    filed = on_both.ask("policy", "set", stricter)
    assert (filed["version"], filed["active"]) == (1, True)
    shown = on_both.ask("policy", "show")
    assert shown["document"]["operations"]["confidence_threshold"] == 0.9
    assert "Version 1, in force." in on_both.run("policy", "show").output
    assert on_both.ask("policy", "diff", stricter)["differs"] == []


def test_a_laxer_document_waits_for_another_owner(office: Office, tmp_path: Path) -> None:
    office.join("berta", Role.OWNER)
    office.ask("policy", "set", _file(tmp_path, as_built_in(confidence_threshold=0.9)))
    waits = office.run("policy", "set", _file(tmp_path, as_built_in(confidence_threshold=0.6)))
    assert "waits for another owner" in waits.output
    assert "policy confirm 2" in waits.output
    assert office.ask("policy", "show")["version"] == 1
    own = office.run("--json", "policy", "confirm", "2")
    assert (own.exit_code, json.loads(own.stderr)["code"]) == (3, "policy.not_activated")
    assert office.ask("policy", "confirm", "2", who="berta")["active"] is True
    assert office.ask("policy", "show")["version"] == 2


@pytest.mark.parametrize("preset", ["cautious", "balanced", "hands-off"])
def test_a_preset_is_a_document_that_can_be_set_as_it_is(office: Office, tmp_path: Path, preset: str) -> None:
    offered = _file(tmp_path, office.run("policy", "preset", preset).stdout)
    assert office.ask("policy", "check", offered)["valid"] is True
    assert office.ask("policy", "set", offered)["version"] == 1


def test_a_sites_own_document_stands_beside_the_organisations(office: Office, tmp_path: Path) -> None:
    office.ask("policy", "set", _file(tmp_path, as_built_in(confidence_threshold=0.95)), "--site", "shop")
    assert office.ask("policy", "show")["version"] == 0
    assert office.ask("policy", "show", "--site", "shop")["version"] == 1


@pytest.mark.req("X10")
@pytest.mark.parametrize("role", [Role.ADMIN, Role.OPERATOR, Role.APPROVER, Role.VIEWER, Role.AUDITOR])
def test_only_an_owner_sets_a_policy(office: Office, tmp_path: Path, role: Role) -> None:
    office.join("nils", role)
    ran = office.run("policy", "set", _file(tmp_path, as_built_in(confidence_threshold=0.9)), who="nils")
    assert (ran.exit_code, "identity.forbidden" in ran.output) == (3, True)


def test_a_version_that_is_not_there_is_a_wrong_argument(office: Office) -> None:
    for words in (["show", "--version", "7"], ["confirm", "7"]):
        ran = office.run("policy", *words)
        assert (ran.exit_code, "policy.unknown" in ran.output) == (2, True), words


@pytest.mark.req("W8")
def test_a_site_is_not_autonomous_before_a_snapshot_of_it_was_verified(office: Office) -> None:
    ran = office.run("--json", "site", "mode", "shop", "autonomous")
    assert (ran.exit_code, json.loads(ran.stderr)["code"]) == (3, "policy.mode")
    assert office.ask("site", "mode", "shop")["mode"] == "approve"
    assert office.ask("site", "mode", "shop", "observe", "--critical") == {
        "site": office.shop.site,
        "mode": "observe",
        "chosen": "observe",
        "critical": True,
        "snapshot_confirmed": False,
    }
    assert "Autonomous is refused" in office.run("site", "mode", "shop").output


def test_people_are_added_with_a_role_and_listed(office: Office) -> None:
    made = office.ask("person", "add", "Anna", "anna@example.org", "--role", "approver", "--site", "shop")
    assert made["grants"] == [{"role": "approver", "site": office.shop.site}]
    text = office.run("person", "list").output
    assert "approver of shop" in text
    again = office.run("person", "add", "Anna", "anna@example.org")
    assert again.exit_code != 0
    assert office.run("person", "add", "Eva", "eva@example.org", who="anna").exit_code == 3
