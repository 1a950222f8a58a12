"""A process dies for good, or is only thought dead; the engine's books are lost: another process carries the work on, and the site sees each act once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from presswarden.flows import store
from presswarden.flows.engine import FILE
from presswarden.flows.reaping import DEAD_AFTER, Reaper
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId
from presswarden.rollouts.model import Result
from tests.fakes.changing import ChangingSite
from tests.stages.flows.acting import Process
from tests.stages.flows.house import House, furnish

pytestmark = [pytest.mark.slow, pytest.mark.req("N8")]


@pytest.fixture
async def house(database: Database, tmp_path: Path, org: OrgId) -> AsyncIterator[House]:
    async with ChangingSite(SystemClock().now) as site:
        yield await furnish(database, tmp_path, site, org)


@asynccontextmanager
async def _acting(house: House, name: str) -> AsyncIterator[Process]:
    """A process of this name; killed at the end, if it still runs. On SQLite each listens in a folder of its own, as one machine's would not be shared."""
    process = Process(house.database, house.wake.folder.with_name(f"wake-{name}"), name)
    try:
        yield process
    finally:
        process.signal(signal.SIGCONT)
        process.signal(signal.SIGKILL)
        await process.wait()


class _At:
    """Waits for the first call of a tool."""

    def __init__(self, house: House, tool: str, moment: str = "arrives") -> None:
        self.met = asyncio.Event()
        self._wanted = (tool, moment)
        house.site.heard = self._heard

    async def _heard(self, _call: str, what: str, moment: str) -> None:
        if (what, moment) == self._wanted:
            self.met.set()


async def _reap_the_first(house: House) -> int:
    """As the janitor does it once the first process was not seen for long; the second one is there."""
    async with house.database.transaction(EVERYONE) as tx:
        await store.begin(EVERYONE, tx, "one", "", house.clock.now() - DEAD_AFTER - timedelta(seconds=1))
    return await Reaper(house.database, house.clock, everyone=EVERYONE).reap()


def _once(house: House) -> None:
    assert [tool for tool, _ in house.site.effects] == ["wp.plugin.update", "wp.change.close"]
    assert (house.site.version, house.site.refused) == ("1.1", [])


async def test_what_a_dead_process_left_is_carried_on_by_another(house: House) -> None:
    proposal = await house.propose("1.1")
    at = _At(house, "wp.plugin.update")
    async with _acting(house, "one") as one:
        await asyncio.wait_for(at.met.wait(), 60)
        one.signal(signal.SIGKILL)
        await one.wait()
    async with _acting(house, "two"):
        await asyncio.sleep(3)
        assert (await house.proposal(proposal.id)).state == "approved", "the engine alone recovers nothing of another process"
        assert await _reap_the_first(house) == 1
        change = await house.until_ended(proposal.id)
    assert change.result is Result.SUCCEEDED
    _once(house)


async def test_a_process_that_was_thought_dead_does_nothing_more(house: House) -> None:
    proposal = await house.propose("1.1")
    at = _At(house, "wp.snapshot.verify")
    async with _acting(house, "one") as one:
        await asyncio.wait_for(at.met.wait(), 60)
        one.signal(signal.SIGSTOP)
        async with _acting(house, "two"):
            assert await _reap_the_first(house) == 1
            change = await house.until_ended(proposal.id)
            assert change.result is Result.SUCCEEDED
            one.signal(signal.SIGCONT)
            await asyncio.sleep(4)
            assert one.runs
    _once(house)
    assert house.site.fences == sorted(house.site.fences)


async def test_work_goes_on_when_the_books_of_the_engine_are_lost(house: House, tmp_path: Path) -> None:
    if not house.database.is_sqlite:
        pytest.skip("on PostgreSQL both lie in one database and are lost together")
    proposal = await house.propose("1.1")
    at = _At(house, "wp.plugin.update", "answered")
    async with _acting(house, "one") as one:
        await asyncio.wait_for(at.met.wait(), 60)
        one.signal(signal.SIGKILL)
        await one.wait()
    path = house.database.sqlite_path
    assert path is not None
    for ending in ("", "-wal", "-shm"):
        path.with_name(FILE + ending).unlink(missing_ok=True)
    async with _acting(house, "one"):
        change = await house.until_ended(proposal.id)
    assert change.result is Result.SUCCEEDED, f"{change.code} {change.says}"
    _once(house)
