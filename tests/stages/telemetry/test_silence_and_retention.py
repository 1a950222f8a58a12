"""Sites that fall silent are found, across organisations; what is older than the retention goes, and nothing that the audit still waits for."""

from datetime import timedelta

import pytest

from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Retention, RetentionRefused
from tests.fakes.clock import FrozenClock
from tests.stages.telemetry.reports import INVENTORY, full, heartbeat, installation


@pytest.mark.req("W17")
async def test_a_site_is_late_from_the_fifteenth_minute_on(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    heard = frozen.now()
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, heartbeat(1, heard, INVENTORY), heard)
    async with database.reading(EVERYONE) as tx:
        assert await telemetry.late(EVERYONE, tx, heard + timedelta(minutes=15, seconds=-1)) == ()
        (late,) = await telemetry.late(EVERYONE, tx, heard + timedelta(minutes=15))
    assert (late.org, late.site, late.installation, late.last) == (org, of.site, of.id, heard)


@pytest.mark.req("W17")
async def test_sites_of_all_organisations_are_found_longest_silence_first(database: Database, frozen: FrozenClock) -> None:
    older, newer = installation(OrgId(new_id())), installation(OrgId(new_id()))
    for of in (older, newer):
        async with database.transaction(of.org) as tx:
            await telemetry.take_heartbeat(tx, of, heartbeat(1, frozen.now(), INVENTORY), frozen.now())
        frozen.advance(minutes=1)
    async with database.reading(EVERYONE) as tx:
        found = await telemetry.late(EVERYONE, tx, frozen.advance(hours=1))
    assert [late.site for late in found] == [older.site, newer.site]


@pytest.mark.req("W17")
async def test_a_paired_site_that_never_sends_a_heartbeat_is_late_too(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        await telemetry.expect(tx, of.id, of.site, frozen.now())
    async with database.reading(EVERYONE) as tx:
        (late,) = await telemetry.late(EVERYONE, tx, frozen.advance(minutes=15))
    assert late.last is None


async def test_a_revoked_site_is_not_missed(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, heartbeat(1, frozen.now(), INVENTORY), frozen.now())
        await telemetry.stop_expecting(tx, of.site)
    async with database.reading(EVERYONE) as tx:
        assert await telemetry.late(EVERYONE, tx, frozen.advance(days=1)) == ()


async def test_a_new_pairing_forgets_what_the_old_installation_said(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, heartbeat(1, frozen.now(), INVENTORY, fence=9, paused="quiet"), frozen.now())
        again = installation(org)
        await telemetry.expect(tx, again.id, of.site, frozen.now())
        known = await telemetry.standing(tx, of.site)
    assert known is not None
    assert (known.installation, known.fence, known.paused, known.heard_at) == (again.id, 0, "", None)


async def test_a_look_across_organisations_needs_a_transaction_across_them(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        with pytest.raises(RuntimeError, match="across organisations"):
            await telemetry.late(EVERYONE, tx, frozen.now())


@pytest.mark.req("W13")
async def test_telemetry_older_than_the_retention_goes_and_younger_stays(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    silent, heard = installation(org), installation(org)
    for of in (silent, heard):
        async with database.transaction(org) as tx:
            await telemetry.take_heartbeat(tx, of, full(1, frozen.now(), INVENTORY), frozen.now())
            await telemetry.record_read(tx, of.site, "wp.site.health", {"database": "ok"}, frozen.now())
            await telemetry.audit_heartbeats(tx, frozen.now())
    later = frozen.advance(days=30, seconds=1)
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, heard, heartbeat(2, later, INVENTORY), later)
    async with database.transaction(org) as tx:
        # Two heartbeats, two reads, and the inventory that nobody confirmed since.
        assert await telemetry.expire(tx, later) == 5
    async with database.reading(org) as tx:
        assert await telemetry.inventory(tx, silent.site) is None
        assert await telemetry.inventory(tx, heard.site) is not None
        assert (await telemetry.facts(tx, silent.site)).get("health.database") is None
        assert (await telemetry.facts(tx, heard.site)).get("core.version") is not None


@pytest.mark.req("W13", "W19")
async def test_a_heartbeat_that_waits_for_its_audit_batch_outlives_the_retention(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, heartbeat(1, frozen.now(), INVENTORY), frozen.now())
    later = frozen.advance(days=91)
    async with database.transaction(org) as tx:
        assert await telemetry.expire(tx, later, days=90) == 0
    async with database.transaction(org) as tx:
        assert await telemetry.audit_heartbeats(tx, later) == 1
    async with database.transaction(org) as tx:
        assert await telemetry.expire(tx, later, days=90) == 1


@pytest.mark.req("W13")
@pytest.mark.parametrize("days", [-1, 0, 6, 91, 10_000])
def test_a_retention_outside_floor_and_ceiling_is_refused(days: int) -> None:
    with pytest.raises(RetentionRefused):
        Retention(days)


@pytest.mark.req("W13")
@pytest.mark.parametrize("days", [7, 30, 90])
def test_a_retention_between_floor_and_ceiling_is_taken(days: int, frozen: FrozenClock) -> None:
    assert frozen.now() - Retention(days).horizon(frozen.now()) == timedelta(days=days)
