"""Requests are bounded, belong to one organisation, are taken by one dispatcher, and go away after their time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presswarden.actions.model import ArgsInvalid, ToolUnknown
from presswarden.audit.model import Actor
from presswarden.kernel.db import Database
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import EVERYONE, CorrelationId, InstallationId, OrgId, RequestId, SiteId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import MailboxFull, Outcome, Request, RequestState, RequestUnknown, StandingOrder
from tests.fakes.clock import FrozenClock
from tests.fakes.site import ScriptedSite
from tests.stages.dispatch.conftest import Room, begin

DISPATCHER = Actor("process", "dispatcher")


@pytest.fixture
async def room(database: Database, frozen: FrozenClock, tmp_path: Path, org: OrgId) -> AsyncIterator[Room]:
    async with ScriptedSite(frozen.now) as site:
        made = await begin(database, frozen, tmp_path, site, org)
        await made.dispatcher.confirm_due()
        await made.dispatcher.serve_waiting()
        yield made


async def _due(room: Room) -> list[RequestId]:
    async with room.database.reading(EVERYONE) as tx:
        return [one.request for one in await mailbox.waiting(EVERYONE, tx, now=room.clock.now(), limit=100)]


@pytest.mark.req("P5")
async def test_a_request_with_a_wrong_tool_or_wrong_arguments_is_never_written_down(room: Room) -> None:
    with pytest.raises(ToolUnknown):
        await room.ask("wp.php.eval")
    with pytest.raises(ArgsInvalid):
        await room.ask("wp.site.health", {"path": "/etc"})
    with pytest.raises(ArgsInvalid):
        await room.ask("control.rotate", {"epoch": 2})
    assert await _due(room) == []


async def test_a_request_for_an_unknown_site_is_refused(room: Room) -> None:
    async with room.database.transaction(room.org) as tx:
        with pytest.raises(NotFound):
            await mailbox.ask(
                tx, SiteId(new_id()), "wp.site.health", {}, by=DISPATCHER, correlation=CorrelationId(new_id()), now=room.clock.now()
            )


async def test_a_flood_of_requests_for_one_site_is_bounded(room: Room) -> None:
    async with room.database.transaction(room.org) as tx:
        for _ in range(mailbox.MOST_OPEN):
            await mailbox.ask(
                tx, room.site_id, "wp.site.health", {}, by=DISPATCHER, correlation=CorrelationId(new_id()), now=room.clock.now()
            )
    with pytest.raises(MailboxFull):
        await room.ask("wp.site.health")


@pytest.mark.req("W4")
async def test_another_organisations_request_is_unknown(room: Room) -> None:
    request = await room.ask("wp.site.health")
    async with room.database.reading(OrgId(new_id())) as tx:
        with pytest.raises(RequestUnknown):
            await mailbox.outcome(tx, request)
        assert await mailbox.standing_order(tx, room.installation) is None


@pytest.mark.req("N8")
async def test_of_many_dispatchers_one_takes_a_request(room: Room) -> None:
    request = await room.ask("wp.site.health")

    async def claim() -> Request | None:
        async with room.database.transaction(room.org) as tx:
            return await mailbox.claim(tx, request, now=room.clock.now())

    assert sum(found is not None for found in await asyncio.gather(*(claim() for _ in range(6)))) == 1
    assert await _due(room) == []
    room.clock.advance(seconds=60)
    assert await _due(room) == [request], "a lease that ran out brings it up again"


async def test_a_settled_request_is_never_looked_at_again(room: Room) -> None:
    await room.do("wp.site.health")
    room.clock.advance(days=1)
    assert await _due(room) == []


async def test_a_settled_request_is_never_opened_again(room: Room) -> None:
    for word in ("behave", "lose the receipt", "refuse"):
        room.site.script = [word]
        request = await room.ask("wp.site.health")
        await room.dispatcher.serve_waiting()
        assert (await room.look(request)).is_settled
        async with room.database.transaction(room.org) as tx:
            await mailbox.postpone(tx, request, room.clock.now())
        assert await _due(room) == []


async def test_busy_installations_and_held_requests_are_left_out(room: Room) -> None:
    first, second = await room.ask("wp.site.health"), await room.ask("wp.site.health")
    async with room.database.reading(EVERYONE) as tx:
        now = room.clock.now()
        assert await mailbox.waiting(EVERYONE, tx, now=now, limit=9, busy=[room.installation]) == ()
        assert [one.request for one in await mailbox.waiting(EVERYONE, tx, now=now, limit=9, held=[first])] == [second]


async def test_an_outcome_must_be_an_end(room: Room) -> None:
    request = await room.look(await room.ask("wp.site.health"))
    async with room.database.transaction(room.org) as tx:
        with pytest.raises(RuntimeError):
            await mailbox.settle(tx, request, Outcome(RequestState.SENT), by=DISPATCHER, now=room.clock.now())


async def test_whoever_waits_gets_the_request_as_it_stands_when_time_is_up(room: Room) -> None:
    request = await room.ask("wp.site.health")
    async with room.wake.listen(mailbox.answer_channel(request)) as bell:
        found = await mailbox.until_settled(lambda: room.look(request), bell, seconds=0.05, tries=2)
    assert found.state is RequestState.WAITING


@pytest.mark.req("W13")
async def test_settled_requests_are_let_go_after_a_week_and_open_ones_stay(room: Room) -> None:
    settled = await room.ask("wp.site.health")
    await room.dispatcher.serve_waiting()
    room.clock.advance(days=8)
    open_one = await room.ask("wp.site.health")
    async with room.database.transaction(room.org) as tx:
        await mailbox.expire(tx, now=room.clock.now())
    with pytest.raises(RequestUnknown):
        await room.look(settled)
    assert (await room.look(open_one)).state is RequestState.WAITING


def _order(room: Room, seq: int, *, paused: bool = False) -> StandingOrder:
    now = room.clock.now()
    return StandingOrder(room.installation, f"order {seq}", "c2ln", seq, 1, paused, False, now, now)


async def test_a_standing_order_is_replaced_by_a_newer_one_only(room: Room) -> None:
    async with room.database.transaction(room.org) as tx:
        assert await mailbox.put_standing_order(tx, _order(room, 5))
        assert not await mailbox.put_standing_order(tx, _order(room, 5, paused=True))
        assert not await mailbox.put_standing_order(tx, _order(room, 4))
        assert await mailbox.put_standing_order(tx, _order(room, 6))
        found = await mailbox.standing_order(tx, room.installation)
        assert found is not None
        assert found.text == "order 6"
        assert await mailbox.standing_order(tx, InstallationId(new_id())) is None
