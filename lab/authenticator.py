"""A passkey in software, the same for the same seed: demo and tests play several people with it.

Keys come from the seed alone and ES256 signs deterministically (RFC 6979), so one seed gives the same bytes in every run. It says that a person was present
and verified, as a real authenticator would. Limits: whoever knows the seed is that person; nothing of the product imports it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from webauthn.helpers import encode_cbor

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_PRESENT_AND_VERIFIED = 0x05
_KEY_INSIDE = 0x40
_AAGUID = hashlib.sha256(b"presswarden lab authenticator").digest()[:16]


@dataclass
class Authenticator:
    """One credential of one person. `counts`: the sign count goes up with each use; a synced passkey's stays at 0."""

    seed: str
    rp_id: str
    origin: str
    algorithm: str = "es256"
    counts: bool = True
    count: int = field(default=0, init=False)

    @property
    def credential(self) -> str:
        """The credential's id, as it stands in every answer."""
        return _text(self._derived("id"))

    def register(self, challenge: bytes) -> dict[str, str]:
        """The answer to a registration, without attestation: `id`, `clientDataJSON`, `attestationObject`."""
        identifier, cose = self._derived("id"), encode_cbor(self._cose())
        attested = _AAGUID + len(identifier).to_bytes(2) + identifier + cose
        seen = self._seen(_PRESENT_AND_VERIFIED | _KEY_INSIDE) + attested
        return {
            "id": self.credential,
            "clientDataJSON": _text(self._client("webauthn.create", challenge)),
            "attestationObject": _text(encode_cbor({"fmt": "none", "attStmt": {}, "authData": seen})),
        }

    def sign(self, challenge: bytes) -> dict[str, str]:
        """An assertion: `id`, `clientDataJSON`, `authenticatorData`, `signature`."""
        self.count += self.counts
        seen, client = self._seen(_PRESENT_AND_VERIFIED), self._client("webauthn.get", challenge)
        return {
            "id": self.credential,
            "clientDataJSON": _text(client),
            "authenticatorData": _text(seen),
            "signature": _text(self._signature(seen + hashlib.sha256(client).digest())),
        }

    def _derived(self, what: str) -> bytes:
        return hashlib.sha256(f"presswarden lab passkey\n{self.seed}\n{self.algorithm}\n{what}".encode()).digest()

    def _seen(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, challenge: bytes) -> bytes:
        said = {"type": kind, "challenge": _text(challenge), "origin": self.origin, "crossOrigin": False}
        return json.dumps(said, separators=(",", ":")).encode()

    def _p256(self) -> ec.EllipticCurvePrivateKey:
        secret = int.from_bytes(self._derived("key")) % (_P256_ORDER - 1) + 1
        return ec.derive_private_key(secret, ec.SECP256R1())

    def _edwards(self) -> ed25519.Ed25519PrivateKey:
        return ed25519.Ed25519PrivateKey.from_private_bytes(self._derived("key"))

    def _cose(self) -> dict[int, int | bytes]:
        if self.algorithm == "ed25519":
            return {1: 1, 3: -8, -1: 6, -2: self._edwards().public_key().public_bytes_raw()}
        point = self._p256().public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}

    def _signature(self, message: bytes) -> bytes:
        if self.algorithm == "ed25519":
            return self._edwards().sign(message)
        return self._p256().sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
