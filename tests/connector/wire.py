"""Builds and signs messages the way a control plane does, for tests that talk to a real connector.

A second implementation on purpose: it shares no code with the product, so both sides of the wire
are checked against `contract/wire.md` and not against each other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import nacl.signing
import rfc8785

from tests.connector.plans import Plan

TIMEOUT = httpx.Timeout(30.0)


def sha256hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF-SHA256 (RFC 5869) for one block."""
    prk = hmac.new(salt or b"\0" * 32, ikm, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:length]


def kid_of(raw_key: bytes) -> str:
    return sha256hex(raw_key)[:16]


@dataclass(frozen=True)
class ControlKey:
    """The key that signs calls: Ed25519, or the HMAC call key."""

    secret: bytes
    alg: str = "ed25519"

    @classmethod
    def new(cls) -> ControlKey:
        return cls(bytes(nacl.signing.SigningKey.generate()))

    @property
    def public(self) -> bytes:
        return bytes(nacl.signing.SigningKey(self.secret).verify_key) if self.alg == "ed25519" else self.secret

    @property
    def kid(self) -> str:
        return kid_of(self.public)

    def sign(self, message: bytes) -> bytes:
        if self.alg == "ed25519":
            return nacl.signing.SigningKey(self.secret).sign(message).signature
        return hmac.new(self.secret, message, hashlib.sha256).digest()


@dataclass(frozen=True)
class Message:
    """One signed message as bytes and headers; `replace` it to tamper."""

    body: bytes
    headers: dict[str, str]

    def with_header(self, name: str, value: str) -> Message:
        return replace(self, headers={**self.headers, name: value})


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: httpx.Headers

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def code(self) -> str:
        return str(self.json.get("code", ""))

    @property
    def result(self) -> dict[str, Any]:
        assert self.status == 200, (self.status, self.body[:500])
        value: dict[str, Any] = self.json["result"]
        return value


@dataclass
class Installation:
    """What the control plane knows of one paired site."""

    installation: str
    home: str
    control: str
    key: ControlKey
    alg: str = "ed25519"
    site_public: bytes = b""
    hmac_site: bytes = b""
    transcript: str = ""
    words: list[str] = field(default_factory=list)

    def headers(
        self, tool_call_id: str, body: bytes, *, timestamp: int | None = None, ttl: int = 180, key: ControlKey | None = None
    ) -> dict[str, str]:
        key = key or self.key
        sent = int(time.time()) if timestamp is None else timestamp
        canonical = "\n".join([self.installation, tool_call_id, str(sent), str(ttl), sha256hex(body)]).encode()
        return {
            "X-WP-Agent-Installation": self.installation,
            "X-WP-Agent-ToolCallId": tool_call_id,
            "X-WP-Agent-Timestamp": str(sent),
            "X-WP-Agent-TTL": str(ttl),
            "X-WP-Agent-SignatureAlg": key.alg,
            "X-WP-Agent-Signature": base64.b64encode(key.sign(canonical)).decode(),
        }

    def body(self, tool: str, args: dict[str, Any] | None = None, **bind: Any) -> bytes:
        full = {"aud": self.home, "dir": "call", "kid": self.key.kid, "nonce": os.urandom(16).hex(), "v": 1, **bind}
        return rfc8785.dumps({"args": args or {}, "bind": full, "run_id": str(uuid.uuid4()), "tool": tool})

    def message(
        self,
        tool: str,
        args: dict[str, Any] | None = None,
        *,
        tool_call_id: str | None = None,
        timestamp: int | None = None,
        ttl: int = 180,
    ) -> Message:
        body = self.body(tool, args)
        return Message(body, self.headers(tool_call_id or str(uuid.uuid4()), body, timestamp=timestamp, ttl=ttl))

    def planned(self, plan: Plan, index: int = 1, fence: int = 1, *, timestamp: int | None = None, ttl: int = 180, **bind: Any) -> Message:
        """The call of one action of a plan."""
        full = {"aud": self.home, "dir": "call", "fence": fence, "kid": self.key.kid, "nonce": os.urandom(16).hex(), "v": 1, **bind}
        body = plan.body(index, full)
        return Message(body, self.headers(plan.actions[index - 1].tool_call_id, body, timestamp=timestamp, ttl=ttl))

    def resigned(self, message: Message) -> Message:
        """The same call again with a fresh timestamp: an honest retry."""
        return Message(message.body, self.headers(message.headers["X-WP-Agent-ToolCallId"], message.body))

    def site_signed(self, signature: str, text: bytes) -> bool:
        raw = base64.b64decode(signature)
        if self.alg == "hmac-sha256":
            return hmac.compare_digest(hmac.new(self.hmac_site, text, hashlib.sha256).digest(), raw)
        try:
            nacl.signing.VerifyKey(self.site_public).verify(text, raw)
        except nacl.exceptions.BadSignatureError:
            return False
        return True

    def receipt_holds(self, message: Message, answer: Answer) -> bool:
        """True when the answer's receipt covers exactly this request and this answer."""
        signature = answer.headers.get("X-WP-Agent-ReceiptSignature")
        if not signature:
            return False
        return self.site_signed(signature, receipt_text(self.installation, message, answer.status, answer.body))


def receipt_text(installation: str, message: Message, status: int, body: bytes) -> bytes:
    parts = [
        "presswarden-receipt-1",
        installation,
        message.headers["X-WP-Agent-ToolCallId"],
        str(status),
        sha256hex(message.body),
        sha256hex(body),
    ]
    return "\n".join(parts).encode()


def send(
    home: str,
    message: Message,
    *,
    path: str = "/wp-json/presswarden/v1/call",
    method: str = "POST",
    timeout: httpx.Timeout = TIMEOUT,
) -> Answer:
    with httpx.Client(timeout=timeout, follow_redirects=False) as client:
        got = client.request(method, home + path, content=message.body, headers={"Content-Type": "application/json", **message.headers})
        return Answer(got.status_code, got.content, got.headers)
