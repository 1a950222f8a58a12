"""Attack 34: have a site changed without the yes that its change needs, from the desk of the control plane itself.

A real control plane, two people who may approve, a real site. Limits: people are told apart by `--as` on the machine that holds the database; whoever has that
machine has the database too. Reasons of the gate one by one, roles and passkeys are tried in `tests/stages/{gate,approvals}`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lab.packages import write_plugin
from lab.recorder import Recorder
from lab.site import Lab
from lab.updates import UpdateServer
from tests.claims.attacks import Attack
from tests.stories.changing import Changing, ask_for_updates, at_a_terminal
from tests.stories.scene import Paired, install, pair, until

pytestmark = [pytest.mark.site, pytest.mark.req("X6", "W4")]

ANNA = "anna@example.org"


@pytest.fixture(scope="module")
def shop(lab: Lab, updates: UpdateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paired]:
    with Recorder() as wire:
        control = Changing(tmp_path_factory.mktemp("desk") / "home", wire, updates)
        control.start()
        try:
            site = install(lab.site("desk"))
            site.use_updates(updates.url)
            made = pair(control, site, "desk")
            control.run("person", "add", "Anna", ANNA, "--role", "approver")
            yield made
        finally:
            control.stop()


def filed(shop: Paired, updates: UpdateServer, tmp_path: Path, slug: str) -> tuple[str, str]:
    """An update that the owner asks for, where Anna could agree: its proposal and digest."""
    shop.site.install_plugin(write_plugin(tmp_path, slug, "1.0"))
    updates.offer(slug, "1.1")
    ask_for_updates(shop)
    said = shop.control.attempt("--json", "site", "update", shop.label, f"plugin:{slug}/{slug}.php")
    told = json.loads(said.stderr)
    assert (said.code != 0, told["code"]) == (True, "approval.wanted"), said
    return told["proposal"], shop.control.ask("proposal", "show", told["proposal"])["digest"]


def state(shop: Paired, proposal: str) -> str:
    return str(shop.control.ask("proposal", "show", proposal)["state"])


def changed_something(shop: Paired) -> list[Any]:
    return [one for one in shop.site.events("action_ran") if one["tool"].startswith(("wp.plugin", "wp.snapshot.create"))]


def by_hand(shop: Paired, *statements: str) -> None:
    """What somebody with the database's file does to it."""
    with closing(sqlite3.connect(shop.control.home / "presswarden.sqlite", timeout=30)) as database, database:
        for statement in statements:
            assert database.execute(statement).rowcount in (-1, 1)


def test_no_yes_but_another_persons_at_a_terminal_has_a_site_changed(
    shop: Paired, updates: UpdateServer, tmp_path: Path, attack: Attack
) -> None:
    proposal, _ = filed(shop, updates, tmp_path, "wanted")
    shop.site.clear_events()
    own = at_a_terminal(shop.control, "proposal", "approve", proposal)
    attack.repelled("the one who asked", own.code != 0 and "approval.own_proposal" in own.text, own.text)
    piped = shop.control.attempt("--as", ANNA, "proposal", "approve", proposal)
    attack.repelled("no terminal", piped.code != 0 and "approval.terminal" in piped.stderr, piped.stderr)
    wrong = at_a_terminal(shop.control, "--as", ANNA, "proposal", "approve", proposal, says_yes=False)
    attack.repelled("another word than the digest's", wrong.code != 0 and "approval.terminal" in wrong.text, wrong.text)
    stranger = shop.control.attempt("--as", "eve@example.org", "proposal", "approve", proposal)
    attack.repelled("nobody who is known", stranger.code != 0, stranger.stderr)
    again = shop.control.attempt("--json", "site", "update", shop.label, "plugin:wanted/wanted.php")
    attack.repelled("asking again", json.loads(again.stderr)["code"] == "approval.wanted", again.stderr)
    attack.repelled("nothing ran", state(shop, proposal) == "waiting" and changed_something(shop) == [], changed_something(shop))

    assert at_a_terminal(shop.control, "--as", ANNA, "proposal", "approve", proposal).code == 0
    until(lambda: state(shop, proposal) == "ended", "the change that was agreed to has ended", seconds=120)
    assert [one["result"] for one in shop.control.ask("proposal", "show", proposal)["changes"]] == ["succeeded"]


def test_a_plan_that_was_changed_in_the_database_is_not_what_people_say_yes_to(
    shop: Paired, updates: UpdateServer, tmp_path: Path, attack: Attack
) -> None:
    proposal, _ = filed(shop, updates, tmp_path, "bent")
    shop.site.clear_events()
    bend = f"UPDATE proposals SET leaves = replace(leaves, '900', '3600') WHERE id = '{proposal}'"
    with pytest.raises(sqlite3.IntegrityError):
        by_hand(shop, bend)
    attack.repelled("the database keeps a plan's text as it is", True)
    with closing(sqlite3.connect(shop.control.home / "presswarden.sqlite", timeout=30)) as database:
        kept = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'proposals'")]
    by_hand(shop, *(f"DROP TRIGGER {name}" for name in kept), bend)
    said = at_a_terminal(shop.control, "--as", ANNA, "proposal", "approve", proposal)
    attack.repelled("the plan's own text", "policy.digest" in said.text and state(shop, proposal) == "waiting", said.text)
    by_hand(shop, f"UPDATE proposals SET state = 'approved' WHERE id = '{proposal}'")
    shop.read()
    attack.repelled("and its state", changed_something(shop) == [], changed_something(shop))
