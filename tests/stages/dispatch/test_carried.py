"""Who waits for a call asks for it, has it prepared and sends it in one breath: by the same rules, in the same books, and once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import EVERYONE, CorrelationId, InstallationId, RequestId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import LEASE, Asked, Outcome, Request, RequestState
from presswarden.sites import service as sites
from tests.stages.dispatch.conftest import Room

pytestmark = pytest.mark.req("N8")


def asked(room: Room, *, installation: InstallationId | None = None) -> Asked:
    by, correlation = Actor("process", "flows"), CorrelationId(new_id())
    return Asked(room.site_id, "wp.site.health", {}, by, correlation, installation or room.installation, None, RequestId(new_id()))


async def carry(room: Room, one: Asked) -> tuple[Request, Outcome | None]:
    begin: Callable[[], AbstractAsyncContextManager[Tx]] = lambda: room.database.transaction(room.org)  # noqa: E731 - as a run hands it over
    return await room.dispatcher.sending.carry(begin, one, org=room.org)


async def test_a_call_is_answered_settled_and_in_the_record_as_any_other(room: Room) -> None:
    one = asked(room)
    request, outcome = await carry(room, one)
    assert outcome is not None
    assert (outcome.state, room.site.ran) == (RequestState.DONE, ["wp.site.health"])
    assert (await room.outcome(request.id)).result == outcome.result
    async with room.database.reading(room.org) as tx:
        kinds = [event.kind for event in await audit.events(tx) if event.correlation == one.correlation]
    assert sorted(kinds) == ["call.asked", "call.settled"]
    assert await room.dispatcher.serve_waiting() == 0


async def test_what_the_gate_refuses_is_not_sent(room: Room) -> None:
    async with room.database.transaction(room.org) as tx:
        await sites.revoke(tx, room.site_id, by=Actor("person", room.person), reason="It is gone.", now=room.clock.now())
    _, outcome = await carry(room, asked(room))
    assert outcome is not None
    assert (outcome.state, outcome.code.partition(".")[0], room.site.requests) == (RequestState.REFUSED, "gate", [])


async def test_the_same_request_is_sent_once(room: Room) -> None:
    one = asked(room)
    _, first = await carry(room, one)
    _, second = await carry(room, one)
    assert first is not None
    assert second is not None
    assert (second.state, second.result, room.site.ran) == (first.state, first.result, ["wp.site.health"])


async def test_what_cant_be_prepared_is_asked_for_alone_and_left_to_the_loop(room: Room) -> None:
    one = asked(room, installation=InstallationId(new_id()))
    request, outcome = await carry(room, one)
    assert (request.id, outcome, room.site.requests) == (one.id, None, [])
    async with room.database.reading(EVERYONE) as tx:
        (due,) = await mailbox.waiting(EVERYONE, tx, now=room.clock.now(), limit=10)
    assert due.request == one.id


async def test_nobody_else_looks_at_it_before_its_lease_is_over(room: Room) -> None:
    one = asked(room)
    async with room.database.transaction(room.org) as tx:
        _, is_new = await mailbox.ask_and_take(tx, one, holder="dead", now=room.clock.now())
    assert is_new
    for later, taken in ((timedelta(), 0), (LEASE, 1)):
        async with room.database.reading(EVERYONE) as tx:
            assert len(await mailbox.waiting(EVERYONE, tx, now=room.clock.now() + later, limit=10)) == taken
    room.clock.advance(seconds=LEASE.total_seconds())
    await room.dispatcher.serve_waiting()
    assert (await room.outcome(RequestId(str(one.id)))).state is RequestState.DONE


async def test_what_was_sent_is_concluded_though_nobody_waits_any_more(room: Room) -> None:
    room.site.script = ["wait"]
    one = asked(room)
    waiting = asyncio.create_task(carry(room, one))
    await asyncio.wait_for(room.site.arrived.wait(), 10)
    assert room.dispatcher.sending.busy()[room.installation] == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    room.site.release.set()
    await asyncio.wait_for(room.dispatcher.sending.rest(), 10)
    assert (await room.outcome(RequestId(str(one.id)))).state is RequestState.DONE
    assert room.dispatcher.sending.busy()[room.installation] == 0
