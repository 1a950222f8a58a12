"""A scripted site: a real loopback HTTP server that keeps its side of contract/wire.md, and misbehaves when told to.

It verifies calls in the order of the wire's table, claims each id once, signs receipts, and counts what really ran (`ran`). Limits: no WordPress; the
same suite runs against the real connector elsewhere.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import rfc8785
from nacl.signing import SigningKey, VerifyKey

from presswarden.kernel.sealing import hkdf
from presswarden.sites.model import Algorithm, PairRequest
from presswarden.sites.pairing import words_of
from tests.fakes.http import response

PRETTY = "/wp-json/presswarden/v1/call"
PLAIN = "/?rest_route=/presswarden/v1/call"


@dataclass
class Kept:
    body_hash: str
    nonce: str
    status: int = 0
    body: str = ""
    signature: str = ""


@dataclass
class ScriptedSite:
    """`script` holds one word for each request to come; when it is empty the site behaves. Words: see `_misbehave` and `_run`."""

    now: Callable[[], datetime]
    alg: Algorithm = Algorithm.ED25519
    script: list[str] = field(default_factory=list)
    pretty: bool = True
    clock_off: int = 0
    state: str = "new"
    paused: str = ""
    told_home: str = ""
    """The home it names in the answer to the first call, where that is not its own."""
    ran: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Path and Host of everything that arrived."""
    bodies: list[bytes] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    controls: dict[str, bytes] = field(default_factory=dict)
    calls: dict[str, Kept] = field(default_factory=dict)
    most_at_once: int = 0

    async def __aenter__(self) -> "ScriptedSite":
        self.key = SigningKey.generate()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.home = f"http://127.0.0.1:{self.port}"
        self._open = 0
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release.set()
        await self.go_away()

    async def go_away(self) -> None:
        """Stop listening: from now on the site can't be reached."""
        self._server.close()
        await self._server.wait_closed()

    # Pairing, the site's half.

    def redeem(self, pairing_string: str) -> PairRequest:
        payload = pairing_string.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self.installation, self.control, self.fingerprint = told["installation"], told["control"], told["fingerprint"]
        verifier = hkdf(bytes.fromhex(told["secret"]), salt=b"", info="presswarden-pair-1 verifier")
        is_hmac = self.alg is Algorithm.HMAC
        public = "" if is_hmac else base64.b64encode(bytes(self.key.verify_key)).decode()
        nonce = "0a" * 16
        self.transcript = "\n".join(
            ("presswarden-pair-1", self.installation, self.control, self.fingerprint, self.home, self.alg.value, public, nonce)
        )
        text = self.transcript.encode()
        salt = hashlib.sha256(text).digest()
        self.call_secret = hkdf(verifier, salt=salt, info="presswarden-hmac-1 call")
        self.site_secret = hkdf(verifier, salt=salt, info="presswarden-hmac-1 site")
        self.state = "confirming"
        return PairRequest(
            installation=self.installation, alg=self.alg, home=self.home, public_key=public,
            signature="" if is_hmac else base64.b64encode(self.key.sign(text).signature).decode(), nonce=nonce,
            mac=hmac.digest(verifier, text, "sha256").hex(), connector="0.1.0", php="8.2.7", wordpress="7.1.4",
        )  # fmt: skip

    # HTTP.

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *rest = head.split("\r\n")
            headers = {name.strip().lower(): value.strip() for name, _, value in (entry.partition(":") for entry in rest if entry)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            path = line.split(" ")[1]
            self.requests.append((path, headers.get("host", "")))
            self.bodies.append(body)
            self.arrived.set()
            writer.write(await self._respond(path, headers, body))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _respond(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        word = self.script.pop(0) if self.script else "behave"
        early = await self._misbehave(word)
        if early is not None:
            return early
        wanted = urlsplit(self.home).path
        if path not in ({wanted + PRETTY, wanted + PLAIN} if self.pretty else {wanted + PLAIN}):
            return response(404, b"<html>Not found</html>", {"Content-Type": "text/html"})
        status, answer, extra = self._call(headers, body, word)
        if word == "die after running":
            raise ConnectionError
        if word == "forge the receipt" and "X-WP-Agent-ReceiptSignature" in extra:
            extra["X-WP-Agent-ReceiptSignature"] = base64.b64encode(SigningKey.generate().sign(b"x").signature).decode()
        if word == "lose the receipt":
            extra = {}
        if word == "change the answer":
            answer = answer.replace(b'"paused":""', b'"paused":"local"')
        return response(status, answer, {"Content-Type": "application/json", **extra})

    async def _misbehave(self, word: str) -> bytes | None:
        match word:
            case "html":
                return response(200, b"<!doctype html><title>A shop</title>", {"Content-Type": "text/html"})
            case "redirect":
                return response(301, b"", {"Location": "https://elsewhere.example/"})
            case "die before":
                raise ConnectionError
            case "wait":
                await self.release.wait()
        return None

    # The call, in the order of the wire's table.

    def _call(self, headers: dict[str, str], body: bytes, word: str) -> tuple[int, bytes, dict[str, str]]:
        now = int(self.now().timestamp()) + self.clock_off
        given = {name.removeprefix("x-wp-agent-"): value for name, value in headers.items() if name.startswith("x-wp-agent-")}
        if not {"installation", "toolcallid", "timestamp", "ttl", "signaturealg", "signature"} <= set(given):
            return _refusal(400, "call.shape")
        if given["installation"] != self.installation or self.state == "new":
            return _refusal(404, "call.installation")
        if self.state == "revoked":
            return _refusal(410, "call.revoked")
        if int(given["ttl"]) > 300:
            return _refusal(400, "call.ttl")
        if not int(given["timestamp"]) - 30 <= now <= int(given["timestamp"]) + int(given["ttl"]):
            return _refusal(401, "call.window", site_time=now)
        if given["signaturealg"] != self.alg.value:
            return _refusal(401, "call.algorithm")
        text = "\n".join((given["installation"], given["toolcallid"], given["timestamp"], given["ttl"], hashlib.sha256(body).hexdigest()))
        kid = self._verified_kid(given, text.encode())
        if kid is None:
            return _refusal(401, "call.signature")
        message = json.loads(body)
        bind, tool = message["bind"], message["tool"]
        args = json.loads(message["leaf"])["args"] if "leaf" in message else message["args"]
        aud = args.get("home", self.home) if tool == "control.moved" else self.home
        if bind["kid"] != kid or bind["dir"] != "call" or bind["v"] != 1:
            return _refusal(403, "call.bind")
        if bind["aud"] != aud:
            return _refusal(403, "call.audience")
        against = self._against(message, given["toolcallid"])
        return _refusal(403, against) if against else self._claim(given["toolcallid"], tool, args, bind["nonce"], body, word)

    def _against(self, message: dict[str, Any], _call: str) -> str:
        return "call.plan" if "leaf" in message else ""

    def _verified_kid(self, given: dict[str, str], text: bytes) -> str | None:
        signature = base64.b64decode(given["signature"])
        if self.alg is Algorithm.HMAC:
            good = hmac.compare_digest(hmac.digest(self.call_secret, text, "sha256"), signature)
            return hashlib.sha256(self.call_secret).hexdigest()[:16] if good else None
        keys = dict(self.controls)
        shown = base64.b64decode(given.get("controlkey", ""))
        if self.state == "confirming" and hashlib.sha256(shown).hexdigest() == self.fingerprint:
            keys = {hashlib.sha256(shown).hexdigest()[:16]: shown}
        for kid, key in keys.items():
            try:
                VerifyKey(key).verify(text, signature)
            except Exception:
                continue
            self._shown = {kid: key}
            return kid
        return None

    def _claim(self, call: str, tool: str, args: dict[str, Any], nonce: str, body: bytes, word: str) -> tuple[int, bytes, dict[str, str]]:
        hashed = hashlib.sha256(body).hexdigest()
        kept = self.calls.get(call)
        if kept is not None:
            if kept.body_hash != hashed:
                return self._signed(call, body, 422, {"code": "call.conflict", "says": "Another body.", "status": "refused", "v": 1})
            stored = {"body": kept.body, "signature": kept.signature, "status": kept.status} if kept.signature else None
            state = "done" if stored else "running"
            told = {"code": "call.duplicate", "says": "Known.", "state": state, "status": "refused", "stored": stored, "v": 1}
            return self._signed(call, body, 409, told)
        if any(other.nonce == nonce for other in self.calls.values()):
            return self._signed(call, body, 409, {"code": "call.replay", "says": "Seen.", "status": "refused", "v": 1})
        self.calls[call] = kept = Kept(hashed, nonce)
        if word == "die in the middle":
            raise ConnectionError
        if self.paused and not tool.startswith("control.") and tool != "wp.site.health":
            status, told = 423, {"code": "call.paused", "says": "Paused.", "status": "refused", "v": 1}
        elif word == "refuse":
            status, told = 403, {"code": "call.capability", "says": "Not allowed.", "status": "refused", "v": 1}
        else:
            self.ran.append(tool)
            status, told = 200, {"result": self._result(tool, args), "status": "done", "v": 1}
        answered = self._signed(call, body, status, told)
        if tool == "control.rotate_site" and status == 200:
            self.key = self._next
        self._after(tool, args, status)
        kept.status, kept.body = answered[0], answered[1].decode()
        kept.signature = answered[2]["X-WP-Agent-ReceiptSignature"]
        return answered

    def _result(self, tool: str, args: dict[str, Any]) -> dict[str, Any]:
        match tool:
            case "control.confirm":
                shown = next(iter(self._shown.values())) if self.alg is Algorithm.ED25519 else b""
                return {"home": self.told_home or self.home, "words": words_of(self.transcript, shown).split(" ")}
            case "control.pause":
                return {"paused": "control"}
            case "control.resume":
                return {"paused": "local" if self.paused == "local" else ""}
            case "control.revoke":
                return {"revoked": True}
            case "control.rotate":
                return {"epoch": args["epoch"], "kid": hashlib.sha256(base64.b64decode(args["public_key"])).hexdigest()[:16]}
            case "control.rotate_site":
                self._next = SigningKey.generate()
                public = base64.b64encode(bytes(self._next.verify_key)).decode()
                proof = self._next.sign(f"presswarden-rotate-1\n{self.installation}\n2\n{public}".encode()).signature
                return {"epoch": 2, "public_key": public, "signature": base64.b64encode(proof).decode()}
            case "control.moved":
                return {"home": args["home"]}
            case "wp.site.health":
                return {"as_of": int(self.now().timestamp()), "paused": self.paused, "repair": "", "site_time": int(self.now().timestamp())}
            case "wp.site.get_environment":
                return {"as_of": int(self.now().timestamp()), "php": {"version": "8.2.7"}, "wordpress": {"version": "7.1.4"}}
            case _:
                return {"core": {"version": "7.1.4"}}

    def _after(self, tool: str, args: dict[str, Any], status: int) -> None:
        if status != 200:
            return
        match tool:
            case "control.confirm":
                self.state = "paired"
                self.controls = dict(self._shown) if self.alg is Algorithm.ED25519 else {}
            case "control.pause":
                self.paused = "control"
            case "control.resume":
                self.paused = "local" if self.paused == "local" else ""
            case "control.revoke":
                self.state = "revoked"
            case "control.rotate":
                raw = base64.b64decode(args["public_key"])
                self.controls[hashlib.sha256(raw).hexdigest()[:16]] = raw

    def _signed(self, call: str, request: bytes, status: int, told: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
        body = rfc8785.dumps(told)
        hashes = f"{hashlib.sha256(request).hexdigest()}\n{hashlib.sha256(body).hexdigest()}"
        text = f"presswarden-receipt-1\n{self.installation}\n{call}\n{status}\n{hashes}".encode()
        return status, body, {"X-WP-Agent-ReceiptSignature": self.sign(text), "X-WP-Agent-ReceiptKid": "0" * 16}

    def sign(self, text: bytes) -> str:
        raw = hmac.digest(self.site_secret, text, "sha256") if self.alg is Algorithm.HMAC else self.key.sign(text).signature
        return base64.b64encode(raw).decode()

    def take_along(self, headers: dict[str, str], body: str) -> tuple[int, str, str]:
        """Run a waiting call as it came with a heartbeat's answer: status, body and receipt signature to post."""
        status, answer, extra = self._call({name.lower(): value for name, value in headers.items()}, body.encode(), "behave")
        return status, answer.decode(), extra.get("X-WP-Agent-ReceiptSignature", "")


def _refusal(status: int, code: str, **more: int) -> tuple[int, bytes, dict[str, str]]:
    return status, rfc8785.dumps({"code": code, "says": "No.", "status": "refused", "v": 1, **more}), {}
