"""RFC 6962 Merkle trees over SHA-256: one implementation for the audit log and for plans.

Hashes are 32 raw bytes. Verification follows RFC 9162 section 2.1; a wrong accept here is a forged history, so the rules are strict: a proof has exactly
the length its tree asks for and a root has 32 bytes. Limits: proofs are made from a list of leaf hashes; the log's tiles are `audit`'s.
"""

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, in O(n)."""
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.with_leaf(leaf)
    return frontier.root()


class Frontier:
    """The right edge of a growing tree: O(log n) hashes that are enough to append and to know the root."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != 32 for peak in peaks):
            raise ValueError("a frontier has one 32-byte peak for each set bit of its size")
        self.size = size
        self.peaks = tuple(peaks)

    def with_leaf(self, leaf: bytes) -> "Frontier":
        peaks, carry, size = list(self.peaks), leaf, self.size
        while size & 1:
            carry = node_hash(peaks.pop(), carry)
            size >>= 1
        return Frontier(self.size + 1, (*peaks, carry))

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        *rest, folded = self.peaks
        for peak in reversed(rest):
            folded = node_hash(peak, folded)
        return folded


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree of all `leaves`, lowest sibling first."""
    if not 0 <= index < len(leaves):
        raise ValueError("index outside the tree")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root(leaves[:split])]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Proof that the first `old_size` leaves are a prefix of all `leaves`; empty when the sizes are equal."""
    if not 0 < old_size <= len(leaves):
        raise ValueError("old size outside the tree")
    return [] if old_size == len(leaves) else _subproof(leaves, old_size, known=True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> bool:
    found = root_from_inclusion(leaf, index, size, proof)
    return found is not None and len(expected_root) == 32 and found == expected_root


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that `proof` leads to, or None when the proof can't belong to (index, size)."""
    if not 0 <= index < size or len(leaf) != 32 or any(len(item) != 32 for item in proof):
        return None
    position, last, found = index, size - 1, leaf
    for item in proof:
        if last == 0:
            return None
        if position & 1 or position == last:
            found = node_hash(item, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, item)
        position, last = position >> 1, last >> 1
    return found if last == 0 else None


def verify_consistency(old_size: int, size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    if len(old_root) != 32 or len(new_root) != 32 or any(len(item) != 32 for item in proof) or not 0 <= old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == new_root and (size > 0 or new_root == EMPTY_ROOT)
    if old_size == 0 or not proof:
        # Every tree extends the empty one; a proof of that says nothing, so none is accepted (RFC 9162 asks for 0 < m).
        return False
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_found = new_found = path[0]
    for item in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_found, new_found = node_hash(item, old_found), node_hash(item, new_found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_found = node_hash(new_found, item)
        position, last = position >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def _subproof(leaves: Sequence[bytes], old_size: int, *, known: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if known else [root(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_subproof(leaves[:split], old_size, known=known), root(leaves[split:])]
    return [*_subproof(leaves[split:], old_size - split, known=False), root(leaves[:split])]


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)
