"""Wake-ups over PostgreSQL and over named pipes: who listens is rung, who lost the line listens again."""

import asyncio
from pathlib import Path
from typing import assert_never
from uuid import uuid4

import asyncpg
import pytest

from presswarden.kernel.wake import PipeWake, PostgresWake, turns


@pytest.fixture(params=["pipes", pytest.param("postgres", marks=pytest.mark.postgres)])
def wake(request: pytest.FixtureRequest, tmp_path: Path) -> PipeWake | PostgresWake:
    if request.param == "pipes":
        return PipeWake(tmp_path / "wake")
    return PostgresWake(f"{request.getfixturevalue('postgres_cluster')}/postgres")


async def _close(wake: PipeWake | PostgresWake) -> None:
    match wake:
        case PostgresWake():
            await wake.close()
        case PipeWake():
            pass
        case _:
            assert_never(wake)


async def test_a_ring_reaches_its_own_channel_alone(wake: PipeWake | PostgresWake) -> None:
    await wake.ring("nobody-listens")
    async with wake.listen("dispatch") as dispatch, wake.listen("other") as other:
        await wake.ring("dispatch")
        assert await dispatch.wait(5)
        assert not await dispatch.wait(0.05)
        assert not await other.wait(0.05)
    await _close(wake)


@pytest.mark.postgres
@pytest.mark.req("N8")
async def test_a_listener_whose_connection_was_cut_is_rung_again(postgres_cluster: str) -> None:
    name = f"listener-{uuid4().hex}"  # others may listen in the same cluster
    wake = PostgresWake(f"{postgres_cluster}/postgres?application_name={name}")
    admin = await asyncpg.connect(f"{postgres_cluster}/postgres")
    async with wake.listen("dispatch") as bell:
        cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1"
        assert await admin.fetchval(cut, name) == 1
        for _ in range(100):  # until the connection has noticed
            if await bell.wait(0.05):
                break
        ringing = asyncio.create_task(wake.ring("dispatch"))
        assert await bell.wait(5)
        await ringing
    await wake.close()
    await admin.close()


async def test_a_turn_comes_at_once_then_when_rung_and_none_after_the_stop(tmp_path: Path) -> None:
    wake, stop, taken = PipeWake(tmp_path / "wake"), asyncio.Event(), asyncio.Queue[int]()
    async with wake.listen("release") as bell:

        async def work() -> None:
            number = 0
            async for _ in turns(stop, bell, 60):
                number += 1
                taken.put_nowait(number)

        working = asyncio.create_task(work())
        assert await asyncio.wait_for(taken.get(), 5) == 1
        await wake.ring("release")
        assert await asyncio.wait_for(taken.get(), 5) == 2
        stop.set()
        await asyncio.wait_for(working, 5)
    assert taken.empty()


async def test_a_turn_comes_without_a_ring_when_its_time_is_over(tmp_path: Path) -> None:
    stop, count = asyncio.Event(), 0
    async with PipeWake(tmp_path / "wake").listen("release") as bell:
        async for _ in turns(stop, bell, 0.01):
            count += 1
            if count == 3:
                stop.set()
    assert count == 3


async def test_a_listener_that_is_rung_while_it_is_cancelled_ends(tmp_path: Path) -> None:
    wake = PipeWake(tmp_path / "wake")

    async def forever() -> None:
        async with wake.listen("dispatch") as bell:
            while True:
                await bell.wait(60)

    running = asyncio.create_task(forever())
    await asyncio.sleep(0)
    await wake.ring("dispatch")
    for _ in range(3):  # heard, and the waiting task not yet told
        await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=5)
    assert done == {running}
    assert running.cancelled()
