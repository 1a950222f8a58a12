"""Times that an organisation sets: within bounds, by an owner, recorded; sessions end by them at once, and the janitor lets go what is older."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import BOUNDS, Limit, LimitRefused
from presswarden.identity.model import Forbidden, Grant, Role
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Key, Way
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId, SiteId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.processes.janitor import Janitor
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState, ProposalUnknown
from presswarden.reports.notices import service as notices
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import ANALYST, opened
from tests.support.couriers import courier_box

pytestmark = pytest.mark.req("W13", "X10")


@pytest.fixture
async def owner(database: Database, org: OrgId, frozen: FrozenClock) -> PersonId:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", frozen.now())
        return (await identity.owner(tx)).id


async def _session(database: Database, org: OrgId, owner: PersonId, clock: FrozenClock) -> Key:
    async with database.transaction(org) as tx:
        return (await sessions.begin(tx, owner, Way.PASSKEY, source="192.0.2.1", browser="test", now=clock.now()))[0]


async def _lives(database: Database, key: Key, clock: FrozenClock) -> bool:
    async with database.reading(key.org) as tx:
        return await sessions.session_of(tx, key, clock.now()) is not None


async def _choose(database: Database, org: OrgId, owner: PersonId, clock: FrozenClock, limit: Limit, value: int) -> None:
    async with database.transaction(org) as tx:
        await limits.choose(tx, {limit: value}, by=owner, now=clock.now())


async def test_a_session_ends_by_the_idle_time_that_was_set(database: Database, org: OrgId, owner: PersonId, frozen: FrozenClock) -> None:
    key = await _session(database, org, owner, frozen)
    frozen.advance(minutes=30)
    assert await _lives(database, key, frozen)
    await _choose(database, org, owner, frozen, Limit.SESSION_IDLE, 20)
    assert not await _lives(database, key, frozen), "a shorter time ends what was begun before it"
    async with database.transaction(org) as tx:
        assert await sessions.sessions_of(tx, owner, frozen.now()) == ()
        assert await sessions.forget(tx, frozen.now()) == 1


async def test_a_session_ends_by_its_age_though_it_is_used(database: Database, org: OrgId, owner: PersonId, frozen: FrozenClock) -> None:
    await _choose(database, org, owner, frozen, Limit.SESSION_LONGEST, 2)
    key = await _session(database, org, owner, frozen)
    for minute in range(0, 120, 20):
        assert await _lives(database, key, frozen), minute
        async with database.transaction(org) as tx:
            found = await sessions.session_of(tx, key, frozen.now())
            assert found is not None
            await sessions.seen(tx, found[2].id, "192.0.2.1", frozen.advance(minutes=20))
    assert not await _lives(database, key, frozen)


async def test_another_organisations_times_are_its_own(database: Database, org: OrgId, owner: PersonId, frozen: FrozenClock) -> None:
    other = OrgId(new_id())
    async with database.transaction(other) as tx:
        await identity.create_organisation(tx, "Other", "Otto", "otto@example.org", frozen.now())
    await _choose(database, org, owner, frozen, Limit.SESSION_IDLE, 5)
    async with database.reading(other) as tx:
        assert (await limits.limits(tx)).value(Limit.SESSION_IDLE) == BOUNDS[Limit.SESSION_IDLE].usual


async def test_below_the_floor_and_above_the_ceiling_is_refused(
    database: Database, org: OrgId, owner: PersonId, frozen: FrozenClock
) -> None:
    for limit, of in BOUNDS.items():
        assert of.floor < of.usual <= of.ceiling or of.floor <= of.usual < of.ceiling, limit
        for value in (of.floor - 1, of.ceiling + 1, -1):
            with pytest.raises(LimitRefused):
                await _choose(database, org, owner, frozen, limit, value)
        for value in (of.floor, of.ceiling):
            await _choose(database, org, owner, frozen, limit, value)
        async with database.reading(org) as tx:
            assert (await limits.limits(tx)).value(limit) == of.ceiling
    async with database.reading(org) as tx:
        told = {(one.payload["limit"], one.payload["to"]) for one in await audit.events(tx, kind="limit.set") if one.payload is not None}
    assert {(limit.value, of.ceiling) for limit, of in BOUNDS.items() if of.ceiling != of.usual} <= told


async def test_only_an_owner_sets_them(database: Database, org: OrgId, owner: PersonId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        anna = await identity.add_person(tx, name="Anna", mail="anna@example.org", grant=Grant(Role.ADMIN), by=owner, now=frozen.now())
        with pytest.raises(Forbidden):
            await limits.choose(tx, {Limit.NOTICES: 20}, by=anna.id, now=frozen.now())


async def test_the_janitor_lets_go_by_each_organisations_own_times(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    short, usual = await opened(database, frozen, org), await opened(database, frozen, OrgId(new_id()))
    await courier_box(database)
    site = SiteId(new_id())
    for office in (short, usual):
        async with office.database.transaction(office.org) as tx:
            await notices.write(tx, "x@example.org", "says", "text", now=frozen.now())
            (letter,) = await notices.due(tx, frozen.now())
            await notices.sent(tx, [letter.id], frozen.now())
            found = await incidents.raise_signal(tx, SignalKind.UNREACHABLE, site, {}, frozen.now(), by=Actor("process", "dispatcher"))
            await incidents.close(tx, found, "a false alarm, seen to", by=office.olga, now=frozen.now())
    for limit, value in ((Limit.NOTICES, 7), (Limit.INCIDENTS, 90)):
        await _choose(database, short.org, short.olga, frozen, limit, value)

    async def left() -> list[tuple[int, int]]:
        counts = []
        for each in (short.org, usual.org):
            async with database.reading(each) as tx:
                sent = (await notices.given(tx)).sent
                counts.append((sent, len(await incidents.list_incidents(tx))))
        return counts

    janitor = Janitor(database, frozen, Kek("janitor", b"j" * 32), "log.test", 30)
    for days, expected in ((6, [(1, 1), (1, 1)]), (2, [(0, 1), (1, 1)]), (83, [(0, 0), (0, 1)]), (275, [(0, 0), (0, 0)])):
        frozen.advance(days=days)
        await janitor.clean()
        assert await left() == expected, days


async def test_an_open_incident_and_the_record_stay_however_old(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    office = await opened(database, frozen, org)
    async with office.database.transaction(org) as tx:
        found = await incidents.raise_signal(
            tx, SignalKind.UNREACHABLE, SiteId(new_id()), {}, frozen.now(), by=Actor("process", "dispatcher")
        )
    janitor = Janitor(database, frozen, Kek("janitor", b"j" * 32), "log.test", 30)
    await janitor.integrate()
    async with database.reading(EVERYONE) as tx:
        before = await tx.scalar(text("SELECT count(*) FROM audit_events"))
    frozen.advance(days=4000)
    await janitor.clean()
    async with database.reading(org) as tx:
        assert [one.id for one in await incidents.list_incidents(tx)] == [found]
    async with database.reading(EVERYONE) as tx:
        assert (await tx.scalar(text("SELECT count(*) FROM audit_events"))) >= (before or 0) > 0
        assert await tx.scalar(text("SELECT count(*) FROM audit_payloads")) == 1, "but that payloads went"


async def test_recommendations_that_nobody_took_up_go_and_adopted_ones_stay(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    office = await opened(database, frozen, org)
    untaken, _ = await office.submit(office.item(await office.site()), by=ANALYST, confidence=0.9)
    taken, _ = await office.submit(office.item(await office.site("second")), by=ANALYST, confidence=0.9)
    async with database.transaction(org) as tx:
        await proposals.adopt(tx, taken.id, Actor("person", office.olga), frozen.now())
    janitor = Janitor(database, frozen, Kek("janitor", b"j" * 32), "log.test", 30)
    frozen.advance(days=30)
    await janitor.clean()
    async with database.reading(org) as tx:
        assert {(await proposals.proposal(tx, each)).state for each in (untaken.id, taken.id)} == {ProposalState.EXPIRED}
    frozen.advance(days=366)
    await janitor.clean()
    async with database.reading(org) as tx:
        assert (await proposals.proposal(tx, taken.id)).state is ProposalState.EXPIRED
        with pytest.raises(ProposalUnknown):
            await proposals.proposal(tx, untaken.id)


def test_a_time_is_named_with_its_unit() -> None:
    for limit, of in BOUNDS.items():
        assert limit.value.endswith(of.unit)
        assert of.span(1) in {timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)}
