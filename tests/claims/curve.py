"""Ed25519 by its definition (RFC 8032), to forge what honest libraries never make: keys of small or mixed order, and signatures that hold only for a
verifier that is not strict. After the cases of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko), over our own messages.

Limits: slow and not constant in time; for attacks in tests only.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from itertools import count

from tests.connector.wire import ControlKey

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
ZERO: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    product = _D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P


def times(number: int, point: Point) -> Point:
    found = ZERO
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(raw: bytes) -> Point | None:
    """As lenient as a careless library: y is reduced, whatever was written."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % P
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    return (P - x) % P if x & 1 != sign else x, y


def _base() -> Point:
    found = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert found is not None
    return found


BASE = _base()


def hash_of(r: bytes, key: bytes, message: bytes) -> int:
    """Reduced by the group order before it multiplies a point, as every library does it."""
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % ORDER


def holds(signature: bytes, message: bytes, key: bytes, *, cofactor: int = 1) -> bool:
    """The bare equation, with no rule about encodings, orders or S."""
    a, r = decode(key), decode(signature[:32])
    if a is None or r is None:
        return False
    left = times(int.from_bytes(signature[32:], "little") % ORDER, BASE)
    right = add(r, times(hash_of(signature[:32], key, message), a))
    return times(cofactor, left) == times(cofactor, right)


def _torsion() -> Point:
    for number in count(2):
        point = decode(number.to_bytes(32, "little"))
        if point is not None and times(4, torsion := times(ORDER, point)) != ZERO:
            return torsion
    raise AssertionError


EIGHTH = _torsion()
"""A point of order 8."""

SMALL = tuple(encode(times(number, EIGHTH)) for number in range(8))
"""The eight points of small order as they should be written."""

SMALL_BADLY_WRITTEN = tuple(
    bytes.fromhex(text)
    for text in (
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    )
)


@dataclass(frozen=True)
class Forger(ControlKey):
    """Signs under a chosen public key: `scalar` is what is known of its secret (0 for a point of small order).

    The signature satisfies the bare equation, or only the one multiplied by the cofactor 8. A given `r_point` (of small order) stands for R as it is.
    """

    key: bytes = b""
    scalar: int = 0
    cofactored_only: bool = False
    r_point: bytes = field(default=b"")

    @property
    def public(self) -> bytes:
        return self.key

    def sign(self, message: bytes) -> bytes:
        nonce = int.from_bytes(os.urandom(40), "little") % ORDER
        point = times(nonce, BASE)
        while True:
            start = self.r_point or encode(point)
            hashed = hash_of(start, self.key, message)
            s = ((0 if self.r_point else nonce) + hashed * self.scalar) % ORDER
            # The part of small order drops out when a multiple of 8 multiplies it.
            if self.r_point or (hashed % 8 == 0) != self.cofactored_only:
                return start + s.to_bytes(32, "little")
            nonce, point = nonce + 1, add(point, BASE)


def small(key: bytes) -> Forger:
    return Forger(b"", key=key)


def mixed(secret: int, *, cofactored_only: bool = False) -> Forger:
    """A key with a part of small order: honest people have none."""
    return Forger(b"", key=encode(add(times(secret, BASE), EIGHTH)), scalar=secret, cofactored_only=cofactored_only)


def plus_order(signature: bytes) -> bytes:
    """The same signature with S + L: it satisfies the same equation."""
    s = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + s.to_bytes(32, "little")
