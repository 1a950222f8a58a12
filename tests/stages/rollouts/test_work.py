"""Work is released once, taken up once, and ends when each of its changes has one result; the proposal ends with the last of it."""

from datetime import timedelta

import pytest

from presswarden.audit import service as audit
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import EVERYONE, ChangeId, OrgId, WorkId, new_id
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState
from presswarden.proposals.packages import service as packages
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import ChangeUnknown, Result, Work, WorkState
from tests.fakes.clock import FrozenClock
from tests.stages.rollouts.approved import PLUGIN, approved, filed, item

SOON = timedelta(0)


async def _released(tx: Tx, clock: FrozenClock, sites: int = 1) -> tuple[Work, ...]:
    found = await approved(tx, clock, *(item() for _ in range(sites)))
    return await rollouts.release(tx, found, delay=SOON, now=clock.now())


async def _start(database: Database, work: Work) -> bool:
    async with database.transaction(work.org) as tx:
        return await rollouts.started(tx, work.id)


async def _end(database: Database, work: Work, result: Result, clock: FrozenClock) -> None:
    async with database.transaction(work.org) as tx:
        for change in work.changes:
            await rollouts.begin(tx, await rollouts.change(tx, change), now=clock.now())
            await rollouts.end(tx, change, result, code="x.y", says="It is so.", seen={"version": "1.1"}, now=clock.now())
        await rollouts.end_work(tx, work.id, now=clock.now())


