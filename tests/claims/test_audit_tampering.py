"""Claim: whoever edits, deletes, reorders, cuts or forks an exported log is found out, and the verifier names the first bad entry.

Limits: against who holds the log's key, only a checkpoint that was kept elsewhere helps; the last tests show both sides of that.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from presswarden.audit import signing, tree
from presswarden.audit.export import Folder, Line
from presswarden.audit.folder import bundle, hashes
from presswarden.audit.model import Actor, Checkpoint, Entry, Sealed, member, seal, seal_batch, write_members
from presswarden.audit.verify import Fault, Finding, verify_export
from presswarden.kernel import canonical, merkle
from presswarden.kernel.ids import EventId, new_id

pytestmark = pytest.mark.req("N9", "W19")

ORIGIN = "log.test/org/1"
SEED = signing.new_seed()
KEY = signing.log_key(ORIGIN, SEED).text()
SIZE = 700
HEADS = (1, 90, 256, 300, 611, 700)
BATCH = 40
"""The entry that is a batch."""


def _sealed(number: int) -> tuple[Sealed, bytes | None]:
    at, salt = datetime(2026, 11, 20, tzinfo=UTC), bytes([number % 256]) * 32
    members = [member({"seq": n}, salt) for n in range(5)] if number == BATCH else None
    payload = seal_batch(members) if members else {"number": number, "ratio": 0.5}
    entry = Entry("site.paired", Actor("process", "dispatcher"), f"site:{number}", f"run-{number}", payload)
    return seal(entry, event=EventId(new_id()), salt=salt, at=at), write_members(members) if members else None


LOG = [_sealed(number) for number in range(SIZE)]
LEAVES = [sealed.leaf for sealed, _ in LOG]


def _head(leaves: Sequence[bytes], size: int, seed: bytes = SEED) -> Checkpoint:
    root = merkle.root([merkle.leaf_hash(leaf) for leaf in leaves[:size]])
    return Checkpoint(signing.checkpoint(ORIGIN, seed, size=size, root=root), ORIGIN, size, root)


def _write(folder: Path, leaves: Sequence[bytes], heads: Sequence[Checkpoint]) -> Path:
    """The export of a log of `leaves`, complete and consistent in itself; signed as `heads` say."""
    out = Folder.begin(folder)
    _, nodes = tree.grow(merkle.Frontier(), [merkle.leaf_hash(leaf) for leaf in leaves])
    kept = {(0, i): merkle.leaf_hash(leaf) for i, leaf in enumerate(leaves)} | {(n.level, n.position): n.node_hash for n in nodes}
    for number, width in tree.tiles(len(leaves), 0):
        out.bundle(number, leaves[number * 256 : number * 256 + width])
    for level in tree.levels(len(leaves)):
        for number, width in tree.tiles(len(leaves), level):
            out.tile(level, number, [kept[level, number * 256 + i] for i in range(width)])
    by_leaf = {sealed.leaf: (sealed, members) for sealed, members in LOG}
    known = [(i, by_leaf[leaf]) for i, leaf in enumerate(leaves) if leaf in by_leaf]
    out.payloads([Line(i, sealed.salt, sealed.document, members) for i, (sealed, members) in known])
    out.checkpoints([head.text for head in heads])
    out.finish(heads[-1], KEY)
    return folder


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("log") / "good", LEAVES, [_head(LEAVES, size) for size in HEADS])


@pytest.fixture
def log(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "log"))


def _entries(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> list[bytes]:
    """Rewrite the bundles; the tiles stay."""
    leaves = [leaf for number, width in tree.tiles(SIZE, 0) for leaf in bundle(folder, number, width)]
    leaves = change(leaves)
    for number, width in tree.tiles(SIZE, 0):
        part = leaves[number * 256 : number * 256 + width]
        framed = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in part)
        (folder / tree.tile_path("entries", number, width)).write_bytes(framed)
    return leaves


def _edited(leaves: list[bytes]) -> list[bytes]:
    return [*leaves[:280], leaves[280].replace(b"site.paired", b"site.forged"), *leaves[281:]]


def _deleted(leaves: list[bytes]) -> list[bytes]:
    return leaves[:280] + leaves[281:]


def _swapped(leaves: list[bytes]) -> list[bytes]:
    return [*leaves[:280], leaves[281], leaves[280], *leaves[282:]]


def _inserted(leaves: list[bytes]) -> list[bytes]:
    return [*leaves[:280], leaves[0], *leaves[280:]]


def _cut(leaves: list[bytes]) -> list[bytes]:
    return leaves[:280]


CHANGES = [_edited, _deleted, _swapped, _inserted, _cut]


def _first(folder: Path, *older: str) -> Fault:
    report = verify_export(folder, KEY, older)
    assert not report.ok
    assert report.first_bad is not None
    return report.first_bad


def test_an_untouched_export_verifies_and_extends_every_kept_checkpoint(log: Path) -> None:
    report = verify_export(log, KEY, [_head(LEAVES, size).text for size in HEADS])
    assert report.ok, report.faults
    assert (report.size, report.payloads, report.heads, report.first_bad) == (SIZE, SIZE, 2 * len(HEADS) + 1, None)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_entry_is_named_exactly(log: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    _entries(log, change)
    fault = _first(log)
    assert (fault.first, fault.last) == (280, 280)
    assert fault.finding is (Finding.MISSING if change is _cut else Finding.ENTRY)


@pytest.mark.parametrize("change", CHANGES)
def test_with_new_tiles_too_it_is_named_between_two_signed_heads(tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    # An insider without the key: everything is made anew, the signatures are the old ones.
    log = _write(tmp_path / "log", change(LEAVES), [_head(LEAVES, size) for size in HEADS])
    fault = _first(log)
    assert fault.first == 256
    assert fault.last == (256 if change is _cut else 299)  # a cut bundle has another name: it is absent


@pytest.mark.parametrize("size", [611, 300, 1])
def test_a_cut_tail_with_an_older_signed_head_is_caught_by_a_kept_checkpoint(tmp_path: Path, size: int) -> None:
    log = _write(tmp_path / "log", LEAVES[:size], [_head(LEAVES, head) for head in HEADS if head <= size])
    assert verify_export(log, KEY).ok  # by itself it is a log that once was
    fault = _first(log, _head(LEAVES, 700).text)
    assert (fault.finding, fault.first, fault.last) == (Finding.ROLLED_BACK, size, size)


@pytest.mark.parametrize("change", CHANGES)
def test_an_insider_who_signs_anew_is_caught_by_a_kept_checkpoint(tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    forged = change(LEAVES)
    log = _write(tmp_path / "log", forged, [_head(forged, len(forged))])
    assert verify_export(log, KEY).ok
    fault = _first(log, _head(LEAVES, 90).text, _head(LEAVES, 300).text)
    if change is _cut:
        assert (fault.finding, fault.first) == (Finding.ROLLED_BACK, 280)
    else:
        assert (fault.finding, fault.first, fault.last) == (Finding.HISTORY, 90, 299)


def test_a_fork_of_the_same_size_is_caught_by_a_kept_checkpoint(tmp_path: Path) -> None:
    forged = _edited(LEAVES)
    log = _write(tmp_path / "log", forged, [_head(forged, SIZE)])
    fault = _first(log, _head(LEAVES, SIZE).text)
    assert (fault.finding, fault.first, fault.last) == (Finding.HISTORY, 0, SIZE - 1)


def test_an_earlier_head_over_another_history_is_told(tmp_path: Path) -> None:
    forged = _edited(LEAVES)
    log = _write(tmp_path / "log", forged, [*(_head(LEAVES, size) for size in HEADS[:-1]), _head(forged, SIZE)])
    fault = _first(log)
    assert (fault.finding, fault.first, fault.last) == (Finding.HISTORY, 256, 299)


def test_a_missing_bundle_names_its_first_entry(log: Path) -> None:
    (log / tree.tile_path("entries", 1)).unlink()
    assert (_first(log).finding, _first(log).first) == (Finding.MISSING, 256)


@pytest.mark.parametrize("cut", [1, 3, 150])
def test_a_bundle_that_is_cut_names_the_first_entry_it_lost(log: Path, cut: int) -> None:
    path = log / tree.tile_path("entries", 2, 188)
    path.write_bytes(path.read_bytes()[:-cut])
    assert (_first(log).finding, _first(log).first) == (Finding.MISSING, SIZE - 1)


def test_changed_or_missing_tiles_are_told_while_the_entries_stand(log: Path) -> None:
    (log / tree.tile_path(1, 0, 2)).write_bytes(b"\x00" * 64)
    tile = log / tree.tile_path(0, 0)
    tile.write_bytes(tile.read_bytes()[:-32] + b"\x00" * 32)
    assert hashes(log, 0, 0, 256)[-1] == b"\x00" * 32
    report = verify_export(log, KEY)
    assert [fault.finding for fault in report.faults] == [Finding.TILE, Finding.TILE]
    assert report.first_bad is not None
    assert report.first_bad.first is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n700\n", "\n701\n"),
        lambda text: text.replace("\n700\n", "\n699\n"),
        lambda text: text.replace("log.test", "log.fest"),
        lambda text: text.partition("\n\n")[0] + "\n",
        lambda _text: "",
        lambda _text: signing.checkpoint(ORIGIN, signing.new_seed(), size=SIZE, root=b"r" * 32),
    ],
)
def test_a_checkpoint_that_the_key_did_not_sign_is_refused(log: Path, change: Callable[[str], str]) -> None:
    (log / "checkpoint").write_text(change((log / "checkpoint").read_text()))
    assert _first(log).finding is Finding.CHECKPOINT


def test_an_export_without_any_checkpoint_is_refused(log: Path) -> None:
    (log / "checkpoint").unlink()
    (log / "checkpoints.jsonl").unlink()
    report = verify_export(log, KEY)
    assert [fault.finding for fault in report.faults] == [Finding.CHECKPOINT] * 3


def test_damaged_earlier_checkpoints_and_damaged_copies_are_told(log: Path) -> None:
    with (log / "checkpoints.jsonl").open("ab") as file:
        file.write(b'{"text":7}\n')
    report = verify_export(log, KEY, ["nonsense"])
    assert [fault.finding for fault in report.faults] == [Finding.CHECKPOINT] * 2
    assert "copy number 1" in report.faults[0].says
    assert f"line {len(HEADS) + 1}" in report.faults[1].says


def test_another_key_or_none_is_refused(log: Path) -> None:
    other = signing.log_key(ORIGIN, signing.new_seed()).text()
    assert verify_export(log, other).first_bad is not None
    assert [fault.finding for fault in verify_export(log, "no key").faults] == [Finding.KEY]


def _lines(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = folder / "payloads.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize(
    ("change", "first"),
    [
        (lambda lines: [*lines[:9], lines[9].replace(b'\\"number\\":9', b'\\"number\\":8'), *lines[10:]], 9),
        (lambda lines: [*lines[:9], lines[9].replace(b'"salt":"09', b'"salt":"08'), *lines[10:]], 9),
        (lambda lines: [*lines[:9], lines[10].replace(b'"index":10', b'"index":9'), *lines[10:]], 9),
        (lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]], 11),
        (lambda lines: [*lines[:9], b"{}\n", *lines[10:]], 9),
        (lambda lines: [*lines[:9], lines[9][:-5]], 9),
        (lambda lines: [*lines[:9], canonical.encode({"document": 1, "index": 9, "salt": "00"}) + b"\n", *lines[10:]], 9),
        (lambda lines: [*lines, lines[9].replace(b'"index":9', b'"index":700')], 700),
        (lambda lines: [*lines[:40], lines[40].replace(b'\\"seq\\":3', b'\\"seq\\":4'), *lines[41:]], 40),
        (lambda lines: [*lines[:40], lines[40].replace(b'"members":[', b'"members":[[],'), *lines[41:]], 40),
        (lambda lines: [*lines[:9], lines[9].replace(b'"salt"', b'"members":"x","salt"'), *lines[10:]], 9),
        (lambda lines: [*lines[:9], lines[9].replace(b'"salt"', b'"members":[],"salt"'), *lines[10:]], 9),
    ],
)
def test_a_changed_document_names_its_entry(log: Path, change: Callable[[list[bytes]], list[bytes]], first: int) -> None:
    before = (log / "payloads.jsonl").read_bytes()
    _lines(log, change)
    assert (log / "payloads.jsonl").read_bytes() != before
    fault = _first(log)
    assert (fault.finding, fault.first) == (Finding.PAYLOAD, first)


def test_documents_that_are_gone_leave_the_rest_proven(log: Path) -> None:
    _lines(log, lambda lines: lines[500:])
    report = verify_export(log, KEY)
    assert (report.ok, report.payloads) == (True, 200)


def test_an_entry_of_another_form_is_told_by_its_document(tmp_path: Path) -> None:
    odd = seal(
        Entry("a.b", Actor("process", "x"), "s:1", "c", {}), event=EventId(new_id()), salt=b"s" * 32, at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    leaf = odd.leaf.replace(b'"v":1', b'"v":2')
    out = _write(tmp_path / "log", [leaf], [_head([leaf], 1)])
    _lines(out, lambda _: [canonical.encode({"document": odd.document.decode(), "index": 0, "salt": odd.salt.hex()}) + b"\n"])
    assert _first(out).finding is Finding.PAYLOAD


def test_the_verifier_loads_no_database_and_no_network() -> None:
    code = "import sys, presswarden.audit.verify; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for library in ("sqlalchemy", "aiosqlite", "asyncpg", "sqlite3", "httpx", "socket", "ssl", "asyncio"):
        assert f"'{library}'" not in loaded
