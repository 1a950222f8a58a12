"""What the demo prints and how long each step took: a heading, live lines, a tick. Limits: plain text, so that a log of it reads well."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Stage:
    def __init__(self) -> None:
        self._begun = time.monotonic()
        self.times: list[tuple[str, float]] = []

    def say(self, text: str) -> None:
        for line in text.splitlines() or [""]:
            print(f"   {line}", flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One numbered step; its time is printed when it succeeded."""
        print(f"\n{len(self.times) + 1}. {title}", flush=True)
        begun = time.monotonic()
        yield
        took = time.monotonic() - begun
        self.times.append((title, took))
        print(f"   done in {took:.1f} s", flush=True)

    def check(self, what: str, *, holds: bool) -> None:
        """A claim that was just compared with the site's own files. Raises `DemoFailed` when it does not hold."""
        if not holds:
            raise DemoFailed(what)
        print(f"   ✓ {what}", flush=True)

    def total(self) -> float:
        return time.monotonic() - self._begun


def side_by_side(*works: Callable[[], T]) -> list[T]:
    """Carry these out at the same time, as people at several terminals would; what each gave, in their order."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(work) for work in works]]


class DemoFailed(Exception):
    """What the demo claims was not so."""


def fail(text: str) -> None:
    print(f"\nThe demo stopped: {text}", file=sys.stderr, flush=True)
