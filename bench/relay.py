"""Passes TCP connections on to a loopback port and keeps every byte of both ways, so that a message's size on the wire is counted and not computed.

It can name a caller of its own for each connection, as a proxy does, so that many sites on one machine are not one to whoever counts by address; those
bytes are not counted. Limits: plain HTTP on loopback; TLS would add its own bytes.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Self


@dataclass
class Exchange:
    """One connection: what went in and what came back."""

    there: bytearray = field(default_factory=bytearray)
    back: bytearray = field(default_factory=bytearray)


class Relay:
    """`with Relay() as relay: relay.target = port`; clients talk to `relay.url`."""

    def __init__(self, *, names_callers: bool = False) -> None:
        self.target = 0
        self.kept: list[Exchange] = []
        self._names_callers = names_callers
        relay = self

        class Passing(BaseRequestHandler):
            def handle(self) -> None:
                relay.pass_on(self.request)

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Passing)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pass_on(self, near: socket.socket) -> None:
        exchange = Exchange()
        self.kept.append(exchange)
        with socket.create_connection(("127.0.0.1", self.target), timeout=60) as far:
            back = threading.Thread(target=_pump, args=(far, near, exchange.back), daemon=True)
            back.start()
            number = len(self.kept)
            caller = f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n" if self._names_callers else ""
            _pump(near, far, exchange.there, caller.encode())
            back.join(60)


def _pump(source: socket.socket, sink: socket.socket, kept: bytearray, header: bytes = b"") -> None:
    """Until one side hangs up; then the other is told. `header` goes after the first line."""
    with suppress(OSError):
        while some := source.recv(65536):
            kept += some
            line, end, rest = some.partition(b"\r\n")
            sink.sendall(line + end + header + rest if end else some)
            header = b"" if end else header
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
