"""Packages: each wanted one is fetched once and looked at again later; what differs is seen, and what a plan binds is never guessed."""

from collections.abc import Sequence

import pytest

from presswarden.audit import service as audit
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, SiteId, new_id
from presswarden.proposals.packages import service as packages
from presswarden.proposals.packages.model import Origin, Package, bound
from tests.fakes.clock import FrozenClock

WOO = "plugin:woocommerce/woocommerce.php"
URL = "https://downloads.wordpress.org/plugin/woocommerce.11.0.zip"
ONE, TWO = "1" * 64, "2" * 64

pytestmark = pytest.mark.req("N13")


class _Shelf:
    def __init__(self, database: Database, org: OrgId, clock: FrozenClock) -> None:
        self.database, self.org, self.clock = database, org, clock

    async def want(self, *urls: str) -> int:
        async with self.database.transaction(self.org) as tx:
            return await packages.want(tx, [(WOO, "11.0", url) for url in urls or (URL,)], self.clock.now())

    async def due(self) -> tuple[Package, ...]:
        async with self.database.reading(self.org) as tx:
            return await packages.due(tx, self.clock.now(), most=10)

    async def found(self, sha256: str, package: Package | None = None) -> Package:
        of = package or (await self.due())[0]
        async with self.database.transaction(self.org) as tx:
            return await packages.found(tx, of, sha256, 1000, self.clock.now())

    async def missed(self, code: str) -> Package:
        (of,) = await self.due()
        async with self.database.transaction(self.org) as tx:
            return await packages.missed(tx, of, code, "It could not be had.", self.clock.now())

    async def installed(self, site: SiteId, sha256: str) -> None:
        async with self.database.transaction(self.org) as tx:
            await packages.installed_at(tx, site, WOO, "11.0", sha256, self.clock.now())

    async def known(self) -> tuple[Package, ...]:
        async with self.database.reading(self.org) as tx:
            return await packages.known(tx, WOO, "11.0")

    async def differs(self) -> bool:
        async with self.database.reading(self.org) as tx:
            return await packages.differs(tx, WOO, "11.0")

    async def recorded(self) -> Sequence[str]:
        async with self.database.reading(self.org) as tx:
            return [each.kind for each in await audit.events(tx, limit=50)]


@pytest.fixture
def shelf(database: Database, org: OrgId, frozen: FrozenClock) -> _Shelf:
    return _Shelf(database, org, frozen)


async def test_what_is_wanted_is_due_once_and_its_hash_is_what_a_plan_binds(shelf: _Shelf) -> None:
    assert await shelf.want() == 1
    assert await shelf.want() == 0
    assert [each.place for each in await shelf.due()] == [URL]
    await shelf.found(ONE)
    assert await shelf.due() == ()
    assert bound(await shelf.known(), URL) == ONE
    assert await shelf.recorded() == ["package.fetched"]


async def test_another_address_has_no_hash_until_it_was_fetched_itself(shelf: _Shelf) -> None:
    await shelf.want()
    await shelf.found(ONE)
    assert bound(await shelf.known(), "https://downloads.wordpress.org/plugin/other.zip") == ""


async def test_a_failed_fetch_is_tried_again_ever_later_and_recorded_once_for_each_reason(shelf: _Shelf, frozen: FrozenClock) -> None:
    await shelf.want()
    waits = []
    for _ in range(9):
        after = await shelf.missed("package.unreachable")
        assert after.due_at is not None
        waits.append((after.due_at - frozen.now()).total_seconds() / 60)
        frozen.at = after.due_at
        await shelf.want()
    assert waits == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert await shelf.recorded() == ["package.missed"]
    await shelf.missed("package.too_large")
    assert await shelf.recorded() == ["package.missed", "package.missed"]


async def test_a_zip_that_changed_under_its_version_is_recorded_and_stays_marked(shelf: _Shelf, frozen: FrozenClock) -> None:
    await shelf.want()
    await shelf.found(ONE)
    frozen.advance(hours=25)
    await shelf.want()
    await shelf.found(TWO)
    assert bound(await shelf.known(), URL) == TWO
    assert await shelf.differs()
    frozen.advance(hours=25)
    await shelf.want()
    await shelf.found(TWO)
    assert await shelf.differs()
    assert sorted(await shelf.recorded()) == ["package.differs", "package.fetched", "package.fetched"]


async def test_a_miss_after_a_hit_keeps_the_hash(shelf: _Shelf, frozen: FrozenClock) -> None:
    await shelf.want()
    await shelf.found(ONE)
    frozen.advance(hours=25)
    await shelf.want()
    assert (await shelf.missed("package.unreachable")).sha256 == ONE
    assert not await shelf.differs()


async def test_what_nobody_is_offered_any_more_is_no_longer_looked_for(shelf: _Shelf, frozen: FrozenClock) -> None:
    await shelf.want()
    await shelf.found(ONE)
    frozen.advance(days=3)
    assert await shelf.due() == ()


async def test_a_vendors_zip_binds_the_others_when_every_site_got_the_same(shelf: _Shelf) -> None:
    await shelf.installed(SiteId(new_id()), ONE)
    await shelf.installed(SiteId(new_id()), ONE)
    assert bound(await shelf.known(), "") == ONE
    assert not await shelf.differs()
    assert await shelf.due() == ()


async def test_a_vendors_zip_that_differs_from_site_to_site_binds_nobody_and_is_recorded(shelf: _Shelf) -> None:
    await shelf.installed(SiteId(new_id()), ONE)
    await shelf.installed(SiteId(new_id()), TWO)
    assert bound(await shelf.known(), "") == ""
    assert await shelf.differs()
    assert "package.differs" in await shelf.recorded()


async def test_a_site_that_reports_another_zip_for_the_same_version_is_never_fetched_from(shelf: _Shelf, frozen: FrozenClock) -> None:
    site = SiteId(new_id())
    await shelf.installed(site, ONE)
    await shelf.installed(site, TWO)
    frozen.advance(days=1)
    assert await shelf.due() == ()
    assert [(each.origin, each.changed) for each in await shelf.known()] == [(Origin.SITE, True)]


async def test_another_organisation_knows_nothing_of_it(shelf: _Shelf, database: Database) -> None:
    await shelf.want()
    await shelf.found(ONE)
    async with database.reading(OrgId(new_id())) as tx:
        assert await packages.known(tx, WOO, "11.0") == ()


@pytest.mark.req("W13")
async def test_packages_that_nobody_wanted_for_a_year_are_forgotten(shelf: _Shelf, database: Database, frozen: FrozenClock) -> None:
    await shelf.want()
    async with database.transaction(shelf.org) as tx:
        await packages.expire(tx, frozen.advance(days=364))
    assert await shelf.known()
    async with database.transaction(shelf.org) as tx:
        await packages.expire(tx, frozen.advance(days=2))
    assert await shelf.known() == ()
