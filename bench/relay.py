"""Passes TCP connections on to a loopback port and keeps every byte of both ways, so that a message's size on the wire is counted and not computed.

Limits: plain HTTP on loopback; TLS would add its own bytes.
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

    def __init__(self) -> None:
        self.target = 0
        self.kept: list[Exchange] = []
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
            _pump(near, far, exchange.there)
            back.join(60)


def _pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    """Until one side hangs up; then the other is told."""
    with suppress(OSError):
        while some := source.recv(65536):
            kept += some
            sink.sendall(some)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
