"""A large database is put back over several short calls: its tables are laid beside the live ones in steps, and one last move makes them live."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lab.site import Lab
from tests.connector.peer import Peer
from tests.connector.wire import Answer
from tests.recovery.snapped import Snapped, snapped
from tests.recovery.tables import content, post, tables

pytestmark = [pytest.mark.site, pytest.mark.req("W14")]


@pytest.fixture(scope="module", params=["sqlite-7.1", "mariadb-7.1", "mariadb-6.5"])
def large(request: pytest.FixtureRequest, lab: Lab, peer: Peer) -> Iterator[Snapped]:
    """With a table of 40 MB: three parts."""
    database, version = request.param.split("-")
    with snapped(lab, peer, f"stage-{request.param.replace('.', '-')}", version=version, database=database) as found:
        found.site.php(
            "$wpdb->query('CREATE TABLE wp_big ( id int NOT NULL PRIMARY KEY, body longtext )');"
            "for ($i = 0; $i < 40; $i++) { $rows = array(); for ($j = 0; $j < 10; $j++) {"
            " $rows[] = '(' . ($i * 10 + $j) . \", '\" . str_repeat(md5((string) ($i * 10 + $j)), 3000) . \"')\"; }"
            " $wpdb->query('INSERT INTO wp_big VALUES ' . implode(',', $rows)); }"
        )
        yield found


ONE_PART = (
    "use Presswarden\\Connector\\Core\\Refusal; use Presswarden\\Connector\\Site\\SnapshotStage;"
    "try { echo json_encode( SnapshotStage::step( $argv[1], 0, (int) $argv[2] ) ); } catch ( Refusal $no ) { echo json_encode( $no->wire_code ); }"
)
"""A call without any time does one part and no more."""


def stage(large: Snapped, name: str, step: int) -> Answer:
    return large.call("wp.snapshot.stage", {"seconds": 10, "snapshot": name, "step": step})


def one_part(large: Snapped, name: str, step: int) -> Any:
    return json.loads(large.site.php(ONE_PART, name, str(step)))


def staged(large: Snapped, name: str) -> int:
    """Part by part to its end; how many steps."""
    step = 0
    for _ in range(100):
        told = one_part(large, name, step)
        step = told["next"]
        if told["done"]:
            return step
    raise AssertionError("no end")


def left(large: Snapped) -> list[str]:
    """What is laid beside the live tables."""
    file = large.site.database.file
    if file is not None:
        return [path.name for path in file.parent.iterdir() if path.name.startswith(".ht.presswarden-")]
    return [table for table in tables(large.site) if "presswarden_r_" in table or "presswarden_o_" in table]


def live(large: Snapped) -> dict[str, object]:
    return {name: value for name, value in content(large.site).items() if "presswarden_r_" not in name}


def test_a_large_database_comes_back_in_short_calls_and_only_the_last_changes_the_site(large: Snapped) -> None:
    name = large.kept(database=True)
    before = live(large)
    large.site.php(post("since") + "$wpdb->query('DELETE FROM wp_big WHERE id > 5');")
    changed = live(large)
    assert staged(large, name) == len(large.parts(name, "database")) > 2
    assert live(large) == changed, "until the last call nothing of it is live"
    assert httpx.get(large.site.url).status_code == 200
    began = time.monotonic()
    told = large.restore(name, "database").result
    last = time.monotonic() - began
    assert (told["scope"], told["state"], told["lost"]["posts"] > 0) == ("database", "restored", True)
    assert live(large) == before
    assert left(large) == []
    began = time.monotonic()
    whole = stage(large, name, 0).result
    print(f"{whole['parts']} parts laid ready in {time.monotonic() - began:.1f} s, made live in {last:.1f} s")
    assert whole["done"]
    assert large.restore(name, "database").status == 200
    assert live(large) == before
    assert stage(large, name, 1).code == "action.step", "what lay ready is used up"


def test_a_step_that_died_is_begun_anew_and_what_it_left_is_not_restored(large: Snapped) -> None:
    name = large.kept(database=True)
    before = live(large)
    first = one_part(large, name, 0)
    assert not first["done"]
    # As if the host had ended the second one in its middle: nothing of it was written down.
    large.site.php(
        "use Presswarden\\Connector\\Site\\SnapshotManifest;"
        "$m = SnapshotManifest::open( $argv[1] ); $m->facts['stage'] = array( 'at' => time() ); $m->save();",
        name,
    )
    refused = stage(large, name, first["next"])
    assert (refused.code, "0" in refused.json["says"]) == ("action.step", True)
    large.site.php("$wpdb->query('DELETE FROM wp_big WHERE id > 5');")
    assert large.restore(name, "database").status == 200, "without it the restore does all of it in one call"
    assert live(large) == before
    assert left(large) == []
    staged(large, name)
    large.site.php("$wpdb->query('DELETE FROM wp_big WHERE id > 5');")
    assert large.restore(name, "database").status == 200
    assert live(large) == before


def test_a_step_out_of_turn_and_a_snapshot_without_tables_are_refused(large: Snapped) -> None:
    files = large.kept()
    assert stage(large, files, 0).json["says"].split(":")[0] == "no_database"
    made = large.make(database=True).id
    assert stage(large, made, 0).json["says"].split(":")[0] == "unverified"
    assert large.verify(made)["verified"]
    assert stage(large, made, 3).code == "action.step"
    assert left(large) == []


def test_what_nobody_came_back_for_goes_and_a_damaged_part_is_never_laid_ready(large: Snapped) -> None:
    name = large.kept(database=True)
    one_part(large, name, 0)
    assert left(large) != []
    tidy = "Presswarden\\Connector\\Site\\SnapshotStage::tidy( time() + %d );"
    large.site.php(tidy % 3000)
    assert left(large) != []
    large.site.php(tidy % 3700)
    assert left(large) == []
    part = large.parts(name, "database")[0]
    whole = part.read_bytes()
    part.write_bytes(whole[:-7] + bytes([whole[-7] ^ 8]) + whole[-6:])
    assert (stage(large, name, 0).code, left(large)) == ("action.snapshot", [])


def test_tables_that_vanished_in_between_are_laid_ready_again(large: Snapped) -> None:
    name = large.kept(database=True)
    before = live(large)
    staged(large, name)
    large.kept(database=True)  # which tidies up
    large.site.php("$wpdb->query('DELETE FROM wp_big WHERE id > 5');")
    assert large.restore(name, "database").status == 200
    assert live(large) == before
