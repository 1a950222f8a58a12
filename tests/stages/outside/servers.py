"""Servers that tests script, and a signed call with its permit to send to them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

from presswarden.dispatch.model import SignedCall, WireAnswer, WireFault
from presswarden.gate.permit import Permit, args_hash
from presswarden.kernel.ids import CallId, InstallationId, OrgId, new_id
from presswarden.outside.wire import HttpWire

LOOPBACK = (ip_network("127.0.0.0/8"),)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GOOD = b'{"result":{},"status":"done","v":1}'
Serve = Callable[[bytes, bytes, asyncio.StreamWriter], Awaitable[None]]


def call(home: str) -> tuple[SignedCall, Permit]:
    call_id, installation = CallId(new_id()), InstallationId(new_id())
    hashed = args_hash({})
    headers = {"X-WP-Agent-Installation": installation, "X-WP-Agent-Signature": "c2ln"}
    signed = SignedCall(installation, call_id, home, "wp.site.health", hashed, b'{"args":{}}', headers, NOW)
    return signed, Permit(OrgId(new_id()), installation, call_id, "wp.site.health", hashed, NOW + timedelta(minutes=5))


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
            await serve(head, await reader.readexactly(length), writer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await listening.wait_closed()


def http(status: int, body: bytes, *more: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *more]).encode() + b"\r\n\r\n" + body


def says(*answers: bytes) -> Serve:
    """One answer for each request; the last one goes on."""
    left = list(answers)

    async def serve(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return serve


async def post(home: str, wire: HttpWire | None = None) -> WireAnswer | WireFault:
    return await (wire or HttpWire(LOOPBACK, connect_seconds=1, total_seconds=3)).post(*call(home))


async def to(serve: Serve, **limits: float) -> WireAnswer | WireFault:
    async with server(serve) as port:
        return await post(f"http://127.0.0.1:{port}", HttpWire(LOOPBACK, connect_seconds=1, total_seconds=limits.get("total", 3)))
