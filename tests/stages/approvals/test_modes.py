"""The mode of a site: who may choose which, what the policy and a missing snapshot do to it."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from presswarden.approvals import service as approvals
from presswarden.approvals.model import ModeRefused, Station
from presswarden.approvals.modes import store
from presswarden.identity.model import Forbidden, Role
from presswarden.kernel.ids import OrgId, PersonId, SnapshotId, new_id
from presswarden.policy.model import Mode
from presswarden.sites.model import SiteUnknown
from tests.stages.approvals.documents import as_built_in
from tests.stages.approvals.office import Office, Paired

pytestmark = pytest.mark.req("W8")


async def _set(office: Office, at: Paired, mode: Mode, by: PersonId | None = None) -> None:
    async with office.database.transaction(office.org) as tx:
        await approvals.set_mode(tx, at.site, mode, by=by or office.olga, now=office.clock.now())


async def _mode(office: Office, at: Paired) -> Mode:
    async with office.database.reading(office.org) as tx:
        return await approvals.mode_of(tx, at.site, now=office.clock.now())


async def test_autonomous_is_refused_until_one_snapshot_was_verified(office: Office) -> None:
    site = await office.site()
    assert await _mode(office, site) is Mode.APPROVE
    with pytest.raises(ModeRefused):
        await _set(office, site, Mode.AUTONOMOUS)
    await office.verified(site)
    await _set(office, site, Mode.AUTONOMOUS)
    assert await _mode(office, site) is Mode.AUTONOMOUS
    (told,) = await office.kinds("site.mode_set")
    assert told == {"mode": "autonomous", "was": ""}
    assert len(await office.kinds("site.snapshot_confirmed")) == 1


async def test_the_database_refuses_autonomous_without_a_snapshot(office: Office) -> None:
    site = await office.site()
    with pytest.raises(IntegrityError):
        async with office.database.transaction(office.org) as tx:
            await store.put(office.org, tx, Station(site.site, Mode.AUTONOMOUS, critical=False, snapshot_confirmed_at=None))


async def test_the_policys_most_caps_what_may_be_chosen_and_what_was_chosen(office: Office) -> None:
    site = await office.site()
    await office.verified(site)
    await _set(office, site, Mode.AUTONOMOUS)
    async with office.database.transaction(office.org) as tx:
        await approvals.activate_policy(tx, as_built_in(max_mode="approve"), by=office.olga, now=office.clock.now())
    assert await _mode(office, site) is Mode.APPROVE
    with pytest.raises(ModeRefused):
        await _set(office, site, Mode.AUTONOMOUS)
    await _set(office, site, Mode.OBSERVE)
    assert await _mode(office, site) is Mode.OBSERVE


async def test_a_default_of_autonomous_is_approve_where_no_snapshot_was_verified(office: Office) -> None:
    shop, blog = await office.site("shop"), await office.site("blog")
    async with office.database.transaction(office.org) as tx:
        await approvals.activate_policy(tx, as_built_in(default_mode="autonomous"), by=office.olga, now=office.clock.now())
    office.later(minutes=15)
    await office.verified(blog)
    assert (await _mode(office, shop), await _mode(office, blog)) == (Mode.APPROVE, Mode.AUTONOMOUS)


@pytest.mark.req("X10")
async def test_whoever_may_pause_makes_a_site_quieter_and_an_admin_gives_it_more_freedom(office: Office) -> None:
    site = await office.site()
    otto, ada = await office.person("Otto", Role.OPERATOR), await office.person("Ada", Role.ADMIN)
    vera = await office.person("Vera", Role.VIEWER)
    await _set(office, site, Mode.OBSERVE, by=otto)
    for person in (otto, vera):
        with pytest.raises(Forbidden):
            await _set(office, site, Mode.APPROVE, by=person)
    await _set(office, site, Mode.APPROVE, by=ada)
    assert await _mode(office, site) is Mode.APPROVE


@pytest.mark.req("X10")
async def test_a_mark_as_critical_is_an_admins_to_set_and_an_owners_to_take_away(office: Office) -> None:
    site, ada = await office.site(), await office.person("Ada", Role.ADMIN)
    async with office.database.transaction(office.org) as tx:
        marked = await approvals.mark_critical(tx, site.site, True, by=ada, now=office.clock.now())
        assert marked.critical
        with pytest.raises(Forbidden):
            await approvals.mark_critical(tx, site.site, False, by=ada, now=office.clock.now())
        assert not (await approvals.mark_critical(tx, site.site, False, by=office.olga, now=office.clock.now())).critical
    assert len(await office.kinds("site.critical_set")) == 2


@pytest.mark.req("W7")
async def test_a_snapshot_counts_for_a_day_and_not_after_it_went(office: Office) -> None:
    site, one, other = await office.site(), SnapshotId(new_id()), SnapshotId(new_id())
    await office.verified(site, one)
    async with office.database.transaction(office.org) as tx:
        now = office.clock.now()
        assert await approvals.snapshot_verified(tx, site.site, one, now=now)
        assert not await approvals.snapshot_verified(tx, site.site, other, now=now)
        assert await approvals.snapshot_verified(tx, site.site, one, now=now + timedelta(hours=24, seconds=-1))
        assert not await approvals.snapshot_verified(tx, site.site, one, now=now + timedelta(hours=24))
        await approvals.snapshot_gone(tx, site.site, one)
        assert not await approvals.snapshot_verified(tx, site.site, one, now=now)


@pytest.mark.req("W4")
async def test_another_organisations_site_has_no_mode_here(office: Office) -> None:
    site = await office.site()
    async with office.database.transaction(OrgId(new_id())) as tx:
        with pytest.raises(SiteUnknown):
            await approvals.mode_of(tx, site.site, now=office.clock.now())
