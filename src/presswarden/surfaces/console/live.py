"""Streams that keep a page true: server-sent events, each message the whole of the regions that changed, so that losing one loses nothing.

What is shown is looked up in the tables again, once a second at most and only while somebody looks; a message goes out when something differs. Limits: display
only, no form is ever streamed; a stream ends after half an hour or with its session, and the browser comes back by itself.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from presswarden.kernel.errors import PresswardenError
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.visit import Visit

LOOK_EVERY: Final = 1.0
SAY_SOMETHING: Final = 15.0
"""A comment at least this often, so that nothing between us and the browser thinks it is over."""
LONGEST: Final = 1_800.0
STILL_SIGNED_IN: Final = 10.0
MOST: Final = 200
"""Streams of this process at once; a page without one has its link to look again."""
_AGES: Final = re.compile(r">[^<]*</time>")
_open = 0

Look = Callable[[], Awaitable[str]]
"""The HTML of the regions as they are now: `<hx-partial>`s."""


class TooMany(PresswardenError):
    code = "live.full"


def stream(desk: Desk, request: Request, visit: Visit, look: Look) -> Response:
    """Raises `TooMany`."""
    if _open >= MOST:
        raise TooMany("Too many pages are being kept live.", do="Reload the page to see how it stands.")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_messages(desk, request, visit, look), media_type="text/event-stream", headers=headers)


def message(mark: str, html: str) -> str:
    """One message of the stream; `mark` comes back as `Last-Event-ID`."""
    lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return f"id: {mark}\n{lines}\n"


def marked(html: str) -> str:
    """What tells two looks apart: ages go on by themselves in the browser, and are no news."""
    return hashlib.sha256(_AGES.sub("", html).encode()).hexdigest()[:16]


async def _messages(desk: Desk, request: Request, visit: Visit, look: Look) -> AsyncIterator[str]:
    global _open
    _open += 1
    try:
        clock = asyncio.get_running_loop().time
        began = said = checked = clock()
        last = request.headers.get("last-event-id", "")
        yield "retry: 2000\n\n"
        while clock() - began < LONGEST:
            if clock() - checked >= STILL_SIGNED_IN:
                if not await _still(desk, request, visit):
                    return
                checked = clock()
            html = await look()
            mark = marked(html)
            if mark != last:
                last, said = mark, clock()
                yield message(mark, html)
            elif clock() - said >= SAY_SOMETHING:
                said = clock()
                yield ": still here\n\n"
            await asyncio.sleep(LOOK_EVERY)
    finally:
        _open -= 1


async def _still(desk: Desk, request: Request, visit: Visit) -> bool:
    """The session goes on, and is the same person's."""
    try:
        return (await door.signed_in(desk)(request)).person.id == visit.person.id
    except PresswardenError:
        return False
