"""What the watchdog's doors cost a visitor, in CPU time: a page and a REST request without them, with them and nothing open, and with a change open.

All three in one server process, turn by turn: what differs is whether the doors' files stand there and whether a change is open. The milliseconds are the
median of the differences of a turn, so both sides of it met the same machine. The bar stands in milliseconds of this kind of machine, as the promise does;
it is held as the ratio of the cost to the promise. Limits: PHP's built-in server with opcache, one worker.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Bar, Figure
from bench.site_costs import CONNECTOR, LIMITS, cpu
from lab.site import Lab
from tests.connector.conftest import pair
from tests.connector.peer import Peer
from tests.recovery.opened import Watched

PROMISE = 1.1
"""Milliseconds of CPU a page."""
TURNS = 24
WARM = 3
IN_A_TURN = 3
DOORS = ("fatal-error-handler.php", "mu-plugins/0-presswarden-watchdog.php")
PAGES = {"visitor's page": "/", "REST request": "/wp-json/tiny/v1/version"}


class Switch:
    """Puts the doors and the open change aside and back, by renames: the same files, the same opcode cache."""

    def __init__(self, watched: Watched) -> None:
        self._content = watched.site.content
        self._marker = watched.folder / "open.php"

    def be(self, doors: bool, change: bool) -> None:
        for name in DOORS:
            _stands(self._content / name, doors)
        _stands(self._marker, change)


def _stands(file: Path, there: bool) -> None:
    aside = file.with_name(file.name + ".aside")
    if there and aside.exists():
        aside.rename(file)
    elif not there and file.exists():
        file.rename(aside)


def taken(watched: Watched, path: str) -> dict[str, list[float]]:
    """Milliseconds of CPU of one request in each turn."""
    site, switch = watched.site, Switch(watched)
    states = {"without": (False, False), "idle": (True, False), "open": (True, True)}
    found: dict[str, list[float]] = {name: [] for name in states}
    assert site.pid is not None
    for turn in range(WARM + TURNS):
        for name in states if turn % 2 else reversed(states):
            switch.be(*states[name])
            watched.get(path)  # whatever a new file costs once is not counted
            began = cpu(site.pid)
            for _ in range(IN_A_TURN):
                if watched.get(path).status_code != 200:
                    raise RuntimeError(f"{path} did not answer; the figure would be worth nothing")
            found[name].append((cpu(site.pid) - began) / IN_A_TURN * 1000)
    switch.be(True, True)
    return {name: values[WARM:] for name, values in found.items()}


def measure(lab: Lab) -> Iterator[Figure]:
    site = lab.site("watchdog-cost", workers=1, constants=LIMITS)
    site.install_plugin(CONNECTOR, folder="presswarden-connector")
    with Peer() as peer:
        watched = Watched.on(pair(site, peer))
        watched.open(deadline=3600)
        for page, path in PAGES.items():
            found = taken(watched, path)
            usual = statistics.median(found["without"])
            for state, said in {"idle": "nothing open", "open": "a change open"}.items():
                cost = statistics.median(mine - base for base, mine in zip(found["without"], found[state], strict=True))
                figure = f"{cost:.2f} ms CPU more than {usual:.1f} ms; promised {PROMISE} ms"
                yield Figure(f"watchdog, {page}, {said}", figure, max(cost, 0.0) / PROMISE, Bar(1.0, at_most=True))
    site.delete()
