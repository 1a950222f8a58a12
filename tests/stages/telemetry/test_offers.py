"""Offers: known since the day a site first named them, whatever it forgets in between, and bounded whatever it names."""

from datetime import datetime

import pytest

from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.offers import service as offers
from presswarden.telemetry.offers.model import MOST_OFFERS, Named, Offer, Wanted, named
from tests.fakes.clock import FrozenClock
from tests.stages.telemetry.reports import INVENTORY, full, heartbeat, installation

AKISMET = "plugin:akismet/akismet.php"
URL = "https://downloads.wordpress.org/plugin/akismet.5.8.zip"
Components = dict[str, dict[str, Json]]


def _offering(version: str = "5.8", url: str = URL) -> Components:
    offer: dict[str, Json] = {"package": True, "requires_php": "7.2", "requires_wp": "6.2", "url": url, "version": version}
    return {**INVENTORY, f"update:{AKISMET}": offer}


def _without() -> Components:
    return {key: value for key, value in INVENTORY.items() if not key.startswith("update:")}


class _Site:
    def __init__(self, database: Database, org: OrgId) -> None:
        self.database, self.of, self.seq = database, installation(org), 0

    async def beats(self, components: Components, now: datetime, *, short: bool = False) -> None:
        self.seq += 1
        body = heartbeat(self.seq, now, components) if short else full(self.seq, now, components)
        async with self.database.transaction(self.of.org) as tx:
            await telemetry.take_heartbeat(tx, self.of, body, now)

    async def offered(self) -> dict[str, Offer]:
        async with self.database.reading(self.of.org) as tx:
            return dict(await offers.offers(tx, await telemetry.inventory(tx, self.of.site)))

    async def wanted(self) -> tuple[Wanted, ...]:
        async with self.database.reading(self.of.org) as tx:
            return await offers.wanted(tx)


@pytest.fixture
def site(database: Database, org: OrgId) -> _Site:
    return _Site(database, org)


@pytest.mark.req("S1", "N13")
async def test_an_offer_is_as_old_as_the_first_report_that_named_it(site: _Site, frozen: FrozenClock) -> None:
    first = frozen.now()
    await site.beats(_offering(), first)
    await site.beats({**_offering(), "core": {"locale": "de_DE", "version": "7.1.5"}}, frozen.advance(days=2))
    await site.beats({**_offering(), "core": {"locale": "de_DE", "version": "7.1.5"}}, frozen.advance(days=2), short=True)
    assert await site.offered() == {AKISMET: Offer(Named(AKISMET, "5.8", True, URL, "7.2", "6.2"), first)}
    assert await site.wanted() == (Wanted(AKISMET, "5.8", URL),)


async def test_another_version_starts_its_own_days(site: _Site, frozen: FrozenClock) -> None:
    await site.beats(_offering(), frozen.now())
    later = frozen.advance(days=3)
    await site.beats(_offering("6.0"), later)
    found = (await site.offered())[AKISMET]
    assert (found.named.version, found.first_seen) == ("6.0", later)


async def test_an_offer_that_wordpress_forgot_for_a_while_keeps_its_days(site: _Site, frozen: FrozenClock) -> None:
    first = frozen.now()
    await site.beats(_offering(), first)
    await site.beats(_without(), frozen.advance(hours=1))
    assert await site.offered() == {}
    assert await site.wanted() == ()
    await site.beats(_offering(), frozen.advance(hours=1))
    assert (await site.offered())[AKISMET].first_seen == first


async def test_an_offer_that_was_gone_for_longer_than_the_retention_starts_anew(
    site: _Site, database: Database, frozen: FrozenClock
) -> None:
    await site.beats(_offering(), frozen.now())
    await site.beats(_without(), frozen.advance(hours=1))
    async with database.transaction(site.of.org) as tx:
        await telemetry.expire(tx, frozen.advance(days=31))
    back = frozen.advance(minutes=5)
    await site.beats(_offering(), back)
    assert (await site.offered())[AKISMET].first_seen == back


async def test_offers_end_with_the_inventory_they_came_from(site: _Site, database: Database, frozen: FrozenClock) -> None:
    await site.beats(_offering(), frozen.now())
    async with database.transaction(site.of.org) as tx:
        await telemetry.expire(tx, frozen.advance(days=31))
    assert await site.wanted() == ()


async def test_another_organisation_sees_nothing_of_it(site: _Site, database: Database, frozen: FrozenClock) -> None:
    await site.beats(_offering(), frozen.now())
    other = installation(OrgId("00000000-0000-4000-8000-000000000000"))
    async with database.reading(other.org) as tx:
        assert await offers.wanted(tx) == ()
        assert await offers.offers(tx, await telemetry.inventory(tx, site.of.site)) == {}


@pytest.mark.parametrize(
    "said",
    [
        {"package": True, "version": ""},
        {"package": True, "version": 5},
        {"package": True, "version": "5.8\n"},
        {"package": True, "version": "5.8\u202e"},
        {"package": True, "version": "9" * 101},
        {"package": True},
    ],
)
def test_what_is_no_version_is_no_offer(said: dict[str, Json]) -> None:
    assert list(named({f"update:{AKISMET}": said})) == []


@pytest.mark.parametrize("url", ["ftp://x/y.zip", "file:///etc/passwd", "https://a b/", "https://x/\n", "https://x/" + "y" * 500, 7, None])
def test_an_address_that_is_none_is_not_kept(url: Json) -> None:
    (found,) = named({f"update:{AKISMET}": {"package": True, "url": url, "version": "5.8"}})
    assert found.url == ""


def test_a_component_with_a_name_longer_than_any_real_one_is_offered_nothing() -> None:
    assert list(named({"update:plugin:" + "x" * 300: {"package": True, "version": "1"}})) == []


async def test_a_site_that_names_other_offers_each_time_does_not_fill_the_table(
    site: _Site, database: Database, frozen: FrozenClock
) -> None:
    for each in range(3):
        flood: Components = {f"update:plugin:p{number}.php": {"package": True, "version": f"{each}"} for number in range(MOST_OFFERS + 50)}
        await site.beats({**_without(), **flood}, frozen.advance(minutes=5))
    async with database.reading(site.of.org) as tx:
        rows = (await (await tx.connection()).exec_driver_sql("SELECT count(*) FROM telemetry_offers")).scalar_one()
    assert rows <= 2 * MOST_OFFERS
    assert len(await site.offered()) == MOST_OFFERS
