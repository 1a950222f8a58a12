"""A site that pairs with a control plane by the wire's rules and no others, for attacks on the control plane: it may lie in every field.

Limits: a second implementation, sharing no code with the product; it answers no calls.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import nacl.signing
import rfc8785

from tests.connector.peer import Offer
from tests.connector.wire import kid_of, sha256hex

Signs = Callable[[bytes], bytes]


@dataclass
class Claimant:
    """Somebody who holds a pairing string, or guesses its secret."""

    offer: Offer
    home: str = ""
    secret: bytes = field(default_factory=lambda: os.urandom(32))
    seq: int = 0

    def __post_init__(self) -> None:
        self.home = self.home or f"http://{self.offer.installation}.localhost"

    @property
    def public(self) -> bytes:
        return bytes(nacl.signing.SigningKey(self.secret).verify_key)

    def sign(self, text: bytes) -> bytes:
        return bytes(nacl.signing.SigningKey(self.secret).sign(text).signature)

    def request(
        self, *, verifier: bytes | None = None, public: bytes | str | None = None, sign: Signs | None = None, **fields: Any
    ) -> bytes:
        """The pairing message; `public` is raw bytes, or text to send as it stands."""
        public = self.public if public is None else public
        key = base64.b64encode(public).decode() if isinstance(public, bytes) else public
        body: dict[str, Any] = {
            "alg": "ed25519", "connector": "0.1.0", "home": self.home, "installation": self.offer.installation, "nonce": os.urandom(16).hex(),
            "php": "8.2.7", "public_key": key, "v": 1, "wordpress": "7.1", **fields,
        }  # fmt: skip
        lines = (
            "presswarden-pair-1",
            body["installation"],
            self.offer.control,
            self.offer.fingerprint,
            body["home"],
            body["alg"],
            key,
            body["nonce"],
        )
        transcript = "\n".join(lines).encode()
        mac = hmac.new(self.offer.verifier if verifier is None else verifier, transcript, hashlib.sha256).hexdigest()
        signature = "" if body["alg"] == "hmac-sha256" else base64.b64encode((sign or self.sign)(transcript)).decode()
        return rfc8785.dumps({"mac": mac, "signature": signature, **body})

    def headers(self, body: bytes, *, signature: bytes | None = None, message: str | None = None) -> dict[str, str]:
        id_, sent, ttl = message or str(uuid.uuid4()), str(int(time.time())), "120"
        canonical = "\n".join([self.offer.installation, id_, sent, ttl, sha256hex(body)]).encode()
        return {
            "X-WP-Agent-Installation": self.offer.installation,
            "X-WP-Agent-ToolCallId": id_,
            "X-WP-Agent-Timestamp": sent,
            "X-WP-Agent-TTL": ttl,
            "X-WP-Agent-SignatureAlg": "ed25519",
            "X-WP-Agent-Signature": base64.b64encode(self.sign(canonical) if signature is None else signature).decode(),
        }

    def heartbeat(self, **fields: Any) -> bytes:
        self.seq += 1
        return rfc8785.dumps(
            {
                "bind": {"aud": self.offer.control, "dir": "heartbeat", "kid": kid_of(self.public), "nonce": os.urandom(16).hex(), "v": 1},
                "checkpoint": "", "connector": "0.1.0", "epoch": 1, "fence": 0, "home": self.home, "inventory_hash": "0" * 64, "paused": "",
                "refusals": {}, "repair": "", "seq": self.seq, "sent_at": int(time.time()), "v": 1, **fields,
            }
        )  # fmt: skip
