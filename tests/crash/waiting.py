"""Waiting for something to become so, with an end. Limits: polls; nothing here knows what is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 90.0
"""Seconds: the machine may be busy with other suites."""
T = TypeVar("T")


class NotInTime(AssertionError):
    pass


def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE, *, pause: float = 0.1) -> T:
    """The first answer that is neither None nor False."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > end:
            raise NotInTime(f"{what}: not within {seconds:g} s")
        time.sleep(pause)
