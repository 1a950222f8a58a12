"""What the list of sites costs with 10,000 of them, on the server, against a signed-in page that shows nothing; and what browsers are sent.

In turns in one run: whole pages and parts, in the orders and with the filters that people use. Limits: the application in this process, without a network;
one visitor at a time.
"""

import asyncio
import gc
import gzip
import re
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from bench.figures import Bar, Figure
from presswarden.identity.model import Role
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.migrations.runner import upgrade
from presswarden.surfaces.console.assets import BUILT
from tests.console.rig import Browser, open_house
from tests.support.fleet import make_fleet

SITES: Final = 10_000
ROUNDS: Final = 20
EMPTY: Final = "/help/keys"
PAGES: Final = (
    ("first page", "/sites", False), ("page 100", "/sites?page=100", False), ("filter", "/sites?q=cedar", True),
    ("by updates", "/sites?sort=updates&down=1", True), ("by last seen", "/sites?sort=seen", True), ("by health", "/sites?sort=condition", True),
    ("needs attention", "/sites?tab=attention", False), ("by tag", "/sites?tag=shop", True), ("running", "/sites?component=plugin:akismet/akismet.php", True),
)  # fmt: skip
MOST_MS: Final = 60.0
MOST_TIMES: Final = 6.0
ALLOWED: Final = Bar(1.0, at_most=True)
"""Of 60 ms, or of 6 times the empty page where that is more."""
WEIGHTS: Final = {"app.js, vendor.js": 25, "app.css": 12, "fleet, cold": 110}
"""KB, as they are sent."""


def measure(name: str, url: str) -> Iterator[Figure]:
    yield from asyncio.run(_collected(name, url))


async def _collected(name: str, url: str) -> list[Figure]:
    return [figure async for figure in _measured(name, url)]


async def _measured(name: str, url: str) -> AsyncIterator[Figure]:
    database, clock = Database(url), SystemClock()
    try:
        await upgrade(database)
        house = await open_house(database, clock)
        await make_fleet(database, house.org, SITES, clock.now())
        await _settled(database)
        browser = await house.as_role(Role.OWNER)
        gc.collect()
        gc.freeze()  # as the program itself at its start: else one page pays for looking through all that was made above
        spent: dict[str, list[float]] = {"": [], **{page: [] for page, _, _ in PAGES}}
        for _ in range(ROUNDS):
            spent[""].append(await _once(browser, EMPTY, part=False))
            for page, path, part in PAGES:
                spent[page].append(await _once(browser, path, part=part))
        empty = _p95(spent.pop(""))
        yield Figure(f"{name}: an empty signed-in page, p95", f"{empty:.1f} ms")
        for page, times in spent.items():
            took = _p95(times)
            allowed = max(MOST_MS, MOST_TIMES * empty)
            told = f"{name}: fleet of {SITES:,}, {page}, p95", f"{took:.1f} ms, {took / empty:.1f} times the empty page"
            # SQLite is for trials and small agencies: its figures are told.
            yield Figure(*told, took / allowed, ALLOWED) if name == "postgresql" else Figure(*told)
        if name == "postgresql":
            for figure in await _weights(browser):
                yield figure
    finally:
        await database.dispose()


async def _settled(database: Database) -> None:
    """As after an hour of work: the planner knows the tables."""
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE")
        await connection.commit()


async def _once(browser: Browser, path: str, *, part: bool) -> float:
    began = time.perf_counter()
    answer = await (browser.part(path) if part else browser.get(path))
    spent = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return spent


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times[1:], n=20)[-1]


async def _weights(browser: Browser) -> list[Figure]:
    page = (await browser.get("/sites")).text
    files = {found: Path(BUILT, found) for found in set(re.findall(r"/static/([A-Za-z0-9.-]+)", page)) if "latin-ext" not in found}
    sent = {name: _sent(path) for name, path in files.items()}
    scripts = sum(size for name, size in sent.items() if name.endswith(".js"))
    styles = sum(size for name, size in sent.items() if name.endswith(".css"))
    whole = len(gzip.compress(page.encode())) + sum(sent.values())
    named = zip(WEIGHTS.items(), (scripts, styles, whole), strict=True)
    return [Figure(f"{what}, sent", f"{size / 1024:.1f} of {most} KB", size / 1024 / most, ALLOWED) for (what, most), size in named]


def _sent(path: Path) -> int:
    packed = path.with_name(f"{path.name}.gz")
    return (packed if packed.exists() else path).stat().st_size
