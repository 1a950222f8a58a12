"""The courier looks at a site from outside when it is connected, says what it found, and looks again soon where nothing got through."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from presswarden.audit import service as audit
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.kernel.wake import PipeWake
from presswarden.outside.probe import Prober
from presswarden.processes.probing import Probing
from presswarden.sites.probes import service as probes
from presswarden.sites.probes.model import Probe
from tests.fakes.clock import FrozenClock
from tests.stages.outside.servers import LOOPBACK, http, server
from tests.stages.outside.test_probe import site
from tests.support.shop import Shop, open_shop

pytestmark = pytest.mark.req("S1")


async def _probe(shop: Shop) -> Probe:
    async with shop.database.reading(shop.org) as tx:
        found = await probes.probe(tx, shop.site)
    assert found is not None
    return found


async def _want(shop: Shop, home: str, clock: FrozenClock) -> None:
    async with shop.database.transaction(shop.org) as tx:
        await probes.want(tx, shop.site, home, clock.now())


async def test_a_site_is_looked_at_once_and_the_record_says_what_was_found(
    database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path
) -> None:
    shop = await open_shop(database, org, frozen.now())
    probing = Probing(database, frozen, Prober(LOOPBACK, total_seconds=3), PipeWake(tmp_path / "wake"))
    assert await probing.round() == 0
    async with server(site(http(200, b""))) as port:
        await _want(shop, f"http://127.0.0.1:{port}", frozen)
        assert [await probing.round(), await probing.round()] == [1, 0]
        await _want(shop, f"http://127.0.0.1:{port}", frozen)
        assert await probing.round() == 1
    found = await _probe(shop)
    assert ([one.code for one in found.findings], found.reached, found.due_at) == (["probe.name", "probe.answer", "probe.api"], True, None)
    async with database.reading(org) as tx:
        assert [one.kind for one in await audit.events(tx)].count("site.probed") == 1


async def test_a_site_out_of_reach_is_looked_at_again_twice_by_itself(
    database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path
) -> None:
    shop = await open_shop(database, org, frozen.now())
    probing = Probing(database, frozen, Prober((), total_seconds=1), PipeWake(tmp_path / "wake"))
    await _want(shop, "https://127.0.0.1", frozen)
    looks = 0
    for _ in range(60):
        looks += await probing.round()
        frozen.advance(seconds=10)
    assert looks == 3
    assert [one.code for one in (await _probe(shop)).findings] == ["probe.address"]


async def test_it_looks_as_soon_as_it_is_rung(database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path) -> None:
    shop, wake = await open_shop(database, org, frozen.now()), PipeWake(tmp_path / "wake")
    running = asyncio.create_task(Probing(database, frozen, Prober((), total_seconds=1), wake).run())
    try:
        await _want(shop, "https://127.0.0.1", frozen)
        for _ in range(200):
            await wake.ring(probes.LOOK)
            if (await _probe(shop)).looked_at is not None:
                break
            await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert (await _probe(shop)).looked_at == frozen.now()


async def test_what_is_asked_for_during_a_look_is_still_to_come(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    shop = await open_shop(database, org, frozen.now())
    await _want(shop, "https://one.example", frozen)
    begun = await _probe(shop)
    frozen.advance(seconds=1)
    await _want(shop, "https://two.example", frozen)
    async with database.transaction(org) as tx:
        await probes.found(tx, begun, (), frozen.now())
    after = await _probe(shop)
    assert (after.home, after.looked_at, after.due_at) == ("https://two.example", None, frozen.now())
    assert after.wanted_at - begun.wanted_at == timedelta(seconds=1)
