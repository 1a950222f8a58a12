"""Retention: payloads go after their time, and everything that proves stays."""

from datetime import timedelta
from pathlib import Path

import pytest

from presswarden.audit import service
from presswarden.audit.verify import verify_export
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from tests.fakes.clock import FrozenClock
from tests.stages.audit.conftest import Fill, Integrate


@pytest.mark.req("W13", "W19")
async def test_old_payloads_go_and_the_export_still_verifies(
    database: Database, org: OrgId, frozen: FrozenClock, fill: Fill, integrate: Integrate, tmp_path: Path
) -> None:
    old = await fill(3)
    await integrate()
    frozen.advance(days=300)
    young = await fill(2)
    await integrate()
    later = frozen.advance(days=66)
    async with database.transaction(org) as tx:
        assert await service.expire_payloads(tx, now=later) == 3
    await integrate()
    async with database.reading(org) as tx:
        assert [(await service.event(tx, each)).payload for each in old] == [None, None, None]
        assert all([(await service.event(tx, each)).payload is not None for each in young])
        await service.export(tx, tmp_path / "export")
    report = verify_export(tmp_path / "export", (tmp_path / "export" / "log.vkey").read_text())
    assert report.ok, report.faults
    assert (report.size, report.payloads) == (6, 3)


@pytest.mark.req("W19")
async def test_a_payload_without_a_place_in_the_tree_is_kept(database: Database, org: OrgId, frozen: FrozenClock, fill: Fill) -> None:
    await fill(2)
    async with database.transaction(org) as tx:
        assert await service.expire_payloads(tx, now=frozen.now() + timedelta(days=1000)) == 0
