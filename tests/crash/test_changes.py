"""kill -9 of the process that carries changes out, at every point of every step that the saga takes on real sites; the others die beside it now and then.

Each change dies at several points of its course, four sites at once, each at another point. `PRESSWARDEN_CRASH_ROUNDS=5` meets every point five times; without
it, a part of them is drawn, another one each time. `PRESSWARDEN_CRASH_SEED` draws the same again.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from lab.recorder import Recorder
from lab.updates import UpdateServer
from presswarden.proposals.model import LeafRole
from tests.crash.conftest import statement
from tests.crash.halts import Brakes, Met, Running, Stop, course_of, halts_of, stops_of
from tests.crash.plane import Plane
from tests.crash.shops import Shop, pair_all, part_all
from tests.crash.table import Tell
from tests.crash.waiting import until
from tests.crash.works import BAD, FATAL, GOOD, Story, Told, Works, served_by
from tests.fakes import points

pytestmark = [pytest.mark.site, pytest.mark.postgres, pytest.mark.slow, pytest.mark.req("N8")]

ROUNDS = int(os.environ.get("PRESSWARDEN_CRASH_ROUNDS", "0"))
SEED = int(os.environ.get("PRESSWARDEN_CRASH_SEED", "0")) or random.randrange(1, 1_000_000)
PARTS = ("web", "dispatcher", "janitor", "courier", "analyst")
OTHERS = 0.2
"""How likely each of the others dies with the dispatcher."""
OF_ONE_CHANGE = 13
"""Deaths of one change at most."""
FEW = 4
"""Deaths of each of four changes, where not every point is met."""


@pytest.fixture(scope="module")
def updates() -> Iterator[UpdateServer]:
    with UpdateServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def changing(updates: UpdateServer, tmp_path_factory: pytest.TempPathFactory, postgres_cluster: str) -> Iterator[Plane]:
    """All processes apart, on PostgreSQL; packages come from the lab's update server."""
    name = f"crash_{uuid4().hex}"
    asyncio.run(statement(f"{postgres_cluster}/postgres", f"CREATE DATABASE {name}"))
    settings = {
        "PRESSWARDEN_HEALTH_SECONDS": "1",
        "PRESSWARDEN_PACKAGE_HOSTS": f"downloads.wordpress.org={updates.url}/downloads.wordpress.org",
    }
    with Recorder() as gate:
        plane = Plane(tmp_path_factory.mktemp("changing") / "home", gate, f"{postgres_cluster}/{name}", PARTS, settings)
        try:
            plane.set_up()
            yield plane
        finally:
            plane.close()


@pytest.fixture(scope="module")
def brakes(changing: Plane) -> Iterator[Brakes]:
    found = Brakes(changing.database)
    found.fit()
    yield found
    found.release()


