"""The clock as an argument. Limits: whole seconds are what the wire knows; nothing else in the product reads the wall clock."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), tz=UTC)


def unix(moment: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return int(moment.timestamp())


def from_unix(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
