"""Reads an exported log back, file by file, trusting nothing in it. Limits: says what is there; whether it is right is for `verify`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from presswarden.audit import tree
from presswarden.audit.export import ENTRIES, PAYLOADS
from presswarden.audit.model import LARGEST_DOCUMENT, Member, commit, seal_batch
from presswarden.kernel import canonical
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import Malformed

_LONGEST_LINE: Final = 8 * LARGEST_DOCUMENT
_LEAF_KEYS: Final = {"c", "corr", "id", "kind", "ts", "v"}


def bundle(folder: Path, number: int, width: int) -> list[bytes]:
    """The entries of one bundle, up to `width`; those before the first cut when it is damaged, none when it is absent."""
    raw, at = _read(folder / tree.tile_path(ENTRIES, number, width)), 0
    entries: list[bytes] = []
    while at + 2 <= len(raw) and len(entries) < width:
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if end > len(raw):
            break
        entries.append(raw[at + 2 : end])
        at = end
    return entries


def hashes(folder: Path, level: int, number: int, width: int) -> list[bytes]:
    """The whole hashes of one tile, up to `width`."""
    raw = _read(folder / tree.tile_path(level, number, width))
    return [raw[i : i + 32] for i in range(0, min(len(raw), 32 * width) - 31, 32)]


def lines(path: Path) -> Iterator[dict[str, Json]]:
    """The JSON objects of a file, one on each line. Raises `Malformed`, `OSError`."""
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            if not line.endswith(b"\n"):
                raise Malformed("A line is cut or too long.")
            yield canonical.decode_object(line[:-1])


class Payloads:
    """The documents of an export, read along with the entries. `right` counts those that are what their entry commits to."""

    def __init__(self, folder: Path) -> None:
        self.right = 0
        self._lines = self._read(folder / PAYLOADS)
        self._next = next(self._lines, None)

    def check(self, start: int, leaves: Sequence[bytes]) -> Iterator[tuple[int, str]]:
        """(index, what is wrong) of each bad document of the entries from `start` on."""
        while self._next is not None and self._next[0] < start + len(leaves):
            index, line = self._next
            said = "Its line is malformed or out of order." if index < start or line is None else _wrong(line, leaves[index - start])
            if said:
                yield index, f"The document of entry {index}: {said}"
            else:
                self.right += 1
            self._next = next(self._lines, None)

    def rest(self, size: int) -> Iterator[tuple[int, str]]:
        """Documents that belong to no entry."""
        if self._next is not None:
            yield min(self._next[0], size), f"{PAYLOADS} goes on after the last entry."

    @staticmethod
    def _read(path: Path) -> Iterator[tuple[int, dict[str, Json] | None]]:
        last = -1
        try:
            for line in lines(path):
                index = line.get("index")
                in_order = isinstance(index, int) and not isinstance(index, bool) and index > last
                last = index if isinstance(index, int) and in_order else last + 1
                yield last, line if in_order else None
        except (Malformed, OSError):
            yield last + 1, None


def _wrong(line: dict[str, Json], leaf: bytes) -> str:
    try:
        entry, document = canonical.decode_object(leaf), _member(line)
        if set(entry) != _LEAF_KEYS or entry["v"] != 1 or canonical.encode(entry) != leaf:
            return "Its entry is not of the form this version knows."
        if entry["c"] != commit(document.salt, document.document).hex():
            return "It is not what the entry commits to."
        members = line.get("members")
        if members is None:
            return ""
        if not isinstance(members, Sequence) or isinstance(members, str):
            return "Its members are malformed."
        batch = seal_batch([_member(one) for one in members])
        stated = canonical.decode_object(document.document)["payload"]
    except (Malformed, ValueError, KeyError, TypeError):
        return "It is malformed."
    return "" if stated == batch else "Its members are not the ones that the entry commits to."


def _member(value: Json) -> Member:
    if not isinstance(value, dict) or not isinstance(value["document"], str) or not isinstance(value["salt"], str):
        raise ValueError("not a salted document")
    return Member(bytes.fromhex(value["salt"]), value["document"].encode())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
