"""The way of an approved change: how many sagas a second one process carries out, and how long after the last yes the site gets its first byte.

The sites are scripted ones on loopback (they verify signatures, leaves and proofs, and sign receipts) and share this process with dispatcher, executor and
engine, so both figures are lower bounds. The looks after a change follow each other without a wait. Limits: no WordPress, one process, wall time; rates are
this machine's, so they are told and not judged.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench.figures import Figure
from presswarden.dispatch.service import Dispatcher
from presswarden.flows.checking import Checks
from presswarden.flows.execute import Executor
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.migrations.runner import upgrade
from presswarden.outside.wire import HttpWire
from presswarden.processes.dispatcher import Acting
from presswarden.proposals.model import Proposal
from presswarden.rollouts.model import Result
from tests.fakes.changing import ChangingSite
from tests.stages.dispatch.conftest import LOOPBACK
from tests.stages.flows.house import KEK, House, furnish, people

SITES = 30
ONE_BY_ONE = 8
"""Of them approved one after the other, for the time to the first byte; the rest at once, for the rate."""


async def measure(kind: str, url: str, folder: Path) -> list[Figure]:
    database = Database(url)
    try:
        await upgrade(database)
        async with contextlib.AsyncExitStack() as stack:
            sites = [await stack.enter_async_context(ChangingSite(SystemClock().now)) for _ in range(SITES)]
            org = OrgId(new_id())
            both = await people(database, org)
            houses = [await furnish(database, folder, site, org, both) for site in sites]
            async with _acting(houses[0]):
                firsts = [await _first_byte(house) for house in houses[:ONE_BY_ONE]]
                seconds, steps = await _rate(houses[ONE_BY_ONE:])
    finally:
        await database.dispose()
    count = SITES - ONE_BY_ONE
    usual, worst = statistics.median(firsts) * 1000, max(firsts) * 1000
    return [
        Figure(f"saga on {kind}", f"{count / seconds:.1f} sagas/s, {steps / seconds:.0f} signed calls/s ({count} sites at once)"),
        Figure(f"approve -> first byte on {kind}", f"p50 {usual:.0f} ms, longest of {ONE_BY_ONE} {worst:.0f} ms"),
    ]


@contextlib.asynccontextmanager
async def _acting(house: House) -> AsyncIterator[None]:
    wire = HttpWire(LOOPBACK, connect_seconds=5, total_seconds=30)
    dispatcher = Dispatcher(
        house.database, house.clock, Kek("dispatcher", KEK), wire, house.wake, LOOPBACK, everyone=EVERYONE, name="bench"
    )
    executor = Executor(house.database, house.clock, house.wake, dispatcher, "bench", everyone=EVERYONE, checks=Checks(seconds=0.0))
    stop = asyncio.Event()
    running = asyncio.create_task(Acting(dispatcher, executor).run(stop))
    await asyncio.sleep(2)  # the engine starts
    try:
        yield
    finally:
        stop.set()
        await running


async def _first_byte(house: House) -> float:
    """Seconds from the last yes to the first request that the site gets; the saga is waited for."""
    arrived = asyncio.Event()

    async def heard(_call: str, _what: str, _moment: str) -> None:
        arrived.set()

    house.site.heard = heard
    filed = await house.file("1.1")
    began = time.perf_counter()
    await house.approve(filed)
    await asyncio.wait_for(arrived.wait(), 60)
    taken = time.perf_counter() - began
    await _done(house, filed)
    return taken


async def _rate(houses: list[House]) -> tuple[float, int]:
    """Seconds for all of them at once, and how many signed calls that took."""
    filed = [await house.file("1.1") for house in houses]
    for house in houses:
        house.site.ran.clear()
    began = time.perf_counter()
    for house, one in zip(houses, filed, strict=True):
        await house.approve(one)
    for house, one in zip(houses, filed, strict=True):  # one after the other: asking for all of them all the time would be most of the work
        await _done(house, one)
    return time.perf_counter() - began, sum(len(house.site.ran) for house in houses)


async def _done(house: House, proposal: Proposal) -> None:
    change = await house.until_ended(proposal.id, seconds=200)
    if change.result is not Result.SUCCEEDED:
        raise RuntimeError(f"a change came to {change.result}: {change.code} {change.says}")
