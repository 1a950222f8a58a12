"""A site's signed message: its headers read strictly, its window and signature judged, its body opened only then. Pure.

Limits: whether id, nonce and number are new is the database's to say. The message never chooses how it is verified: the pinned key does.
"""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from presswarden.kernel import verify
from presswarden.kernel.canonical import Json, decode_object
from presswarden.kernel.errors import Malformed, TooLarge
from presswarden.kernel.ids import InstallationId, KeyId, is_uuid4
from presswarden.sites.model import Algorithm, Installation, MessageKey
from presswarden.surfaces.ingest.refusals import Refusal

LARGEST_BODY: Final = 1_048_576
LARGEST_UNPACKED: Final = 4 * 1_048_576
SKEW: Final = 30
LONGEST_TTL: Final = 300

_PREFIX: Final = "x-wp-agent-"
_TIMESTAMP: Final = re.compile(r"[1-9][0-9]{9}\Z")
_TTL: Final = re.compile(r"[1-9][0-9]{0,2}\Z")
_NONCE: Final = re.compile(r"[0-9a-f]{32}\Z")
_NAMES: Final = frozenset({"installation", "toolcallid", "timestamp", "ttl", "signaturealg", "signature"})
_BIND: Final = frozenset({"aud", "dir", "kid", "nonce", "v"})


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """Headers of the agreed shape, and the bytes they cover. Nothing is proved yet."""

    installation: InstallationId
    id: str
    timestamp: int
    ttl: int
    alg: Algorithm
    signature: bytes = field(repr=False)
    raw: bytes = field(repr=False)

    @property
    def canonical(self) -> bytes:
        digest = hashlib.sha256(self.raw).hexdigest()
        return f"{self.installation}\n{self.id}\n{self.timestamp}\n{self.ttl}\n{digest}".encode()


def read_message(headers: Iterable[tuple[bytes, bytes]], raw: bytes) -> SignedMessage:
    """Raises `Malformed` unless each of the six headers stands there once, in its own alphabet."""
    found: dict[str, str] = {}
    for name_bytes, value in headers:
        name = name_bytes.decode("latin-1").lower()
        if name.startswith(_PREFIX):
            short = name.removeprefix(_PREFIX)
            if short in found or short not in _NAMES or not value.isascii():
                raise Malformed("A signed header is repeated or not known.")
            found[short] = value.decode("ascii")
    if found.keys() != _NAMES or not raw:
        raise Malformed("A signed message has six headers and a body.")
    installation, message_id = found["installation"], found["toolcallid"]
    signature = _signature(found["signature"])
    well_formed = (
        is_uuid4(installation) and is_uuid4(message_id) and _TIMESTAMP.match(found["timestamp"]) and _TTL.match(found["ttl"])
        and int(found["ttl"]) <= LONGEST_TTL and found["signaturealg"] in set(Algorithm)
    )  # fmt: skip
    if not well_formed or signature is None:
        raise Malformed("A signed header is not of its form.")
    return SignedMessage(
        InstallationId(installation),
        message_id,
        int(found["timestamp"]),
        int(found["ttl"]),
        Algorithm(found["signaturealg"]),
        signature,
        raw,
    )


def in_window(message: SignedMessage, now: int) -> bool:
    return message.timestamp - SKEW <= now <= message.timestamp + message.ttl


def signer(message: SignedMessage, keys: Sequence[MessageKey]) -> KeyId | None:
    """The pinned key that the signature verifies under; None when there is none."""
    for key in keys:
        match key.alg:
            case Algorithm.ED25519:
                right = verify.ed25519(message.signature, message.canonical, key.raw)
            case Algorithm.HMAC:
                right = verify.hmac_sha256(message.signature, message.canonical, key.raw)
        if right:
            return key.kid
    return None


def open_body(message: SignedMessage, encoding: str) -> dict[str, Json]:
    """The body of a message whose signature was right. Raises `Malformed`, `TooLarge`."""
    return decode_object(_unpacked(message.raw) if encoding == "gzip" else message.raw)


def judge_bind(body: Mapping[str, Json], found: Installation, kid: KeyId, direction: str) -> Refusal | None:
    """The message names this control plane, this direction and the key that verified it, else it was made for another use."""
    bind = body.get("bind")
    if not isinstance(bind, Mapping) or bind.keys() != _BIND:
        return Refusal("ingest.bind")
    wanted = {"aud": found.control_url, "dir": direction, "kid": kid}
    nonce = bind["nonce"]
    right = bind["v"] == 1 and bind["v"] is not True and all(bind[name] == value for name, value in wanted.items())
    return None if right and isinstance(nonce, str) and _NONCE.match(nonce) else Refusal("ingest.bind")


def nonce_of(body: Mapping[str, Json]) -> str:
    """The nonce of a body whose bind was judged."""
    bind = body["bind"]
    return str(bind["nonce"]) if isinstance(bind, Mapping) else ""


def _signature(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) in {32, 64} and base64.b64encode(raw).decode() == text else None


def _unpacked(packed: bytes) -> bytes:
    reader = zlib.decompressobj(wbits=31)
    try:
        plain = reader.decompress(packed, LARGEST_UNPACKED + 1)
    except zlib.error as fault:
        raise Malformed("The body is not gzip.") from fault
    if len(plain) > LARGEST_UNPACKED or reader.unconsumed_tail:
        raise TooLarge("The unpacked body is larger than 4 MiB.")
    if not reader.eof or reader.unused_data:
        raise Malformed("The body is not one whole gzip member.")
    return plain
