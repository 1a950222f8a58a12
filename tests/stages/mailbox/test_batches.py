"""Reads of many sites: each asked with its own checks, and how far all of them are."""

from datetime import timedelta

import pytest

from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId, SiteId, new_id
from presswarden.mailbox.batches import service as batches
from presswarden.mailbox.batches.model import MOST_SITES, BatchTooLarge, BatchUnknown
from tests.fakes.clock import FrozenClock
from tests.support.fleet import make_fleet


async def _agency(database: Database, org: OrgId, clock: FrozenClock) -> tuple[list[SiteId], PersonId]:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", clock.now())
        owner = await identity.owner(tx)
    return list(await make_fleet(database, org, 4, clock.now())), owner.id


@pytest.mark.req("S1")
async def test_each_site_is_asked_once_and_the_whole_is_followed(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    sites, owner = await _agency(database, org, frozen)
    async with database.transaction(org) as tx:
        made = await batches.read_many(tx, [*sites, sites[0]], "wp.site.inventory", by=owner, now=frozen.now())
        found = await batches.batch(tx, made)
        assert (found.total, found.settled, found.over) == (4, 0, False)
        assert {part.site for part in await batches.parts(tx, made)} == set(sites)
        assert [one.id for one in await batches.batches(tx)] == [made]


async def test_a_site_outside_ones_reach_is_kept_with_the_reason_and_holds_up_no_other(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    sites, owner = await _agency(database, org, frozen)
    async with database.transaction(org) as tx:
        grant = Grant(Role.OPERATOR, sites[0])
        one = await identity.add_person(tx, name="Otto", mail="otto@example.org", grant=grant, by=owner, now=frozen.now())
        made = await batches.read_many(tx, sites[:2], "wp.site.health", by=one.id, now=frozen.now())
        parts = {part.site: part for part in await batches.parts(tx, made)}
        found = await batches.batch(tx, made)
    assert parts[sites[0]].says == ""
    assert "site.read" in parts[sites[1]].says
    assert (found.settled, found.done) == (1, 0)


async def test_nothing_and_too_much_are_refused(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    _, owner = await _agency(database, org, frozen)
    async with database.transaction(org) as tx:
        for sites in ([], [SiteId(new_id()) for _ in range(MOST_SITES + 1)]):
            with pytest.raises(BatchTooLarge):
                await batches.read_many(tx, sites, "wp.site.health", by=owner, now=frozen.now())


async def test_another_organisations_job_is_unknown_and_old_ones_go(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    sites, owner = await _agency(database, org, frozen)
    async with database.transaction(org) as tx:
        made = await batches.read_many(tx, sites, "wp.site.health", by=owner, now=frozen.now())
    async with database.reading(OrgId(new_id())) as tx:
        with pytest.raises(BatchUnknown):
            await batches.batch(tx, made)
    for later, there in ((29, True), (31, False)):
        async with database.transaction(EVERYONE) as tx:
            await batches.expire(EVERYONE, tx, now=frozen.now() + timedelta(days=later))
        async with database.reading(org) as tx:
            assert bool(await batches.batches(tx)) is there
