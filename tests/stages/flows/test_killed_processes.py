"""The process that carries work out is killed at each request that a site gets from it, again and again: nothing is lost, and nothing happens twice.

One run of the saga meets a kill at every one of its calls (the site runs what arrived) or a moment after every answer (somewhere between two steps).
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, ProposalId
from presswarden.rollouts.model import Change, Result
from tests.fakes.changing import ChangingSite
from tests.stages.flows.acting import Process
from tests.stages.flows.house import House, furnish

pytestmark = [pytest.mark.slow, pytest.mark.req("N8")]
SEED = 20261120
MOST_PAGES = 4
"""Kills at public pages: a look that was cut off is a new one the next time, and has no name by which to know it."""


class Killer:
    """Keeps one process running until the work is done, and kills it whenever the site says so, once for each call."""

    def __init__(self, house: House, moment: str) -> None:
        self.house = house
        self.moment = moment
        self.kills: list[str] = []
        self._met: set[str] = set()
        self._pages = 0
        self._random = random.Random(SEED)
        self._process: Process | None = None
        house.site.heard = self._heard

    async def until_ended(self, proposal: ProposalId) -> Change:
        for _ in range(120):
            self._process = Process(self.house.database, self.house.wake.folder, "one")
            gone = asyncio.create_task(self._process.wait())
            while not gone.done() and (await self.house.proposal(proposal)).state != "ended":
                await asyncio.wait({gone}, timeout=0.05)
            if not gone.done():
                self._process.signal(signal.SIGTERM)
                await asyncio.wait_for(gone, 30)
                return await self.house.change(proposal)
        raise AssertionError(f"not done after {len(self.kills)} kills: {self.kills}")

    async def _heard(self, call: str, what: str, moment: str) -> None:
        if moment != self.moment or call in self._met or (not call and self._pages >= MOST_PAGES):
            return
        self._met.add(call or f"page {self._pages}")
        self._pages += not call
        self.kills.append(what)
        if moment == "answered":
            await asyncio.sleep(self._random.random() * 0.15)
        if self._process is not None:
            self._process.signal(signal.SIGKILL)


@pytest.fixture
async def house(database: Database, tmp_path: Path, org: OrgId) -> AsyncIterator[House]:
    async with ChangingSite(SystemClock().now) as site:
        yield await furnish(database, tmp_path, site, org)


@pytest.mark.parametrize("moment", ["arrives", "answered"])
async def test_an_update_whose_process_is_killed_at_every_call_is_made_once(house: House, moment: str) -> None:
    proposal = await house.propose("1.1")
    killer = Killer(house, moment)
    change = await killer.until_ended(proposal.id)
    assert change.result is Result.SUCCEEDED, f"{change.code} {change.says} after {killer.kills} (seed {SEED})"
    assert [tool for tool, _ in house.site.effects] == ["wp.plugin.update", "wp.change.close"]
    assert (house.site.version, house.site.refused) == ("1.1", [])
    assert house.site.fences == sorted(house.site.fences)
    assert {"wp.snapshot.create", "wp.snapshot.verify", "wp.plugin.update", "wp.change.close", "page"} <= set(killer.kills)


async def test_a_bad_update_whose_process_is_killed_at_every_call_is_taken_back_once(house: House) -> None:
    house.site.breaks = True
    proposal = await house.propose("1.1")
    killer = Killer(house, "arrives")
    change = await killer.until_ended(proposal.id)
    assert change.result is Result.ROLLED_BACK, f"{change.code} {change.says} after {killer.kills} (seed {SEED})"
    assert [tool for tool, _ in house.site.effects] == ["wp.plugin.update", "wp.snapshot.restore"]
    assert (house.site.version, house.site.refused) == ("1.0", [])
    assert {"wp.plugin.update", "wp.snapshot.restore"} <= set(killer.kills)
