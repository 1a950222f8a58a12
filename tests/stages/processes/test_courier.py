"""The courier fetches what sites are offered, from named hosts alone, and goes on whatever a round comes to."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from presswarden.identity import service as identity
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, new_id
from presswarden.kernel.wake import PipeWake
from presswarden.outside.fetch import Fetcher
from presswarden.processes.courier import Courier
from presswarden.proposals.packages import service as packages
from presswarden.proposals.packages.model import Package
from presswarden.telemetry import service as telemetry
from tests.fakes.clock import FrozenClock
from tests.stages.outside.servers import http, says, server
from tests.stages.telemetry.reports import INVENTORY, full, installation

HOST = "downloads.wordpress.org"
AKISMET = "plugin:akismet/akismet.php"
ZIP = b"PK\x03\x04" + b"akismet 5.8" * 50

pytestmark = pytest.mark.req("N13")


async def _offered(database: Database, org: OrgId, clock: FrozenClock, url: str) -> None:
    of = installation(org)
    offer: dict[str, Json] = {"package": True, "requires_php": "", "requires_wp": "", "url": url, "version": "5.8"}
    body = full(1, clock.now(), {**INVENTORY, f"update:{AKISMET}": offer})
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", clock.now())
        await telemetry.take_heartbeat(tx, of, body, clock.now())


async def _known(database: Database, org: OrgId) -> tuple[Package, ...]:
    async with database.reading(org) as tx:
        return await packages.known(tx, AKISMET, "5.8")


def _mirror(port: int) -> Fetcher:
    return Fetcher({HOST: f"http://127.0.0.1:{port}/{HOST}"}, connect_seconds=1, total_seconds=3)


async def test_what_a_site_is_offered_is_fetched_and_its_hash_known(
    database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path
) -> None:
    await _offered(database, org, frozen, f"https://{HOST}/plugin/akismet.5.8.zip")
    async with server(says(http(200, ZIP))) as port:
        courier = Courier(database, frozen, _mirror(port), PipeWake(tmp_path / "wake"))
        assert await courier.fetch() == 1
        assert await courier.fetch() == 0
    (found,) = await _known(database, org)
    assert (found.sha256, found.size) == (hashlib.sha256(ZIP).hexdigest(), len(ZIP))


async def test_a_package_that_can_not_be_had_is_known_with_its_reason(
    database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path
) -> None:
    await _offered(database, org, frozen, f"https://{HOST}/plugin/akismet.5.8.zip")
    async with server(says(http(404, b""))) as port:
        await Courier(database, frozen, _mirror(port), PipeWake(tmp_path / "wake")).fetch()
    (found,) = await _known(database, org)
    assert (found.sha256, found.code) == ("", "package.status")


@pytest.mark.req("X14")
@pytest.mark.parametrize("url", [f"https://{HOST}/plugin/akismet.5.8.zip", "https://elsewhere.example/akismet.zip"])
async def test_an_offer_from_a_host_that_nobody_named_is_not_even_wanted(
    database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path, url: str
) -> None:
    await _offered(database, org, frozen, url)
    assert await Courier(database, frozen, Fetcher({}), PipeWake(tmp_path / "wake")).fetch() == 0
    assert await _known(database, org) == ()


async def test_it_fetches_as_soon_as_it_is_rung_and_stops_in_the_middle_of_a_download(
    database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path
) -> None:
    asked = asyncio.Event()

    async def serve(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 9000\r\n\r\nPK\x03\x04")
        await writer.drain()
        await asyncio.sleep(30)

    wake, stop = PipeWake(tmp_path / "wake"), asyncio.Event()
    async with server(serve) as port:
        fetcher = Fetcher({HOST: f"http://127.0.0.1:{port}"}, connect_seconds=1, total_seconds=60)
        running = asyncio.create_task(Courier(database, frozen, fetcher, wake).run(stop))
        await asyncio.wait({running}, timeout=0.2)
        await _offered(database, org, frozen, f"https://{HOST}/plugin/akismet.5.8.zip")
        await wake.ring(packages.COURIER)
        await asyncio.wait_for(asked.wait(), 5)
        stop.set()
        await asyncio.wait_for(running, 5)
    (found,) = await _known(database, org)
    assert found.looked_at is None


async def test_what_a_site_is_offered_is_noted_at_once_while_a_long_fetch_goes_on(
    database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path
) -> None:
    asked = asyncio.Event()

    async def serve(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 9000\r\n\r\nPK\x03\x04")
        await writer.drain()
        await asyncio.sleep(30)

    wake, stop, other = PipeWake(tmp_path / "wake"), asyncio.Event(), OrgId(new_id())
    await _offered(database, org, frozen, f"https://{HOST}/plugin/akismet.5.8.zip")
    async with server(serve) as port:
        fetcher = Fetcher({HOST: f"http://127.0.0.1:{port}"}, connect_seconds=1, total_seconds=60)
        running = asyncio.create_task(Courier(database, frozen, fetcher, wake).run(stop))
        try:
            await asyncio.wait_for(asked.wait(), 5)
            await _offered(database, other, frozen, f"https://{HOST}/plugin/akismet.5.8.zip")
            await wake.ring(packages.COURIER)
            for _ in range(250):
                if await _known(database, other):
                    break
                await asyncio.sleep(0.02)
        finally:
            stop.set()
            await asyncio.wait_for(running, 5)
    (found,) = await _known(database, other)
    assert found.looked_at is None
