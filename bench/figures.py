"""A measured figure: what it says, the bar it is held to, and the one line it is printed as.

A bar is always a ratio of two things measured in turns in one run, so it means the same on a slow or busy machine.
Limits: a figure without a bar is told, not judged.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Bar:
    """What a ratio must reach, or stay below."""

    limit: float
    at_most: bool

    def holds(self, ratio: float) -> bool:
        return ratio <= self.limit if self.at_most else ratio >= self.limit

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """`name: figure (ratio) bar`."""

    name: str
    figure: str
    ratio: float | None = None
    bar: Bar | None = None

    @property
    def holds(self) -> bool:
        return self.bar is None or (self.ratio is not None and self.bar.holds(self.ratio))

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f" ({self.ratio:.2f}x)"
        bar = "" if self.bar is None else f" bar {self.bar}: {'held' if self.holds else 'MISSED'}"
        return f"{self.name}: {self.figure}{ratio}{bar}"

    def document(self) -> dict[str, object]:
        """The same for results.json."""
        bar = None if self.bar is None else str(self.bar)
        return {"name": self.name, "figure": self.figure, "ratio": self.ratio, "bar": bar, "holds": self.holds}


@dataclass(frozen=True)
class Turns:
    """What baseline and subject took, in the same unit; turn by turn, so that the two of a turn met the same machine."""

    baseline: tuple[float, ...]
    subject: tuple[float, ...]

    @classmethod
    def of(cls, baseline: Sequence[float], subject: Sequence[float], *, warm: int = 0) -> Self:
        """The first `warm` turns fill caches and do not count."""
        return cls(tuple(baseline[warm:]), tuple(subject[warm:]))

    @property
    def usual(self) -> tuple[float, float]:
        """The medians of both."""
        return statistics.median(self.baseline), statistics.median(self.subject)

    @property
    def cost(self) -> float:
        """How many times the baseline the subject takes: the median of the turns' ratios."""
        return statistics.median(mine / base for base, mine in zip(self.baseline, self.subject, strict=True))

    @property
    def pace(self) -> float:
        """How fast the subject goes beside the baseline: the median of the turns' ratios."""
        return statistics.median(base / mine for base, mine in zip(self.baseline, self.subject, strict=True))


async def in_turns(baseline: Callable[[], Awaitable[None]], subject: Callable[[], Awaitable[None]], *, count: int, warm: int) -> Turns:
    """Milliseconds of both, one of each in every turn and the first place changing hands."""
    spent: dict[Callable[[], Awaitable[None]], list[float]] = {baseline: [], subject: []}
    for turn in range(warm + count):
        for act in (baseline, subject) if turn % 2 else (subject, baseline):
            began = time.perf_counter()
            await act()
            spent[act].append((time.perf_counter() - began) * 1000)
    return Turns.of(spent[baseline], spent[subject], warm=warm)
