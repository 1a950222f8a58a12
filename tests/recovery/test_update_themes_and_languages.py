"""Themes and language packs on a real WordPress, and real code of others from WordPress's own packages."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import core
from lab.packages import Kind, zipped_folder
from lab.site import Lab
from lab.updates import UpdateServer
from tests.connector.peer import Peer
from tests.recovery.acting import THEME, TINY, Changed, changed_site, copy_theme

pytestmark = [pytest.mark.site, pytest.mark.req("S4")]
PACK = "translation:plugin:tiny:de_DE"
UPDATED = "2026-11-01 10:00:00"


@pytest.mark.parametrize("active", [False, True])
def test_a_theme_is_updated_and_stays_as_it_was_used(changed: Changed, active: bool) -> None:
    changed.site.php("switch_theme( $argv[1] );", "labtheme" if active else "twentytwentyfive")
    changed.updates.offer("labtheme", "2.0", theme=True)
    result = changed.update(THEME, "2.0", package=changed.updates.sha256("labtheme")).result
    assert (result["version"], result["was"], result["active"]) == ("2.0", "1.0", active)
    assert changed.before(THEME) == {"active": active, "version": "2.0"}
    assert changed.clean()


def test_a_package_that_is_no_theme_leaves_the_old_theme(changed: Changed) -> None:
    there = changed.on_disk("themes/labtheme")
    changed.updates.offer("labtheme", "2.0", Kind.NO_PLUGIN_FILE, theme=True)
    assert changed.update(THEME, "2.0").code == "action.download"
    assert changed.on_disk("themes/labtheme") == there


def test_a_theme_that_only_looks_like_one_by_its_path_is_not_there(changed: Changed) -> None:
    snapshot = changed.snapshot(THEME)
    for name in ("theme:../plugins/tiny", "theme:none"):
        args = {"change": str(uuid.uuid4()), "component": name, "deadline": 300, "snapshot": snapshot, "version": "2.0"}
        assert changed.act("wp.theme.update", args, {"active": False, "version": "1.0"}).code == "call.snapshot"


def languages(changed: Changed) -> list[str]:
    return sorted(path.name for path in (changed.site.content / "languages" / "plugins").glob("tiny-de_DE*"))


def test_a_language_pack_comes_is_renewed_and_can_be_taken_back(changed: Changed) -> None:
    changed.offer("1.0")
    changed.updates.offer_translation("tiny", "de_DE", {"Hello": "Hallo"})
    result = changed.update(PACK, UPDATED, snapshot="").result
    assert (result["version"], result["was"], result["files"]) == (UPDATED, "", 3)
    assert languages(changed) == ["tiny-de_DE.l10n.php", "tiny-de_DE.mo", "tiny-de_DE.po"]
    assert changed.close().status == 200
    assert changed.before(PACK)["revised"].startswith(UPDATED)

    folder = changed.site.content / "languages" / "plugins"
    for path in folder.glob("tiny-de_DE*.p*"):
        path.write_text(path.read_text().replace("2026-11-01", "2026-01-01"))
    old = (folder / "tiny-de_DE.po").read_text()
    result = changed.update(PACK, UPDATED).result
    assert (result["version"], result["was"][:10]) == (UPDATED, "2026-01-01")
    state = changed.state()
    assert state is not None
    args = {"change": changed.changes[-1], "scope": "files", "snapshot": changed.snapshots[-1]}
    assert changed.act("wp.snapshot.restore", args).result["state"] == "restored"
    assert (folder / "tiny-de_DE.po").read_text() == old


def test_a_language_pack_that_is_not_offered_or_not_newer_is_refused(changed: Changed) -> None:
    changed.offer("1.0")
    assert changed.update("translation:plugin:tiny:fr_FR", UPDATED, snapshot="").code == "action.offer"
    assert changed.update("translation:theme:tiny:de_DE", UPDATED, snapshot="", before={"revised": ""}).code == "action.offer"
    changed.updates.offer_translation("tiny", "de_DE", {"Hello": "Hallo"})
    if not languages(changed):
        assert changed.update(PACK, UPDATED, snapshot="").status == 200
        assert changed.close().status == 200
    assert changed.update(PACK, "2025-01-01 00:00:00", snapshot="").code == "action.downgrade"


@pytest.fixture(scope="module")
def older(lab: Lab, peer: Peer, updates: UpdateServer) -> Iterator[Changed]:
    """WordPress 6.5, where no file of it knows what came later."""
    found = changed_site(lab, peer, updates, "update-older", version="6.5")
    yield found
    found.site.delete()


def test_an_older_wordpress_updates_as_well(older: Changed) -> None:
    older.reset()
    assert older.update(TINY, "1.1", package=older.offer()).result["active"] is True
    assert (older.served(), older.clean()) == ("1.1", True)
    assert older.close().status == 200
    for kind, code in ((Kind.NO_PLUGIN_FILE, "action.download"), (Kind.HTML, "action.download")):
        older.offer("1.2", kind)
        assert older.update(TINY, "1.2").code == code
        assert (older.served(), older.clean()) == ("1.1", True)


@pytest.mark.req("N13")
def test_a_real_plugin_is_updated_byte_for_byte(older: Changed) -> None:
    older.reset()
    early, late = (core.tree(version).path / "wp-content" / "plugins" / "akismet" for version in ("6.8", "7.1"))
    place = older.site.content / "plugins" / "akismet"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(early, place)
    package = zipped_folder(late, "akismet")
    version = told(late / "akismet.php")
    older.updates.offer("akismet", version, package=package)
    result = older.update("plugin:akismet/akismet.php", version, package=hashlib.sha256(package).hexdigest()).result
    assert (result["version"], result["was"]) == (version, told(early / "akismet.php"))
    assert older.on_disk("plugins/akismet") == {str(p.relative_to(late)): p.read_bytes() for p in late.rglob("*") if p.is_file()}
    assert older.close().status == 200


def test_a_real_theme_that_needs_a_newer_wordpress_is_refused(older: Changed) -> None:
    older.reset()
    early, late = (core.tree(version).path / "wp-content" / "themes" / "twentytwentyfive" for version in ("6.8", "7.1"))
    copy_theme(early, older.site.content / "themes" / "twentytwentyfive")
    version = told(late / "style.css")
    older.updates.offer("twentytwentyfive", version, theme=True, package=zipped_folder(late, "twentytwentyfive"))
    assert older.update("theme:twentytwentyfive", version).code == "action.requires"
    assert older.on_disk("themes/twentytwentyfive") == {str(p.relative_to(early)): p.read_bytes() for p in early.rglob("*") if p.is_file()}


def told(header: Path) -> str:
    """Version in a component's header."""
    return next(line for line in header.read_text().splitlines() if "Version:" in line).partition("Version:")[2].strip()
