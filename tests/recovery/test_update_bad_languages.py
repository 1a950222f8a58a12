"""Language packs that do a site harm. The PHP form of one is code that every page loads: a bad one is taken back like any other change, also the first."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest

from lab.packages import write_plugin
from lab.site import Lab
from lab.updates import UPDATED, UpdateServer
from tests.connector.peer import Peer
from tests.recovery.acting import Changed, changed_site

pytestmark = [pytest.mark.site, pytest.mark.req("S4", "W15")]
PACK = "translation:plugin:tiny:de_DE"
SPEAKS = "add_action( 'init', static function () { $GLOBALS['said'] = __( 'Hello', 'tiny' ); } );"
GOOD = {"Hello": "Hallo"}
BAD = {"Hello": "Hallo' . presswarden_test_is_not_there() . '"}
NAMES = ["tiny-de_DE.l10n.php", "tiny-de_DE.mo", "tiny-de_DE.po"]


@pytest.fixture(scope="module", params=["7.1", "6.5"])
def speaking(request: pytest.FixtureRequest, lab: Lab, peer: Peer, updates: UpdateServer) -> Iterator[Changed]:
    found = changed_site(lab, peer, updates, f"speaks-{request.param.replace('.', '-')}", version=request.param)
    found.reset()
    found.site.install_plugin(write_plugin(found.site.state / "speaks", "tiny", "1.0", SPEAKS))
    (found.site.content / "mu-plugins" / "06-german.php").write_text("<?php add_filter( 'locale', static fn() => 'de_DE' );\n")
    found.offer("1.0")
    yield found
    found.site.delete()


def offer(speaking: Changed, phrases: dict[str, str]) -> None:
    """Offered, and the site has looked for it."""
    speaking.updates.offer_translation("tiny", "de_DE", phrases)
    speaking.site.php("delete_site_transient( 'update_plugins' ); wp_update_plugins();")


def packs(speaking: Changed) -> dict[str, bytes]:
    folder = speaking.site.content / "languages"
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def without_pack(speaking: Changed) -> dict[str, bytes]:
    """No pack of the plugin's own, but those of others beside its place; what lies there then."""
    state = speaking.state()
    if state is not None and state["state"] == "confirm":
        assert speaking.close(state["id"]).status == 200
    folder = speaking.site.content / "languages" / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)
    for name in ("tiny-de_DE_formal.mo", "tiny-fr_FR.po", "tiny-shop-de_DE.mo"):
        (folder / name).write_text(f"{name} of somebody else")
    return packs(speaking)


def state(speaking: Changed) -> tuple[str, str, str]:
    found = speaking.state()
    assert found is not None
    assert found["id"] == speaking.changes[-1]
    return found["state"], found["why"], speaking.served()


def test_a_first_pack_that_is_fatal_is_taken_away_by_the_first_visitor(speaking: Changed) -> None:
    before = without_pack(speaking)
    offer(speaking, BAD)
    assert speaking.update(PACK, UPDATED, before={"revised": ""}).status == 200
    assert httpx.get(speaking.site.url, timeout=60).status_code == 503
    assert httpx.get(speaking.site.url, timeout=60).status_code == 200
    assert packs(speaking) == before
    assert state(speaking) == ("restored", "fatal-here", "1.0")
    assert PACK not in speaking.inventory()


def test_a_first_pack_is_taken_away_by_a_call_and_nothing_else_with_it(speaking: Changed) -> None:
    before = without_pack(speaking)
    offer(speaking, GOOD)
    assert speaking.update(PACK, UPDATED, before={"revised": ""}).status == 200
    assert set(packs(speaking)) - set(before) == {f"plugins/{name}" for name in NAMES}
    args = {"change": speaking.changes[-1], "scope": "files", "snapshot": speaking.snapshots[-1]}
    told = speaking.act("wp.snapshot.restore", args).result
    assert (told["component"], told["state"], told["version"], told["files"]) == (PACK, "restored", "", 0)
    assert packs(speaking) == before
    assert PACK not in speaking.inventory()


def test_a_renewed_pack_that_is_fatal_gives_way_to_the_old_one(speaking: Changed) -> None:
    without_pack(speaking)
    offer(speaking, GOOD)
    assert speaking.update(PACK, UPDATED, before={"revised": ""}).status == 200
    assert speaking.close().status == 200
    for path in (speaking.site.content / "languages" / "plugins").glob("tiny-de_DE.*p*"):
        path.write_text(path.read_text().replace("2026-11-01", "2026-01-01"))
    before = packs(speaking)
    offer(speaking, BAD)
    assert speaking.update(PACK, UPDATED).status == 200
    assert packs(speaking) != before
    assert httpx.get(speaking.site.url, timeout=60).status_code == 503
    assert httpx.get(speaking.site.url, timeout=60).status_code == 200
    assert packs(speaking) == before
    assert state(speaking) == ("restored", "fatal-here", "1.0")


def test_a_snapshot_of_nothing_is_of_a_pack_that_is_offered_and_can_t_be_put_back_later(speaking: Changed) -> None:
    without_pack(speaking)
    offer(speaking, GOOD)
    snapshot = speaking.snapshot(PACK)
    listed = {row["id"]: row for row in speaking.paired.call("wp.snapshot.list").result["snapshots"]}
    assert (listed[snapshot]["state"], listed[snapshot]["version"]) == ("verified", "")
    refused = speaking.act("wp.snapshot.restore", {"change": "", "scope": "files", "snapshot": snapshot})
    assert (refused.status, refused.code, refused.json["says"].split(":")[0]) == (409, "action.snapshot", "nothing")
    for other in ("translation:plugin:tiny:fr_BE", "translation:theme:tiny:de_DE", "translation:plugin:../../tiny:de_DE"):
        args = {"component": other, "database": False, "seconds": 5, "snapshot": str(uuid.uuid4()), "step": 0}
        answer = speaking.paired.call("wp.snapshot.create", args)
        assert answer.code in ("action.snapshot", "call.args"), other


def test_a_snapshot_of_nothing_protects_nothing_that_came_since(speaking: Changed) -> None:
    without_pack(speaking)
    offer(speaking, GOOD)
    snapshot = speaking.snapshot(PACK)
    assert speaking.update(PACK, UPDATED, before={"revised": ""}).status == 200
    assert speaking.close().status == 200
    for path in (speaking.site.content / "languages" / "plugins").glob("tiny-de_DE.*p*"):
        path.write_text(path.read_text().replace("2026-11-01", "2026-01-01"))
    assert speaking.update(PACK, UPDATED, snapshot=snapshot).code == "call.snapshot"
