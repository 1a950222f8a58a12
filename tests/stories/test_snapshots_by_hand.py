"""A kept snapshot is listed, put back and deleted from the command line: one person asks, two others say yes with their passkeys, the site does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.demo.people import Somebody
from lab.packages import write_plugin
from lab.updates import UpdateServer
from tests.stories.changing import ask_for_updates, at_a_terminal, newest_change
from tests.stories.scene import Paired, until
from tests.stories.test_an_update_succeeds import served

pytestmark = [pytest.mark.site, pytest.mark.req("W14", "W15", "W6")]


def snapshots(shop: Paired) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in shop.control.ask("snapshot", "list", shop.label)["snapshots"]}


def agreed(shop: Paired, asker: Somebody, others: tuple[Somebody, Somebody], act: str, snapshot: str) -> dict[str, Any]:
    """Asked for by one, agreed to by two others; the change once it ended."""
    asked = shop.control.attempt("--as", asker.mail, "--json", "snapshot", act, shop.label, snapshot, "--seconds", "2")
    waiting = asker.ask("proposal", "list", "--site", shop.label, "--state", "waiting")
    assert len(waiting) == 1, asked
    assert waiting[0]["risk"] == "high"
    own = shop.control.attempt("--as", asker.mail, "--json", "proposal", "approve", waiting[0]["id"], "--passkey")
    assert own.code != 0, "whoever asks does not approve"
    assert "Speaks against it" in shop.control.attempt("proposal", "show", waiting[0]["id"]).stdout
    assert snapshot in snapshots(shop), "nothing happened yet"
    assert [one.approve(waiting[0]["id"])["state"] for one in others] == ["waiting", "approved"]

    def ended() -> bool:
        change = newest_change(shop)
        return change["proposal"] == waiting[0]["id"] and change["result"] is not None

    until(ended, "an end of it", 120)
    return newest_change(shop)


def test_a_snapshot_is_listed_put_back_and_deleted_when_two_others_agree(changing: Paired, updates: UpdateServer, tmp_path: Path) -> None:
    changing.site.install_plugin(write_plugin(tmp_path, "kept", "1.0"))
    updates.offer("kept", "1.1")
    ask_for_updates(changing)
    said = at_a_terminal(changing.control, "site", "update", changing.label, "plugin:kept/kept.php")
    assert (said.code, served(changing, "kept")) == (0, "1.1"), said.text
    snapshot = newest_change(changing)["snapshot"]
    kept = snapshots(changing)[snapshot]
    assert (kept["component"], kept["version"], kept["state"], kept["database"]) == ("plugin:kept/kept.php", "1.0", "verified", True)

    owner = Somebody(changing.control, "Owner", changing.control.ask("person", "list")[0]["mail"])
    second = Somebody(changing.control, "Second", "second@example.org")
    changing.control.acting = owner.mail
    third = Somebody(changing.control, "Third", "third@example.org")
    for one in (second, third):
        owner.ask("person", "add", one.name, one.mail, "--role", "owner")
    for one in (owner, second, third):
        one.enrol()
    changing.site.php("wp_insert_post( array( 'post_title' => 'meanwhile', 'post_status' => 'publish' ) );")
    back = agreed(changing, owner, (second, third), "restore", snapshot)
    assert (back["result"], back["asked_by"]) == ("succeeded", "Owner")
    assert served(changing, "kept") == "1.0"
    assert changing.site.query("SELECT COUNT(*) AS n FROM wp_posts WHERE post_title = 'meanwhile'")[0]["n"] == 1, "files alone go back"

    gone = agreed(changing, second, (owner, third), "delete", snapshot)
    assert (gone["result"], gone["asked_by"]) == ("succeeded", "Second"), (gone["code"], gone["says"])
    assert snapshot not in snapshots(changing)
    assert not (changing.site.content / "presswarden-snapshots" / snapshot).exists()
    refused = changing.control.attempt("--as", owner.mail, "--json", "snapshot", "restore", changing.label, snapshot)
    assert (refused.code != 0, json.loads(refused.stderr)["code"]) == (True, "snapshot.unknown")
