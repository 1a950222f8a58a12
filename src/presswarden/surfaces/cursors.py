"""Where a list goes on: an opaque word that names its list and the last thing of the page before. Checked when it comes back; it opens nothing by itself.

Limits: what is filed while somebody pages is on the first page of the next time.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from presswarden.kernel.clock import from_unix, unix
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import is_uuid4

LONGEST: Final = 300
MOST_LOOKS: Final = 10
"""Pages that are looked through for one that holds something the caller may see."""

T = TypeVar("T")


class CursorRefused(PresswardenError):
    code = "api.cursor"


def write(of: str, at: datetime | None, last: str) -> str:
    parts = [of, None if at is None else unix(at) * 1_000_000 + at.microsecond, last]
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def read(of: str, text: str | None, *, dated: bool = True) -> tuple[datetime, str] | None:
    """Moment (any, for a list without) and id of the last one seen. Raises `CursorRefused`."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        named, at, last = json.loads(raw)
        fits = named == of and isinstance(last, str) and is_uuid4(last) and (at is None if not dated else type(at) is int)
        moment = from_unix(0) if at is None else from_unix(at // 1_000_000).replace(microsecond=at % 1_000_000)
    except (ValueError, TypeError, binascii.Error, OverflowError, OSError, RecursionError):
        fits, moment, last = False, from_unix(0), ""
    if not fits:
        raise CursorRefused("This is not a cursor of this list.", do="Use the one that the page before gave, or start without.")
    return moment, last


async def page(
    look: Callable[[tuple[datetime, str] | None, int], Awaitable[Sequence[T]]],
    place_of: Callable[[T], tuple[datetime, str]],
    seen: Callable[[T], bool],
    *,
    before: tuple[datetime, str] | None,
    limit: int,
) -> tuple[list[T], tuple[datetime, str] | None]:
    """One page of what the caller may see, and where the next one starts; None at the end. It may hold fewer than there are."""
    found: list[T] = []
    for _ in range(MOST_LOOKS):
        rows = await look(before, limit)
        for row in rows:
            before = place_of(row)
            if seen(row):
                found.append(row)
            if len(found) == limit:
                break
        if len(rows) < limit and (not rows or place_of(rows[-1]) == before):
            return found, None
        if len(found) == limit:
            return found, before
    return found, before
