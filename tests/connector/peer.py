"""A tiny control plane on loopback, for tests of the real connector: pairs, confirms, takes heartbeats.

It keeps everything it was sent, so a test can look at it. It checks what a site sends by
`contract/wire.md`; it has no database and forgets everything at the end.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import os
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import nacl.exceptions
import nacl.signing
import rfc8785

from tests.connector.wire import Answer, ControlKey, Installation, Message, hkdf, send, sha256hex


@dataclass
class Offer:
    """One pairing string that was handed out."""

    installation: str
    secret: bytes
    key: ControlKey
    control: str
    used: bool = False

    @property
    def fingerprint(self) -> str:
        return sha256hex(self.key.public)

    @property
    def text(self) -> str:
        value: dict[str, Any] = {
            "control": self.control,
            "fingerprint": self.fingerprint,
            "installation": self.installation,
            "secret": self.secret.hex(),
            "v": 1,
        }
        head = "presswarden-1." + base64.urlsafe_b64encode(rfc8785.dumps(value)).decode().rstrip("=")
        return head + "." + sha256hex(head.encode())[:8]

    @property
    def verifier(self) -> bytes:
        return hkdf(self.secret, b"", b"presswarden-pair-1 verifier")


@dataclass
class Received:
    """One verified message of a site."""

    path: str
    body: dict[str, Any]
    wire_bytes: int


@dataclass
class Peer:
    """`with Peer() as peer:` serves on a free loopback port."""

    confirm: bool = True
    offers: dict[str, Offer] = field(default_factory=dict)
    sites: dict[str, Installation] = field(default_factory=dict)
    heartbeats: list[Received] = field(default_factory=list)
    receipts: list[Received] = field(default_factory=list)
    moved: list[Received] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    confirmed: list[tuple[Message, Answer]] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    order: tuple[str, str] | None = None
    need: str = ""
    refuse_with: tuple[int, dict[str, Any]] | None = None
    known_hash: str = ""
    tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http{'' if self.tls is None else 's'}://127.0.0.1:{self._server.server_address[1]}"

    def offer(self) -> Offer:
        made = Offer(str(uuid.uuid4()), os.urandom(16), ControlKey.new(), self.url)
        self.offers[made.installation] = made
        return made

    def sign_order(self, site: Installation, seq: int, **members: Any) -> None:
        """Set the standing order that the next heartbeat's answer carries."""
        value = {
            "aud": site.home,
            "checkpoint": "",
            "dir": "order",
            "epoch": 1,
            "expires": int(time.time()) + 600,
            "installation": site.installation,
            "kid": site.key.kid,
            "paused": False,
            "revoked": False,
            "seq": seq,
            "v": 1,
            **members,
        }
        text = rfc8785.dumps(value).decode()
        signed = f"presswarden-order-1\n{site.installation}\n{sha256hex(text.encode())}".encode()
        self.order = (text, base64.b64encode(site.key.sign(signed)).decode())

    # what the server does

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, Any]]:
        if self.refuse_with is not None:
            return self.refuse_with
        if path == "/ingest/v1/pair":
            return self._pair(json.loads(raw))
        site = self.sites.get(headers.get("x-wp-agent-installation", ""))
        if site is None:
            return 404, problem("ingest.installation")
        names = ("installation", "toolcallid", "timestamp", "ttl")
        canonical = "\n".join([*(headers[f"x-wp-agent-{name}"] for name in names), sha256hex(raw)]).encode()
        if headers["x-wp-agent-signaturealg"] != site.alg or not site.site_signed(headers["x-wp-agent-signature"], canonical):
            return 401, problem("ingest.signature")
        body = json.loads(gzip.decompress(raw) if headers.get("content-encoding") == "gzip" else raw)
        assert rfc8785.dumps(body) == (gzip.decompress(raw) if headers.get("content-encoding") == "gzip" else raw), "not canonical"
        return self._signed(path, body, len(raw))

    def _signed(self, path: str, body: dict[str, Any], size: int) -> tuple[int, dict[str, Any]]:
        kinds: dict[str, Callable[[], tuple[int, dict[str, Any]]]] = {
            "/ingest/v1/heartbeat": self._heartbeat_answer,
            "/ingest/v1/receipt": lambda: (200, {"v": 1}),
            "/ingest/v1/moved": lambda: (200, {"v": 1}),
        }
        lists = {"/ingest/v1/heartbeat": self.heartbeats, "/ingest/v1/receipt": self.receipts, "/ingest/v1/moved": self.moved}
        lists[path].append(Received(path, body, size))
        return kinds[path]()

    def _heartbeat_answer(self) -> tuple[int, dict[str, Any]]:
        newest = self.heartbeats[-1].body
        if "inventory" in newest or ("delta" in newest and newest["delta"]["base"] == self.known_hash):
            self.known_hash = newest["inventory_hash"]
        calls = [{"body": message.body.decode(), "headers": message.headers} for message in self.waiting]
        self.waiting = []
        order, signature = self.order or ("", "")
        need = self.need or ("" if newest["inventory_hash"] == self.known_hash else "inventory")
        return 200, {"calls": calls, "need": need, "order": order, "order_signature": signature, "v": 1}

    def _pair(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        offer = self.offers.get(body["installation"])
        if offer is None:
            return 404, problem("pairing.unknown")
        if offer.used:
            return 409, problem("pairing.used")
        lines = [
            "presswarden-pair-1",
            offer.installation,
            offer.control,
            offer.fingerprint,
            body["home"],
            body["alg"],
            body["public_key"],
            body["nonce"],
        ]
        transcript = "\n".join(lines)
        if not hmac.compare_digest(hmac.new(offer.verifier, transcript.encode(), hashlib.sha256).hexdigest(), body["mac"]):
            return 403, problem("pairing.proof")
        salt = hashlib.sha256(transcript.encode()).digest()
        site = Installation(offer.installation, body["home"], offer.control, offer.key, body["alg"], transcript=transcript)
        if body["alg"] == "ed25519":
            site.site_public = base64.b64decode(body["public_key"])
            try:
                nacl.signing.VerifyKey(site.site_public).verify(transcript.encode(), base64.b64decode(body["signature"]))
            except nacl.exceptions.BadSignatureError:
                return 403, problem("pairing.proof")
        else:
            site.key = ControlKey(hkdf(offer.verifier, salt, b"presswarden-hmac-1 call"), "hmac-sha256")
            site.hmac_site = hkdf(offer.verifier, salt, b"presswarden-hmac-1 site")
        offer.used = True
        self.sites[offer.installation] = site
        if self.confirm:
            threading.Thread(target=self.call_back, args=(site,), daemon=True).start()
        return 202, {"status": "confirming", "v": 1}

    def call_back(self, site: Installation) -> Answer:
        """The first signed call; only then both sides are paired."""
        message = site.message("control.confirm")
        if site.alg == "ed25519":
            message = message.with_header("X-WP-Agent-ControlKey", base64.b64encode(site.key.public).decode())
        answer = send(site.home, message)
        self.confirmed.append((message, answer))
        if answer.status == 200 and site.receipt_holds(message, answer):
            site.words = list(answer.result["words"])
        else:
            self.problems.append(f"confirm: {answer.status} {answer.body[:300]!r}")
        return answer


def problem(code: str, **extra: Any) -> dict[str, Any]:
    return {"code": code, "do": "-", "says": code, "v": 1, **extra}


def _handler(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            try:
                status, value = peer.take(self.path, {name.lower(): text for name, text in self.headers.items()}, raw)
            except Exception as error:
                peer.problems.append(f"{self.path}: {error!r}")
                status, value = 500, problem("request.malformed")
            body = rfc8785.dumps(value)
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status < 300 else "application/problem+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it
            """Quiet: what matters is kept in the peer's lists."""

    return Handler
