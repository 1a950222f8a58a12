"""The shape of a growing log: which subtrees a proof needs, which hashes are kept, where tiles lie. Pure; RFC 6962 trees, C2SP tlog-tiles layout.

Hashes are kept at heights 0, 8, 16 ...: a subtree between is at most 128 kept hashes, so that a proof reads O(log n) of them.
Limits: hashing is `kernel.merkle`; nothing here reads or writes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from presswarden.kernel import merkle

TILE: Final = 256
_TILE_BITS: Final = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """A run of kept hashes: `count` hashes at `level` (of subtrees of 256**level leaves) from `first` on. Its tree is one complete subtree."""

    level: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Node:
    """A kept hash above the leaves."""

    level: int
    position: int
    node_hash: bytes


def grow(frontier: merkle.Frontier, leaves: Iterable[bytes]) -> tuple[merkle.Frontier, tuple[Node, ...]]:
    """Append leaf hashes; returns the new frontier and every node of a kept height that became complete."""
    peaks, size, nodes = list(frontier.peaks), frontier.size, []
    for leaf in leaves:
        carry, below, height = leaf, size, 0
        while below & 1:
            carry, below, height = merkle.node_hash(peaks.pop(), carry), below >> 1, height + 1
            if height % _TILE_BITS == 0:
                nodes.append(Node(height // _TILE_BITS, below, carry))
        peaks.append(carry)
        size += 1
    return merkle.Frontier(size, peaks), tuple(nodes)


def cover(start: int, end: int) -> tuple[Kept, ...]:
    """Complete subtrees, left to right, that make up leaves `start` to `end` of a node of the tree."""
    pieces, at = [], start
    while at < end:
        height = (end - at).bit_length() - 1
        level, rest = divmod(height, _TILE_BITS)
        pieces.append(Kept(level, at >> (_TILE_BITS * level), 1 << rest))
        at += 1 << height
    return tuple(pieces)


def fold(pieces: Sequence[bytes]) -> bytes:
    """Hash of the node whose complete subtrees, left to right, have these hashes."""
    if not pieces:
        return merkle.EMPTY_ROOT
    *rest, folded = pieces
    for piece in reversed(rest):
        folded = merkle.node_hash(piece, folded)
    return folded


def inclusion_spans(index: int, size: int) -> list[tuple[int, int]]:
    """Spans of leaves whose hashes prove leaf `index`, the sibling first (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError("index outside the tree")
    start, end, path = 0, size, []
    while end - start > 1:
        split = start + _largest_power_below(end - start)
        if index < split:
            path.append((split, end))
            end = split
        else:
            path.append((start, split))
            start = split
    return path[::-1]


def consistency_spans(old_size: int, size: int) -> list[tuple[int, int]]:
    """Spans of leaves whose hashes prove that the first `old_size` leaves are a prefix (RFC 6962 section 2.1.2); none for equal sizes."""
    if not 0 < old_size <= size:
        raise ValueError("old size outside the tree")
    start, end, known, path = 0, size, True, []
    while old_size != end:
        split = start + _largest_power_below(end - start)
        if old_size <= split:
            path.append((split, end))
            end = split
        else:
            path.append((start, split))
            start, known = split, False
    if not known:
        path.append((start, end))
    return path[::-1]


def tile_path(level: int | str, number: int, width: int = TILE) -> str:
    """Path of a tile (or of a bundle, level `entries`) below the log's folder: `tile/0/x001/234.p/17`."""
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{path}" + ("" if width == TILE else f".p/{width}")


def tiles(size: int, level: int) -> list[tuple[int, int]]:
    """(number, width) of every tile at `level` in a tree of `size` leaves."""
    count = size >> (_TILE_BITS * level)
    full, rest = divmod(count, TILE)
    return [*((number, TILE) for number in range(full)), *([(full, rest)] if rest else [])]


def levels(size: int) -> range:
    """The levels that have at least one hash."""
    top = 0
    while size >> (_TILE_BITS * (top + 1)):
        top += 1
    return range(top + 1 if size else 0)


def span_hash(start: int, end: int, kept: Callable[[Kept], bytes]) -> bytes:
    """Hash of the node over leaves `start` to `end`; `kept` gives the hash of one complete subtree."""
    return fold([kept(piece) for piece in cover(start, end)])


def _largest_power_below(width: int) -> int:
    return 1 << ((width - 1).bit_length() - 1)
