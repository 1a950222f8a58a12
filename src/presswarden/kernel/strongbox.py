"""A file that only a passphrase opens: scrypt makes the key, AES-256-GCM seals chunks of a stream, in their order and up to a last one.

Nothing is believed of a file before its tag was checked: not its header, not its length, not the order of its parts. Limits: who guesses the passphrase
has everything, so weak ones are refused; how much is written where is the caller's business.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import PresswardenError

MAGIC: Final = b"presswarden-backup-1\n"
CHUNK: Final = 1 << 20
TAG: Final = 16
COST: Final = 1 << 17
"""scrypt's N, with r = 8: 128 MiB of memory and half a second for each guess."""
MOST_COST: Final = 1 << 20
LONGEST_HEADER: Final = 8_192
SHORTEST: Final = 16
FEWEST_DIFFERENT: Final = 8


class PassphraseWeak(PresswardenError):
    code = "backup.passphrase_weak"


class BackupBroken(PresswardenError):
    """No backup of ours, an altered one, one that was cut short, or the wrong passphrase: which of them can't be told apart safely."""

    code = "backup.broken"


def require_strong(passphrase: str) -> None:
    """Raises `PassphraseWeak`. A backup can be guessed at for years, on other people's machines."""
    if len(passphrase) < SHORTEST or len(set(passphrase)) < FEWEST_DIFFERENT:
        raise PassphraseWeak(
            f"The passphrase is too weak: it needs {SHORTEST} characters, {FEWEST_DIFFERENT} of them different.",
            do="Take six or more words that nobody chose, and keep them apart from the file.",
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose header was checked, with its first chunk: `told` is what its writer says of it."""

    told: Mapping[str, Json]
    parts: Iterator[bytes]


def write(file: BinaryIO, passphrase: str, told: Mapping[str, Json], parts: Iterable[bytes], *, cost: int = COST) -> None:
    """Seal `parts` under the passphrase. `told` can be read by everybody who has the file. Raises `PassphraseWeak`."""
    require_strong(passphrase)
    salt = secrets.token_bytes(32)
    header = json.dumps({"cost": cost, "salt": salt.hex(), "told": dict(told)}, sort_keys=True).encode() + b"\n"
    if len(header) > LONGEST_HEADER:
        raise RuntimeError("more is told of this file than its header holds")
    cipher = AESGCM(_key(passphrase, salt, cost))
    file.write(MAGIC + header)
    number, kept = 0, b""
    for part in parts:
        kept += part
        while len(kept) > CHUNK:
            file.write(cipher.encrypt(_nonce(number, last=False), kept[:CHUNK], MAGIC + header))
            number, kept = number + 1, kept[CHUNK:]
    file.write(cipher.encrypt(_nonce(number, last=True), kept, MAGIC + header))


def read(file: BinaryIO, passphrase: str) -> Opened:
    """Open a file from its start. The parts are given out as they are checked; the last one says that nothing is missing. Raises `BackupBroken`."""
    header = peek(file)[0]
    found = json.loads(header[len(MAGIC) :])
    cipher = AESGCM(_key(passphrase, bytes.fromhex(found["salt"]), found["cost"]))
    chunks = _chunks(file, cipher, header)
    first = next(chunks)  # what the header says counts once this opened
    return Opened(found["told"], _with_first(first, chunks))


def peek(file: BinaryIO) -> tuple[bytes, Mapping[str, Json]]:
    """The header's bytes and what it says, unproved. Raises `BackupBroken`."""
    if file.read(len(MAGIC)) != MAGIC:
        raise _broken()
    line = file.readline(LONGEST_HEADER + 1)
    try:
        found = json.loads(line)
        fine = bytes.fromhex(found["salt"]) and isinstance(found["told"], dict) and isinstance(found["cost"], int)
    except (ValueError, KeyError, TypeError):
        raise _broken() from None
    # A cost beyond reason would only eat memory; below the least it is no file of ours.
    if not fine or not 2 <= found["cost"] <= MOST_COST or found["cost"] & (found["cost"] - 1) or not line.endswith(b"\n"):
        raise _broken()
    return MAGIC + line, found["told"]


def _chunks(file: BinaryIO, cipher: AESGCM, header: bytes) -> Iterator[bytes]:
    number, sealed = 0, file.read(CHUNK + TAG)
    while True:
        ahead = file.read(CHUNK + TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not ahead), sealed, header)
        except (InvalidTag, ValueError):
            raise _broken() from None
        if not ahead:
            return
        number, sealed = number + 1, ahead


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _nonce(number: int, *, last: bool) -> bytes:
    """A key seals one file, so counting is enough; the last chunk has a mark of its own, so that a file can't be cut where a chunk ends."""
    return number.to_bytes(11, "big") + bytes([last])


def _key(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode())


def _broken() -> BackupBroken:
    return BackupBroken(
        "The backup can't be opened: the passphrase is another one, or the file is damaged or no backup.",
        do="Try the passphrase again, or another copy of the file. Nothing was changed.",
    )
