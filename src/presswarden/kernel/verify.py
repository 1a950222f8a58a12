"""Verify what others signed: strict Ed25519 and HMAC-SHA256. Limits: nothing here signs.

libsodium (PyNaCl) does the mathematics; the gate before it refuses what libraries are known to differ on: small-order and non-canonical points, S >= L
(facts: speccheck, Wycheproof; `cryptography` accepts some of them and is not used here).
"""

import hashlib
import hmac
from typing import Final

from nacl import bindings, exceptions

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
# y coordinates of the eight points of small order, sign bit cleared; from the curve's definition (RFC 8032), also libsodium's own list.
_SMALL_ORDER_Y: Final = frozenset(
    {
        0,
        1,
        _P - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
    }
)


def key_id(key: bytes) -> str:
    """The `kid` of the wire: first 16 hex digits of the SHA-256 of the raw key."""
    return hashlib.sha256(key).hexdigest()[:16]


def fingerprint(key: bytes) -> str:
    """64 hex digits: SHA-256 of the raw key."""
    return hashlib.sha256(key).hexdigest()


def key_ok(key: bytes) -> bool:
    """True for a 32-byte Ed25519 public key (or point) that is canonical and not of small order."""
    if len(key) != 32:
        return False
    y = int.from_bytes(key, "little") & ((1 << 255) - 1)
    return y < _P and y not in _SMALL_ORDER_Y


def ed25519(signature: bytes, message: bytes, key: bytes) -> bool:
    """True when `signature` (64 bytes) over `message` verifies under `key` (32 bytes), by the strict rules above. Never raises."""
    if len(signature) != 64 or not key_ok(key) or not key_ok(signature[:32]):
        return False
    if int.from_bytes(signature[32:], "little") >= _L:
        return False
    try:
        bindings.crypto_sign_open(signature + message, key)
    except (exceptions.CryptoError, ValueError, TypeError):
        return False
    return True


def hmac_sha256(mac: bytes, message: bytes, key: bytes) -> bool:
    """Constant-time comparison with HMAC-SHA256; an empty key or a short MAC never verifies."""
    if len(key) < 16 or len(mac) != 32:
        return False
    return hmac.compare_digest(hmac.digest(key, message, "sha256"), mac)
