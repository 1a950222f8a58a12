"""Snapshots of files: what is put back is what was there, in steps and after deaths, and what was touched is refused."""

from __future__ import annotations

import io
import threading
import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from lab.packages import language_pack, write_theme
from lab.site import Lab
from tests.connector.conftest import install, pair
from tests.connector.peer import Peer
from tests.recovery.snapped import TINY, Snapped, digests, tree

pytestmark = [pytest.mark.site, pytest.mark.req("W14")]
MIB = 1024 * 1024
BIG = 200_000_000
GUARD = b"<?php exit; __halt_compiler();\n"


@pytest.fixture(scope="module", params=["7.1", "6.5"])
def both(lab: Lab, peer: Peer, request: pytest.FixtureRequest) -> Iterator[Snapped]:
    """A site of the newest and of the oldest WordPress that is supported."""
    yield from _site(lab, peer, str(request.param))


@pytest.fixture(scope="module")
def here(lab: Lab, peer: Peer) -> Iterator[Snapped]:
    yield from _site(lab, peer, "7.1", "own")


def _site(lab: Lab, peer: Peer, version: str, name: str = "files") -> Iterator[Snapped]:
    limits = {"PRESSWARDEN_LIMIT_INSTALLATION": 5000, "PRESSWARDEN_LIMIT_ADDRESS": 5000}
    site = install(lab.site(f"snap-{name}-{version.replace('.', '')}", version=version, constants=limits))
    found = Snapped(pair(site, peer))
    found.install()
    yield found
    site.delete()


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


def test_every_file_of_the_folder_ends_in_php_and_begins_with_the_guard(here: Snapped) -> None:
    here.install(more=40_000_000)
    name = here.kept()
    files = [path for path in here.folder.rglob("*") if path.is_file()]
    assert len(here.parts(name)) == 3
    for path in files:
        assert path.suffix == ".php", path
        assert path.read_bytes()[: len(GUARD)] == GUARD, path
        assert path.stat().st_size <= 16 * MIB + 65536
    assert b"more-0" not in b"".join(path.read_bytes() for path in files)
    here.install()


def test_a_snapshot_made_in_many_short_calls_is_the_same(here: Snapped) -> None:
    here.install(more=BIG)
    folder = here.site.content / "plugins" / "tiny"
    before = digests(folder)
    made = here.make(seconds=1)
    assert made.steps > 1, f"this machine packs {BIG} bytes in one second: nothing was tested"
    assert here.verify(made.id, seconds=1)["verified"]
    (folder / "more-0.bin").write_bytes(b"of another version")
    (folder / "more-1.bin").unlink()
    assert here.restore(made.id).status == 200
    assert digests(folder) == before
    here.install()


def test_a_call_that_dies_loses_its_own_work_and_nothing_else(here: Snapped) -> None:
    here.install(more=BIG)
    folder = here.site.content / "plugins" / "tiny"
    before = digests(folder)
    name = str(uuid.uuid4())
    first = here.create(name, seconds=1).result
    assert not first["done"]
    packed = {path.name for path in here.parts(name)}

    def call() -> None:
        with suppress(httpx.HTTPError):
            here.create(name, seconds=25, step=first["next"])

    lost = threading.Thread(target=call)
    lost.start()
    deadline = time.monotonic() + 20
    while {path.name for path in here.parts(name)} == packed and time.monotonic() < deadline:
        time.sleep(0.005)
    here.site.stop()
    lost.join()
    here.site.start()
    assert here.listed()[name]["state"] == "making"
    here.make(name=name, step=first["next"])
    assert here.verify(name)["verified"]
    (folder / "more-0.bin").write_bytes(b"of another version")
    assert here.restore(name).status == 200
    assert digests(folder) == before
    here.install()


def test_a_step_that_is_not_the_next_is_refused_with_nothing_done(here: Snapped) -> None:
    name = str(uuid.uuid4())
    early = here.create(name, step=1)
    assert (early.status, early.code) == (404, "action.snapshot_unknown")
    made = here.make(name=name)
    before = tree(here.folder / name)
    for step in (0, 1, 7):
        again = here.create(name, step=step)
        assert (again.status, again.code) == (409, "action.step")
    odd = here.call("wp.snapshot.verify", {"seconds": 5, "snapshot": made.id, "step": 3})
    assert (odd.status, odd.code, odd.json["says"]) == (409, "action.step", "The next step is 0; nothing was done.")
    assert tree(here.folder / name) == before


def test_an_id_is_used_for_one_thing_only(here: Snapped) -> None:
    here.install(more=BIG)
    name = str(uuid.uuid4())
    assert not here.create(name, seconds=1).result["done"]
    for component, database in (("core", False), (TINY, True)):
        other = here.create(name, component, database=database, seconds=1, step=1)
        assert (other.status, other.code) == (422, "call.args")
    assert here.delete(name).status == 200
    here.install()


@pytest.mark.parametrize(
    "component",
    ["plugin:none/none.php", "plugin:../../wp-config.php", "theme:none", "theme:../plugins", "translation:plugin:none:de_DE", "nothing"],
)
def test_what_the_site_does_not_have_is_not_packed(here: Snapped, component: str) -> None:
    before = {path.name for path in here.folder.iterdir()}
    refused = here.create(str(uuid.uuid4()), component)
    assert refused.code in ("action.snapshot", "call.args")
    assert {path.name for path in here.folder.iterdir()} == before


