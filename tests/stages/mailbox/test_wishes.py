"""What a person wants of a site: checked, written down and asked for in one transaction; and which reads a plan waits for."""

from datetime import timedelta

import pytest

from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Grant, Role
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, PersonId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.sites.model import SiteNotPaired
from tests.fakes.clock import FrozenClock
from tests.support.shop import Shop, add_shop, offered, open_shop

pytestmark = pytest.mark.req("X10")


@pytest.fixture
async def shop(database: Database, org: OrgId, frozen: FrozenClock) -> Shop:
    return await open_shop(database, org, frozen.now())


async def viewer(shop: Shop, frozen: FrozenClock) -> PersonId:
    async with shop.database.transaction(shop.org) as tx:
        made = await identity.add_person(
            tx, name="Vera", mail="vera@example.org", grant=Grant(Role.VIEWER), by=shop.owner, now=frozen.now()
        )
    return made.id


async def test_nothing_is_written_for_somebody_who_may_not(shop: Shop, frozen: FrozenClock) -> None:
    vera, now = await viewer(shop, frozen), frozen.now()
    async with shop.database.transaction(shop.org) as tx:
        for wish in (
            wishes.read(tx, shop.site, "wp.site.health", by=vera, now=now),
            wishes.pause(tx, shop.site, "", by=vera, now=now),
            wishes.resume(tx, shop.site, "", by=vera, now=now),
            wishes.revoke(tx, shop.site, "", by=vera, now=now),
            wishes.rotate(tx, shop.site, site_key=False, by=vera, now=now),
        ):
            with pytest.raises(Forbidden):
                await wish
        assert await mailbox.requests(tx, shop.site) == ()
    assert not (await shop.known()).paused


async def test_a_tool_that_does_more_than_read_is_no_read(shop: Shop, frozen: FrozenClock) -> None:
    async with shop.database.transaction(shop.org) as tx:
        with pytest.raises(wishes.NoRead):
            await wishes.read(tx, shop.site, "control.pause", by=shop.owner, now=frozen.now())


async def test_a_pause_and_its_call_stand_or_fall_together(shop: Shop, frozen: FrozenClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with shop.database.transaction(shop.org) as tx:
            await wishes.pause(tx, shop.site, "why", by=shop.owner, now=frozen.now())
            raise ZeroDivisionError
    assert not (await shop.known()).paused
    async with shop.database.transaction(shop.org) as tx:
        filed = await wishes.pause(tx, shop.site, "why", by=shop.owner, now=frozen.now())
    assert (await shop.known()).pause_reason == "why"
    assert (filed.tool, filed.args) == ("control.pause", {"reason": "why"})


async def test_a_site_that_is_not_paired_has_nothing_to_revoke_twice(shop: Shop, frozen: FrozenClock) -> None:
    async with shop.database.transaction(shop.org) as tx:
        await wishes.revoke(tx, shop.site, "", by=shop.owner, now=frozen.now())
        with pytest.raises(SiteNotPaired):
            await wishes.revoke(tx, shop.site, "", by=shop.owner, now=frozen.now())


async def test_a_plan_waits_for_reads_older_than_five_minutes(shop: Shop, frozen: FrozenClock) -> None:
    async def due() -> tuple[str, ...]:
        async with shop.database.reading(shop.org) as tx:
            return await wishes.due_reads(tx, shop.site, now=frozen.now())

    assert await due() == ("wp.site.health", "wp.site.inventory")
    await shop.report(offered(), frozen.now())
    assert await due() == ()
    frozen.advance(seconds=299)
    assert await due() == ()
    frozen.advance(seconds=1)
    assert await due() == ("wp.site.health", "wp.site.inventory")


async def test_the_newest_answer_of_each_site_is_the_one_that_counts(shop: Shop, frozen: FrozenClock) -> None:
    other = await add_shop(shop.database, shop.org, shop.owner, frozen.now(), label="other")
    async with shop.database.transaction(shop.org) as tx:
        for number, (site, state) in enumerate(
            (
                (shop.site, RequestState.DONE),
                (shop.site, RequestState.DONE),
                (shop.site, RequestState.REFUSED),
                (other.site, RequestState.DONE),
            )
        ):
            at = frozen.now() + timedelta(seconds=number)
            asked = await wishes.read(tx, site, "wp.snapshot.list", by=shop.owner, now=at)
            await mailbox.settle(tx, asked, Outcome(state, result={"bytes": number}), by=asked.by, now=at)
        await wishes.read(tx, other.site, "wp.site.health", by=shop.owner, now=frozen.now())
    async with shop.database.reading(shop.org) as tx:
        found = await wishes.newest_answers(tx, "wp.snapshot.list")
    assert {site: each.outcome.result["bytes"] for site, each in found.items() if each.outcome} == {shop.site: 1, other.site: 3}