@pytest.fixture(scope="module")
def works(changing: Plane, updates: UpdateServer, shops: tuple[Shop, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    for shop in shops:
        shop.unpair()
        shop.site.use_updates(updates.url)
    offers = pair_all(changing, shops, "changes")
    yield Works.on(changing, updates, tmp_path_factory.mktemp("packages"), offers)
    part_all(changing, offers)
    for shop in shops:
        shop.site.use_updates(None)


@dataclass
class Deaths:
    """Kills the dispatcher whenever every change has come to its next stop, until all have ended. Now and then others die with it."""

    works: Works
    brakes: Brakes
    chance: random.Random
    met: list[tuple[Running, Stop]] = field(default_factory=list)
    missed: list[tuple[Running, Stop]] = field(default_factory=list)
    died: Counter[str] = field(default_factory=Counter)

    def visit(self, agenda: dict[Running, list[Stop]]) -> None:
        """The dispatcher is frozen when this begins: nothing of these changes was begun."""
        plane = self.works.plane
        dead: list[str] = []
        for number in range(max(len(stops) for stops in agenda.values())):
            now = {one: stops[number] for one, stops in agenda.items() if number < len(stops)}
            with ExitStack() as held:
                there = {one: held.enter_context(self.brakes.at(one, stop)) for one, stop in now.items()}
                self._go_on(dead)
                what = ", ".join(f"{one.shop.name} at {stop.step} {stop.halt}" for one, stop in now.items())
                missed = until(lambda there=there: self._missed(there), f"they come to {what}\n{plane.log('dispatcher')}", 120)
                for one, stop in now.items():
                    (self.missed if one in missed else self.met).append((one, stop))
                dead = ["dispatcher", *(part for part in PARTS if part != "dispatcher" and self.chance.random() < OTHERS)]
                self.died.update(dead)
                plane.kill(*dead)
                for met in there.values():
                    met.after_the_death()
        self._go_on(dead)
        self.works.ended(list(agenda))

    def _go_on(self, dead: list[str]) -> None:
        if dead:
            self.works.plane.start(*dead)
        else:
            self.works.plane.thaw("dispatcher")

    def _missed(self, there: dict[Running, Met]) -> set[Running] | None:
        """Once each has come to its stop or to its end: those that ended without."""
        away = {one for one, met in there.items() if not met.is_there()}
        return away if all(self.works.has_ended(one) for one in away) else None


def drawn(stops: Sequence[Stop], sites: int, chance: random.Random) -> list[list[list[Stop]]]:
    """For each round of changes and each site, the stops of that change in order: every stop `ROUNDS` times, or a few of them."""
    every = [stop for _ in range(ROUNDS or 1) for stop in chance.sample(stops, len(stops))]
    each = OF_ONE_CHANGE if ROUNDS else FEW
    rounds: list[list[list[Stop]]] = []
    while every and (ROUNDS or not rounds):
        of_sites: list[list[Stop]] = []
        for _ in range(sites):
            taken = list(dict.fromkeys(every))[:each]
            for stop in taken:
                every.remove(stop)
            of_sites.append(sorted(taken))
        rounds.append(of_sites)
    return rounds


@pytest.mark.parametrize(("story", "since"), [(GOOD, "begin"), (BAD, "note.check"), (FATAL, "act")], ids=["good", "bad", "fatal"])
def test_each_act_runs_once_wherever_the_dispatcher_dies(works: Works, brakes: Brakes, tell: Tell, story: Story, since: str) -> None:
    chance = random.Random(f"{SEED} {story.name}")
    print(f"seed {SEED}")
    course = course_of(asyncio.run(points.steps(story.name)))
    stops = [stop for stop in stops_of(course) if stop.number >= course.index(since)]
    deaths, told = Deaths(works, brakes, chance), dict[Running, Told]()
    works.install(story)
    for agenda in drawn(stops, len(works.shops), chance):
        was = served_by(works.shops[0], story.slug)
        running = works.release(story, asleep="dispatcher")
        deaths.visit(dict(zip(running, agenda, strict=True)))
        for one in running:
            assert brakes.course(one) == course, "the steps are those that the saga takes"
            assert brakes.state(one) == "SUCCESS"
            told[one] = works.told(story, one, was)
        works.at_peace()
    tell_all(deaths, told, tell, story, len(stops))


def tell_all(deaths: Deaths, told: dict[Running, Told], tell: Tell, story: Story, stops: int) -> None:
    """One row for each step: how often a death met it, at which of its points, and what those changes came to."""
    by_step: dict[tuple[int, str], list[tuple[Running, Stop]]] = defaultdict(list)
    for one, stop in deaths.met:
        by_step[stop.number, stop.step].append((one, stop))
    for (_, step), met in sorted(by_step.items()):
        changes = {one: told[one] for one, _ in met}
        halts = Counter(stop.halt for _, stop in met)
        where = f"{step}: " + ", ".join(f"{halt} {halts[halt]}" for halt in halts_of(step) if halts[halt])
        ran = sum(each.acts[LeafRole.ACT] for each in changes.values())
        lost = sum(bool(each.lost) or each.acts != story.acts for each in changes.values())
        again = sum(each.twice for each in changes.values())
        tell("dispatcher", story.name, where, times=len(met), asked=len(changes), ran=ran, lost=lost, twice=again, seeds=str(SEED))
    print(
        f"{story.name}: {len({stop for _, stop in deaths.met})} of {stops} points met by {len(deaths.met)} deaths; {dict(deaths.died)} killed"
    )
    assert {one: (each.lost, each.acts) for one, each in told.items() if each.lost or each.acts != story.acts} == {}
    assert deaths.missed == []
    if ROUNDS:
        assert min(Counter(stop for _, stop in deaths.met).values()) >= ROUNDS
