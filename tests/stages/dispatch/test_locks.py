"""One piece of work has a site to itself; a run that was thought dead finds that it has lost it."""

import pytest

from presswarden.dispatch import locks
from presswarden.dispatch.model import Lock, LockHeld, LockLost
from presswarden.kernel.db import Database
from presswarden.kernel.ids import InstallationId, OrgId, WorkId, new_id
from tests.fakes.clock import FrozenClock

ONE, TWO = WorkId(new_id()), WorkId(new_id())
SITE = InstallationId(new_id())


async def _take(database: Database, org: OrgId, clock: FrozenClock, work: WorkId, holder: str, *, free: bool = False) -> Lock:
    async with database.transaction(org) as tx:
        return await locks.take(tx, SITE, work, holder, free=free, now=clock.now())


@pytest.mark.req("N8")
async def test_a_site_that_has_work_takes_no_other(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    await _take(database, org, frozen, ONE, "a")
    with pytest.raises(LockHeld):
        await _take(database, org, frozen, TWO, "b")


async def test_each_run_of_the_work_takes_a_higher_fence(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    first = await _take(database, org, frozen, ONE, "a")
    again = await _take(database, org, frozen, ONE, "a")
    second = await _take(database, org, frozen, ONE, "b")
    assert (again.fence, second.fence) == (first.fence, first.fence + 1)


@pytest.mark.req("N8")
async def test_a_run_that_wakes_up_late_has_lost_the_site(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    late = await _take(database, org, frozen, ONE, "a")
    now_so = await _take(database, org, frozen, ONE, "b")
    async with database.transaction(org) as tx:
        await locks.hold(tx, now_so)
        with pytest.raises(LockLost):
            await locks.hold(tx, late)


async def test_a_site_let_go_is_free_and_its_fence_goes_on(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    first = await _take(database, org, frozen, ONE, "a")
    async with database.transaction(org) as tx:
        await locks.release(tx, first)
    with pytest.raises(LockLost):
        async with database.transaction(org) as tx:
            await locks.hold(tx, first)
    assert (await _take(database, org, frozen, TWO, "b")).fence == first.fence + 1


async def test_a_late_run_can_not_let_go_what_another_has(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    late = await _take(database, org, frozen, ONE, "a")
    now_so = await _take(database, org, frozen, ONE, "b")
    async with database.transaction(org) as tx:
        await locks.release(tx, late)
        await locks.hold(tx, now_so)


async def test_a_lock_of_work_that_ended_is_taken_over(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    await _take(database, org, frozen, ONE, "a")
    assert (await _take(database, org, frozen, TWO, "b", free=True)).work == TWO


@pytest.mark.req("W4")
async def test_another_organisation_has_locks_of_its_own(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    await _take(database, org, frozen, ONE, "a")
    assert (await _take(database, OrgId(new_id()), frozen, TWO, "b")).fence == 1
