"""Heartbeats: the inventory by hash, delta and whole; what does not add up is asked for again, and no wrong map is ever stored."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presswarden.audit import service as audit
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.errors import TooLarge
from presswarden.kernel.ids import EVERYONE, OrgId
from presswarden.telemetry import documents
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Component, Components, Delta, Need, Paused, inventory_hash
from tests.fakes.clock import FrozenClock
from tests.stages.telemetry.reports import HOME, INVENTORY, Installed, delta, full, heartbeat, installation


async def _take(database: Database, of: Installed, body: Mapping[str, Json], clock: FrozenClock) -> Need:
    async with database.transaction(of.org) as tx:
        return await telemetry.take_heartbeat(tx, of, body, clock.now())


async def _stored(database: Database, of: Installed) -> Mapping[str, Mapping[str, Json]] | None:
    async with database.reading(of.org) as tx:
        known = await telemetry.inventory(tx, of.site)
    return known.components if known else None


@pytest.mark.req("S1", "N4")
async def test_an_unknown_hash_is_answered_with_a_wish_for_the_inventory(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    assert await _take(database, of, heartbeat(1, frozen.now(), INVENTORY), frozen) is Need.INVENTORY
    assert await _stored(database, of) is None
    assert await _take(database, of, full(2, frozen.now(), INVENTORY), frozen) is Need.NOTHING
    assert await _stored(database, of) == INVENTORY


@pytest.mark.req("N4")
async def test_an_unchanged_site_needs_one_short_message_and_its_inventory_stays_fresh(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    of = installation(org)
    await _take(database, of, full(1, frozen.now(), INVENTORY), frozen)
    taken = frozen.now()
    later = frozen.advance(minutes=5)
    assert await _take(database, of, heartbeat(2, later, INVENTORY), frozen) is Need.NOTHING
    async with database.reading(org) as tx:
        known = await telemetry.inventory(tx, of.site)
    assert known is not None
    assert (known.taken_at, known.confirmed_at) == (taken, later)


@pytest.mark.req("N4")
async def test_a_delta_gives_exactly_the_inventory_the_site_has(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    after: dict[str, Component] = {
        **INVENTORY,
        "plugin:akismet/akismet.php": {"active": True, "version": "5.8"},
        "theme:new": {"version": "1.0"},
    }
    del after["plugin:hello.php"]
    await _take(database, of, full(1, frozen.now(), INVENTORY), frozen)
    assert await _take(database, of, delta(2, frozen.now(), INVENTORY, after), frozen) is Need.NOTHING
    assert await _stored(database, of) == after


@pytest.mark.req("N4")
async def test_a_delta_on_another_base_changes_nothing_and_the_whole_is_asked_for(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    of = installation(org)
    other: Components = {"core": {"version": "6.8.7"}}
    after: Components = {"core": {"version": "7.1.4"}}
    await _take(database, of, full(1, frozen.now(), INVENTORY), frozen)
    assert await _take(database, of, delta(2, frozen.now(), other, after), frozen) is Need.INVENTORY
    assert await _stored(database, of) == INVENTORY


@pytest.mark.req("N4")
async def test_a_delta_that_does_not_lead_to_the_named_hash_changes_nothing(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    await _take(database, of, full(1, frozen.now(), INVENTORY), frozen)
    honest = delta(2, frozen.now(), INVENTORY, {**INVENTORY, "core": {"version": "7.2"}})
    lying: dict[str, Json] = {**honest, "delta": {"base": inventory_hash(INVENTORY), "set": {"core": {"version": "6.0"}}, "unset": []}}
    missing: dict[str, Json] = {
        **honest,
        "seq": 3,
        "delta": {"base": inventory_hash(INVENTORY), "set": {"core": {"version": "7.2"}}, "unset": ["theme:none"]},
    }
    assert await _take(database, of, lying, frozen) is Need.INVENTORY
    assert await _take(database, of, missing, frozen) is Need.INVENTORY
    assert await _stored(database, of) == INVENTORY
    assert await _take(database, of, {**honest, "seq": 4}, frozen) is Need.NOTHING


@pytest.mark.req("N4")
async def test_a_whole_inventory_that_is_not_what_its_hash_says_is_not_stored(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    body = {**full(1, frozen.now(), INVENTORY), "inventory_hash": "0" * 64}
    assert await _take(database, of, body, frozen) is Need.INVENTORY
    assert await _stored(database, of) is None


@pytest.mark.req("S1")
async def test_where_a_site_stands_is_what_its_newest_heartbeat_said(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    await _take(database, of, heartbeat(1, frozen.now(), INVENTORY), frozen)
    later = frozen.advance(minutes=5)
    said = heartbeat(2, later, INVENTORY, paused="local", repair="auth_key", fence=7, epoch=3, refusals={"call.signature": 4})
    await _take(database, of, said, frozen)
    async with database.reading(org) as tx:
        known = await telemetry.standing(tx, of.site)
        everyone = await telemetry.standings(tx)
    assert known is not None
    assert (known.paused, known.repair, known.fence, known.epoch, known.home) == (Paused.LOCAL, "auth_key", 7, 3, HOME)
    assert known.refusals == {"call.signature": 4}
    assert known.heard_at == later
    assert everyone == {of.site: known}


@pytest.mark.req("W4")
async def test_another_organisation_sees_nothing_of_a_site(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    await _take(database, of, full(1, frozen.now(), INVENTORY), frozen)
    other = OrgId(installation(org).id)
    async with database.reading(other) as tx:
        assert await telemetry.inventory(tx, of.site) is None
        assert await telemetry.standing(tx, of.site) is None
        assert await telemetry.standings(tx) == {}
        assert list(await telemetry.facts(tx, of.site)) == []


@pytest.mark.req("W19", "S3")
async def test_a_changed_inventory_is_in_the_audit_with_what_changed(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    after: dict[str, Component] = {**INVENTORY, "core": {"version": "7.2"}}
    await _take(database, of, full(1, frozen.now(), INVENTORY), frozen)
    await _take(database, of, delta(2, frozen.advance(minutes=5), INVENTORY, after), frozen)
    async with database.reading(org) as tx:
        first, second = await audit.events(tx, kind="inventory.changed")
    assert first.payload is not None
    assert first.payload["came"] == sorted(INVENTORY)
    counts: dict[str, Json] = {
        "came": [],
        "changed": ["core"],
        "gone": [],
        "cut": False,
        "components": len(INVENTORY),
        "source": "heartbeat",
    }
    assert second.payload == {"hash": inventory_hash(after), **counts}
    assert second.subject == f"site:{of.site}"


@pytest.mark.req("N4")
async def test_a_delta_can_not_grow_an_inventory_beyond_its_bounds(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    before: dict[str, Component] = {f"plugin:{n}": {} for n in range(documents.MOST_COMPONENTS)}
    await _take(database, of, full(1, frozen.now(), before), frozen)
    with pytest.raises(TooLarge):
        await _take(database, of, delta(2, frozen.now(), before, {**before, "plugin:more": {}}), frozen)
    assert await _stored(database, of) == before


@pytest.mark.req("P6")
async def test_after_a_goodbye_nothing_more_is_expected_of_the_site(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    await _take(database, of, full(1, frozen.now(), INVENTORY), frozen)
    assert await _take(database, of, heartbeat(2, frozen.now(), {"core": {}}, repair="unpaired"), frozen) is Need.NOTHING
    async with database.reading(EVERYONE) as tx:
        assert await telemetry.late(EVERYONE, tx, frozen.advance(hours=1)) == ()


@pytest.mark.req("W19")
async def test_every_heartbeat_gets_into_one_audit_batch_once(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    for seq in range(1, 6):
        await _take(database, of, heartbeat(seq, frozen.advance(minutes=5), INVENTORY, refusals={"call.signature": seq}), frozen)
    async with database.reading(EVERYONE) as tx:
        assert await telemetry.waiting_for_audit(EVERYONE, tx) == (org,)
    async with database.transaction(org) as tx:
        assert await telemetry.audit_heartbeats(tx, frozen.now()) == 5
    async with database.transaction(org) as tx:
        assert await telemetry.audit_heartbeats(tx, frozen.now()) == 0
        entries = await audit.events(tx, kind="heartbeats.taken")
    assert len(entries) == 1
    async with database.reading(EVERYONE) as tx:
        assert await telemetry.waiting_for_audit(EVERYONE, tx) == ()


async def test_a_heartbeat_whose_transaction_fails_leaves_nothing(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org) as tx:
            await telemetry.take_heartbeat(tx, of, full(1, frozen.now(), INVENTORY), frozen.now())
            raise ZeroDivisionError
    assert await _stored(database, of) is None
    async with database.reading(org) as tx:
        assert await telemetry.standing(tx, of.site) is None


_MAPS = st.dictionaries(
    st.sampled_from(["core", "php", "server", "plugin:a/a.php", "plugin:b.php", "theme:t", "update:core"]),
    st.dictionaries(st.text(max_size=4), st.text(max_size=4) | st.integers(-9, 9) | st.booleans(), max_size=3),
)


@pytest.mark.req("N4")
@given(before=_MAPS, after=_MAPS)
def test_the_difference_between_any_two_inventories_applies_exactly(
    before: dict[str, dict[str, Json]], after: dict[str, dict[str, Json]]
) -> None:
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    applied = Delta(inventory_hash(before), changed, tuple(before.keys() - after.keys())).applied_to(before)
    assert applied is not None
    assert inventory_hash(applied) == inventory_hash(after)
