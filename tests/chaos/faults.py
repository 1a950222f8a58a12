"""The faults. Each is entered to do harm and left to end it; what a drawn fault does in between is left to the change it hits.

Limits: from outside alone. A fault of a site is one site's; every other one hits all changes that are under way in its lane.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.gate import Held
from lab.guard import group_lives
from tests.chaos.lanes import APART, SERVE, Lane, Place

FILLER: Final = "chaos-filler"


@dataclass(eq=False)
class Hit:
    """What a fault is given: where it hits, its share of chance, and what it asks of the lane's own thread."""

    lane: Lane
    place: Place
    chance: random.Random
    over: threading.Event
    """Set when the change has ended."""
    leases: threading.Event = field(default_factory=threading.Event)
    """Set by a fault for the lane to pass leases, and executors' silence, by hand while it lasts."""


Make = Callable[[Hit], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    name: str
    make: Make
    forms: tuple[str, ...] = (SERVE, APART)
    of_site: bool = False
    lasts: tuple[float, float] = (0.2, 3.0)
    """Seconds, of which one is drawn."""
    to_the_end: bool = False
    """It is not over before the change is."""
    needs: str = ""
    """What of the ground."""


# Processes --------------------------------------------------------------------------------------


def killed(*names: str) -> Make:
    @contextmanager
    def make(hit: Hit) -> Iterator[None]:
        hit.lane.plane.kill(*names)
        yield
        hit.lane.plane.start(*names)

    return make


def one_of(*names: str) -> Make:
    @contextmanager
    def make(hit: Hit) -> Iterator[None]:
        with killed(hit.chance.choice(names))(hit):
            hit.leases.set()
            yield

    return make


def stopped(*names: str) -> Make:
    """Longer than a lease: what it had is given to others meanwhile, and it wakes up in the belief that it has it still."""

    @contextmanager
    def make(hit: Hit) -> Iterator[None]:
        name = hit.chance.choice(names)
        hit.lane.plane.freeze(name)
        hit.leases.set()
        yield
        hit.lane.plane.thaw(name)

    return make


# Databases --------------------------------------------------------------------------------------


@contextmanager
def database_crashes(hit: Hit) -> Iterator[None]:
    assert hit.lane.database is not None
    hit.lane.database.crash()
    yield
    hit.lane.database.start()
    hit.lane.guard.say("group", hit.lane.database.pid)


@contextmanager
def database_locked(hit: Hit) -> Iterator[None]:
    """Somebody else writes, and does not come to an end: in ours, or in the engine's books."""
    room = hit.lane.plane.room
    held = sqlite3.connect(room / hit.chance.choice(("presswarden.sqlite", "flows.sqlite")), isolation_level=None, timeout=30)
    try:
        held.execute("BEGIN IMMEDIATE")
        yield
        held.execute("ROLLBACK")
    finally:
        held.close()


# Disks ------------------------------------------------------------------------------------------


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is left."""
    filler = folder / FILLER
    try:
        with filler.open("wb", buffering=0) as file:
            free = os.statvfs(folder)
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize, 1))
            with suppress(OSError):
                while True:
                    file.seek(0, os.SEEK_END)
                    file.write(b"\0" * 4096)
        yield
    finally:
        filler.unlink(missing_ok=True)


def home_full(hit: Hit) -> AbstractContextManager[None]:
    return full(hit.lane.plane.room)


def site_full(hit: Hit) -> AbstractContextManager[None]:
    return full(hit.place.disk)


# Clocks -----------------------------------------------------------------------------------------


@contextmanager
def plane_clock(hit: Hit) -> Iterator[None]:
    clock = hit.chance.choice(list(hit.lane.clocks.values()))
    clock.set(_jump(hit.chance))
    yield
    clock.set(0)


@contextmanager
def site_clock(hit: Hit) -> Iterator[None]:
    hit.place.clock.set(_jump(hit.chance))
    yield
    hit.place.clock.set(0)


def _jump(chance: random.Random) -> int:
    """Seconds: less and more than a message may be off, ahead and back."""
    return chance.choice((-1, 1)) * chance.choice((2, 45, 90, 400))


# Sites and the way there ------------------------------------------------------------------------


@contextmanager
def site_hangs(hit: Hit) -> Iterator[None]:
    """It takes connections and never answers: its server and every worker are stopped."""
    group = hit.place.shop.site.pid
    assert group is not None
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


@contextmanager
def php_killed(hit: Hit) -> Iterator[None]:
    """The server and every worker of it at once, whatever they were at; its host starts them again."""
    site = hit.place.shop.site
    assert site.pid is not None
    os.killpg(site.pid, signal.SIGKILL)
    while group_lives(site.pid):
        threading.Event().wait(0.01)
    site.stop()
    yield
    site.start()


@contextmanager
def site_flaps(hit: Hit) -> Iterator[None]:
    """Of what comes to it some never arrives, some is answered into nothing, and some goes well."""
    fates = threading.Lock()

    def meets(held: Held) -> bool:
        with fates:
            fate = hit.chance.random()
        if fate < 0.4:
            return False
        if fate < 0.7:
            threading.Thread(target=lambda: (held.deliver(), held.drop()), daemon=True).start()
        else:
            held.drop()
        return True

    with hit.place.shop.gate.hold("", which=meets):
        yield


def cut(*, silent: bool) -> Make:
    @contextmanager
    def make(hit: Hit) -> Iterator[None]:
        assert hit.lane.wire is not None
        hit.lane.wire.cut(silent=silent)
        yield
        hit.lane.wire.mend()

    return make


FAULTS: Final = (
    Fault("serve is killed", killed("serve"), (SERVE,)),
    Fault("serve is stopped past its leases", stopped("serve"), (SERVE,), lasts=(2.0, 6.0)),
    Fault("SQLite is locked by another", database_locked, (SERVE,), lasts=(1.0, 18.0)),
    Fault("disk of the home is full", home_full, (SERVE,), lasts=(1.0, 6.0), needs="disk"),
    Fault("network is cut, sender is told", cut(silent=False), (SERVE,), lasts=(0.5, 8.0), needs="network"),
    Fault("network is cut in silence", cut(silent=True), (SERVE,), lasts=(0.5, 12.0), needs="network"),
    Fault("both dispatchers are killed", killed("dispatcher", "dispatcher-2"), (APART,)),
    Fault("one dispatcher of two dies", one_of("dispatcher", "dispatcher-2"), (APART,), to_the_end=True),
    Fault("dispatcher is stopped, its work given away", stopped("dispatcher", "dispatcher-2"), (APART,), lasts=(8.0, 14.0)),
    Fault("web is killed", killed("web"), (APART,)),
    Fault("janitor, courier and analyst are killed", killed("janitor", "courier", "analyst"), (APART,)),
    Fault("PostgreSQL crashes", database_crashes, (APART,), lasts=(0.1, 6.0)),
    Fault("clock of the control plane jumps", plane_clock, lasts=(0.5, 6.0), needs="clock"),
    Fault("clock of the site jumps", site_clock, of_site=True, lasts=(0.5, 6.0), needs="clock"),
    Fault("PHP is killed", php_killed, of_site=True),
    Fault("site hangs", site_hangs, of_site=True, lasts=(1.0, 12.0)),
    Fault("site flaps", site_flaps, of_site=True, lasts=(1.0, 10.0)),
    Fault("disk of the site is full", site_full, of_site=True, lasts=(0.5, 6.0), needs="disk"),
)
