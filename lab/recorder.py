"""A proxy in front of a site that keeps what passes: what an observer on the wire would hold, for replaying and altering it.

It can also hold what passes, in either direction, until it is told: `with recorder.hold("/v1/call") as gate` (`lab.gate`).
Limits: loopback HTTP only; keeps the last 200 exchanges; a site behind it must have the recorder's URL as its home.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from lab.gate import Answer, Gate, Held
from lab.server import free_port

_PER_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"})


@dataclass(frozen=True)
class Exchange:
    """One request as it was sent, and what came back."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    answer_headers: tuple[tuple[str, str], ...]
    answer: bytes

    def header(self, name: str) -> str:
        """A request header, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def send(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str] | tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    *,
    host: str = "127.0.0.1",
) -> Answer:
    """One request to a port of this machine, byte for byte as given."""
    pairs = tuple(headers.items()) if isinstance(headers, Mapping) else headers
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=any(key.lower() == "host" for key, _ in pairs), skip_accept_encoding=True)
        for key, value in pairs:
            if key.lower() != "content-length":
                connection.putheader(key, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return Answer(response.status, tuple(response.getheaders()), response.read())
    finally:
        connection.close()


class Recorder:
    """`with Recorder() as recorder: recorder.target = site.port`; the site's home is `recorder.url`.

    `beside` is a second address of this machine that it listens on, for callers in a network of their own; `host` is where the target stands.
    """

    def __init__(self, *, beside: str = "") -> None:
        self.port = free_port()
        self.host = "127.0.0.1"
        self.target = 0
        self.kept: deque[Exchange] = deque(maxlen=200)
        self._gates: list[Gate] = []
        recorder = self

        class Passing(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Quiet: what passes is kept, not printed."""

            def pass_on(self) -> None:
                # A browser that closed its end wants no more of this answer.
                with suppress(BrokenPipeError, ConnectionResetError):
                    recorder.forward(self)

            do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = pass_on

        self._servers = [ThreadingHTTPServer((address, self.port), Passing) for address in ("127.0.0.1", beside) if address]
        for each in self._servers:
            each.daemon_threads = True
        self._threads = [threading.Thread(target=each.serve_forever, daemon=True) for each in self._servers]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        for each in self._servers:
            each.shutdown()
            each.server_close()

    def calls(self) -> list[Exchange]:
        """The signed calls among what passed, oldest first."""
        return [each for each in self.kept if each.header("X-WP-Agent-Signature") and each.method == "POST"]

    def replay(self, exchange: Exchange, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a kept request again, changed only where told."""
        changed = {key.lower(): value for key, value in (headers or {}).items()}
        pairs = tuple((key, changed.get(key.lower(), value)) for key, value in exchange.headers)
        return send(self.target, exchange.method, exchange.path, pairs, exchange.body if body is None else body, host=self.host)

    @contextmanager
    def hold(self, path: str, *, most: int = 1_000, which: Callable[[Held], bool] = lambda _: True) -> Iterator[Gate]:
        """Hold requests whose path contains `path` and of which `which` says yes, at most so many. Leaving it lets go of whatever was not decided."""
        gate = Gate(path, most, which)
        self._gates.append(gate)
        try:
            yield gate
        finally:
            self._gates.remove(gate)
            gate.let_go()

    def forward(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        headers = tuple((key, value) for key, value in asked.headers.items() if key.lower() not in _PER_HOP)

        def deliver() -> Answer | None:
            try:
                return send(self.target, asked.command, asked.path, headers, body, host=self.host)
            except (OSError, http.client.HTTPException):
                return None

        held = Held(asked.command, asked.path, headers, body, deliver)
        if any(gate.takes(held) for gate in self._gates) and not held.let_through():
            asked.close_connection = True
            with suppress(OSError):
                asked.connection.shutdown(socket.SHUT_RDWR)
            return
        answer = held.deliver()
        if answer is None:
            asked.send_error(502)
            return
        passed = tuple((key, value) for key, value in answer.headers if key.lower() not in _PER_HOP | {"content-length"})
        self.kept.append(Exchange(asked.command, asked.path, headers, body, answer.status, passed, answer.body))
        asked.send_response(answer.status)
        for key, value in passed:
            asked.send_header(key, value)
        asked.send_header("Content-Length", str(len(answer.body)))
        asked.end_headers()
        if asked.command != "HEAD":
            asked.wfile.write(answer.body)
