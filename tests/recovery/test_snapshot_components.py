"""What a component is made of comes back as it was: plugins, themes, translations, WordPress itself, on the newest and the oldest WordPress."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lab.packages import language_pack, write_theme
from lab.site import Lab
from tests.connector.peer import Peer
from tests.recovery.snapped import TINY, Snapped, snapped, tree

pytestmark = [pytest.mark.site, pytest.mark.req("W14")]


@pytest.fixture(scope="module", params=["7.1", "6.5"])
def both(lab: Lab, peer: Peer, request: pytest.FixtureRequest) -> Iterator[Snapped]:
    version = str(request.param)
    with snapped(lab, peer, f"snap-files-{version.replace('.', '')}", version=version) as found:
        yield found


@pytest.mark.req("W15")
def test_a_kept_plugin_comes_back_as_it_was_and_the_database_is_left_alone(both: Snapped) -> None:
    folder = both.site.content / "plugins" / "tiny"
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "tiny.php").chmod(0o640)
    before = tree(folder)
    name = both.kept()
    (folder / "tiny.php").write_text("<?php // of another version")
    (folder / "new.php").write_text("<?php // not there before")
    (folder / "empty").rmdir()
    both.site.php("wp_insert_post(array('post_title'=>'written since','post_status'=>'publish'));")
    told = both.restore(name).result
    assert tree(folder) == before
    assert both.site.query("SELECT COUNT(*) AS n FROM wp_posts WHERE post_title = 'written since'")[0]["n"] >= 1
    assert told == {
        "active": True,
        "component": TINY,
        "files": sum(1 for _, content in before.values() if content),
        "lost": {"orders": 0, "posts": 0, "users": 0},
        "maintenance": "",
        "scope": "files",
        "state": "restored",
        "tables": 0,
        "version": "1.0",
    }
    assert httpx.get(both.site.url + "/wp-json/tiny/v1/version").json()["version"] == "1.0"


def test_a_plugin_that_was_deleted_comes_back(both: Snapped) -> None:
    folder = both.site.content / "plugins" / "tiny"
    before = tree(folder)
    name = both.kept()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    assert both.restore(name).status == 200
    assert tree(folder) == before


def test_a_plugin_of_one_file_comes_back_and_its_neighbours_stay(both: Snapped) -> None:
    plugins = both.site.content / "plugins"
    (plugins / "single.php").write_text("<?php\n/* Plugin Name: Single\nVersion: 2.5 */\n")
    name = both.kept("plugin:single.php")
    assert both.listed()[name]["version"] == "2.5"
    (plugins / "single.php").write_text("<?php\n/* Plugin Name: Single\nVersion: 2.6 */\n")
    (plugins / "other.php").write_text("<?php // stays\n")
    told = both.restore(name).result
    assert (told["version"], told["files"], told["active"]) == ("2.5", 1, False)
    assert "2.5" in (plugins / "single.php").read_text()
    assert (plugins / "other.php").exists()


def test_a_theme_comes_back(both: Snapped, tmp_path: Path) -> None:
    theme = both.site.content / "themes" / "labtheme"
    theme.mkdir(exist_ok=True)
    for path in write_theme(tmp_path, "labtheme", "1.0").iterdir():
        (theme / path.name).write_bytes(path.read_bytes())
    before = tree(theme)
    name = both.kept("theme:labtheme")
    (theme / "functions.php").write_text("<?php // of another version")
    assert both.restore(name).result["version"] == "1.0"
    assert tree(theme) == before


def test_a_translation_comes_back_and_other_languages_stay(both: Snapped) -> None:
    folder = both.site.content / "languages" / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    for locale in ("de_DE", "fr_FR"):
        pack = language_pack("tiny", locale, "2026-01-02 03:04:05", {"Hello": "Hallo"})
        zipfile.ZipFile(io.BytesIO(pack)).extractall(folder)
    before = tree(folder)
    name = both.kept("translation:plugin:tiny:de_DE")
    assert 0 < len([path for path in before if "de_DE" in path]) < len(before)
    for path in folder.iterdir():
        path.write_text("other")
    assert both.restore(name).status == 200
    after = tree(folder)
    assert {path: content for path, content in after.items() if "de_DE" in path} == {p: c for p, c in before.items() if "de_DE" in p}
    assert all(content == b"other" for path, (_, content) in after.items() if "fr_FR" in path)


def test_core_comes_back_and_what_is_the_sites_own_stays(both: Snapped) -> None:
    root = both.site.root
    (root / ".htaccess").write_text("# before")
    name = both.kept("core")
    folders = {part: tree(root / part) for part in ("wp-admin", "wp-includes")}
    login, config = (root / "wp-login.php").read_bytes(), (root / "wp-config.php").read_text()
    (root / ".htaccess").write_text("# of the site")
    (root / "wp-config.php").write_text(config + "\n// since\n")
    (root / "wp-login.php").write_bytes(login + b"\n// changed\n")
    (root / "wp-includes" / "left-over.php").write_text("<?php // of another version")
    (root / "wp-admin" / "about.php").unlink()
    told = both.restore(name).result
    assert told["component"] == "core"
    assert told["version"] == both.site.version
    assert {part: tree(root / part) for part in folders} == folders
    assert (root / "wp-login.php").read_bytes() == login
    assert (root / ".htaccess").read_text() == "# of the site"
    assert (root / "wp-config.php").read_text() == config + "\n// since\n"
    (root / "wp-config.php").write_text(config)
