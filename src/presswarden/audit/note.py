"""Checkpoints as text: C2SP signed notes with one Ed25519 key, read strictly. Limits: writes no signature (`signing.py`), knows no database.

A verifier's key (`vkey`) is `<origin>+<first 4 bytes of the key's hash in hex>+<base64 of 01 and the public key>`, as C2SP and Go's note package write it.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from presswarden.audit.model import Checkpoint
from presswarden.kernel import verify
from presswarden.kernel.errors import PresswardenError

LONGEST_NOTE: Final = 65_536
_ED25519: Final = b"\x01"
_NAME: Final = re.compile(r"[!-*,-~]{1,255}\Z")
_SIZE: Final = re.compile(r"(?:0|[1-9][0-9]{0,14})\Z")
_LINE: Final = re.compile("\u2014 ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})\\Z")


class NoteRefused(PresswardenError):
    """The text is no checkpoint, or not one that this key signed."""

    code = "audit.checkpoint"


@dataclass(frozen=True, slots=True)
class LogKey:
    """The public half of a log's key, and the name it signs under: the log's origin."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """The four bytes that stand before each signature of this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def text(self) -> str:
        return f"{self.name}+{self.hash.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


def read_key(text: str) -> LogKey:
    """A log key from its text form. Raises `NoteRefused`."""
    name, _, rest = text.strip().partition("+")
    claimed, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    if not _NAME.match(name) or raw is None or raw[:1] != _ED25519 or not verify.key_ok(raw[1:]):
        raise NoteRefused("This is not an Ed25519 log key.", do="Use the line of log.vkey that you kept from the first export.")
    key = LogKey(name, raw[1:])
    if claimed != key.hash.hex():
        raise NoteRefused("The log key does not match its own check digits.", do="Copy the whole line again.")
    return key


def body(origin: str, size: int, root: bytes) -> str:
    """The part of a checkpoint that is signed."""
    if not _NAME.match(origin) or size < 0 or len(root) != 32:
        raise ValueError("a checkpoint has an origin without spaces, a size and a root of 32 bytes")
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def with_signature(signed: str, key: LogKey, signature: bytes) -> str:
    return f"{signed}\n\u2014 {key.name} {base64.b64encode(key.hash + signature).decode()}\n"


def open_checkpoint(text: str, key: LogKey) -> Checkpoint:
    """The checkpoint in `text`, once its signature under `key` and its form are right. Raises `NoteRefused`."""
    if len(text) > LONGEST_NOTE or any(ord(char) < 32 and char != "\n" for char in text):
        raise NoteRefused("The checkpoint is not a signed note: too long, or control characters.")
    signed, blank, rest = text.rpartition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise NoteRefused("The checkpoint is not a signed note.")
    _check_signatures(signed + "\n", rest, key)
    lines = signed.split("\n")
    # Extension lines are not ours: a checkpoint of this log has exactly three lines.
    root = _base64(lines[2]) if len(lines) == 3 else None
    if root is None or lines[0] != key.name or not _SIZE.match(lines[1]) or len(root) != 32:
        raise NoteRefused("The signed text is not a checkpoint of this log.")
    return Checkpoint(text, lines[0], int(lines[1]), root)


def _check_signatures(signed: str, block: str, key: LogKey) -> None:
    verified = False
    for line in block.split("\n")[:-1]:
        match = _LINE.match(line)
        raw = _base64(match[2]) if match else None
        if match is None or raw is None or len(raw) < 5:
            raise NoteRefused("A signature line of the checkpoint is malformed.")
        if match[1] != key.name or raw[:4] != key.hash:
            continue  # another's signature: ignored, as the format asks
        try:
            message = signed.encode()
        except UnicodeEncodeError:
            raise NoteRefused("The checkpoint is not UTF-8.") from None
        if not verify.ed25519(raw[4:], message, key.public):
            raise NoteRefused("The checkpoint's signature is not valid under the log key.")
        verified = True
    if not verified:
        raise NoteRefused("The checkpoint carries no signature of this log key.")


def _base64(text: str) -> bytes | None:
    """Standard alphabet, padded, and only the one encoding of its bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None
