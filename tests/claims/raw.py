"""Requests as bytes on a socket, for attacks that no HTTP client would send: flipped bytes, repeated headers, odd paths.

Limits: HTTP/1.1 without chunks, one request for each connection; a server that hangs up answers status 0.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from tests.connector.wire import Answer, Message

PREFIX = "X-WP-Agent-"
TIMEOUT = 30.0


@dataclass(frozen=True)
class Request:
    """The bytes of one request, and where in them each field stands."""

    host: str
    port: int
    content: bytes
    spans: dict[str, tuple[int, int]]

    def flipped(self, position: int, bit: int) -> bytes:
        changed = bytearray(self.content)
        changed[position] ^= 1 << bit
        return bytes(changed)


def request(base: str, path: str, message: Message, extra: tuple[tuple[str, str], ...] = (), method: str = "POST") -> Request:
    """A signed message as a request; the header fields of the wire come last, in order."""
    there = urlsplit(base)
    built = bytearray()
    spans: dict[str, tuple[int, int]] = {}

    def put(text: str | bytes, name: str = "") -> None:
        start = len(built)
        built.extend(text.encode("latin-1") if isinstance(text, str) else text)
        if name:
            spans[name] = (start, len(built))

    where, _, query = path.partition("?")
    put(f"{method} ")
    put(where, "path")
    if query:
        put("?")
        put(query, "query")
    put(
        f" HTTP/1.1\r\nHost: {there.netloc}\r\nContent-Type: application/json\r\nContent-Length: {len(message.body)}\r\nConnection: close\r\n"
    )
    for name, value in (*message.headers.items(), *extra):
        put(name, f"name of {name.removeprefix(PREFIX)}")
        put(": ")
        put(value, name.removeprefix(PREFIX))
        put("\r\n")
    put("\r\n")
    put(message.body, "body")
    return Request(str(there.hostname), there.port or 80, bytes(built), spans)


def exchange(made: Request, content: bytes | None = None, source: str = "127.0.0.1") -> Answer:
    """Send the bytes, or others in their place, and read until the server hangs up."""
    received = bytearray()
    try:
        with socket.create_connection((made.host, made.port), TIMEOUT, (source, 0)) as line:
            line.sendall(made.content if content is None else content)
            while part := line.recv(65536):
                received += part
    except OSError:
        received = received or bytearray()
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1]) if first.startswith("HTTP/1.") else 0
    pairs = [tuple(line.split(": ", 1)) for line in rest if ": " in line]
    return Answer(status, body, httpx.Headers([(name, value) for name, value in pairs]))


def flips(made: Request, *, every_bit: bool) -> Iterator[tuple[str, int, int]]:
    """Field, position and bit of every byte's flip: one for each byte, or all eight. A letter's case in a header's name is no change."""
    for field, (start, end) in made.spans.items():
        is_name = field.startswith("name of ")
        for position in range(start, end):
            bits = [bit for bit in range(8) if not (is_name and bit == 5 and chr(made.content[position]).isalpha())]
            yield from ((field, position, bit) for bit in (bits if every_bit else [bits[(position * 5 + 3) % len(bits)]]))
