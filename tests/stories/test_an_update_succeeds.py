"""A person updates one component with one command: they read the page, say yes at their terminal, and are told what was really seen on the site."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from lab.packages import Kind, write_plugin, write_theme
from lab.updates import UpdateServer
from tests.connector import releases
from tests.stories.changing import ask_for_updates, at_a_terminal, newest_change
from tests.stories.scene import Paired

pytestmark = [pytest.mark.site, pytest.mark.req("W14", "N6", "N13")]


def served(shop: Paired, slug: str) -> str:
    """The version that a visitor gets."""
    with urllib.request.urlopen(f"{shop.site.url}/wp-json/{slug}/v1/version", timeout=30) as answer:
        return str(json.load(answer)["version"])


@pytest.mark.req("W7", "W8", "X5", "X6", "X7", "S3", "X12")
def test_a_plugin_is_updated_after_a_yes_at_the_terminal_and_the_record_says_who_and_why(
    changing: Paired, updates: UpdateServer, tmp_path: Path
) -> None:
    changing.site.install_plugin(write_plugin(tmp_path, "good", "1.0"))
    updates.offer("good", "1.1")
    ask_for_updates(changing)
    refused = changing.control.attempt("--json", "site", "mode", changing.label, "autonomous")
    assert (refused.code, json.loads(refused.stderr)["code"]) == (3, "policy.mode"), "no snapshot was ever verified here"
    said = at_a_terminal(changing.control, "site", "update", changing.label, "plugin:good/good.php")
    assert said.code == 0, said.text
    assert "A snapshot is made and verified on the site first" in said.text
    assert "Updated: the new version was seen on the site" in said.text
    assert served(changing, "good") == "1.1"

    change = newest_change(changing)
    assert (change["result"], change["was"], change["version"], change["seen"]["version"]) == ("succeeded", "1.0", "1.1", "1.1")
    assert change["agreed"] == "Owner"
    health = changing.read()
    assert (health["maintenance"], health["change"]["state"], health["change"]["id"]) == ("", "closed", change["id"])
    assert not (changing.site.root / ".maintenance").exists()

    listed = changing.control.ask("snapshot", "list", changing.label)
    kept = listed if isinstance(listed, list) else listed["snapshots"]
    assert [one["state"] for one in kept if one["id"] == change["snapshot"]] == ["verified"]
    assert changing.control.ask("site", "mode", changing.label, "autonomous")["chosen"] == "autonomous"
    changing.control.run("site", "mode", changing.label, "approve")
    kinds = [entry["kind"] for entry in changing.control.ask("audit", "list", "--limit", "200")]
    for kind in ("proposal.filed", "work.filed", "change.began", "change.ended"):
        assert kind in kinds
    assert changing.control.attempt("audit", "verify").code == 0


def test_a_no_at_the_terminal_leaves_the_site_alone(changing: Paired, updates: UpdateServer, tmp_path: Path) -> None:
    changing.site.install_plugin(write_plugin(tmp_path, "kept", "1.0"))
    updates.offer("kept", "1.1")
    ask_for_updates(changing)
    said = at_a_terminal(changing.control, "site", "update", changing.label, "plugin:kept/kept.php", says_yes=False)
    assert said.code != 0
    assert served(changing, "kept") == "1.0"
    assert updates.downloads("kept") <= 1, "the courier's, for its hash; the site fetched nothing"


def test_a_theme_is_updated_the_same_way(changing: Paired, updates: UpdateServer) -> None:
    write_theme(changing.site.content / "themes", "calm", "1.0")
    updates.offer("calm", "1.1", theme=True)
    ask_for_updates(changing)
    said = at_a_terminal(changing.control, "site", "update", changing.label, "theme:calm")
    assert said.code == 0, said.text
    assert "Version: 1.1" in (changing.site.content / "themes" / "calm" / "style.css").read_text()
    assert newest_change(changing)["result"] == "succeeded"


@pytest.mark.req("N14")
def test_the_connector_is_updated_the_same_way_to_a_signed_release(changing: Paired, updates: UpdateServer, tmp_path: Path) -> None:
    site = changing.site
    site.install_plugin(releases.unpacked(releases.signed(releases.NOW), tmp_path / "now"), folder=releases.FOLDER)
    updates.offer(releases.FOLDER, "0.9.0", package=releases.zipped(releases.signed("0.9.0"), tmp_path))
    ask_for_updates(changing)
    said = at_a_terminal(changing.control, "site", "update", changing.label, f"plugin:{releases.FOLDER}/{releases.MAIN}")
    assert said.code == 0, said.text
    change = newest_change(changing)
    assert (change["result"], change["was"], change["seen"]["version"]) == ("succeeded", releases.NOW, "0.9.0")
    assert changing.show()["components"][f"plugin:{releases.FOLDER}/{releases.MAIN}"]["version"] == "0.9.0"
    updates.offer(releases.FOLDER, "0.9.1", package=releases.zipped(releases.tree("0.9.1"), tmp_path))
    ask_for_updates(changing)
    assert at_a_terminal(changing.control, "site", "update", changing.label, f"plugin:{releases.FOLDER}/{releases.MAIN}").code != 0
    change = newest_change(changing)
    assert (change["result"], change["code"]) == ("refused", "action.release")
    updates.withdraw(releases.FOLDER)


def test_a_zip_that_is_not_the_one_that_was_approved_is_not_unpacked(changing: Paired, updates: UpdateServer, tmp_path: Path) -> None:
    changing.site.install_plugin(write_plugin(tmp_path, "swapped", "1.0"))
    updates.offer("swapped", "1.1", Kind.CHANGED)
    ask_for_updates(changing)
    said = at_a_terminal(changing.control, "site", "update", changing.label, "plugin:swapped/swapped.php")
    assert said.code != 0
    change = newest_change(changing)
    assert (change["result"], change["code"]) == ("refused", "action.package_hash")
    assert served(changing, "swapped") == "1.0"
    assert changing.read()["change"]["id"] != change["id"], "nothing was opened"
