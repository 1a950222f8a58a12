"""Streams that keep a page true: server-sent events, each message the whole of the regions that changed, so that losing one loses nothing.

What is shown is looked up in the tables again, once a second at most and only while somebody looks; a message goes out when something differs. Limits: display
only, no form is ever streamed; a stream ends after half an hour or with its session, and the browser comes back by itself.
"""

import asyncio
import hashlib
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from presswarden.kernel.errors import PresswardenError
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds."""

    look_every: float = 1.0
    say_something: float = 15.0
    """A comment at least this often, so that nothing between us and the browser thinks it is over."""
    longest: float = 1_800.0
    still_signed_in: float = 10.0
    """How often it is asked whether the session goes on."""


PACE: Final = Pace()
MOST: Final = 200
"""Streams of this process at once; a page without one has its link to look again."""
_AGES: Final = re.compile(r">[^<]*</time>")
_open = 0

Look = Callable[[Visit], Awaitable[str]]
"""The HTML of the regions as they are now, for this visitor: `<hx-partial>`s."""


class TooMany(PresswardenError):
    code = "live.full"


def stream(desk: Desk, request: Request, visit: Visit, look: Look) -> Response:
    """Raises `TooMany`."""
    if _open >= MOST:
        raise TooMany("Too many pages are being kept live.", do="Reload the page to see how it stands.")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding"}

    now = visit

    async def still() -> bool:
        """The session goes on, and is the same person's, whose roles may be others by now."""
        nonlocal now
        try:
            now = await door.signed_in(desk, by_itself=True)(request)
        except PresswardenError:
            return False
        return now.person.id == visit.person.id

    async def shown() -> str:
        return await look(now)

    last = request.headers.get("last-event-id", "")
    told = messages(shown, still, last=last)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return StreamingResponse(told, media_type="text/event-stream", headers=headers)
    return StreamingResponse(packed(told), media_type="text/event-stream", headers={**headers, "Content-Encoding": "gzip"})


def message(mark: str, html: str) -> str:
    """One message of the stream; `mark` comes back as `Last-Event-ID`."""
    lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return f"id: {mark}\n{lines}\n"


def marked(html: str) -> str:
    """What tells two looks apart: ages go on by themselves in the browser, and are no news."""
    return hashlib.sha256(_AGES.sub("", html).encode()).hexdigest()[:16]


async def messages(
    look: Callable[[], Awaitable[str]], still: Callable[[], Awaitable[bool]], *, last: str = "", pace: Pace = PACE
) -> AsyncGenerator[str, None]:
    """The stream's text. `last`: the mark of what the browser shows already."""
    global _open
    _open += 1
    try:
        clock = asyncio.get_running_loop().time
        began = said = checked = clock()
        yield "retry: 2000\n\n"
        while clock() - began < pace.longest:
            if clock() - checked >= pace.still_signed_in:
                if not await still():
                    return
                checked = clock()
            try:
                html = await look()
            except PresswardenError:  # gone, or out of this person's reach by now: the page itself says which
                return
            mark = marked(html)
            if mark != last:
                last, said = mark, clock()
                yield message(mark, html)
            elif clock() - said >= pace.say_something:
                said = clock()
                yield ": still here\n\n"
            await asyncio.sleep(pace.look_every)
    finally:
        _open -= 1


async def packed(told: AsyncGenerator[str, None]) -> AsyncIterator[bytes]:
    """The same as gzip, each message readable as soon as it is there. What a page says twice costs next to nothing the second time.

    A stream carries no token and no form, so its length tells nobody a secret. The window is small because every open page has one.
    """
    packing = zlib.compressobj(6, zlib.DEFLATED, 16 + 13, 6)
    async with aclosing(told) as each:
        async for text in each:
            yield packing.compress(text.encode()) + packing.flush(zlib.Z_SYNC_FLUSH)
    yield packing.flush()
