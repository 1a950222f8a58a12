"""Facts: where each comes from, how old it is by which clock, and what is passed on but never kept."""

import asyncio
from datetime import timedelta

import pytest

from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Database
from presswarden.kernel.errors import Malformed
from presswarden.kernel.ids import OrgId
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Components, Need, PersonalData, Source, inventory_hash
from tests.fakes.clock import FrozenClock
from tests.stages.telemetry.reports import INVENTORY, full, heartbeat, installation


def _inventory(components: Components, **more: Json) -> dict[str, Json]:
    return {"as_of": {}, "hash": inventory_hash(components), "inventory": components, **more}


PLUGIN = "plugin:akismet/akismet.php"


@pytest.mark.req("S1")
async def test_a_fact_tells_its_source_and_its_age(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, full(1, frozen.now(), INVENTORY), frozen.now())
    heard = frozen.now()
    later = frozen.advance(minutes=7)
    async with database.reading(org) as tx:
        facts = await telemetry.facts(tx, of.site, components=(PLUGIN,))
    for name, value in {
        "core.version": "7.1.4",
        "php.version": "8.2.7",
        f"{PLUGIN}.version": "5.7.2",
        "connector.version": "0.1.0",
    }.items():
        fact = facts.get(name)
        assert fact is not None
        assert (fact.value, fact.source, fact.taken_at) == (value, Source.HEARTBEAT, heard)
        assert fact.age(later) == timedelta(minutes=7)
    assert facts.get("plugin:hello.php.version") is None, "only the components asked for"


@pytest.mark.req("S1")
async def test_a_site_clock_that_is_wrong_is_shown_and_does_not_change_an_age(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    theirs = frozen.now() - timedelta(minutes=4)
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, full(1, theirs, INVENTORY), frozen.now())
    async with database.reading(org) as tx:
        facts = await telemetry.facts(tx, of.site)
    fact, clock = facts.get("core.version"), facts.get("site.clock_ahead")
    assert fact is not None
    assert fact.clock_ahead == timedelta(minutes=-4)
    assert fact.age(frozen.advance(seconds=30)) == timedelta(seconds=30)
    assert clock is not None
    assert clock.value == -240


