"""Proposals at the command line: everything a person should know before they answer, and a yes that only a person at this machine can say."""

import base64
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from lab.authenticator import Authenticator
from presswarden.identity.model import Role
from presswarden.kernel.db import Database
from presswarden.kernel.ids import new_id
from presswarden.surfaces.cli import consenting
from tests.support.office import Office
from tests.support.shop import AKISMET, COMPONENTS, offered

HOSTILE = "Akismet \x1b[2J\x1b]0;owned\x07\u202egnp"

pytestmark = pytest.mark.req("X5", "X7")


def test_a_recommendation_is_listed_with_its_risk_and_confidence(on_both: Office) -> None:
    text = on_both.run("proposal", "list").output
    assert on_both.proposal in text
    assert "Update Akismet 5.7.2 to 5.7.3 on shop" in text
    (plain,) = on_both.ask("proposal", "list", "--site", "shop")
    assert (plain["state"], plain["risk"], plain["source"]) == ("recommended", "medium", "analyst")
    assert on_both.ask("proposal", "list", "--state", "waiting") == []


def test_what_speaks_against_it_stands_first_and_nothing_that_matters_is_missing(office: Office) -> None:
    text = office.run("proposal", "show", office.proposal).output
    parts = [
        "digest",
        "approve by",
        "begin by",
        "Speaks against it",
        "Speaks for it",
        "How much it touches",
        "Exactly this would be sent",
        "The way back",
        "The policy now",
    ]
    at = [text.index(part) for part in parts]
    assert at == sorted(at)
    assert re.search(r"1 site, 100 % of 1: shop", text)
    assert "wp.plugin.update" in text
    assert "Not put back by itself: the database" in text
    assert re.search(r"^digest +[0-9a-f]{64}$", text, re.M)


@pytest.mark.req("N17")
def test_of_a_network_all_its_sites_are_counted(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "office.sqlite")
    office = Office(f"sqlite:///{tmp_path / 'office.sqlite'}", tmp_path)
    office.open({**offered(), "core": {**COMPONENTS["core"], "multisite": True, "sites": 12}})
    assert "shop is a network: it changes for all its 12 sites" in office.run("proposal", "show", office.proposal).output
    assert office.ask("proposal", "show", office.proposal)["blast_radius"]["sites_served"] == 12


def test_the_document_holds_the_exact_bytes_of_every_leaf(on_both: Office) -> None:
    plain = on_both.ask("proposal", "show", on_both.proposal)
    assert [leaf["role"] for leaf in plain["leaves"]] == ["act", "close", "take_back", "deactivate", "close_again"]
    act = json.loads(plain["leaves"][0]["text"])
    assert (act["tool"], act["args"]["version"], act["before"]) == ("wp.plugin.update", "5.7.3", {"active": True, "version": "5.7.2"})
    assert json.loads(plain["header"])["plan"] == on_both.proposal
    assert [each["against"] for each in plain["evidence"]] == sorted((e["against"] for e in plain["evidence"]), reverse=True)


def test_a_hostile_name_moves_no_cursor(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "office.sqlite")
    office = Office(f"sqlite:///{tmp_path / 'office.sqlite'}", tmp_path)
    office.open({**offered(), AKISMET: {**COMPONENTS[AKISMET], "name": HOSTILE}})
    for words in (["proposal", "list"], ["proposal", "show", office.proposal]):
        text = office.run(*words).output
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", text), words
        assert "<U+001B>" in text
    adopted = office.run("proposal", "adopt", office.proposal)
    assert adopted.exit_code == 0
    assert "\x1b" not in adopted.output


