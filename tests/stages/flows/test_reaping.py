"""The janitor looks into the engine's books whether there are any or not, and lets the dead go."""

from datetime import timedelta
from pathlib import Path

import pytest

from presswarden.flows import store
from presswarden.flows.engine import FILE
from presswarden.flows.reaping import DEAD_AFTER, Reaper
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, new_id
from tests.fakes.clock import FrozenClock


async def _alive(database: Database, name: str, clock: FrozenClock) -> str:
    boot = new_id()
    async with database.transaction(EVERYONE) as tx:
        await store.begin(EVERYONE, tx, name, boot, clock.now())
    return boot


async def _beat(database: Database, name: str, boot: str, clock: FrozenClock) -> bool:
    async with database.transaction(EVERYONE) as tx:
        return await store.beat(EVERYONE, tx, name, boot, clock.now())


@pytest.mark.req("N8")
async def test_an_executor_that_is_seen_is_left_alone_and_one_that_is_not_is_reaped(database: Database, frozen: FrozenClock) -> None:
    dead, alive = await _alive(database, "dead", frozen), await _alive(database, "alive", frozen)
    frozen.at += DEAD_AFTER + timedelta(seconds=1)
    assert await _beat(database, "alive", alive, frozen)
    assert await Reaper(database, frozen, everyone=EVERYONE).reap() == 0
    assert await _beat(database, "alive", alive, frozen)
    assert not await _beat(database, "dead", dead, frozen), "who was reaped has to begin anew"


async def test_two_processes_under_one_name_see_each_other(database: Database, frozen: FrozenClock) -> None:
    first = await _alive(database, "one", frozen)
    second = await _alive(database, "one", frozen)
    assert not await _beat(database, "one", first, frozen)
    assert await _beat(database, "one", second, frozen)


async def test_there_is_nothing_to_forget_before_the_first_work(database: Database, frozen: FrozenClock, tmp_path: Path) -> None:
    reaper = Reaper(database, frozen, everyone=EVERYONE)
    assert await reaper.forget() == 0
    (tmp_path / FILE).touch()  # a first start that has not come far
    assert await reaper.forget() == 0
