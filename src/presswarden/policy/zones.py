"""Time zones as sites report them: an IANA name or a fixed offset. Limits: the names are those of the machine's own zone tables, read once each."""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_OFFSET: Final = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)\Z")
_NAME: Final = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+){0,2}\Z")


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo | None:
    """The zone of that name; None when it names none."""
    if name == "UTC":
        return UTC
    offset = _OFFSET.match(name)
    if offset is not None:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-away if offset[1] == "-" else away)
    if not _NAME.match(name):
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def is_zone(name: str) -> bool:
    return zone(name) is not None
