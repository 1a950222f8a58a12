"""A site that can't be reached but sends heartbeats takes calls along, and posts its answers."""

import asyncio
import json

import pytest

from presswarden.gate import service as gate
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import CallId, CorrelationId, RequestId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import RequestState, WaitingCall
from presswarden.telemetry import service as telemetry
from tests.stages.dispatch.conftest import Room
from tests.stages.telemetry.reports import INVENTORY, heartbeat


async def _hear(room: Room) -> None:
    async with room.database.transaction(room.org) as tx:
        installation = await room.find()
        await telemetry.take_heartbeat(
            tx, installation, heartbeat(1, room.clock.now(), INVENTORY, home=installation.home), room.clock.now()
        )


async def _waiting(room: Room) -> tuple[WaitingCall, ...]:
    async with room.database.reading(room.org) as tx:
        return await mailbox.waiting_calls(tx, room.installation, now=room.clock.now())


async def _asked(room: Room) -> RequestId:
    """A read that waits for the next heartbeat."""
    await _hear(room)
    await room.site.go_away()
    request = await room.ask("wp.site.health")
    await room.dispatcher.serve_waiting()
    assert (await room.look(request)).state is RequestState.SENT
    return request


async def _post(room: Room, call: str, status: int, body: str, signature: str) -> bool:
    async with room.database.transaction(room.org) as tx:
        return await mailbox.take_receipt(
            tx, room.installation, CallId(call), status=status, body=body, signature=signature, now=room.clock.now()
        )


async def test_a_call_that_waited_is_taken_along_and_its_posted_receipt_verified(room: Room) -> None:
    request = await _asked(room)
    (call,) = await _waiting(room)
    status, body, signature = room.site.take_along(dict(call.headers), call.body)
    assert await _post(room, call.headers["X-WP-Agent-ToolCallId"], status, body, signature)
    assert await _waiting(room) == ()
    await room.dispatcher.serve_waiting()
    outcome = await room.outcome(request)
    assert (outcome.state, outcome.result["paused"]) == (RequestState.DONE, "")
    assert room.site.ran == ["wp.site.health"]


@pytest.mark.req("N2")
async def test_a_posted_answer_whose_receipt_does_not_verify_is_not_believed(room: Room) -> None:
    request = await _asked(room)
    (call,) = await _waiting(room)
    status, body, signature = room.site.take_along(dict(call.headers), call.body)
    changed = body.replace('"paused":""', '"paused":"local"')
    assert changed != body
    assert await _post(room, call.headers["X-WP-Agent-ToolCallId"], status, changed, signature)
    await room.dispatcher.serve_waiting()
    assert (await room.outcome(request)).state is RequestState.UNKNOWN
    async with room.database.reading(room.org) as tx:
        assert SignalKind.RECEIPT_INVALID in {one.kind for one in await incidents.open_incidents(tx, room.site_id)}


async def test_a_receipt_for_a_call_that_does_not_wait_is_turned_away(room: Room) -> None:
    await _asked(room)
    (call,) = await _waiting(room)
    wanted = call.headers["X-WP-Agent-ToolCallId"]
    status, body, signature = room.site.take_along(dict(call.headers), call.body)
    assert not await _post(room, "00000000-0000-4000-8000-000000000000", status, body, signature)
    assert await _post(room, wanted, status, body, signature)
    assert not await _post(room, wanted, status, body, signature), "a second answer to one call"


async def test_waiting_calls_are_signed_afresh_every_two_minutes_with_the_same_body(room: Room) -> None:
    await _asked(room)
    (first,) = await _waiting(room)
    room.clock.advance(seconds=119)
    assert await room.dispatcher.resign_waiting() == 0
    room.clock.advance(seconds=1)
    assert await room.dispatcher.resign_waiting() == 1
    (second,) = await _waiting(room)
    assert second.body == first.body
    assert second.headers["X-WP-Agent-ToolCallId"] == first.headers["X-WP-Agent-ToolCallId"]
    assert int(second.headers["X-WP-Agent-Timestamp"]) == int(first.headers["X-WP-Agent-Timestamp"]) + 120
    assert room.site.take_along(dict(second.headers), second.body)[0] == 200


async def test_what_the_last_try_came_to_is_told_while_the_call_waits_and_is_no_outcome(room: Room) -> None:
    request = await _asked(room)
    for _ in range(2):
        waiting = await room.look(request)
        assert waiting.outcome is None
        assert waiting.so_far is not None
        assert waiting.so_far.code == "site.unreachable"
        assert waiting.so_far.do
        room.clock.advance(seconds=120)
        await room.dispatcher.resign_waiting()
    (call,) = await _waiting(room)
    status, body, signature = room.site.take_along(dict(call.headers), call.body)
    assert await _post(room, call.headers["X-WP-Agent-ToolCallId"], status, body, signature)
    await room.dispatcher.serve_waiting()
    settled = await room.look(request)
    assert (settled.so_far, settled.state) == (None, RequestState.DONE)
    assert settled.outcome is not None


async def test_a_stale_signature_is_never_handed_out(room: Room) -> None:
    await _asked(room)
    room.clock.advance(seconds=170)
    assert await _waiting(room) == ()


async def test_a_call_that_nobody_took_along_ends_unknown_at_its_deadline(room: Room) -> None:
    request = await _asked(room)
    room.clock.advance(minutes=10)
    await room.dispatcher.serve_waiting()
    assert (await room.outcome(request)).state is RequestState.UNKNOWN
    assert await _waiting(room) == ()


async def test_a_call_taken_along_twice_runs_once(room: Room) -> None:
    request = await _asked(room)
    (call,) = await _waiting(room)
    room.site.take_along(dict(call.headers), call.body)
    status, body, signature = room.site.take_along(dict(call.headers), call.body)
    assert (status, json.loads(body)["code"]) == (409, "call.duplicate")
    await _post(room, call.headers["X-WP-Agent-ToolCallId"], status, body, signature)
    await room.dispatcher.serve_waiting()
    assert (await room.outcome(request)).state is RequestState.DONE
    assert room.site.ran == ["wp.site.health"]


async def test_a_stop_of_the_organisation_ends_a_waiting_call(room: Room) -> None:
    await _hear(room)
    await room.site.go_away()
    request = await room.ask("wp.site.inventory")
    await room.dispatcher.serve_waiting()
    async with room.database.transaction(room.org) as tx:
        await gate.stop(tx, room.person, "something is wrong", correlation=CorrelationId(new_id()), now=room.clock.now())
    room.clock.advance(seconds=120)
    await room.dispatcher.resign_waiting()
    assert (await room.outcome(request)).code == "gate.stopped"
    assert await _waiting(room) == ()


@pytest.mark.req("N8")
async def test_an_answer_that_is_posted_while_its_call_is_signed_afresh_is_not_lost(room: Room) -> None:
    request = await _asked(room)
    (call,) = await _waiting(room)
    status, body, signature = room.site.take_along(dict(call.headers), call.body)
    room.clock.advance(seconds=121)
    async with room.database.transaction(room.org) as tx:
        taken = CallId(call.headers["X-WP-Agent-ToolCallId"])
        assert await mailbox.take_receipt(tx, room.installation, taken, status=status, body=body, signature=signature, now=room.clock.now())
        signing = asyncio.create_task(room.dispatcher.resign_waiting())
        await asyncio.wait({signing}, timeout=0.5)
    await signing
    assert await _waiting(room) == ()
    await room.dispatcher.serve_waiting()
    assert (await room.outcome(request)).state is RequestState.DONE
