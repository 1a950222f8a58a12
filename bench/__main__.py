"""`python -m bench [part ...]`: every figure that has a bar or stands in the documentation, measured here and now.

Baseline and subject take turns in one run, so each bar is a ratio that means the same on a slow or busy machine. Prints `name: figure (ratio) bar` as they
come, exits 1 when a bar is missed; a run of all parts writes bench/results.json. Parts: site, path, audit, heartbeat, decision, saga, dispatchers,
changes, snapshot, watchdog, console; without a word all of them but the dispatchers. Limits: ends by itself after eight minutes at most; loopback only;
rates are this machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import asyncpg

from bench import audit, changes, console, decision, dispatchers, heartbeat, read_path, saga, site_costs, snapshot, watchdog
from bench.figures import Figure
from lab.site import Lab
from tests.support.postgres import cluster

RESULTS = Path(__file__).with_name("results.json")
SECONDS = 470


class TooSlow(Exception):
    """The eight minutes are over."""


@contextmanager
def databases(name: str) -> Iterator[dict[str, str]]:
    """An empty database of each kind."""
    with tempfile.TemporaryDirectory(prefix="presswarden-bench-") as folder, cluster() as server:
        asyncio.run(_create(server, name))
        yield {"sqlite": f"sqlite:///{Path(folder) / f'{name}.sqlite'}", "postgresql": f"{server}/{name}"}


async def _create(server: str, name: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


def _site() -> Iterator[Figure]:
    for database in ("sqlite", "mariadb"):
        with Lab() as lab:
            yield from site_costs.measure(lab, database)


def _path() -> Iterator[Figure]:
    with Lab() as lab:
        yield from read_path.measure(lab)


def _audit() -> Iterator[Figure]:
    with databases("audit") as urls:
        for name, url in urls.items():
            yield from asyncio.run(audit.measure(name, url))


def _heartbeat() -> Iterator[Figure]:
    with databases("heartbeat") as urls, tempfile.TemporaryDirectory() as folder:
        for name, url in urls.items():
            yield from asyncio.run(heartbeat.measure(name, url, Path(folder)))


def _saga() -> Iterator[Figure]:
    with databases("saga") as urls, tempfile.TemporaryDirectory() as folder:
        for name, url in urls.items():
            yield from asyncio.run(saga.measure(name, url, Path(folder)))


def _dispatchers() -> Iterator[Figure]:
    with databases("dispatchers") as urls, tempfile.TemporaryDirectory() as folder:
        yield from asyncio.run(dispatchers.measure(urls["postgresql"], Path(folder)))


def _changes() -> Iterator[Figure]:
    with Lab() as lab:
        yield from changes.measure(lab)


def _snapshot() -> Iterator[Figure]:
    for database in ("sqlite", "mariadb"):
        with Lab() as lab:
            yield from snapshot.measure(lab, database)


def _watchdog() -> Iterator[Figure]:
    with Lab() as lab:
        yield from watchdog.measure(lab)


def _console() -> Iterator[Figure]:
    with databases("console") as urls:
        for name, url in urls.items():
            yield from console.measure(name, url)


PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "site": _site,
    "path": _path,
    "audit": _audit,
    "heartbeat": _heartbeat,
    "decision": decision.measure,
    "saga": _saga,
    "dispatchers": _dispatchers,
    "changes": _changes,
    "snapshot": _snapshot,
    "watchdog": _watchdog,
    "console": _console,
}
ALONE = {"dispatchers"}
"""Two minutes of every processor: measured where it is asked for."""


def _over(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    named = parser.parse_args().parts
    chosen = named or [part for part in PARTS if part not in ALONE]
    if unknown := [part for part in chosen if part not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGALRM, _over)
    signal.alarm(SECONDS)
    began, found = time.monotonic(), list[Figure]()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    try:
        for part in chosen:
            for figure in PARTS[part]():
                print(figure, flush=True)
                found.append(figure)
    except TooSlow:
        print(
            f"bench: not done after {SECONDS} s; this machine is too busy. One part alone takes less: python -m bench path",
            file=sys.stderr,
        )
        return 1
    finally:
        signal.alarm(0)
    if not named:
        RESULTS.write_text(json.dumps([figure.document() for figure in found], indent=2) + "\n")
    missed = [figure.name for figure in found if not figure.holds]
    barred = sum(figure.bar is not None for figure in found)
    print(
        f"{barred - len(missed)} of {barred} bars held in {time.monotonic() - began:.0f} s"
        + "".join(f"\nmissed: {name}" for name in missed)
    )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
