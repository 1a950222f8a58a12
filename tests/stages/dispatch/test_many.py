"""Many requests at once, a dispatcher that runs, and sites that fall silent."""

import asyncio
from pathlib import Path

import pytest

from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import RequestState
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry
from tests.fakes.clock import FrozenClock
from tests.fakes.site import ScriptedSite
from tests.stages.dispatch.conftest import Room, begin
from tests.stages.telemetry.reports import INVENTORY, heartbeat


async def _settled(room: Room, requests: list) -> bool:
    return all([(await room.look(request)).is_settled for request in requests])


@pytest.mark.req("N7", "W4")
async def test_one_slow_site_never_stalls_another_and_gets_four_calls_at_once(
    room: Room, database: Database, frozen: FrozenClock, tmp_path: Path
) -> None:
    async with ScriptedSite(frozen.now) as quick_site:
        quick = await begin(database, frozen, tmp_path / "quick", quick_site, OrgId(new_id()))
        await quick.dispatcher.confirm_due()
        await quick.dispatcher.serve_waiting()
        room.site.script = ["wait"] * 8
        slow = [await room.ask("wp.site.health") for _ in range(8)]
        frozen.advance(seconds=1)
        asked = [await quick.ask("wp.site.health") for _ in range(3)]
        serving = asyncio.create_task(room.dispatcher.serve_waiting())
        for _ in range(400):
            if await _settled(quick, asked):
                break
            await asyncio.sleep(0.01)
        assert await _settled(quick, asked)
        assert not any([(await room.look(request)).is_settled for request in slow])
        room.site.release.set()
        await serving
        assert await _settled(room, slow)
        assert room.site.most_at_once == 4


async def test_a_running_dispatcher_answers_when_it_is_rung(room: Room) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(room.dispatcher.run(stop))
    request = await room.ask("wp.site.health")

    async def look() -> mailbox.Request:
        return await room.look(request)

    async with room.wake.listen(mailbox.answer_channel(request)) as bell:
        await room.wake.ring(mailbox.DISPATCH)
        found = await mailbox.until_settled(look, bell, seconds=10)
    assert found.state is RequestState.DONE
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_a_dispatcher_that_is_stopped_finishes_what_is_under_way(room: Room) -> None:
    room.site.script = ["wait"]
    stop = asyncio.Event()
    request = await room.ask("wp.site.health")
    running = asyncio.create_task(room.dispatcher.run(stop))
    await asyncio.wait_for(room.site.arrived.wait(), 10)
    stop.set()
    room.site.release.set()
    await asyncio.wait_for(running, 10)
    assert (await room.outcome(request)).state is RequestState.DONE


async def _hear(room: Room, seq: int) -> None:
    async with room.database.transaction(room.org) as tx:
        installation = await sites.installation(tx, room.installation)
        await telemetry.take_heartbeat(tx, installation, heartbeat(seq, room.clock.now(), INVENTORY), room.clock.now())


@pytest.mark.req("S1")
async def test_a_site_whose_health_nobody_read_for_six_hours_is_asked(room: Room) -> None:
    assert await room.dispatcher.read_health() == 0, "nothing was heard of it yet"
    await _hear(room, 1)
    assert await room.dispatcher.read_health() == 1
    await room.dispatcher.serve_waiting()
    assert room.site.ran == ["wp.site.health"]
    room.clock.advance(hours=5)
    await _hear(room, 2)
    assert await room.dispatcher.read_health() == 0
    room.clock.advance(hours=2)
    await _hear(room, 3)
    assert await room.dispatcher.read_health() == 1


@pytest.mark.req("S1", "W17")
async def test_a_late_site_is_asked_for_its_health_once_in_ten_minutes(room: Room) -> None:
    room.clock.advance(minutes=14)
    assert await room.dispatcher.probe_late() == 0
    room.clock.advance(minutes=1)
    assert await room.dispatcher.probe_late() == 1
    await room.dispatcher.serve_waiting()
    assert room.site.ran == ["wp.site.health"]
    room.clock.advance(minutes=9)
    assert await room.dispatcher.probe_late() == 0


async def _is_unreachable(room: Room) -> bool:
    async with room.database.reading(room.org) as tx:
        found = await incidents.open_incidents(tx, room.site_id)
    return any(one.kind is SignalKind.UNREACHABLE and one.state != "recovered" for one in found)


@pytest.mark.req("W17")
async def test_a_site_is_unreachable_after_three_failures_over_thirty_minutes_and_no_heartbeat(room: Room) -> None:
    await room.site.go_away()
    room.clock.advance(minutes=15)
    told = []
    for _ in range(5):
        await room.dispatcher.probe_late()
        await room.dispatcher.serve_waiting()
        told.append(await _is_unreachable(room))
        room.clock.advance(minutes=10)
    assert told == [False, False, False, True, True]
    room.clock.advance(minutes=60)
    assert await room.dispatcher.probe_late() == 0, "known to be unreachable: asked every six hours, not every ten minutes"
    room.clock.advance(hours=6)
    assert await room.dispatcher.probe_late() == 1


@pytest.mark.req("W17")
async def test_three_failures_in_a_row_within_minutes_are_no_incident(room: Room) -> None:
    await room.site.go_away()
    for _ in range(3):
        await room.do("wp.site.health")
        room.clock.advance(minutes=1)
    assert not await _is_unreachable(room)
