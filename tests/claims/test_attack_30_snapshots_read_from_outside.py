"""Attack 30, of snapshots: read them from the web while a change is open, read their keys from an answer, bend them, or fill the disk with them.

Layers: every file of the folder ends at its first line where PHP runs; where it does not, the control plane reads a canary and refuses the change; what lies
there is encrypted. Limits: while a change is open, the key of its one snapshot of files lies in the marker beside it, so that a site whose WordPress is dead
can be healed; whoever can read the site's own files reads that too.
"""

from __future__ import annotations

import base64
import json
import uuid

import httpx
import pytest

from tests.claims.attacks import Attack
from tests.claims.changing import state_of, weakened
from tests.claims.victims import Swap
from tests.recovery.acting import TINY, Changed

pytestmark = [pytest.mark.site, pytest.mark.req("W14", "X1")]

GUARD = Swap("src/Watch/Guard.php", "<?php exit; __halt_compiler();", "presswarden")
SEALED = Swap("src/Site/SnapshotManifest.php", "return array() !== $facts && hash_equals( self::mac( $key, $json ), $mac )", "return true")
ROOM = Swap("src/Site/SnapshotQuota.php", "MOST  = 2147483648;", "MOST  = 12000;")
COUNT = Swap("src/Site/SnapshotQuota.php", "COUNT = 200;", "COUNT = 2;")
LATER = Swap("src/Site/Snapshots.php", "'disk'      => $bytes,", "'disk'      => 0,")
BEGIN = (
    "foreach ( $argv as $id ) { try { Presswarden\\Connector\\Site\\Snapshots::create( $id, 'plugin:tiny/tiny.php', false, 0, 0 );"
    ' echo "begun\\n"; } catch ( Presswarden\\Connector\\Core\\Refusal $no ) { echo strtok( $no->says, \':\' ), "\\n"; } }'
)


def files(changed: Changed) -> list[str]:
    root = changed.site.root
    return sorted(str(path.relative_to(root)) for path in (changed.site.content / "presswarden-snapshots").rglob("*") if path.is_file())


def read(changed: Changed, path: str) -> bytes:
    return httpx.get(f"{changed.site.url}/{path}", timeout=30).content


def marker(changed: Changed) -> dict[str, object]:
    text = (changed.site.content / "presswarden-snapshots" / "open.php").read_text()
    return dict(json.loads(text.partition("\n")[2]))


def test_nothing_of_the_folder_can_be_fetched_while_a_change_is_open(changed: Changed, attack: Attack) -> None:
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200
    there = files(changed)
    assert {"open.php", "manifest.php", "canary.php", "f00000.php"} <= {path.rpartition("/")[2] for path in there}
    for path in there:
        attack.repelled(path.partition("/")[2], read(changed, path) == b"", path)
    items = marker(changed)["items"]
    assert isinstance(items, list)
    key = items[0]["key"]
    assert len(base64.b64decode(key)) == 32
    told = changed.paired.call("wp.site.health").body + changed.paired.call("wp.snapshot.list").body
    for tool in ("wp.site.inventory", "wp.site.get_environment"):
        told += changed.paired.call(tool).body
    attack.repelled("its key in an answer", key.encode() not in told)
    journal = json.dumps(changed.site.query("SELECT * FROM wp_presswarden_journal")) + json.dumps(
        changed.site.query("SELECT answer FROM wp_presswarden_calls")
    )
    attack.repelled("its key in the tables", key not in journal)
    assert changed.close().status == 200
    kept = "".join(path.read_text(errors="replace") for path in (changed.site.content / "presswarden-snapshots").rglob("*.php"))
    attack.repelled("its key after the change", key not in kept)


def test_without_the_first_line_the_key_lies_open(changed: Changed) -> None:
    changed.offer()
    with weakened(changed.site, GUARD):
        assert changed.update(TINY, "1.1").status == 200
        items = marker(changed)["items"]
        assert isinstance(items, list)
        assert items[0]["key"].encode() in read(changed, "wp-content/presswarden-snapshots/open.php")
        assert changed.close().status == 200
        for path in (changed.site.content / "presswarden-snapshots").glob("*.php"):
            path.unlink()


def bend(changed: Changed, snapshot: str) -> None:
    """The manifest, with another version in it."""
    path = changed.site.content / "presswarden-snapshots" / snapshot / "manifest.php"
    path.write_text(path.read_text().replace('"version":"1.0"', '"version":"9.9"'))


def test_a_bent_snapshot_is_known(changed: Changed, attack: Attack) -> None:
    one, other = changed.snapshot(TINY), changed.snapshot(TINY)
    folder = changed.site.content / "presswarden-snapshots"
    part = (folder / one / "files" / "f00000.php").read_bytes()
    bend(changed, other)
    (folder / one / "files" / "f00000.php").write_bytes(part[:-1] + bytes([part[-1] ^ 1]))
    for name, snapshot in (("one bit of a part", one), ("a word of the manifest", other)):
        attack.refused(name, changed.act("wp.snapshot.restore", {"change": "", "scope": "files", "snapshot": snapshot}), "action.snapshot")
    (folder / one / "files" / "f00000.php").write_bytes((folder / other / "files" / "f00000.php").read_bytes())
    attack.refused(
        "another's part", changed.act("wp.snapshot.restore", {"change": "", "scope": "files", "snapshot": one}), "action.snapshot"
    )
    attack.repelled("nothing moved", changed.served() == "1.0" and state_of(changed)[1] != "restoring")
    with weakened(changed.site, SEALED):
        rows = changed.paired.call("wp.snapshot.list").result["snapshots"]
        assert [row["version"] for row in rows if row["id"] == other and row["state"] == "verified"] == ["9.9"]


def begun(changed: Changed, many: int) -> list[str]:
    """As many snapshots, each begun and left there: what the site said to each."""
    forgotten = "Presswarden\\Connector\\Site\\SnapshotFolder"
    clear = f"foreach ( {forgotten}::ids() as $id ) {{ {forgotten}::remove( $id ); }} array_shift( $argv );"
    return changed.site.php(clear + BEGIN, *(str(uuid.uuid4()) for _ in range(many))).split()


def test_snapshots_that_are_only_begun_hold_their_room(changed: Changed, attack: Attack) -> None:
    """`tiny` takes 4 KB; two of it fit into 12,000 bytes, and a third does not, though nothing is written yet."""
    with weakened(changed.site, ROOM):
        said = begun(changed, 4)
    attack.repelled("many begun at once", said == ["begun", "begun", "quota", "quota"], said)
    with weakened(changed.site, COUNT):
        said = begun(changed, 3)
    attack.repelled("many small ones", said == ["begun", "begun", "quota"], said)
    with weakened(changed.site, ROOM, LATER):
        assert begun(changed, 4).count("begun") > 2, "without that they would all be let in"
    assert changed.snapshot(TINY)
