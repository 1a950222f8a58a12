"""The moment at which a fault hits: so many exchanges with the site into a change, and where within that exchange. Counted, so that a slow machine meets
the same moments as a quick one. Limits: what happens between two exchanges is met by `AFTER`, a drawn time later.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from lab.gate import Held
from lab.recorder import Recorder

MOST = 17
"""A good update on a small site has about so many exchanges; a moment behind the last one hits nothing and is counted as missed."""
LOOKS_EVERY = 0.05


class Where(StrEnum):
    ASKED = "on its way"
    RUNS = "while the site works"
    ANSWERED = "answered, on its way back"
    AFTER = "after it"


@dataclass(frozen=True)
class Moment:
    exchange: int
    where: Where
    later: float
    """Seconds, for what has no place of its own."""
    dropped: bool
    """Whether what was held is lost."""

    @classmethod
    def drawn(cls, chance: random.Random) -> Moment:
        return cls(chance.randrange(MOST), chance.choice(list(Where)), chance.uniform(0.0, 0.4), chance.random() < 0.5)

    @property
    def says(self) -> str:
        return f"exchange {self.exchange + 1}, {self.where}" + (", lost" if self.dropped else "")


@dataclass
class Trap:
    """Waits at a site's gate for its moment."""

    moment: Moment
    _count: int = 0
    _held: list[Held] = field(default_factory=list)

    @contextmanager
    def set_at(self, gate: Recorder) -> Iterator[Trap]:
        with gate.hold("", most=1, which=self._is_it) as found:
            self._found = found
            yield self

    def met(self, over: threading.Event, seconds: float) -> bool:
        """Once the moment has come. False: the change was over before."""
        end = time.monotonic() + seconds
        while not self._found.held:
            if over.is_set() or time.monotonic() > end:
                return False
            over.wait(LOOKS_EVERY)
        [self._one] = self._found.held
        match self.moment.where:
            case Where.RUNS:
                self._one.release()
                time.sleep(self.moment.later / 2)
            case Where.ANSWERED:
                self._one.deliver()
            case Where.AFTER:
                self._one.release()
                time.sleep(self.moment.later)
            case Where.ASKED:
                pass
        return True

    def let_go(self) -> None:
        """What is still held goes on, or is lost."""
        if self.moment.dropped:
            self._one.drop()
        else:
            self._one.release()

    def _is_it(self, _held: Held) -> bool:
        self._count += 1
        return self._count > self.moment.exchange