async def test_what_is_not_approved_is_never_released(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    with pytest.raises(RuntimeError, match="approved"):
        async with database.transaction(org) as tx:
            await rollouts.release(tx, await filed(tx, frozen), delay=SOON, now=frozen.now())


@pytest.mark.req("N8")
async def test_each_site_has_one_piece_of_work_however_often_it_is_released(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        found = await approved(tx, frozen, item(), item())
        first = await rollouts.release(tx, found, delay=SOON, now=frozen.now())
    async with database.transaction(org) as tx:
        again = await rollouts.release(tx, found, delay=SOON, now=frozen.now())
        (change,) = await rollouts.changes(tx, work=first[0].id)
    assert sorted(one.id for one in first) == sorted(one.id for one in again)
    assert {one.site for one in first} == set(found.sites)
    assert (change.was, change.version, change.result, change.index) == ("1.0", "1.1", None, 1)


async def test_work_waits_for_its_delay_and_is_taken_up_once(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        (work,) = await rollouts.release(tx, await approved(tx, frozen), delay=timedelta(minutes=15), now=frozen.now())

    async def due() -> list[WorkId]:
        async with database.reading(EVERYONE) as tx:
            return [one for _, one, _ in await rollouts.to_start(EVERYONE, tx, now=frozen.now())]

    frozen.advance(minutes=14)
    assert await due() == []
    frozen.advance(minutes=1)
    assert await due() == [work.id]
    assert await _start(database, work)
    assert not await _start(database, work)
    assert await due() == []
    async with database.reading(EVERYONE) as tx:
        assert [one for _, one, _ in await rollouts.running(EVERYONE, tx)] == [work.id]


async def test_a_proposal_ends_with_the_last_of_its_work(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        first, second = await _released(tx, frozen, 2)
    states = []
    for work in (first, second):
        await _start(database, work)
        await _end(database, work, Result.SUCCEEDED, frozen)
        async with database.reading(org) as tx:
            states.append((await proposals.proposal(tx, work.proposal)).state)
    assert states == [ProposalState.APPROVED, ProposalState.ENDED]


async def test_work_with_an_open_change_does_not_end(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        (work,) = await _released(tx, frozen)
    await _start(database, work)
    with pytest.raises(RuntimeError, match="result"):
        async with database.transaction(org) as tx:
            await rollouts.end_work(tx, work.id, now=frozen.now())


@pytest.mark.req("N8")
async def test_a_result_is_written_once(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        (work,) = await _released(tx, frozen)
    (change,) = work.changes
    async with database.transaction(org) as tx:
        assert await rollouts.end(tx, change, Result.ROLLED_BACK, code="a.b", says="Taken back.", now=frozen.now())
        assert not await rollouts.end(tx, change, Result.SUCCEEDED, now=frozen.now())
        await rollouts.note(tx, change, "late", says="too late", now=frozen.now())
        found = await rollouts.change(tx, change)
    assert (found.result, found.says) == (Result.ROLLED_BACK, "Taken back.")


async def test_a_change_is_open_from_its_beginning_to_its_result(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        (work,) = await _released(tx, frozen)
        assert await rollouts.open_change(tx, work.site) is None
        await rollouts.begin(tx, await rollouts.change(tx, work.changes[0]), now=frozen.now())
        opened = await rollouts.open_change(tx, work.site)
        assert opened is not None
        assert opened.id == work.changes[0]
        await rollouts.end(tx, work.changes[0], Result.SUCCEEDED, now=frozen.now())
        assert await rollouts.open_change(tx, work.site) is None


@pytest.mark.req("W19")
async def test_each_step_of_a_change_stands_in_the_record(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        (work,) = await _released(tx, frozen)
    await _start(database, work)
    async with database.transaction(org) as tx:
        await rollouts.note(tx, work.changes[0], "snapshot", now=frozen.now())
        await rollouts.note(tx, work.changes[0], "snapshot", now=frozen.now())
    await _end(database, work, Result.SUCCEEDED, frozen)
    async with database.reading(org) as tx:
        kinds = [one.kind for one in await audit.events(tx, limit=50)]
    told = [kind for kind in kinds if kind.startswith(("work.", "change."))]
    assert sorted(told) == ["change.began", "change.ended", "change.step", "work.ended", "work.filed"]


@pytest.mark.req("N6")
async def test_a_rollback_that_failed_is_an_incident_of_its_site(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        (work,) = await _released(tx, frozen)
    await _start(database, work)
    await _end(database, work, Result.ROLLBACK_FAILED, frozen)
    async with database.reading(org) as tx:
        assert [one.kind for one in await incidents.open_incidents(tx, work.site)] == [SignalKind.ROLLBACK_FAILED]


@pytest.mark.parametrize(("gone", "stopped"), [(1, False), (2, True)])
async def test_more_than_a_fifth_that_no_longer_applies_stops_the_rest(
    database: Database, org: OrgId, frozen: FrozenClock, gone: int, stopped: bool
) -> None:
    async with database.transaction(org) as tx:
        works = await _released(tx, frozen, 5)
    for work in works[:gone]:
        await _start(database, work)
        await _end(database, work, Result.NOT_APPLICABLE, frozen)
    async with database.reading(org) as tx:
        code, _ = await rollouts.why_not(tx, works[-1], now=frozen.now())
    assert code == ("rollout.not_applicable" if stopped else "")


async def test_what_did_not_begin_in_time_never_does(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        (work,) = await _released(tx, frozen)
        assert await rollouts.why_not(tx, work, now=work.not_after - timedelta(seconds=1)) == ("", "")
        assert (await rollouts.why_not(tx, work, now=work.not_after))[0] == "rollout.expired"


@pytest.mark.req("W6")
async def test_only_what_was_proved_counts_as_evidence(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        works = await _released(tx, frozen, 5)
    results = (Result.SUCCEEDED, Result.ROLLED_BACK, Result.ROLLBACK_FAILED, Result.UNVERIFIED, Result.STOPPED)
    for work, result in zip(works, results, strict=True):
        await _start(database, work)
        await _end(database, work, result, frozen)
    async with database.reading(org) as tx:
        found = await rollouts.outcomes(tx, item().component, like=works[0].site)
        assert await rollouts.outcomes(tx, "plugin:other/other.php") == ()
    assert sorted((one.was, one.version, one.passed, one.same_class) for one in found) == [
        ("1.0", "1.1", False, False),
        ("1.0", "1.1", False, False),
        ("1.0", "1.1", True, False),
    ]
    assert (await _state(database, works[0])) is WorkState.ENDED


@pytest.mark.req("W4")
async def test_another_organisation_knows_nothing_of_it(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        (work,) = await _released(tx, frozen)
    async with database.transaction(OrgId(new_id())) as tx:
        with pytest.raises(ChangeUnknown):
            await rollouts.work(tx, work.id)
        with pytest.raises(ChangeUnknown):
            await rollouts.change(tx, work.changes[0])
        with pytest.raises(ChangeUnknown):
            await rollouts.end(tx, ChangeId(work.changes[0]), Result.SUCCEEDED, now=frozen.now())
        assert await rollouts.changes(tx, proposal=work.proposal) == ()
        assert await rollouts.outcomes(tx, item().component) == ()


async def _state(database: Database, work: Work) -> WorkState:
    async with database.reading(work.org) as tx:
        return (await rollouts.work(tx, work.id)).state


@pytest.mark.req("N13")
async def test_the_zip_that_a_site_installed_is_known_by_its_hash(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        one, other = await _released(tx, frozen, sites=2)
        for work, package in ((one, "1" * 64), (other, "2" * 64)):
            assert not await packages.differs(tx, PLUGIN, "1.1")
            await rollouts.note(tx, work.changes[0], "check", seen={"package": package, "version": "1.1"}, now=frozen.now())
        assert {each.sha256 for each in await packages.known(tx, PLUGIN, "1.1")} == {"1" * 64, "2" * 64}
        assert await packages.differs(tx, PLUGIN, "1.1")


@pytest.mark.parametrize("package", ["", "1" * 63, "g" * 64, "1" * 64 + "\n", 7, None])
async def test_what_is_no_hash_of_a_zip_is_not_kept_as_one(database: Database, org: OrgId, frozen: FrozenClock, package: Json) -> None:
    async with database.transaction(org) as tx:
        (work,) = await _released(tx, frozen)
        await rollouts.note(tx, work.changes[0], "check", seen={"package": package}, now=frozen.now())
        assert await packages.known(tx, PLUGIN, "1.1") == ()