@pytest.mark.parametrize(
    ("query", "settings", "local"),
    [
        ("", {}, True),
        ("?host=/var/run/postgresql", {}, True),
        ("?host=127.0.0.1:5432&host=localhost:5432", {}, True),
        ("?host=db.example.org", {}, False),
        ("?host=127.0.0.1:5432&host=db.example.org:5432", {}, False),
        ("?hostaddr=203.0.113.9", {}, False),
        ("?service=far", {}, False),
        ("?direct=127.0.0.1:5432", {}, True),
        ("?direct=db.example.org:5432", {}, False),
        ("", {"PGHOST": "db.example.org"}, False),
        ("", {"PGHOSTADDR": "203.0.113.9"}, False),
        ("", {"PGSERVICE": "far"}, False),
    ],
)
@pytest.mark.req("X6")
def test_a_database_elsewhere_is_not_here_however_it_is_named(query: str, settings: dict[str, str], local: bool) -> None:
    assert consenting.is_here(Database(f"postgresql:///presswarden{query}"), settings) is local
    assert not consenting.is_here(Database("postgresql://db.example.org/presswarden"), settings)


def test_a_recommendation_is_adopted_before_it_is_approved(office: Office) -> None:
    refused = office.run("--json", "proposal", "approve", office.proposal, "--assertion", os.devnull)
    assert refused.exit_code == 3
    sat = office.sit("proposal", "approve", office.proposal)
    assert (sat.code, "approval.not_adopted" in sat.screen) == (3, True)
    assert office.run("proposal", "adopt", office.proposal).exit_code == 0
    assert office.state() == "waiting"


@pytest.mark.req("X6", "N8")
def test_the_only_person_who_may_approve_types_the_digest_at_the_terminal(on_both: Office) -> None:
    on_both.run("proposal", "adopt", on_both.proposal)
    sat = on_both.sit("proposal", "approve", on_both.proposal)
    assert (sat.code, "Approved." in sat.screen) == (0, True), sat.screen
    assert "Speaks against it" in sat.screen
    assert (on_both.state(), on_both.work_filed()) == ("approved", 1)


def test_anything_else_typed_leaves_it_as_it_was(office: Office) -> None:
    office.run("proposal", "adopt", office.proposal)
    for answer in ("", "y", "yes", "{0}0", "00000000"):
        sat = office.sit("proposal", "approve", office.proposal, answer=answer)
        assert (sat.code, "approval.terminal" in sat.screen) == (3, True), answer
    assert (office.state(), office.work_filed()) == ("waiting", 0)


@pytest.mark.parametrize("way", ["pipe", "json", "flag"])
def test_no_pipe_and_no_flag_can_say_yes(office: Office, way: str) -> None:
    office.run("proposal", "adopt", office.proposal)
    digest = office.ask("proposal", "show", office.proposal)["digest"]
    if way == "pipe":
        ran = office.run("proposal", "approve", office.proposal, typed=f"{digest[:8]}\n")
        assert (ran.exit_code, "approval.terminal" in ran.output) == (3, True)
    elif way == "json":
        ran = office.run("--json", "proposal", "approve", office.proposal, typed=f"{digest[:8]}\n")
        assert (ran.exit_code, json.loads(ran.stderr)["code"]) == (2, "usage.options")
    else:
        ran = office.run("proposal", "approve", office.proposal, "--yes", typed=f"{digest[:8]}\n")
        assert ran.exit_code != 0
    assert (office.state(), office.work_filed()) == ("waiting", 0)


@pytest.mark.req("X10")
def test_whoever_adopted_it_does_not_approve_it_where_somebody_else_could(office: Office) -> None:
    office.join("anna", Role.APPROVER)
    office.run("proposal", "adopt", office.proposal)
    sat = office.sit("proposal", "approve", office.proposal)
    assert (sat.code, "approval.own_proposal" in sat.screen) == (3, True)
    sat = office.sit("proposal", "approve", office.proposal, who="anna")
    assert (sat.code, office.state()) == (0, "approved"), sat.screen


@pytest.mark.req("X10")
@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER, Role.AUDITOR])
def test_a_role_that_does_not_approve_is_refused(office: Office, role: Role) -> None:
    office.join("nils", role)
    office.run("proposal", "adopt", office.proposal)
    sat = office.sit("proposal", "approve", office.proposal, who="nils")
    assert (sat.code, "approval.role" in sat.screen) == (3, True)


