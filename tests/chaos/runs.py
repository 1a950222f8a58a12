"""One round of a lane: changes are agreed to, faults hit them at their moments, all is left in peace, and what became of it is judged.

A fault of the plane is one run with one change or several, on a site each; a fault of a site is one run with one change, and the other sites have theirs
beside it. Limits: a round ends, whatever happens: what has no result by then is lost, and is said to be.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from presswarden.kernel.db import DatabaseGone
from tests.chaos import asking
from tests.chaos.faults import Fault, Hit
from tests.chaos.judging import Asked, Judged, judge
from tests.chaos.lanes import Lane, Place
from tests.chaos.moments import Moment, Trap
from tests.chaos.stories import STORIES, Story

LONGEST: Final = 240.0
"""Seconds that a change has, the minutes passed by hand included."""
PASSES_AFTER: Final = 6.0
"""Seconds of peace without an end, after which leases are passed by hand; what still runs then meets its own call twice, as after a long pause."""
EARLY: Final = 8
"""Exchanges that every change has."""
SHORTEST: Final = next(story for story in STORIES if story.switches)


@dataclass
class Strike:
    """One fault of a round: it waits for its moment in a thread of its own."""

    fault: Fault
    place: Place
    moment: Moment
    lasts: float
    hit: Hit
    met: bool = False
    gone: threading.Event = field(default_factory=threading.Event)
    fell: BaseException | None = None

    def wait_and_hit(self, trap: Trap) -> None:
        try:
            if not trap.met(self.hit.over, LONGEST):
                return
            self.met = True
            with self.fault.make(self.hit):
                if self.moment.dropped:
                    trap.let_go()
                self.hit.over.wait(LONGEST if self.fault.to_the_end else self.lasts)
            if not self.moment.dropped:
                trap.let_go()
        except BaseException as fell:
            self.fell = fell
        finally:
            self.gone.set()


@dataclass(frozen=True)
class Run:
    """What a fault came to."""

    fault: str
    story: str
    moment: str
    met: bool
    judged: tuple[Judged, ...]


def round_of(lane: Lane, faults: Sequence[Fault], chance: random.Random, number: int, *, quick: bool = False) -> list[Run]:
    """`faults`: one of the plane, or one for each of the first sites. `quick`: the shortest of each fault, early in the shortest of changes."""
    places = lane.places[: len(faults) if faults[0].of_site or quick else chance.randint(1, len(lane.places))]
    stories = {place: SHORTEST if quick else _drawn(chance) for place in places}
    where = [chance.choice(places)] if not faults[0].of_site else list(places)
    strikes = [_strike(lane, fault, place, chance, quick=quick) for fault, place in zip(faults, where, strict=True)]
    wanted = asking.wishes(lane, stories, number)
    with ExitStack() as held:
        traps = [held.enter_context(Trap(one.moment).set_at(one.place.shop.gate)) for one in strikes]
        asked = asking.agree(lane, wanted)
        threads = [threading.Thread(target=one.wait_and_hit, args=(trap,)) for one, trap in zip(strikes, traps, strict=True)]
        for thread in threads:
            thread.start()
        try:
            _see_it_through(lane, asked, strikes)
        finally:
            for one in strikes:
                one.hit.over.set()
            for thread in threads:
                thread.join()
    for one in strikes:
        if one.fell is not None:
            raise RuntimeError(f"{one.fault.name} could not be made") from one.fell
    asking.at_peace(lane)
    judged = {one.place: judge(lane, one) for one in asked}
    if not faults[0].of_site:
        [strike] = strikes
        told = ", ".join(f"{place.shop.name} {story.slug}" for place, story in stories.items())
        return [Run(strike.fault.name, told, strike.moment.says, strike.met, tuple(judged.values()))]
    return [Run(one.fault.name, stories[one.place].slug, one.moment.says, one.met, (judged[one.place],)) for one in strikes]


def _see_it_through(lane: Lane, asked: Sequence[Asked], strikes: Sequence[Strike]) -> None:
    """Until every change has ended and every fault is over."""
    end = time.monotonic() + LONGEST
    left = list(asked)
    calm = passed = time.monotonic()
    while time.monotonic() < end and (left or not all(one.gone.is_set() for one in strikes)):
        harm = [one for one in strikes if one.met and not one.gone.is_set()]
        now = time.monotonic()
        if harm:
            calm = now
        with suppress(DatabaseGone, SQLAlchemyError, OSError):
            left = [one for one in left if not asking.has_ended(lane, one)]
            of_leases = any(one.hit.leases.is_set() for one in harm)
            if left and now - passed > PASSES_AFTER and (of_leases or now - calm > PASSES_AFTER):
                passed = now
                lane.silence_counts()
                lane.leases_pass()
        for one in strikes:
            if all(each.place is not one.place for each in left) if one.fault.of_site else not left:
                one.hit.over.set()
        time.sleep(0.1)


def _strike(lane: Lane, fault: Fault, place: Place, chance: random.Random, *, quick: bool) -> Strike:
    seeded, moment, lasts = random.Random(chance.random()), Moment.drawn(chance), chance.uniform(*fault.lasts)
    if quick:
        moment, lasts = replace(moment, exchange=moment.exchange % EARLY), min(fault.lasts)
    return Strike(fault, place, moment, lasts, Hit(lane, place, seeded, threading.Event()))


def _drawn(chance: random.Random) -> Story:
    return chance.choices(STORIES, [story.often for story in STORIES])[0]