@pytest.mark.req("S1")
async def test_known_updates_are_as_old_as_wordpress_own_last_question(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    asked: dict[str, Json] = {"updates_plugins": unix(frozen.now() - timedelta(hours=11)), "updates_core": 0}
    async with database.transaction(org) as tx:
        await telemetry.record_read(tx, of.site, "wp.site.inventory", _inventory(INVENTORY, as_of=asked), frozen.now())
        facts = await telemetry.facts(tx, of.site)
    plugins, core = facts.get("updates.plugins"), facts.get("updates.core")
    assert plugins is not None
    assert core is not None
    assert (plugins.value, plugins.age(frozen.advance(minutes=1))) == (1, timedelta(hours=11, minutes=1))
    assert core.value is None, "WordPress never asked, so nothing is known"


@pytest.mark.req("S1")
async def test_a_read_inventory_counts_as_one_and_the_next_heartbeat_needs_no_other(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        await telemetry.record_read(tx, of.site, "wp.site.inventory", _inventory(INVENTORY), frozen.now())
        known = await telemetry.inventory(tx, of.site)
        assert known is not None
        assert (known.components, known.source) == (INVENTORY, Source.READ)
        later = frozen.advance(minutes=5)
        assert await telemetry.take_heartbeat(tx, of, heartbeat(1, later, INVENTORY), later) is Need.NOTHING
        known = await telemetry.inventory(tx, of.site)
        assert known is not None
        assert (known.source, known.confirmed_at) == (Source.HEARTBEAT, later)
        again = frozen.advance(minutes=1)
        await telemetry.record_read(tx, of.site, "wp.site.inventory", _inventory(INVENTORY), again)
        known = await telemetry.inventory(tx, of.site)
        assert known is not None
        assert (known.source, known.confirmed_at) == (Source.READ, again)


@pytest.mark.req("S1")
@pytest.mark.parametrize("wrong", [{"hash": "0" * 64}, {"hash": 1}, {"inventory": []}, {"inventory": {"users": {}}}])
async def test_a_read_inventory_that_does_not_add_up_is_refused(
    database: Database, org: OrgId, frozen: FrozenClock, wrong: dict[str, Json]
) -> None:
    of = installation(org)
    with pytest.raises(Malformed):
        async with database.transaction(org) as tx:
            await telemetry.record_read(tx, of.site, "wp.site.inventory", {**_inventory(INVENTORY), **wrong}, frozen.now())
    async with database.reading(org) as tx:
        assert await telemetry.inventory(tx, of.site) is None


@pytest.mark.req("S1")
async def test_an_unchanged_inventory_is_as_fresh_as_the_heartbeat_that_confirmed_it(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, full(1, frozen.now(), INVENTORY), frozen.now())
    later = frozen.advance(minutes=5)
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, heartbeat(2, later, INVENTORY), later)
        fact = (await telemetry.facts(tx, of.site)).get("core.version")
    assert fact is not None
    assert fact.age(later) == timedelta()


@pytest.mark.req("S1")
async def test_a_signed_read_becomes_facts_and_the_newest_stands(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        assert await telemetry.record_read(
            tx,
            of.site,
            "wp.site.health",
            {"as_of": unix(frozen.now()), "database": "ok", "disk_free": 5, "writable": {"core": True}},
            frozen.now(),
        )
        writable = (await telemetry.facts(tx, of.site)).get("health.writable.core")
    assert writable is not None
    assert (writable.value, writable.site_time) == (True, frozen.now())
    later = frozen.advance(minutes=1)
    async with database.transaction(org) as tx:
        assert await telemetry.record_read(tx, of.site, "wp.site.health", {"database": "slow"}, later)
        facts = await telemetry.facts(tx, of.site)
    fact = facts.get("health.database")
    assert fact is not None
    assert (fact.value, fact.source, fact.taken_at) == ("slow", Source.READ, later)
    assert facts.get("health.disk_free") is None, "what the newest read no longer says is not known any more"


@pytest.mark.req("W13")
async def test_a_content_read_is_passed_on_and_never_stored(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        assert not await telemetry.record_read(tx, of.site, "wp.content.inventory", {"posts": [{"title": "Secret plans"}]}, frozen.now())
        assert list(await telemetry.facts(tx, of.site)) == []


@pytest.mark.req("W13")
async def test_a_read_with_a_mail_address_beside_passwords_is_refused(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    with pytest.raises(PersonalData):
        async with database.transaction(org) as tx:
            hidden = {"groups": [{"passwords": {"owner": "ada@shop.example"}}]}
            await telemetry.record_read(tx, of.site, "wp.site.inventory", hidden, frozen.now())


async def test_the_last_contact_is_the_newest_heartbeat_or_answer(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        assert await telemetry.last_contact(tx, of.site) is None
        await telemetry.expect(tx, of.id, of.site, frozen.now())
        assert await telemetry.last_contact(tx, of.site) is None
        heard = frozen.advance(minutes=1)
        await telemetry.take_heartbeat(tx, of, heartbeat(1, heard, INVENTORY), heard)
        assert await telemetry.last_contact(tx, of.site) == heard
        answered = frozen.advance(minutes=1)
        await telemetry.record_read(tx, of.site, "wp.site.health", {}, answered)
        assert await telemetry.last_contact(tx, of.site) == answered


@pytest.mark.req("N8")
async def test_a_heartbeat_and_reads_that_arrive_together_do_not_fail_each_other(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    of = installation(org)
    other: Components = {"core": {"version": "7.2"}}
    now = frozen.now()

    async def beat() -> None:
        async with database.transaction(org) as tx:
            await telemetry.take_heartbeat(tx, of, full(1, now, INVENTORY), now)

    async def read(components: Components) -> None:
        async with database.transaction(org) as tx:
            await telemetry.record_read(tx, of.site, "wp.site.inventory", _inventory(components), now)

    await asyncio.gather(beat(), *(read(components) for components in (INVENTORY, other, INVENTORY, other)))
    async with database.reading(org) as tx:
        known = await telemetry.inventory(tx, of.site)
    assert known is not None
    assert inventory_hash(known.components) == known.hash
