"""GETs of a site's public pages, as a visitor without cache and cookies makes them: to a judged address, bounded, no redirect followed.

What is kept of a page is its status, where it redirects to, the hash of its title, its size, and whether a fatal marker is in it; never content. Limits:
nothing here signs or decides; `outside.wire` alone calls it, with a permit in hand.
"""

import asyncio
import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from presswarden.dispatch.model import Page
from presswarden.outside.addresses import Target

MOST_READ: Final = 2_097_152
"""A longer page counts as this long: before and after are cut at the same place."""
PAGE_SECONDS: Final = 20.0
_AT_ONCE: Final = 2
_TRIED_ADDRESSES: Final = 3
_LONGEST_LOCATION: Final = 300
# What WordPress's own error page is built of (its words are translated), and what PHP prints.
_FATAL: Final = (
    b"wp-die-message",
    b'id="error-page"',
    b"<b>Fatal error</b>:",
    b"<b>Parse error</b>:",
    b"PHP Fatal error:",
    b"PHP Parse error:",
    b"\nFatal error: ",
    b"\nParse error: ",
)


@dataclass(frozen=True, slots=True)
class Line:
    """How a connection is made: what is trusted, and for how long one page is waited for."""

    trust: ssl.SSLContext
    connect_seconds: float
    total_seconds: float = PAGE_SECONDS


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    location: str
    body: bytes
    plain: bool
    """False when something compressed the body though it was asked not to: then nothing in it is looked for."""


async def look(target: Target, paths: tuple[str, ...], bust: str, headers: Mapping[str, str], line: Line) -> tuple[Page, ...]:
    """Each page once, two at a time, in the order given."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(path: str) -> Page:
        async with turn:
            return _page(path, await get(target, busted(path, bust), headers, line), bust)

    return tuple(await asyncio.gather(*(one(path) for path in paths)))


async def get(target: Target, path: str, headers: Mapping[str, str], line: Line, *, most: int = MOST_READ) -> Fetched | None:
    """One GET of a path below the home URL; None when there was no answer."""
    try:
        async with asyncio.timeout(line.total_seconds):
            for address in target.addresses[:_TRIED_ADDRESSES]:
                host = f"[{address}]" if address.version == 6 else str(address)
                try:
                    return await _exchange(target, f"{target.scheme}://{host}:{target.port}{target.path}{path}", headers, line, most)
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    continue
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
        pass
    return None


def busted(path: str, bust: str) -> str:
    """The path with a query that no cache has seen."""
    return f"/{path.lstrip('/')}{'&' if '?' in path else '?'}presswarden={bust}"


async def _exchange(target: Target, url: str, headers: Mapping[str, str], line: Line, most: int) -> Fetched:
    sent = {
        "Host": target.authority,
        "Accept": "text/html,*/*;q=0.5",
        "Accept-Encoding": "identity",
        "Cache-Control": "no-cache",
        "User-Agent": "Presswarden",
        "Connection": "close",
        **headers,
    }
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
    timeout = httpx.Timeout(line.total_seconds, connect=line.connect_seconds)
    # As in `wire`: the URL holds the judged address, the name stands in Host and SNI; and no client, which would add what must not be.
    request = httpx.Request("GET", url, headers=sent, extensions={"sni_hostname": target.host, "timeout": timeout.as_dict()})
    async with httpx.AsyncHTTPTransport(verify=line.trust, trust_env=False, limits=limits) as transport:
        answer = await transport.handle_async_request(request)
        try:
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) >= most:
                    break
        finally:
            await answer.aclose()
    is_plain = answer.headers.get("content-encoding", "identity").lower() == "identity"
    return Fetched(answer.status_code, answer.headers.get("location", ""), bytes(body[:most]), is_plain)


def _page(path: str, fetched: Fetched | None, bust: str) -> Page:
    if fetched is None:
        return Page(path, 0, "", 0, fatal=False, location="")
    readable = fetched.body if fetched.plain else b""
    title = _title(readable)
    hashed = "" if title is None else hashlib.sha256(b" ".join(title.split())).hexdigest()
    location = re.sub(rf"[?&]presswarden={re.escape(bust)}", "", fetched.location)[:_LONGEST_LOCATION]
    return Page(path, fetched.status, hashed, len(fetched.body), any(mark in readable for mark in _FATAL), location)


def _title(body: bytes) -> bytes | None:
    """What stands between the first title's tags. Each mark is looked for once: a page made of openings alone costs no more than any other."""
    low = body.lower()
    begins = low.find(b"<title")
    opened = low.find(b">", begins) if begins >= 0 else -1
    ends = low.find(b"</title", opened) if opened >= 0 else -1
    return body[opened + 1 : ends] if ends >= 0 else None
