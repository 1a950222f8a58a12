"""Writes a log as a folder that others' tools read: C2SP tlog-tiles, every checkpoint, the key, and the payloads that still exist.

Limits: the folder must be new or empty; nothing outside it is touched. Everything is written in order of the tree, without a time of its own, so that
the same log gives the same bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from presswarden.audit import tree
from presswarden.audit.model import Checkpoint, ExportRefused, read_members
from presswarden.kernel import canonical
from presswarden.kernel.canonical import Json

ENTRIES: Final = "entries"
PAYLOADS: Final = "payloads.jsonl"
CHECKPOINTS: Final = "checkpoints.jsonl"
CHECKPOINT: Final = "checkpoint"
KEY: Final = "log.vkey"

_README: Final = """\
An audit log, exported.

  checkpoint          the newest signed tree head (C2SP tlog-checkpoint, a signed note)
  log.vkey            the key that signed it; compare it with the copy you keep elsewhere
  tile/entries/       the entries: bundles of up to 256, each entry after its 16-bit length
  tile/<level>/       the Merkle tree over them (RFC 6962, SHA-256; C2SP tlog-tiles)
  checkpoints.jsonl   every tree head that was signed, oldest first
  payloads.jsonl      what the entries commit to: index, salt, document; absent after retention

To verify, without a database and without a network:

  presswarden audit verify-export FOLDER --key log.vkey --older CHECKPOINT

`log.vkey` should be your own copy, and CHECKPOINT one that you, or one of your sites, kept from earlier: a signature alone only says what the
holder of the key wanted to say. An entry is JSON; its `c` is HMAC-SHA256 of the document (exact bytes of the string) under the salt. Any tool for
C2SP tlog-tiles verifies the tree.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """What is left of one entry's payload."""

    index: int
    salt: bytes | None
    document: bytes | None
    members: bytes | None


class Folder:
    """An export being written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def begin(cls, path: Path) -> "Folder":
        """An empty folder to write to. Raises `ExportRefused` when `path` is a file or holds something."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise ExportRefused(f"The folder {path} is not empty.", do="Name a new folder.")
            for name in (PAYLOADS, CHECKPOINTS):
                (path / name).touch(mode=0o600)
        except OSError as fault:
            raise ExportRefused(
                f"The folder {path} can't be written ({type(fault).__name__}).", do="Name a folder you may write."
            ) from fault
        return cls(path)

    def bundle(self, number: int, entries: Sequence[bytes], width: int = 0) -> None:
        """`width` is how many there should be: a log that lost some is exported as it is, under the name it should have."""
        framed = b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
        self._write(tree.tile_path(ENTRIES, number, width or len(entries)), framed)

    def tile(self, level: int, number: int, hashes: Sequence[bytes]) -> None:
        self._write(tree.tile_path(level, number, len(hashes)), b"".join(hashes))

    def payloads(self, lines: Iterable[Line]) -> None:
        self._append(PAYLOADS, [_payload(line) for line in lines if line.salt is not None and line.document is not None])

    def checkpoints(self, texts: Iterable[str]) -> None:
        self._append(CHECKPOINTS, [{"text": text} for text in texts])

    def finish(self, newest: Checkpoint, key: str) -> None:
        self._write(KEY, f"{key}\n".encode())
        self._write("README", _README.encode())
        # Last: a folder without a checkpoint is an export that was cut off.
        self._write(CHECKPOINT, newest.text.encode())

    def _write(self, name: str, content: bytes) -> None:
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def _append(self, name: str, values: Sequence[Json]) -> None:
        with (self._path / name).open("ab") as file:
            file.writelines(canonical.encode(value) + b"\n" for value in values)


def _payload(line: Line) -> dict[str, Json]:
    document, salt = line.document or b"", line.salt or b""
    written: dict[str, Json] = {"document": document.decode(), "index": line.index, "salt": salt.hex()}
    if line.members is not None:
        written["members"] = [{"document": one.document.decode(), "salt": one.salt.hex()} for one in read_members(line.members)]
    return written
