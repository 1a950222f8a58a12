"""A scripted connector: the site's half of the wire in plain Python, written from contract/wire.md and not from our own half.

It makes keys, reads pairing strings, proves the secret and signs messages as the plugin does. Limits: it runs no action and keeps no state on disk.
"""

import base64
import gzip
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import rfc8785
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.signing import SigningKey


def jcs(value: Any) -> bytes:
    return rfc8785.dumps(value)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def hkdf(secret: bytes, salt: bytes, info: str) -> bytes:
    return HKDF(SHA256(), 32, salt or None, info.encode()).derive(secret)


def read_pairing_string(text: str) -> dict[str, Any]:
    compact = "".join(text.split())
    head, body, check = compact.split(".")
    assert head == "presswarden-1"
    assert hashlib.sha256(f"{head}.{body}".encode()).hexdigest()[:8] == check, "the checksum is wrong"
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return read


@dataclass
class Message:
    """Headers and bytes, ready to post; a test may bend either."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Connector:
    """One site. `home` is its URL; `now` is its own clock, in Unix seconds."""

    home: str
    now: int
    alg: str = "ed25519"
    key: SigningKey = field(default_factory=SigningKey.generate)
    installation: str = ""
    control: str = ""
    transcript: str = ""
    site_key: bytes = b""
    call_key: bytes = b""
    seq: int = 0
    epoch: int = 1

    def pair_body(self, text: str, *, claimed_key: str | None = None, **changes: Any) -> dict[str, Any]:
        """The pairing message for a string; `claimed_key` is proved like a key of ours, `changes` replace fields after all proofs were made."""
        told = read_pairing_string(text)
        self.installation, self.control = told["installation"], told["control"]
        nonce = secrets.token_hex(16)
        own = b64(bytes(self.key.verify_key)) if self.alg == "ed25519" else ""
        public = own if claimed_key is None else claimed_key
        fields = [self.installation, self.control, told["fingerprint"], self.home, self.alg, public, nonce]
        self.transcript = "\n".join(["presswarden-pair-1", *fields])
        verifier = hkdf(bytes.fromhex(told["secret"]), b"", "presswarden-pair-1 verifier")
        salt = hashlib.sha256(self.transcript.encode()).digest()
        self.site_key = hkdf(verifier, salt, "presswarden-hmac-1 site")
        self.call_key = hkdf(verifier, salt, "presswarden-hmac-1 call")
        signature = b64(self.key.sign(self.transcript.encode()).signature) if self.alg == "ed25519" else ""
        return {
            "alg": self.alg, "connector": "0.1.0", "home": self.home, "installation": self.installation,
            "mac": hmac.digest(verifier, self.transcript.encode(), "sha256").hex(), "nonce": nonce, "php": "8.2.7", "public_key": public,
            "signature": signature, "v": 1, "wordpress": "7.1.4", **changes,
        }  # fmt: skip

    def words(self, control_public: bytes, word_list: list[str]) -> list[str]:
        key = b64(control_public) if self.alg == "ed25519" else ""
        digest = hashlib.sha256(f"presswarden-words-1\n{self.transcript}\n{key}".encode()).digest()
        return [word_list[byte] for byte in digest[:4]]

    @property
    def kid(self) -> str:
        raw = bytes(self.key.verify_key) if self.alg == "ed25519" else self.site_key
        return hashlib.sha256(raw).hexdigest()[:16]

    def sign(self, text: bytes) -> bytes:
        return self.key.sign(text).signature if self.alg == "ed25519" else hmac.digest(self.site_key, text, "sha256")

    def bind(self, direction: str, **changes: Any) -> dict[str, Any]:
        return {"aud": self.control, "dir": direction, "kid": self.kid, "nonce": secrets.token_hex(16), "v": 1, **changes}

    def signed(self, raw: bytes, *, at: int | None = None, ttl: int = 180, message: str = "", **changes: str) -> Message:
        """Headers over exactly these bytes; `changes` replace headers after signing, named by their last part."""
        told = {
            "Installation": self.installation, "ToolCallId": message or str(uuid4()), "Timestamp": str(at or self.now), "TTL": str(ttl),
            "SignatureAlg": self.alg,
        }  # fmt: skip
        canonical = "\n".join([*list(told.values())[:4], hashlib.sha256(raw).hexdigest()])
        told["Signature"] = b64(self.sign(canonical.encode()))
        return Message({f"X-WP-Agent-{name}": value for name, value in {**told, **changes}.items()}, raw)

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def heartbeat_body(self, inventory: dict[str, Any] | None = None, *, full: bool = True, **changes: Any) -> dict[str, Any]:
        components = INVENTORY if inventory is None else inventory
        body = {
            "bind": self.bind("heartbeat"), "checkpoint": "", "connector": "0.1.0", "epoch": self.epoch, "fence": 0, "home": self.home,
            "inventory_hash": hashlib.sha256(jcs(components)).hexdigest(), "paused": "", "refusals": {}, "repair": "",
            "seq": self.next_seq(), "sent_at": self.now, "v": 1,
        }  # fmt: skip
        return {**body, **({"inventory": components} if full else {}), **changes}

    def heartbeat(self, *, at: int | None = None, ttl: int = 180, zipped: bool = False, **changes: Any) -> Message:
        raw = jcs(self.heartbeat_body(**changes))
        message = self.signed(gzip.compress(raw, mtime=0) if zipped else raw, at=at, ttl=ttl)
        if zipped:
            message.headers["Content-Encoding"] = "gzip"
        return message

    def receipt(self, call: str, body: str = "{}", status: int = 200, **changes: Any) -> Message:
        told = {"bind": self.bind("receipt"), "body": body, "seq": self.next_seq(), "signature": b64(bytes(64)), "status": status,
                "tool_call_id": call, "v": 1}  # fmt: skip
        return self.signed(jcs({**told, **changes}))

    def moved(self, home: str, **changes: Any) -> Message:
        told = {"bind": self.bind("moved"), "home": home, "old_home": self.home, "seq": self.next_seq(), "v": 1}
        return self.signed(jcs({**told, **changes}))


INVENTORY: dict[str, Any] = {
    "core": {"version": "7.1.4"},
    "php": {"version": "8.2.7"},
    "plugin:akismet/akismet.php": {"active": True, "name": "Akismet", "version": "5.3"},
}
