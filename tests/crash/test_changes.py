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
from tests.crash.halts import Brakes, Halt, Met, Running, Stop, course_of, halts_of, stops_of
from tests.crash.plane import Plane
from tests.crash.shops import Shop
from tests.crash.stalls import stalled
from tests.crash.table import Tell
from tests.crash.waiting import until
from tests.crash.works import BAD, FATAL, GOOD, LATER, Story, Told, Works, settings_for
from tests.fakes import points

pytestmark = [pytest.mark.site, pytest.mark.postgres, pytest.mark.slow, pytest.mark.req("N8", "W15")]

ROUNDS = int(os.environ.get("PRESSWARDEN_CRASH_ROUNDS", "0"))
SEED = int(os.environ.get("PRESSWARDEN_CRASH_SEED", "0")) or random.randrange(1, 1_000_000)
PARTS = ("web", "dispatcher", "janitor", "courier", "analyst")
OTHERS = 0.1
"""How likely each of the others dies with the dispatcher."""
OF_ONE_CHANGE = 13
"""Deaths of one change at most."""
A_PART = 4
"""One point in so many is met, where not every one is."""


@pytest.fixture(scope="module")
def changing(updates: UpdateServer, tmp_path_factory: pytest.TempPathFactory, postgres_cluster: str) -> Iterator[Plane]:
    """All processes apart, on PostgreSQL; packages come from the lab's update server."""
    name = f"crash_{uuid4().hex}"
    asyncio.run(statement(f"{postgres_cluster}/postgres", f"CREATE DATABASE {name}"))
    with Recorder() as gate:
        plane = Plane(tmp_path_factory.mktemp("changing") / "home", gate, f"{postgres_cluster}/{name}", PARTS, settings_for(updates))
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
    with Works.of(changing, updates, shops, tmp_path_factory.mktemp("packages")) as found:
        yield found


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
    """For each round of changes and each site, the stops of that change in order: every stop `ROUNDS` times, or a part of them."""
    every = [stop for _ in range(ROUNDS or 1) for stop in chance.sample(stops, len(stops))]
    each = OF_ONE_CHANGE if ROUNDS else len(stops) // (A_PART * sites)
    rounds: list[list[list[Stop]]] = []
    while every and (ROUNDS or not rounds):
        of_sites: list[list[Stop]] = []
        for _ in range(sites):
            taken = list(dict.fromkeys(every))[:each]
            for stop in taken:
                every.remove(stop)
            of_sites.append(sorted(taken, key=lambda stop: stop.order))
        rounds.append(of_sites)
    return rounds


@pytest.mark.parametrize(
    ("story", "since"), [(GOOD, "begin"), (BAD, "note.take_back"), (FATAL, "note.taken_back")], ids=["good", "bad", "fatal"]
)
def test_each_act_runs_once_wherever_the_dispatcher_dies(works: Works, brakes: Brakes, tell: Tell, story: Story, since: str) -> None:
    chance = random.Random(f"{SEED} {story.name}")
    print(f"seed {SEED}")
    course = course_of(asyncio.run(points.steps(story.name)))
    stops = [stop for stop in stops_of(course) if stop.number >= course.index(since)]
    deaths, told = Deaths(works, brakes, chance), dict[Running, Told]()
    works.install(story)
    for agenda in drawn(stops, len(works.shops), chance):
        running = works.release(story, asleep="dispatcher")
        deaths.visit(dict(zip(running, agenda, strict=True)))
        for one in running:
            until(lambda one=one: brakes.state(one) == "SUCCESS", "the engine has written down that it is over")
            assert brakes.course(one) == course[:-1], "the steps are those that the saga takes"
            told[one] = works.told(story, one)
        works.at_peace()
        print(f"{story.name}: {len(deaths.met)} deaths met their points, {len(deaths.missed)} missed", flush=True)
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


@pytest.mark.parametrize(
    ("part", "table", "point"),
    [
        ("courier", "proposal_packages", "a zip is to be fetched, half written"),
        ("analyst", "proposal_items", "a recommendation, half written"),
    ],
)
def test_what_is_offered_is_recommended_once_for_each_site_whoever_is_killed(
    works: Works, tell: Tell, part: str, table: str, point: str
) -> None:
    plane, rounds = works.plane, ROUNDS or 1
    works.install(LATER)
    filed: list[int] = []
    for _ in range(rounds):
        with stalled(plane, table) as somebody_waits:
            version = works.offer(LATER)
            somebody_waits()
            plane.kill(part)
        plane.start(part)
        wanted = (
            "FROM proposals p JOIN proposal_items i ON i.org = p.org AND i.proposal = p.id"
            f" WHERE p.source = 'analyst' AND i.component LIKE '%{LATER.slug}.php' AND p.items LIKE '%\"{version}\"%'"
        )
        until(
            lambda wanted=wanted: len(plane.rows(f"SELECT DISTINCT i.site {wanted}")) == len(works.shops),
            f"all are told of it {plane.log(part)}",
        )
        assert plane.rows(f"SELECT sha256 FROM proposal_packages WHERE version = '{version}'") == [(works.updates.sha256(LATER.slug),)]
        filed.append(len(plane.rows(f"SELECT i.site {wanted}")))
    asked = rounds * len(works.shops)
    tell(part, "recommendation", point, times=rounds, asked=asked, ran=sum(filed), lost=asked - sum(filed), twice=sum(filed) - asked)


@pytest.mark.skipif(not ROUNDS, reason="half a minute each: PRESSWARDEN_CRASH_ROUNDS=1")
def test_another_dispatcher_ends_what_a_dead_one_had_begun_though_the_janitor_that_hands_it_over_dies_too(
    works: Works, brakes: Brakes, tell: Tell
) -> None:
    """The act ran, its answer was lost, and the process never comes back; who hands its work over is killed while it does."""
    plane, act = works.plane, course_of(asyncio.run(points.steps(GOOD.name))).index("act")
    works.install(GOOD)
    told: list[Told] = []
    for _ in range(ROUNDS):
        running = works.release(GOOD, asleep="dispatcher")
        with ExitStack() as held:
            there = [held.enter_context(brakes.at(one, Stop(act, "act", Halt.RAN))) for one in running]
            plane.thaw("dispatcher")
            until(lambda there=there: all(met.is_there() for met in there), "the acts ran")
            plane.start("dispatcher-2")
            plane.kill("dispatcher")
            for met in there:
                met.after_the_death()
        with stalled(plane, "executors") as somebody_waits:
            somebody_waits()
            plane.kill("janitor")
        plane.start("janitor")
        works.ended(running)
        told += [works.told(GOOD, one) for one in running]
        works.at_peace()
        plane.kill("dispatcher-2")
        plane.start("dispatcher")
    assert [each.lost for each in told if each.lost] == []
    ran, lost = sum(each.acts[LeafRole.ACT] for each in told), sum(each.acts != GOOD.acts for each in told)
    twice = sum(each.twice for each in told)
    tell("dispatcher, janitor", GOOD.name, "never back; while handing over", times=ROUNDS, asked=len(told), ran=ran, lost=lost, twice=twice)


def test_the_record_of_all_that_has_no_gap(works: Works) -> None:
    works.plane.nothing_open()
    assert works.plane.audit_holds() > 0
    assert works.plane.places_twice() == 0
