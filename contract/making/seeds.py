"""Keys, ids and signatures of the vectors, the same on every run.

The keys are derived from published texts, so they protect nothing and must never be used outside tests.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.signing import SigningKey

NOW = 1_790_000_000
HOME = "https://site.example/blog"
CONTROL = "https://control.example"
ED25519 = "ed25519"
HMAC = "hmac-sha256"


def seed(name: str) -> bytes:
    return hashlib.sha256(f"presswarden vector {name}".encode()).digest()


def key(name: str) -> SigningKey:
    return SigningKey(seed(f"key {name}"))


def public(name: str) -> bytes:
    return bytes(key(name).verify_key)


def kid(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def uuid(name: str) -> str:
    raw = bytearray(seed(f"uuid {name}")[:16])
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def nonce(name: str) -> str:
    return seed(f"nonce {name}")[:16].hex()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def jcs(value: Any) -> bytes:
    return rfc8785.dumps(value)


def hkdf(ikm: bytes, salt: bytes, info: str) -> bytes:
    return HKDF(SHA256(), 32, salt, info.encode()).derive(ikm)


def mac(raw_key: bytes, message: bytes) -> bytes:
    return hmac.new(raw_key, message, hashlib.sha256).digest()


INSTALLATION = uuid("installation")
HMAC_CALL_KEY = seed("hmac call key")
HMAC_SITE_KEY = seed("hmac site key")


def canonical(installation: str, message_id: str, timestamp: str, ttl: str, body: bytes) -> bytes:
    return "\n".join((installation, message_id, timestamp, ttl, sha(body))).encode()


@dataclass
class Signed:
    """One message as it goes over the wire: header names as written, raw body."""

    headers: dict[str, Any]
    body: bytes
    parts: list[Any] | None = field(default=None)


def sign(
    body: bytes,
    *,
    message_id: str,
    signer: str | bytes = "control",
    installation: str = INSTALLATION,
    timestamp: str = str(NOW),
    ttl: str = "180",
    alg: str = ED25519,
) -> Signed:
    """A signed message. `signer` is the name of an Ed25519 key, or raw bytes of an HMAC key."""
    text = canonical(installation, message_id, timestamp, ttl, body)
    signature = mac(signer, text) if isinstance(signer, bytes) else key(signer).sign(text).signature
    headers = {
        "X-WP-Agent-Installation": installation,
        "X-WP-Agent-ToolCallId": message_id,
        "X-WP-Agent-Timestamp": timestamp,
        "X-WP-Agent-TTL": ttl,
        "X-WP-Agent-SignatureAlg": alg,
        "X-WP-Agent-Signature": b64(signature),
    }
    return Signed(headers, body)


def written(message: Signed) -> dict[str, Any]:
    """The body as a vector writes it: text where it is text, hex where it is not, parts where it is long."""
    if message.parts is not None:
        return {"headers": message.headers, "body_parts": message.parts}
    try:
        return {"headers": message.headers, "body": message.body.decode()}
    except UnicodeDecodeError:
        return {"headers": message.headers, "body_hex": message.body.hex()}