def test_a_no_ends_it_and_says_why(on_both: Office) -> None:
    assert on_both.run("proposal", "reject", on_both.proposal, "--reason", "not this week").exit_code == 0
    plain = on_both.ask("proposal", "show", on_both.proposal)
    assert (plain["state"], [each["reason"] for each in plain["answers"]]) == ("rejected", ["not this week"])
    assert on_both.run("proposal", "adopt", on_both.proposal).exit_code == 3


def test_a_proposal_that_nobody_knows_is_a_wrong_argument(office: Office) -> None:
    ran = office.run("proposal", "show", new_id())
    assert (ran.exit_code, "proposal.unknown" in ran.output) == (2, True)


@pytest.mark.req("N1")
def test_a_passkey_says_yes_over_the_challenge_that_was_printed(on_both: Office, tmp_path: Path) -> None:
    on_both.join("anna", Role.APPROVER)
    tap = Authenticator("anna", "consent.localhost", "http://consent.localhost:8700")
    begun = on_both.run("--json", "person", "passkey", "add", "key", who="anna", typed="{}")
    assert begun.exit_code == 3
    options = json.loads(begun.stdout)
    assert (options["rp"]["id"], options["origin"]) == (tap.rp_id, tap.origin)
    begun = on_both.run("--json", "person", "passkey", "add", "key", who="anna", typed="not json")
    answer = tmp_path / "registration.json"
    answer.write_text(json.dumps(tap.register(_challenge(json.loads(begun.stdout)["challenge"]))))
    made = on_both.ask("person", "passkey", "add", "key", "--registration", str(answer), who="anna")
    assert made["id"] == tap.credential
    assert [each["name"] for each in on_both.ask("person", "passkey", "list")] == ["key"]

    on_both.run("proposal", "adopt", on_both.proposal)
    asked = on_both.run("--json", "proposal", "approve", on_both.proposal, "--passkey", who="anna", typed="{}")
    assert asked.exit_code == 3
    options = json.loads(asked.stdout)
    assertion = tmp_path / "assertion.json"
    flat = tap.sign(_challenge(options["challenge"]))
    browser = {"id": flat.pop("id"), "type": "public-key", "response": {**flat, "userHandle": None}, "clientExtensionResults": {}}
    assertion.write_text(json.dumps(browser))
    done = on_both.ask("proposal", "approve", on_both.proposal, "--assertion", str(assertion), who="anna")
    assert (done["state"], on_both.work_filed()) == ("approved", 1)


@pytest.mark.req("N1")
def test_an_assertion_over_another_plan_is_refused(office: Office, tmp_path: Path) -> None:
    tap = Authenticator("olga", "consent.localhost", "http://consent.localhost:8700")
    begun = office.run("--json", "person", "passkey", "add", "key", typed="not json")
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(tap.register(_challenge(json.loads(begun.stdout)["challenge"]))))
    office.ask("person", "passkey", "add", "key", "--registration", str(answer))
    office.run("proposal", "adopt", office.proposal)
    answer.write_text(json.dumps(tap.sign(b"x" * 32)))
    ran = office.run("--json", "proposal", "approve", office.proposal, "--assertion", str(answer))
    assert (ran.exit_code, json.loads(ran.stderr)["code"]) == (3, "approval.passkey")
    assert (office.state(), office.work_filed()) == ("waiting", 0)


def test_without_a_passkey_the_option_says_how_to_get_one(office: Office) -> None:
    ran = office.run("proposal", "approve", office.proposal, "--passkey")
    assert (ran.exit_code, "person passkey add" in ran.output) == (3, True)


@pytest.mark.parametrize("text", ["", "[]", "{", "x" * 70_000])
def test_an_answer_that_is_none_is_refused_in_words(office: Office, tmp_path: Path, text: str) -> None:
    (tmp_path / "answer.json").write_text(text)
    ran = office.run("person", "passkey", "add", "key", "--registration", str(tmp_path / "answer.json"))
    assert ran.exit_code == 2
    assert "Next:" in ran.output
    assert office.run("person", "passkey", "add", "key", "--registration", str(tmp_path / "nothing")).exit_code == 2


def _challenge(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
