"""What passes a recorder, held until somebody says what becomes of it: on its way there, or its answer on the way back.

A process can so be ended at a known point of an exchange: its request has left and not arrived, or was answered and the answer has not come.
Limits: nothing is held for longer than two minutes; what was held and not decided goes on when the gate is left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.errors import LabError

LONGEST = 120.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """An answer's header, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(eq=False)
class Held:
    """One request that may be held. Delivered once at most, by whoever comes first."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    _send: Callable[[], Answer | None]
    _decided: threading.Event = field(default_factory=threading.Event)
    _dropped: bool = False
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _answers: list[Answer | None] = field(default_factory=list)

    def header(self, name: str) -> str:
        """A request header, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def deliver(self) -> Answer | None:
        """Let the request arrive and keep its answer here. None: nobody answered."""
        with self._sending:
            if not self._answers:
                self._answers.append(self._send())
            return self._answers[0]

    def release(self) -> None:
        """Let everything go its way."""
        self._decided.set()

    def drop(self) -> None:
        """Close the caller's connection without an answer; what was not delivered never arrives."""
        self._dropped = True
        self._decided.set()

    def let_through(self) -> bool:
        """Wait for the decision, in the caller's own thread. False: dropped."""
        self._decided.wait(LONGEST)
        return not self._dropped


class Gate:
    """Collects what it holds, in order of arrival."""

    def __init__(self, path: str, most: int, which: Callable[[Held], bool]) -> None:
        self._path, self._most, self._which = path, most, which
        self._held: list[Held] = []
        self._changed = threading.Condition()

    def takes(self, held: Held) -> bool:
        """Hold it, if it is one of those that are held here. `which` is asked while no other request is looked at."""
        with self._changed:
            if self._path not in held.path or len(self._held) >= self._most or not self._which(held):
                return False
            self._held.append(held)
            self._changed.notify_all()
            return True

    def wait(self, count: int = 1, seconds: float = 60.0) -> list[Held]:
        """Everything held, once there are `count`."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._held) >= count, seconds):
                raise LabError(
                    f"{len(self._held)} of {count} requests came to the gate", f"none for {seconds:g} s", "look at who was to send them"
                )
            return list(self._held)

    @property
    def held(self) -> list[Held]:
        """What is held now, in order of arrival."""
        with self._changed:
            return list(self._held)

    def let_go(self) -> None:
        """Take no more, and let go of what was not decided."""
        with self._changed:
            self._most = 0
            for held in self._held:
                held.release()
