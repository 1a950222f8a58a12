"""Integration: every recorded entry gets exactly one place, whoever dies or competes, and each tree head is signed."""

import asyncio

import pytest

from presswarden.audit import note, service, store
from presswarden.audit.model import NoSuchEntry
from presswarden.audit.verify import verify_proof
from presswarden.kernel import merkle
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, EventId, OrgId, new_id
from presswarden.kernel.sealing import Kek, SealBroken, new_key
from presswarden.processes.janitor import integrate_all
from tests.fakes.clock import FrozenClock
from tests.stages.audit.conftest import HOST, Fill, Integrate, entry


async def _places(database: Database, org: OrgId) -> list[tuple[int, str]]:
    async with database.reading(org) as tx:
        rows = await (await tx.connection()).exec_driver_sql("SELECT position, event FROM audit_leaves ORDER BY position")
        return [(position, event) for position, event in rows]


@pytest.mark.req("N9")
async def test_every_entry_gets_one_place_and_the_head_is_signed(database: Database, org: OrgId, fill: Fill, integrate: Integrate) -> None:
    events = await fill(300)
    assert await integrate() == 300
    assert await integrate() == 0
    places = await _places(database, org)
    assert [position for position, _ in places] == list(range(300))
    assert {event for _, event in places} == set(events)
    async with database.reading(org) as tx:
        checkpoint, key = await service.latest_checkpoint(tx), await service.log_key(tx)
        listed = await service.events(tx, limit=300)
        leaves = [row.leaf for row in await store.in_tree(org, tx, first=0, limit=300)]
    assert checkpoint is not None
    assert key is not None
    assert checkpoint.origin == f"{HOST}/org/{org}"
    assert note.open_checkpoint(checkpoint.text, note.read_key(key)) == checkpoint
    assert checkpoint.root == merkle.root([merkle.leaf_hash(leaf) for leaf in leaves])
    assert sorted(one.index for one in listed if one.index is not None) == list(range(300))


@pytest.mark.req("N9")
async def test_an_integrator_that_dies_halfway_loses_nothing(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate, janitor_kek: Kek, frozen: FrozenClock
) -> None:
    events = await fill(20)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org) as tx:
            assert await service.integrate(tx, janitor_kek, log_host=HOST, now=frozen.now()) == 20
            raise ZeroDivisionError
    assert await _places(database, org) == []
    assert await integrate() == 20
    assert {event for _, event in await _places(database, org)} == set(events)


async def test_two_integrators_at_once_give_no_place_twice(
    database: Database, org: OrgId, fill: Fill, janitor_kek: Kek, frozen: FrozenClock
) -> None:
    events = await fill(700)

    async def drain() -> int:
        return await integrate_all(database, janitor_kek, log_host=HOST, now=frozen.now())

    placed = await asyncio.gather(drain(), drain(), drain())
    assert sum(placed) == 700
    places = await _places(database, org)
    assert [position for position, _ in places] == list(range(700))
    assert len({event for _, event in places}) == len(events)


async def test_entries_recorded_while_integrating_are_not_lost(
    database: Database, org: OrgId, janitor_kek: Kek, frozen: FrozenClock
) -> None:
    async def write(many: int) -> None:
        for number in range(many):
            async with database.transaction(org) as tx:
                await service.record(tx, entry(number), now=frozen.now())

    async def drain(writers: list[asyncio.Task[None]]) -> None:
        while not all(writer.done() for writer in writers):
            await integrate_all(database, janitor_kek, log_host=HOST, now=frozen.now())
        await integrate_all(database, janitor_kek, log_host=HOST, now=frozen.now())

    writers = [asyncio.create_task(write(25)) for _ in range(4)]
    await drain(writers)
    assert [position for position, _ in await _places(database, org)] == list(range(100))


async def test_each_organisation_has_a_log_and_a_key_of_its_own(database: Database, janitor_kek: Kek, frozen: FrozenClock) -> None:
    orgs, keys = [OrgId(new_id()) for _ in range(3)], set()
    for org in orgs:
        async with database.transaction(org) as tx:
            await service.record(tx, entry(1), now=frozen.now())
    assert await integrate_all(database, janitor_kek, log_host=HOST, now=frozen.now()) == 3
    for org in orgs:
        async with database.reading(org) as tx:
            checkpoint, key = await service.latest_checkpoint(tx), await service.log_key(tx)
            assert checkpoint is not None
            assert checkpoint.size == 1
            keys.add(key)
    assert len(keys) == 3


async def test_a_janitor_with_another_kek_signs_nothing(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate, frozen: FrozenClock
) -> None:
    await fill(1)
    await integrate()
    await fill(1)
    with pytest.raises(SealBroken):
        async with database.transaction(org) as tx:
            await service.integrate(tx, Kek("janitor", new_key()), log_host=HOST, now=frozen.now())
    assert await integrate() == 1


async def test_the_origin_stays_when_the_host_setting_changes(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate, janitor_kek: Kek, frozen: FrozenClock
) -> None:
    await fill(1)
    await integrate()
    await fill(1)
    async with database.transaction(org) as tx:
        await service.integrate(tx, janitor_kek, log_host="other.test", now=frozen.now())
        checkpoint = await service.latest_checkpoint(tx)
    assert checkpoint is not None
    assert (checkpoint.size, checkpoint.origin) == (2, f"{HOST}/org/{org}")


@pytest.mark.req("N9")
async def test_inclusion_and_consistency_are_proven_from_a_few_hashes(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate
) -> None:
    events, sizes = list(await fill(600)), []
    while await integrate():
        events += await fill(37) if len(sizes) < 3 else ()
        async with database.reading(org) as tx:
            checkpoint = await service.latest_checkpoint(tx)
            assert checkpoint is not None
            sizes.append((checkpoint.size, checkpoint.root))
    size, root = sizes[-1]
    assert size == len(events)
    async with database.reading(org) as tx:
        key = await service.log_key(tx)
        assert key is not None
        for event in (events[0], events[255], events[256], events[511], events[-1]):
            proof = await service.prove(tx, event)
            assert merkle.verify_inclusion(merkle.leaf_hash(proof.leaf), proof.index, size, proof.path, root)
            assert verify_proof(proof.text(), proof.leaf, key)[0] == proof.index
            with pytest.raises(note.NoteRefused):
                verify_proof(proof.text(), proof.leaf + b" ", key)
        for old, old_root in sizes:
            assert merkle.verify_consistency(old, size, old_root, root, await service.consistency(tx, old))
        for outside in (0, size + 1):
            with pytest.raises(NoSuchEntry):
                await service.consistency(tx, outside)


async def test_an_entry_without_a_place_has_no_proof(database: Database, org: OrgId, fill: Fill) -> None:
    (event,) = await fill(1)
    async with database.reading(org) as tx:
        assert await service.latest_checkpoint(tx) is None
        assert await service.log_key(tx) is None
        for unknown in (event, EventId(new_id())):
            with pytest.raises(NoSuchEntry):
                await service.prove(tx, unknown)


async def test_a_look_up_across_organisations_needs_a_transaction_across_them(database: Database, org: OrgId) -> None:
    async with database.reading(org) as tx:
        with pytest.raises(RuntimeError, match="spans organisations"):
            await store.organisations_waiting(EVERYONE, tx)
