"""The janitor goes on: what fails for one organisation, or in one round, costs neither the others nor the next round."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from presswarden.audit import service as audit
from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity import service as identity
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.kernel.store import org_key
from presswarden.processes.janitor import Janitor
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState
from tests.fakes.clock import FrozenClock
from tests.stages.proposals.drafts import filed

OURS, ANOTHER = Kek("janitor", b"j" * 32), Kek("janitor", b"k" * 32)


async def _organisation(database: Database, org: OrgId, clock: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", clock.now())


@pytest.mark.req("A8")
async def test_a_maintenance_ends_in_every_record_that_it_stood_in(database: Database, frozen: FrozenClock) -> None:
    first, second = sorted(OrgId(new_id()) for _ in range(2))
    for org in (first, second):
        await _organisation(database, org, frozen)
    ends = frozen.now() + timedelta(hours=1)
    for scope in (StopScope.ORGANISATION, StopScope.EVERYTHING):
        async with database.transaction(first) as tx:
            owner = await identity.owner(tx)
            await gate.stop(tx, owner.id, "moving house", scope=scope, until=ends, correlation=CorrelationId(new_id()), now=frozen.now())
    janitor = Janitor(database, frozen, OURS, "log.test", 30)
    for expected in ([], ["everything", "organisation"], ["everything", "organisation"]):
        await janitor.end_stops()
        async with database.reading(first) as tx:
            assert sorted(one.subject.partition(":")[0] for one in await audit.events(tx, kind="gate.ended")) == expected
        frozen.advance(hours=1)
    async with database.reading(second) as tx:
        (told,) = await audit.events(tx, kind="gate.ended")
    assert told.payload is not None
    assert (told.actor.id, told.payload["scope"], told.payload["ends"]) == ("janitor", "everything", unix(ends))


@pytest.mark.req("W19", "N9")
async def test_a_log_whose_key_does_not_open_stops_no_other_log(database: Database, frozen: FrozenClock) -> None:
    broken, whole = sorted(OrgId(new_id()) for _ in range(2))
    for org in (broken, whole):
        await _organisation(database, org, frozen)
    async with database.transaction(broken) as tx:
        await org_key(broken, tx, ANOTHER)
    assert await Janitor(database, frozen, OURS, "log.test", 30).integrate() == 1
    async with database.reading(whole) as tx:
        assert await audit.latest_checkpoint(tx) is not None
    async with database.reading(broken) as tx:
        assert await audit.latest_checkpoint(tx) is None


@pytest.mark.req("N8")
async def test_a_round_that_fails_is_followed_by_the_next(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    await _organisation(database, org, frozen)
    async with database.transaction(EVERYONE) as tx:
        await tx.execute(text("ALTER TABLE audit_queue RENAME TO audit_queue_away"))
    stop = asyncio.Event()
    running = asyncio.create_task(Janitor(database, frozen, OURS, "log.test", 30).run(stop))
    await asyncio.wait({running}, timeout=0.3)
    assert not running.done()
    async with database.transaction(EVERYONE) as tx:
        await tx.execute(text("ALTER TABLE audit_queue_away RENAME TO audit_queue"))
    stop.set()
    await running
    async with database.reading(org) as tx:
        assert await audit.latest_checkpoint(tx) is not None


@pytest.mark.req("X6")
async def test_what_nobody_approved_in_time_expires_in_every_organisation(database: Database, frozen: FrozenClock) -> None:
    made = []
    for org in (OrgId(new_id()), OrgId(new_id())):
        await _organisation(database, org, frozen)
        async with database.transaction(org) as tx:
            made.append(await filed(tx, now=frozen.now()))
    janitor = Janitor(database, frozen, OURS, "log.test", 30)
    for advanced, state in ((71, ProposalState.RECOMMENDED), (1, ProposalState.EXPIRED)):
        frozen.advance(hours=advanced)
        await janitor.clean()
        for one in made:
            async with database.reading(one.org) as tx:
                assert (await proposals.proposal(tx, one.id)).state is state
