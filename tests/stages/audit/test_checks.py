"""A verification that a person asks for: one at a time, taken up by one, its finding kept; and entries looked up by what they are about."""

from datetime import timedelta

import pytest

from presswarden.audit import service as audit
from presswarden.audit.checks import service as checks
from presswarden.audit.checks.model import Check, CheckState
from presswarden.audit.model import Actor, Search
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.processes.checking import Checker
from tests.fakes.clock import FrozenClock
from tests.stages.audit.conftest import Fill, Integrate

pytestmark = pytest.mark.req("N9", "W19")
MIRA = Actor("person", new_id())


async def asked(database: Database, org: OrgId, clock: FrozenClock) -> Check:
    async with database.transaction(org) as tx:
        return await checks.ask(tx, by=MIRA, now=clock.now())


async def newest(database: Database, org: OrgId) -> Check:
    async with database.reading(org) as tx:
        return (await checks.newest(tx))[0]


async def test_a_record_that_is_whole_is_found_right_up_to_its_last_checkpoint(
    database: Database, org: OrgId, frozen: FrozenClock, fill: Fill, integrate: Integrate
) -> None:
    await fill(300)
    await integrate()
    await asked(database, org, frozen)
    assert await Checker(database, frozen, everyone=EVERYONE).run((org,)) == 1
    found = await newest(database, org)
    assert (found.state, found.size, found.good, found.first_bad) == (CheckState.RIGHT, 300, 300, None)
    async with database.reading(org) as tx:
        (told,) = await audit.events(tx, kind="audit.checked")
    assert told.payload is not None
    assert told.payload["size"] == 300


async def test_a_broken_entry_is_named_with_the_last_checkpoint_before_it(
    database: Database, org: OrgId, frozen: FrozenClock, fill: Fill, integrate: Integrate
) -> None:
    if not database.is_sqlite:
        pytest.skip("the triggers are dropped as SQLite's owner can drop them")
    await fill(20)
    await integrate()
    (event, *_) = await fill(5)
    await integrate()
    async with database.transaction(org) as tx:
        connection = await tx.connection()
        for (name,) in (
            await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name <> 'audit_entries'")
        ).all():
            await connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        await connection.exec_driver_sql("UPDATE audit_events SET kind = 'site.forged' WHERE id = ?", (event,))
        (place,) = await connection.exec_driver_sql("SELECT position FROM audit_leaves WHERE event = ?", (event,))
    await asked(database, org, frozen)
    await Checker(database, frozen, everyone=EVERYONE).run((org,))
    found = await newest(database, org)
    assert (found.state, found.good, found.first_bad) == (CheckState.WRONG, 20, place[0])
    assert "in other words" in found.says


async def test_a_record_that_nobody_signed_yet_can_not_be_verified_and_says_so(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    await asked(database, org, frozen)
    await Checker(database, frozen, everyone=EVERYONE).run((org,))
    found = await newest(database, org)
    assert found.state is CheckState.FAILED
    assert "signed" in found.says


async def test_whoever_asks_while_one_is_open_gets_that_one(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    first = await asked(database, org, frozen)
    assert (await asked(database, org, frozen)).id == first.id


async def test_one_is_taken_by_one_and_again_only_when_its_runner_fell_silent(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    wanted = await asked(database, org, frozen)
    async with database.transaction(org) as tx:
        assert await checks.take(tx, now=frozen.now()) == wanted.id
    async with database.transaction(org) as tx:
        assert await checks.take(tx, now=frozen.now() + timedelta(seconds=59)) is None
    async with database.transaction(org) as tx:
        assert await checks.take(tx, now=frozen.now() + timedelta(seconds=61)) == wanted.id


async def test_another_organisations_verification_is_not_taken(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    await asked(database, org, frozen)
    async with database.transaction(OrgId(new_id())) as tx:
        assert await checks.take(tx, now=frozen.now()) is None
        assert await checks.newest(tx) == ()


async def test_entries_are_found_by_actor_family_subject_correlation_and_time(
    database: Database, org: OrgId, frozen: FrozenClock, fill: Fill
) -> None:
    made = await fill(3)
    await asked(database, org, frozen)
    async with database.reading(org) as tx:
        whole = await audit.events(tx)
        asked_for = {
            "subject": (Search(subject="site:1"), {made[1]}),
            "correlation": (Search(correlation="run-2"), {made[2]}),
            "family": (Search(kind="site."), set(made)),
            "kind": (Search(kind="site.paired"), set(made)),
            "actor": (Search(actor=MIRA.id), {one.id for one in whole} - set(made)),
            "kind of actor": (Search(actor_kind="process"), set(made)),
            "since": (Search(since=frozen.now() + timedelta(seconds=1)), set()),
            "until": (Search(until=frozen.now() + timedelta(seconds=1)), {one.id for one in whole}),
            "a prefix is no family": (Search(kind="sit"), set()),
        }
        found = {name: {one.id for one in await audit.events(tx, search=search)} for name, (search, _) in asked_for.items()}
        assert await audit.newest_about(tx, "site.paired", ["site:0", "site:9"]) == {"site:0": made[0]}
    assert found == {name: wanted for name, (_, wanted) in asked_for.items()}
