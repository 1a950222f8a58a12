"""Dispatchers as processes of their own on PostgreSQL: how many approved changes a second two of them carry out, and what one costs that only waits.

The sites are scripted ones in this process: they verify signatures, leaves and proofs, and sign receipts. Dispatchers, database and sites share this machine;
what each of them spent on a change is told beside the rate, by the kernel's count. Ten thousand that wait for approvals are copies of one that was filed.
Limits: no WordPress; rates are this machine's, so they are told and not judged.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.figures import Figure
from bench.site_costs import cpu
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, ProposalId, new_id
from presswarden.migrations.runner import upgrade
from tests.fakes.changing import ChangingSite
from tests.stages.flows.house import House, furnish, people

SITES = 40
WAITING = 10_000
SETTLES = 20.0
IDLE = 45.0
"""Three rounds of what runs by itself."""
_LONGEST = 240.0
_COPY = """
INSERT INTO proposals ({names})
SELECT {values} FROM proposals p, generate_series(1, {count}) AS n WHERE p.id = '{of}'
"""
_COPY_ITEMS = """
INSERT INTO proposal_items (org, proposal, position, site, component)
SELECT i.org, p.id, i.position, i.site, i.component FROM proposals p, proposal_items i WHERE i.proposal = '{of}'
    AND NOT EXISTS (SELECT FROM proposal_items other WHERE other.proposal = p.id)
"""


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time, and transactions."""

    dispatchers: float
    database: float
    sites: float
    transactions: int


@dataclass
class Machine:
    """The processes that are counted."""

    connection: asyncpg.Connection
    postmaster: int
    dispatchers: list[asyncio.subprocess.Process]

    async def spent(self) -> Spent:
        database = sum(_spent_by(pid) for pid in (self.postmaster, *_children(self.postmaster))) + _of_the_dead(self.postmaster)
        committed = await self.connection.fetchval("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return Spent(sum(cpu(one.pid) for one in self.dispatchers), database, time.process_time(), committed)


async def measure(url: str, folder: Path) -> list[Figure]:
    database = Database(url)
    try:
        await upgrade(database)
        async with contextlib.AsyncExitStack() as stack:
            sites = [ChangingSite(SystemClock().now) for _ in range(SITES + 1)]
            for site in sites:
                await stack.enter_async_context(site)
            org = OrgId(new_id())
            both = await people(database, org)
            houses = [await furnish(database, folder, site, org, both) for site in sites]
            *changing, last = houses
            for house in changing:
                await house.approve(await house.file("1.1"))
            rate = await _rate(url, changing)
            await _copy(url, (await last.file("1.1")).id)
            return [rate, await _waiting(url)]
    finally:
        await database.dispose()


async def _rate(url: str, houses: list[House]) -> Figure:
    """From the first call that a site gets to the last end."""
    first = asyncio.Event()

    async def heard(_call: str, _what: str, _moment: str) -> None:
        first.set()

    for house in houses:
        house.site.heard = heard
    async with _running(url, 2) as machine:
        await asyncio.wait_for(first.wait(), _LONGEST)
        before, began = await machine.spent(), time.perf_counter()
        count = f"SELECT count(*) FROM work WHERE state = 'ended' AND org = '{houses[0].org}'"
        while await machine.connection.fetchval(count) < len(houses):
            if time.perf_counter() - began > _LONGEST:
                raise TimeoutError("not every change came to its end")
            await asyncio.sleep(0.1)
        seconds, after = time.perf_counter() - began, await machine.spent()
    bad = [house for house in houses if house.site.version != "1.1"]
    if bad:
        raise RuntimeError(f"{len(bad)} changes were not made")

    def each(one: float, other: float) -> str:
        return f"{(other - one) / len(houses) * 1000:.0f} ms"

    told = (
        f"{len(houses) / seconds:.1f} sagas/s of {len(houses)}; one takes {each(before.dispatchers, after.dispatchers)} of the dispatchers' processors, "
        f"{each(before.database, after.database)} of PostgreSQL's, {each(before.sites, after.sites)} of the sites', "
        f"{(after.transactions - before.transactions) / len(houses):.0f} transactions"
    )
    return Figure("saga, two dispatchers on postgresql", told)


async def _waiting(url: str) -> Figure:
    async with _running(url, 1) as machine:
        (process,) = machine.dispatchers
        await asyncio.sleep(SETTLES)
        before, began = cpu(process.pid), time.perf_counter()
        await asyncio.sleep(IDLE)
        share = (cpu(process.pid) - before) / (time.perf_counter() - began)
        resident = _resident(process.pid)
    return Figure(
        f"{WAITING} waiting approvals, a dispatcher on postgresql", f"{resident:.0f} MB resident, {share * 100:.1f} % of a processor"
    )


async def _copy(url: str, of: ProposalId) -> None:
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch("SELECT column_name FROM information_schema.columns WHERE table_name = 'proposals'")
        names = [row["column_name"] for row in columns]
        anew = {"id": "gen_random_uuid()::text", "digest": "md5(n::text) || md5((-n)::text)"}
        values = ", ".join(anew.get(name, f"p.{name}") for name in names)
        await connection.execute(_COPY.format(names=", ".join(names), values=values, count=WAITING - 1, of=of))
        await connection.execute(_COPY_ITEMS.format(of=of))
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def _running(url: str, count: int) -> AsyncIterator[Machine]:
    connection = await asyncpg.connect(url)
    names = [f"bench-{number}" for number in range(count)]
    started = [await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.acting", url, name) for name in names]
    try:
        postmaster = int((await connection.fetchval("SELECT pg_read_file('postmaster.pid')")).split()[0])
        yield Machine(connection, postmaster, started)
    finally:
        for one in started:
            if one.returncode is None:
                one.send_signal(signal.SIGTERM)
        for one in started:
            await one.wait()
        await connection.close()


def _resident(process: int) -> float:
    """Megabytes."""
    return int(Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


def _spent_by(process: int) -> float:
    try:
        return cpu(process)
    except OSError:  # it ended meanwhile, and stands with the dead from then on
        return 0.0


def _children(of: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == of:
                found.append(int(stat.parent.name))
    return found


def _of_the_dead(parent: int) -> float:
    """What its children spent that have ended."""
    fields = Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / 100
