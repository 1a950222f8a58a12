"""Secrets at rest in the control plane: a KEK per process wraps one key per organisation; values are AES-256-GCM bound to their row.
What one process leaves for another is sealed to that one's box, whose private half its KEK wraps.

Limits: keys live in the process's memory while it runs; who holds the KEK and the database reads all. The KEK is never in the database (ARCHITECTURE).
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from presswarden.kernel.errors import PresswardenError

_NONCE_BYTES = 12
_BOX_BYTES = 32


class KekMissing(PresswardenError):
    code = "kek.missing"


class KekInvalid(PresswardenError):
    code = "kek.invalid"


class SealBroken(PresswardenError):
    """The sealed value was moved, altered, or sealed under another key."""

    code = "seal.broken"


def hkdf(secret: bytes, *, salt: bytes, info: str, length: int = 32) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(SHA256(), length, salt or None, info.encode()).derive(secret)


@dataclass(frozen=True, slots=True)
class Kek:
    """One process's key-encryption key: 32 bytes, from a file of mode 0600."""

    owner: str
    _key: bytes

    def __repr__(self) -> str:
        return f"Kek(owner={self.owner!r})"

    def wrap(self, key: bytes, bound_to: str) -> bytes:
        return _encrypt(self._key, key, f"{self.owner}|{bound_to}")

    def unwrap(self, wrapped: bytes, bound_to: str) -> bytes:
        return _decrypt(self._key, wrapped, f"{self.owner}|{bound_to}")


@dataclass(frozen=True, slots=True)
class OrgKey:
    """One organisation's data key, as one process holds it."""

    org: str
    _key: bytes

    def __repr__(self) -> str:
        return f"OrgKey(org={self.org!r})"

    def seal(self, plain: bytes, *, table: str, row: str, column: str) -> bytes:
        return _encrypt(self._key, plain, f"{self.org}|{table}|{row}|{column}")

    def open(self, sealed: bytes, *, table: str, row: str, column: str) -> bytes:
        return _decrypt(self._key, sealed, f"{self.org}|{table}|{row}|{column}")


@dataclass(frozen=True, slots=True)
class Box:
    """What one process alone opens, and others put secrets into: an X25519 pair, a new one for the sender each time, AES-256-GCM bound to the row."""

    owner: str
    _private: bytes

    def __repr__(self) -> str:
        return f"Box(owner={self.owner!r})"

    @property
    def public(self) -> bytes:
        return X25519PrivateKey.from_private_bytes(self._private).public_key().public_bytes_raw()

    def wrapped(self, kek: Kek) -> bytes:
        return kek.wrap(self._private, "box")

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        sender = sealed[:_BOX_BYTES]
        try:
            shared = X25519PrivateKey.from_private_bytes(self._private).exchange(X25519PublicKey.from_public_bytes(sender))
        except ValueError as fault:  # cut short, or no point that anybody seals with
            raise SealBroken("A stored secret is damaged.", do="Check that the database is whole.") from fault
        return _decrypt(_of_box(shared, sender, self.public), sealed[_BOX_BYTES:], bound_to)


def seal_to(public: bytes, plain: bytes, bound_to: str) -> bytes:
    """For the process whose box has this public half; whoever seals can't open it again."""
    own = X25519PrivateKey.generate()
    sender = own.public_key().public_bytes_raw()
    return sender + _encrypt(_of_box(own.exchange(X25519PublicKey.from_public_bytes(public)), sender, public), plain, bound_to)


def _of_box(shared: bytes, sender: bytes, public: bytes) -> bytes:
    return hkdf(shared, salt=sender + public, info="presswarden box")


def new_key() -> bytes:
    return secrets.token_bytes(32)


def read_kek(owner: str, path: Path) -> Kek:
    """The KEK in `path` (64 hex digits). Raises `KekMissing`, or `KekInvalid` when the file is open to others or holds something else."""
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KekMissing(
            f"The key-encryption key of {owner} is missing: {path} does not exist.",
            do="Put the file back from where you keep it apart from the database's backups. Without it no stored secret can be read.",
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise KekInvalid(f"The key-encryption key of {owner} can't be read: {path}.", do="Check the file's owner and content.") from fault
    if mode & 0o077:
        raise KekInvalid(f"{path} can be read by others (mode {mode & 0o777:04o}).", do=f"Run: chmod 600 {path}")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KekInvalid(f"{path} does not hold 64 hex digits.", do="Put the original file back.")
    return Kek(owner, key)


def make_kek(owner: str, path: Path) -> Kek:
    """Make a KEK file of mode 0600: whole, or not at all. Never overwrites. Raises `FileExistsError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    begun = path.with_name(f"{path.name}.begun")
    begun.unlink(missing_ok=True)
    descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(new_key().hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.link(begun, path)  # a rename would overwrite
    begun.unlink()
    return read_kek(owner, path)


def _encrypt(key: bytes, plain: bytes, bound_to: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def _decrypt(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as fault:
        raise SealBroken("A stored secret can't be opened with this key.", do="Check that the KEK belongs to this database.") from fault
