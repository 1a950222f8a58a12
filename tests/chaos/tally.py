"""The table of a run: fault by fault how often it hit, how many changes it hit, what they came to, and what was lost, done twice, or left broken."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.chaos.runs import Run

COLUMNS = ("fault", "runs", "missed", "changes", "outcomes", "acts", "lost", "twice", "broken")


@dataclass
class Tally:
    """Filled by every lane."""

    runs: list[Run] = field(default_factory=list)
    records: int = 0
    """How often the whole record of a lane was verified."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, run: Run) -> int:
        """How many there are with it."""
        with self._lock:
            self.runs.append(run)
            return len(self.runs)

    @property
    def is_good(self) -> bool:
        return all(one.is_good for run in self.runs for one in run.judged)

    def lines(self) -> list[str]:
        by_fault: dict[str, list[Run]] = defaultdict(list)
        for run in self.runs:
            by_fault[run.fault].append(run)
        rows = [COLUMNS, *(_row(name, by_fault[name]) for name in sorted(by_fault)), _row("all", self.runs)]
        widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(name: str, runs: list[Run]) -> tuple[str, ...]:
    judged = [one for run in runs for one in run.judged]
    outcomes = Counter(one.result for one in judged)
    told = ", ".join(f"{result} {count}" for result, count in sorted(outcomes.items()))
    missed, acts = sum(not run.met for run in runs), sum(one.ran for one in judged)
    bad = tuple(sum(bool(getattr(one, kind)) for one in judged) for kind in ("lost", "twice", "broken"))
    return name, str(len(runs)), str(missed), str(len(judged)), told, str(acts), *map(str, bad)
