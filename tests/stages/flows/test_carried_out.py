"""Approved work is carried out by the real engine, step by step, on each database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.rollouts.model import Result
from tests.fakes.changing import ChangingSite
from tests.stages.flows.house import House, furnish


@pytest.fixture
async def house(database: Database, tmp_path: Path, org: OrgId) -> AsyncIterator[House]:
    async with ChangingSite(SystemClock().now) as site:
        yield await furnish(database, tmp_path, site, org)


@pytest.mark.req("N8")
async def test_an_approved_update_is_made_checked_and_closed(house: House) -> None:
    proposal = await house.propose("1.1")
    async with house.acting():
        change = await house.until_ended(proposal.id)
    assert (change.result, house.site.version) == (Result.SUCCEEDED, "1.1"), f"{change.code} {change.says}"
    assert [tool for tool, _ in house.site.effects] == ["wp.plugin.update", "wp.change.close"]
