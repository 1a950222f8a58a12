"""What steps answered is kept with what follows from it: given again to a later run, in order, once, and not to a run that lost its site."""

from datetime import timedelta

import pytest

from presswarden.dispatch import locks
from presswarden.dispatch.model import Lock, LockLost
from presswarden.flows import journal, store
from presswarden.flows.journal import Journal
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import CorrelationId, InstallationId, OrgId, ProposalId, SiteId, WorkId, new_id
from presswarden.rollouts.model import Work, WorkState
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("N8")


@pytest.fixture
def work(org: OrgId, frozen: FrozenClock) -> Work:
    now = frozen.now()
    return Work(
        org, WorkId(new_id()), ProposalId(new_id()), SiteId(new_id()), InstallationId(new_id()), (), WorkState.RUNNING,
        CorrelationId(new_id()), now, now, now + timedelta(hours=1),
    )  # fmt: skip


async def opened(database: Database, work: Work, frozen: FrozenClock) -> Journal:
    """As another run of the work begins."""
    async with database.transaction(work.org) as tx:
        lock = await locks.take(tx, work.installation, work.id, new_id(), now=frozen.now())
        return Journal(database, work, lock, await store.answers(tx.org, tx, work.id))


async def test_an_answer_is_kept_by_the_next_transaction_and_given_to_the_next_run(
    database: Database, work: Work, frozen: FrozenClock
) -> None:
    journal = await opened(database, work, frozen)
    answer: Json = {"pages": [1, None, "é"]}
    journal.keep("look", answer)
    assert "look" not in await opened(database, work, frozen), "nothing was built on it yet"
    journal = await opened(database, work, frozen)
    journal.keep("look", answer)
    journal.keep("stopped", "")
    async with journal.transaction():
        pass
    again = await opened(database, work, frozen)
    assert ("look" in again, again["look"], again["stopped"]) == (True, answer, "")


async def test_what_is_due_is_written_in_its_order_and_before_anything_else(database: Database, work: Work, frozen: FrozenClock) -> None:
    journal, told = await opened(database, work, frozen), list[str]()

    async def note(tx: Tx) -> None:
        told.append(f"note after {sorted(await store.answers(tx.org, tx, work.id))}")

    journal.keep("look", None)
    journal.keep("note", None, after=note)
    async with journal.transaction() as tx:
        told.append(f"then {sorted(await store.answers(tx.org, tx, work.id))}")
    async with journal.transaction():
        told.append("nothing is due twice")
    assert told == ["note after ['look']", "then ['look', 'note']", "nothing is due twice"]


async def test_what_was_due_in_a_transaction_that_failed_is_due_in_the_next(database: Database, work: Work, frozen: FrozenClock) -> None:
    journal = await opened(database, work, frozen)
    journal.keep("look", 1)
    with pytest.raises(ZeroDivisionError):
        async with journal.transaction():
            raise ZeroDivisionError
    async with journal.transaction() as tx:
        assert await store.answers(tx.org, tx, work.id) == {"look": 1}


async def test_an_answer_whose_commit_nobody_heard_of_is_kept_once(database: Database, work: Work, frozen: FrozenClock) -> None:
    journal = await opened(database, work, frozen)
    async with database.transaction(work.org) as tx:
        await store.keep(work.org, tx, work.id, [(0, "look", 1)])
    journal.keep("look", 1)
    async with journal.transaction() as tx:
        assert await store.answers(tx.org, tx, work.id) == {"look": 1}


async def test_a_run_that_lost_its_site_keeps_nothing_more(database: Database, work: Work, frozen: FrozenClock) -> None:
    slow = await opened(database, work, frozen)
    slow.keep("look", 1)
    assert isinstance(await _taken_over(database, work, frozen), Lock)
    with pytest.raises(LockLost):
        async with slow.transaction():
            raise AssertionError("it does not come to this")
    assert "look" not in await opened(database, work, frozen)


async def test_what_work_answered_that_was_given_up_goes_and_other_organisations_keep_theirs(database: Database, work: Work) -> None:
    other = OrgId(new_id())
    for org in (work.org, other):
        async with database.transaction(org) as tx:
            await store.keep(org, tx, work.id, [(0, "look", 1)])
    async with database.transaction(work.org) as tx:
        await journal.forget_all(tx)
        assert await store.answers(work.org, tx, work.id) == {}
    async with database.reading(other) as tx:
        assert await store.answers(other, tx, work.id) == {"look": 1}


async def _taken_over(database: Database, work: Work, frozen: FrozenClock) -> Lock:
    async with database.transaction(work.org) as tx:
        return await locks.take(tx, work.installation, work.id, new_id(), now=frozen.now())