def test_a_component_that_is_a_link_is_refused(here: Snapped, tmp_path: Path) -> None:
    (tmp_path / "far.php").write_text("<?php\n/* Plugin Name: Far\nVersion: 1 */\n")
    link = here.site.content / "plugins" / "far"
    link.symlink_to(tmp_path)
    refused = here.create(str(uuid.uuid4()), "plugin:far/far.php")
    assert (refused.status, refused.code) == (409, "action.snapshot")
    assert refused.json["says"].startswith("link: ")
    link.unlink()


def test_one_that_was_not_verified_protects_nothing(here: Snapped) -> None:
    made = here.make()
    refused = here.restore(made.id)
    assert (refused.code, refused.json["says"].split(":")[0]) == ("action.snapshot", "unverified")
    asked = """
    use Presswarden\\Connector\\Site\\Snapshots;
    try { echo Snapshots::usable( $argv[1], $argv[2], time() + (int) $argv[3] )->id; }
    catch ( Presswarden\\Connector\\Core\\Refusal $refusal ) { echo $refusal->wire_code; }
    """
    assert here.site.php(asked, made.id, TINY, "0") == "call.snapshot"
    assert here.verify(made.id)["verified"]
    assert here.site.php(asked, made.id, TINY, "0") == made.id
    assert here.site.php(asked, made.id, "plugin:single.php", "0") == "call.snapshot"
    assert here.site.php(asked, made.id, TINY, "86500") == "call.snapshot"
    here.parts(made.id)[0].unlink()
    assert here.site.php(asked, made.id, TINY, "0") == "call.snapshot"
    assert here.site.php(asked, str(uuid.uuid4()), TINY, "0") == "call.snapshot"


def test_an_unknown_snapshot_is_neither_verified_nor_put_back_nor_deleted(here: Snapped) -> None:
    name = str(uuid.uuid4())
    for answer in (
        here.call("wp.snapshot.verify", {"seconds": 5, "snapshot": name, "step": 0}),
        here.restore(name),
        here.restore(name, "database"),
        here.delete(name),
    ):
        assert (answer.status, answer.code) == (404, "action.snapshot_unknown")


def test_a_deleted_snapshot_is_gone_with_its_files(here: Snapped) -> None:
    name = here.kept()
    assert here.delete(name).result == {"deleted": True, "snapshot": name}
    assert not (here.folder / name).exists()
    assert name not in here.listed()


def test_a_snapshot_without_a_database_gives_none_back(here: Snapped) -> None:
    refused = here.restore(here.kept(), "database")
    assert (refused.code, refused.json["says"].split(":")[0]) == ("action.snapshot", "no_database")


def test_of_one_component_the_last_three_stay(here: Snapped) -> None:
    for name in here.listed():
        here.delete(name)
    other = here.kept("core")
    made = [here.kept() for _ in range(4)]
    assert set(here.listed()) == {other, *made[1:]}


TAMPERED = (
    "one bit",
    "a byte cut",
    "a byte appended",
    "parts swapped",
    "a part gone",
    "a part of another snapshot",
    "the manifest changed",
)


@pytest.mark.parametrize("how", TAMPERED)
def test_a_snapshot_that_was_touched_is_refused_by_proof_and_by_restore(here: Snapped, how: str) -> None:
    here.install(more=20_000_000)
    folder = here.site.content / "plugins" / "tiny"
    first, second, third = here.make(), here.kept(), here.kept()
    (folder / "tiny.php").write_text("<?php // what stands there now")
    now = tree(folder)
    for name in (first.id, second):
        _tamper(here, name, how, third)
    told = here.verify(first.id)
    assert (told["verified"], told["done"]) == (False, True)
    assert told["says"]
    assert here.listed()[first.id]["state"] == "damaged"
    refused = here.restore(second)
    assert (refused.status, refused.code) == (409, "action.snapshot")
    assert tree(folder) == now
    assert here.restore(third).status == 200, "the one that nobody touched"
    assert here.paired.call("wp.site.health").result["change"]["state"] == "restored"
    here.install()


def _tamper(here: Snapped, name: str, how: str, other: str) -> None:
    parts = here.parts(name)
    content = parts[1].read_bytes()
    manifest = here.folder / name / "manifest.php"
    if how == "one bit":
        parts[1].write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    elif how == "a byte cut":
        parts[1].write_bytes(content[:-1])
    elif how == "a byte appended":
        parts[1].write_bytes(content + b"x")
    elif how == "parts swapped":
        parts[1].write_bytes(parts[0].read_bytes())
        parts[0].write_bytes(content)
    elif how == "a part gone":
        parts[1].unlink()
    elif how == "a part of another snapshot":
        parts[1].write_bytes(here.parts(other)[1].read_bytes())
    else:
        text = manifest.read_text()
        assert '["f00001.php"' in text
        manifest.write_text(text.replace('"version":"1.0"', '"version":"1.1"'))
