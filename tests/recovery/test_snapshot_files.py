"""Snapshots of files: what is put back is what was there, in steps and after deaths, and what was touched is refused."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from lab.site import Lab
from tests.connector.peer import Peer
from tests.recovery.snapped import TINY, Snapped, digests, snapped, tree

pytestmark = [pytest.mark.site, pytest.mark.req("W14")]
MIB = 1024 * 1024
BIG = 200_000_000
GUARD = b"<?php exit; __halt_compiler();\n"


@pytest.fixture(scope="module")
def here(lab: Lab, peer: Peer) -> Iterator[Snapped]:
    with snapped(lab, peer, "snap-own") as found:
        yield found


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
