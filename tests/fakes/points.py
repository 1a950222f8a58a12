"""Where a process may die under a change: every step of every course that the saga takes, before its effect, after it, and once its answer is kept.

Enumerated by running the saga over a fake site, so the table can't fall behind the steps. `table()` is for tests that kill real processes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from presswarden.dispatch.model import Page, Recovery
from presswarden.flows import saga
from presswarden.kernel.canonical import Json
from presswarden.mailbox.model import Outcome
from presswarden.rollouts.model import Result
from tests.fakes.hands import UNKNOWN, FakeSite


class When(StrEnum):
    BEFORE = "before its effect"
    AFTER = "after its effect, before its answer is kept"
    KEPT = "once its answer is kept"


@dataclass(frozen=True)
class Point:
    story: str
    step: str
    when: When


class Killed(Exception):
    """The process is gone."""


@dataclass
class Engine:
    """Keeps each step's answer and gives it again in the next run, as a durable engine does; dies at one point, once."""

    site: FakeSite
    point: Point | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    ran: dict[int, Outcome] = field(default_factory=dict)
    """What the site answered to each leaf: it runs one once, and answers the same again."""
    effects: list[str] = field(default_factory=list)

    async def call(self, step: str, tool: str, args: Mapping[str, Json]) -> Outcome:
        return await self._step(step, lambda: self.site.call(step, tool, args))

    async def act(self, step: str, index: int) -> Outcome:
        async def once() -> Outcome:
            if index not in self.ran:
                self.effects.append(step)
                self.ran[index] = await self.site.act(step, index)
            return self.ran[index]

        return await self._step(step, once)

    async def look(self, step: str, *, probing: bool) -> tuple[Page, ...]:
        return await self._step(step, lambda: self.site.look(step, probing=probing))

    async def exposed(self, step: str, path: str, token: str) -> bool | None:
        return await self._step(step, lambda: self.site.exposed(step, path, token))

    async def recover(self, step: str, index: int) -> Recovery:
        return await self._step(step, lambda: self.site.recover(step, index))

    async def wait(self, step: str, seconds: float) -> None:
        return await self._step(step, lambda: self.site.wait(step, seconds))

    async def note(self, step: str, *, code: str = "", says: str = "", seen: Mapping[str, Json] | None = None) -> None:
        return await self._step(f"note.{step}", lambda: self.site.note(step, code=code, says=says, seen=seen))

    async def stopped(self, step: str) -> str:
        return await self._step(step, lambda: self.site.stopped(step))

    async def end(self, result: Result, *, code: str, says: str, seen: Mapping[str, Json]) -> None:
        async def once() -> None:
            if self.site.ended is None:
                await self.site.end(result, code=code, says=says, seen=seen)

        return await self._step("end", once)

    async def _step(self, step: str, does: Callable[[], Any]) -> Any:
        if step in self.kept:
            return self.kept[step]
        self._die(step, When.BEFORE)
        if step in self.site.steps:
            self.site.steps.remove(step)  # asked a second time: its first answer was never kept
        answer = await does()
        self._die(step, When.AFTER)
        self.kept[step] = answer
        self._die(step, When.KEPT)
        return answer

    def _die(self, step: str, when: When) -> None:
        if self.point is not None and (self.point.step, self.point.when) == (step, when):
            self.point = None
            raise Killed


def _bad() -> FakeSite:
    return FakeSite(broken=lambda here: here.version == "1.1")


def _dead() -> FakeSite:
    def dies(here: FakeSite) -> Outcome:
        here.run("act")
        here.answers = False
        return UNKNOWN

    return FakeSite(broken=lambda here: here.version == "1.1", bend={"act": dies})


def _no_way_back() -> FakeSite:
    def gives_up(here: FakeSite) -> Outcome:
        here.stage = "failed"
        return UNKNOWN

    return FakeSite(broken=lambda here: here.version == "1.1" and here.active is True, bend={"take_back": gives_up})


def _not_closed() -> FakeSite:
    return FakeSite(bend={"close": UNKNOWN, "close_again": UNKNOWN})


def _closed_at_last() -> FakeSite:
    return FakeSite(bend={"close": UNKNOWN})


def _taken_back_by_the_site() -> FakeSite:
    def dies_on_load(here: FakeSite) -> tuple[Page, ...]:
        here.take_back("fatal-here")
        return tuple(here.pages.values())

    return FakeSite(bend={"check.1.pages": dies_on_load})


STORIES: Mapping[str, tuple[Callable[[], FakeSite], Result]] = {
    "a good update": (FakeSite, Result.SUCCEEDED),
    "a bad update": (_bad, Result.ROLLED_BACK),
    "an update that takes the site down": (_dead, Result.ROLLED_BACK),
    "an update that the site takes back by itself": (_taken_back_by_the_site, Result.ROLLED_BACK),
    "an update that can't be taken back": (_no_way_back, Result.ROLLBACK_FAILED),
    "a good update that could not be closed": (_not_closed, Result.ROLLED_BACK),
    "a good update that was closed at the second call": (_closed_at_last, Result.SUCCEEDED),
}


async def steps(story: str) -> Sequence[str]:
    """Every durable step of one story, in order."""
    engine = Engine(STORIES[story][0]())
    await saga.run(engine, engine.site.task)
    return tuple(engine.kept)


async def table() -> tuple[Point, ...]:
    return tuple([Point(story, step, when) for story in STORIES for step in await steps(story) for when in When])
