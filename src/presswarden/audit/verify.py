"""Verifies an exported log offline: no database, no network, no clock; imports nothing that has one.

The key is the reader's own copy, never the export's. Every entry is hashed again, every signed tree head on the way is compared, every payload is checked
against its entry, and the first bad entry is named: exactly where the export's own tiles are proven genuine, else between two signed heads.
Limits: who holds the log's key can sign another history; only a checkpoint that was kept elsewhere (`older`) shows that.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from presswarden.audit import note, tree
from presswarden.audit.export import CHECKPOINT, CHECKPOINTS
from presswarden.audit.folder import Payloads, bundle, hashes, lines
from presswarden.audit.model import Checkpoint
from presswarden.kernel import merkle
from presswarden.kernel.errors import Malformed

_PROOF: Final = re.compile(
    r"c2sp\.org/tlog-proof@v1\n(?:extra [A-Za-z0-9+/=]*\n)?index (0|[1-9][0-9]{0,14})\n((?:[A-Za-z0-9+/=]+\n){0,63})\n"
)


class Finding(StrEnum):
    KEY = "key"
    CHECKPOINT = "checkpoint"
    ENTRY = "entry"
    MISSING = "missing"
    HISTORY = "history"
    ROLLED_BACK = "rolled_back"
    TILE = "tile"
    PAYLOAD = "payload"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong. The first bad entry is one of `first` to `last` (equal when it is known exactly); None when no entry is meant."""

    finding: Finding
    says: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `payloads` counts the documents that were there and right; the others are gone, which retention may explain."""

    size: int
    root: bytes
    heads: int
    payloads: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def first_bad(self) -> Fault | None:
        """The fault that stands earliest in the log; one without an entry only when there is no other."""
        named = [fault for fault in self.faults if fault.first is not None]
        return min(named, key=lambda fault: (fault.first, fault.last)) if named else next(iter(self.faults), None)


@dataclass(frozen=True, slots=True)
class _Head:
    checkpoint: Checkpoint
    kept: bool
    """True for a copy that the reader kept elsewhere: evidence even against the holder of the key."""


@dataclass(frozen=True, slots=True)
class _Walked:
    """The entries as they are: roots on the way (of the entries, of the level 0 tiles), and where the two part."""

    size: int
    roots: dict[int, bytes]
    tile_roots: dict[int, bytes]
    parted: int | None
    faults: tuple[Fault, ...]
    payloads: int


def verify_export(folder: Path, key_text: str, older: Sequence[str] = (), tell: Callable[[int], None] | None = None) -> Report:
    """Check the export in `folder` against the log key `key_text` and the checkpoints `older` that were kept elsewhere. Never raises for what it reads.

    `tell` hears, on the way, how many entries were read.
    """
    try:
        key = note.read_key(key_text)
    except note.NoteRefused as refusal:
        return Report(0, merkle.EMPTY_ROOT, 0, 0, (Fault(Finding.KEY, refusal.says),))
    heads, faults = _heads(folder, key, older)
    newest = max((head.checkpoint for head in heads if not head.kept), key=lambda one: one.size, default=None)
    if newest is None:
        return Report(0, merkle.EMPTY_ROOT, 0, 0, (*faults, Fault(Finding.CHECKPOINT, "No checkpoint of this key is in the export.")))
    walked = _walk(folder, newest.size, {head.checkpoint.size for head in heads}, tell)
    faults += _compared(newest, heads, walked) + list(walked.faults)
    return Report(newest.size, walked.roots.get(newest.size, b""), len(heads), walked.payloads, tuple(faults))


def verify_proof(text: str, leaf: bytes, key_text: str) -> tuple[int, Checkpoint]:
    """Index and checkpoint of a `.tlog-proof` that shows `leaf` in a tree signed by `key_text`. Raises `NoteRefused`."""
    key, match = note.read_key(key_text), _PROOF.match(text)
    if match is None:
        raise note.NoteRefused("The proof is not a tlog-proof.")
    checkpoint, index = note.open_checkpoint(text[match.end() :], key), int(match[1])
    try:
        path = [base64.b64decode(line, validate=True) for line in match[2].splitlines()]
    except binascii.Error:
        raise note.NoteRefused("The proof is not a tlog-proof.") from None
    if not merkle.verify_inclusion(merkle.leaf_hash(leaf), index, checkpoint.size, path, checkpoint.root):
        raise note.NoteRefused("The proof does not lead from this entry to the signed root.")
    return index, checkpoint


def _heads(folder: Path, key: note.LogKey, older: Sequence[str]) -> tuple[list[_Head], list[Fault]]:
    heads: list[_Head] = []
    faults: list[Fault] = []
    for number, text in enumerate(older, 1):
        try:
            heads.append(_Head(note.open_checkpoint(text, key), kept=True))
        except note.NoteRefused as refusal:
            faults.append(Fault(Finding.CHECKPOINT, f"Your copy number {number}: {refusal.says}"))
    try:
        heads.append(_Head(note.open_checkpoint((folder / CHECKPOINT).read_bytes().decode(), key), kept=False))
    except (OSError, UnicodeDecodeError):
        faults.append(Fault(Finding.CHECKPOINT, "The export has no readable checkpoint."))
    except note.NoteRefused as refusal:
        faults.append(Fault(Finding.CHECKPOINT, refusal.says))
    read = 0
    try:
        for line in lines(folder / CHECKPOINTS):
            signed = line.get("text")
            heads.append(_Head(note.open_checkpoint(signed if isinstance(signed, str) else "", key), kept=False))
            read += 1
    except OSError:
        faults.append(Fault(Finding.CHECKPOINT, f"The export has no readable {CHECKPOINTS}."))
    except (Malformed, note.NoteRefused) as refusal:
        faults.append(Fault(Finding.CHECKPOINT, f"{CHECKPOINTS}, line {read + 1}: {refusal.says}"))
    return heads, faults


def _walk(folder: Path, size: int, stops: set[int], tell: Callable[[int], None] | None) -> _Walked:
    """Read every entry once, in order, beside its tile and its payload."""
    entries = tiles = merkle.Frontier()
    roots, tile_roots = {0: merkle.EMPTY_ROOT}, {0: merkle.EMPTY_ROOT}
    kept: dict[tuple[int, int], bytes] = {}
    parted, faults, payloads = None, [], Payloads(folder)
    for number, width in tree.tiles(size, 0):
        start = number * tree.TILE
        leaves, wanted = bundle(folder, number, width), hashes(folder, 0, number, width)
        found = [merkle.leaf_hash(leaf) for leaf in leaves]
        if parted is None and found != wanted:
            parted = start + next((i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), min(len(found), len(wanted)))
        inside = sorted(stop for stop in stops | {size} if start < stop <= start + width)
        if entries.size == start:
            entries, nodes = _grow(entries, found, inside, roots)
            kept |= {(node.level, node.position): node.node_hash for node in nodes}
        if tiles.size == start:
            tiles, _ = _grow(tiles, wanted, inside, tile_roots)
        faults += [Fault(Finding.PAYLOAD, says, index, index) for index, says in payloads.check(start, leaves)]
        if tell is not None:
            tell(start + width)
    faults += [Fault(Finding.PAYLOAD, says, index, index) for index, says in payloads.rest(size)]
    faults += _upper_tiles(folder, size, kept)
    return _Walked(entries.size, roots, tile_roots, parted, tuple(faults), payloads.right)


def _grow(
    frontier: merkle.Frontier, found: Sequence[bytes], stops: Sequence[int], roots: dict[int, bytes]
) -> tuple[merkle.Frontier, list[tree.Node]]:
    nodes: list[tree.Node] = []
    done = 0
    for stop in [*stops, frontier.size + len(found)]:
        here = min(stop - frontier.size, len(found) - done)
        frontier, more = tree.grow(frontier, found[done : done + here])
        nodes += more
        done += here
        if frontier.size == stop:
            roots[stop] = frontier.root()
    return frontier, nodes


def _upper_tiles(folder: Path, size: int, kept: dict[tuple[int, int], bytes]) -> list[Fault]:
    faults = []
    for level in tree.levels(size)[1:]:
        for number, width in tree.tiles(size, level):
            run = range(number * tree.TILE, number * tree.TILE + width)
            # Nodes that the entries do not reach are the entries' fault, told elsewhere.
            if all((level, i) in kept for i in run) and hashes(folder, level, number, width) != [kept[level, i] for i in run]:
                faults.append(Fault(Finding.TILE, f"{tree.tile_path(level, number, width)} is not the tree of the entries."))
    return faults


def _compared(newest: Checkpoint, heads: Sequence[_Head], walked: _Walked) -> list[Fault]:
    faults = []
    for head in heads:
        if head.checkpoint.size > newest.size:
            says = f"Your copy has {head.checkpoint.size} entries, the export has {newest.size}: it lost its end."
            faults.append(Fault(Finding.ROLLED_BACK, says, newest.size, newest.size))
    if walked.roots.get(newest.size) != newest.root:
        faults.append(_entry_fault(newest, heads, walked))
    elif walked.parted is not None:
        faults.append(Fault(Finding.TILE, f"The tiles of level 0 part from the entries at {walked.parted}; the entries are right."))
    for kept in (True, False):
        # A kept copy is compared with kept copies alone: the export's own heads prove nothing against who can sign them.
        bad = _first_wrong([head for head in heads if head.kept is kept and head.checkpoint.size < newest.size + kept], walked)
        if bad is not None and (kept or walked.roots.get(newest.size) == newest.root):
            whose = "your copy" if kept else "an earlier checkpoint of the export"
            says = f"The history before entry {bad[1]} is not the one that {whose} was signed over."
            faults.append(Fault(Finding.HISTORY, says, bad[0], bad[1] - 1))
    return faults


def _entry_fault(newest: Checkpoint, heads: Sequence[_Head], walked: _Walked) -> Fault:
    if walked.tile_roots.get(newest.size) == newest.root and walked.parted is not None:
        # The tiles lead to the signed root, so they are genuine, and the first entry that parts from them is the first bad one.
        if walked.parted == walked.size:
            return Fault(Finding.MISSING, f"Entry {walked.parted} is missing.", walked.parted, walked.parted)
        return Fault(Finding.ENTRY, f"Entry {walked.parted} is not the one that was signed.", walked.parted, walked.parted)
    good, bad = _first_wrong(heads, walked) or (0, newest.size)
    if walked.size < bad:
        says = f"The entries end after {walked.size} of {newest.size}; what comes before is proven up to {good}."
        return Fault(Finding.MISSING, says, good, walked.size)
    return Fault(Finding.ENTRY, f"The entries from {good} to {bad - 1} do not lead to the tree that was signed.", good, bad - 1)


def _first_wrong(heads: Sequence[_Head], walked: _Walked) -> tuple[int, int] | None:
    """(entries proven right, size of the first head that the entries do not lead to)."""
    good = 0
    for checkpoint in sorted((head.checkpoint for head in heads), key=lambda one: one.size):
        if walked.roots.get(checkpoint.size) != checkpoint.root:
            return good, checkpoint.size
        good = checkpoint.size
    return None
