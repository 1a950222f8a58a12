"""A read goes through mailbox, gate, envelope, signature, site and receipt, and back; what goes wrong on the way is named."""

import asyncio
import hashlib

import pytest

from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.dispatch.model import SignedCall, WireAnswer, WireFault
from presswarden.dispatch.service import Dispatcher
from presswarden.gate.permit import Permit
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Kek
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Carried, RequestState
from presswarden.outside.wire import HttpWire
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry
from tests.stages.dispatch.conftest import LOOPBACK, Room


class DyingWire:
    """Sends, or not, and then fails as a process does that is killed: nobody concludes."""

    def __init__(self, *, sends: bool) -> None:
        self._sends = sends

    async def post(self, call: SignedCall, permit: Permit) -> WireAnswer | WireFault:
        if self._sends:
            await HttpWire(LOOPBACK).post(call, permit)
        raise KilledHere


class KilledHere(Exception):
    pass


def _another(room: Room, wire: DyingWire | HttpWire) -> Dispatcher:
    return Dispatcher(room.database, room.clock, Kek("dispatcher", b"d" * 32), wire, room.wake, LOOPBACK, everyone=EVERYONE)


async def _signals(room: Room) -> set[SignalKind]:
    async with room.database.reading(room.org) as tx:
        return {incident.kind for incident in await incidents.open_incidents(tx, room.site_id)}


async def _was_read(room: Room) -> bool:
    async with room.database.reading(room.org) as tx:
        known = await telemetry.standing(tx, room.site_id)
    return known is not None and known.read_at is not None


@pytest.mark.req("W1", "N2", "S2")
async def test_a_read_is_answered_with_a_verified_receipt(room: Room) -> None:
    outcome = await room.do("wp.site.health")
    assert outcome.state is RequestState.DONE
    assert outcome.result["paused"] == ""
    assert outcome.carried_by is Carried.CALL
    assert room.site.ran == ["wp.site.health"]
    assert await _was_read(room)


@pytest.mark.req("W19", "S3")
async def test_the_audit_tells_who_asked_and_what_came_of_it(room: Room) -> None:
    request = await room.look(await room.ask("wp.site.health"))
    await room.dispatcher.serve_waiting()
    async with room.database.reading(room.org) as tx:
        told = [event for event in await audit.events(tx, after=None, limit=100, kind=None) if event.correlation == request.correlation]
    assert sorted(event.kind for event in told) == ["call.asked", "call.settled"]


@pytest.mark.req("N2", "W19")
async def test_the_audit_holds_what_the_verified_receipt_says(room: Room) -> None:
    request = await room.look(await room.ask("wp.site.health"))
    await room.dispatcher.serve_waiting()
    async with room.database.reading(room.org) as tx:
        (settled,) = [event for event in await audit.events(tx, kind="call.settled") if event.correlation == request.correlation]
        (envelope,) = await mailbox.envelopes(tx, request.id)
    assert settled.payload is not None
    name, installation, call, status, asked, answered = str(settled.payload["receipt"]).split("\n")
    assert (name, installation, call, status) == ("presswarden-receipt-1", request.installation, envelope.call, "200")
    assert asked == hashlib.sha256(envelope.body).hexdigest()
    assert len(answered) == 64


async def test_a_signed_refusal_of_the_site_is_an_outcome(room: Room) -> None:
    room.site.script = ["refuse"]
    outcome = await room.do("wp.site.inventory")
    assert (outcome.state, outcome.code) == (RequestState.REFUSED, "call.capability")
    assert room.site.ran == []


@pytest.mark.req("N2")
@pytest.mark.parametrize("word", ["forge the receipt", "lose the receipt", "change the answer"])
async def test_an_answer_without_a_valid_receipt_is_not_believed(room: Room, word: str) -> None:
    room.site.script = [word]
    outcome = await room.do("wp.site.health")
    assert (outcome.state, outcome.code) == (RequestState.UNKNOWN, "call.receipt")
    assert dict(outcome.result) == {}
    assert await _signals(room) == {SignalKind.RECEIPT_INVALID}
    assert not await _was_read(room)


@pytest.mark.req("P3")
async def test_a_window_refusal_says_how_far_the_sites_clock_is_off(room: Room) -> None:
    room.site.clock_off = -240
    outcome = await room.do("wp.site.health")
    assert (outcome.state, outcome.code) == (RequestState.FAILED, "call.window")
    assert "4 min behind" in outcome.says
    assert await _signals(room) == {SignalKind.CLOCK_SKEW}
    assert room.site.ran == []


@pytest.mark.req("N8", "P3")
@pytest.mark.parametrize("sends", [True, False])
async def test_a_dispatcher_killed_around_the_sending_is_followed_by_one_that_sends_the_same_body(room: Room, sends: bool) -> None:
    request = await room.ask("wp.site.health")
    await _another(room, DyingWire(sends=sends)).serve_waiting()
    assert (await room.look(request)).state is RequestState.SENT
    assert await room.dispatcher.serve_waiting() == 0, "the lease of the dead one still holds"
    room.clock.advance(seconds=61)
    await room.dispatcher.serve_waiting()
    assert (await room.outcome(request)).state is RequestState.DONE
    assert room.site.ran == ["wp.site.health"]
    assert len(set(room.site.bodies)) == 1
    assert len(room.site.bodies) == (2 if sends else 1)


@pytest.mark.req("N8", "P3")
async def test_a_lost_answer_is_fetched_by_sending_the_same_body_again(room: Room) -> None:
    room.site.script = ["die after running"]
    outcome = await room.until_settled(await room.ask("wp.site.health"))
    assert outcome.state is RequestState.DONE
    assert room.site.ran == ["wp.site.health"]
    assert len(room.site.bodies) == 2
    assert len(set(room.site.bodies)) == 1


@pytest.mark.req("N8")
async def test_a_read_that_was_claimed_and_never_answered_is_settled_by_a_second_read(room: Room) -> None:
    room.site.script = ["die in the middle"]
    outcome = await room.until_settled(await room.ask("wp.site.health"))
    assert outcome.state is RequestState.DONE
    assert room.site.ran == ["wp.site.health"]
    assert len(set(room.site.bodies)) == 2
    assert len(room.site.calls) == 3, "the pairing's call, the lost one, the second one"


@pytest.mark.req("N8", "P3")
async def test_nothing_is_sent_again_twelve_hours_after_its_first_sending(room: Room) -> None:
    request = await room.ask("control.rotate_site")
    await _another(room, DyingWire(sends=True)).serve_waiting()
    room.clock.advance(hours=12)
    await room.dispatcher.serve_waiting()
    outcome = await room.outcome(request)
    assert (outcome.state, outcome.code) == (RequestState.UNKNOWN, "dispatch.unanswered")
    assert len(room.site.bodies) == 1


async def test_an_unreachable_site_is_named_at_once(room: Room) -> None:
    await room.site.go_away()
    outcome = await room.do("wp.site.health")
    assert (outcome.state, outcome.code) == (RequestState.FAILED, "site.unreachable")


async def test_a_site_that_answers_a_page_is_named(room: Room) -> None:
    room.site.script = ["html", "html"]
    outcome = await room.do("wp.site.health")
    assert (outcome.state, outcome.code) == (RequestState.FAILED, "site.answers_html")


@pytest.mark.req("N8")
async def test_two_dispatchers_make_one_call_of_one_request(room: Room) -> None:
    request = await room.ask("wp.site.health")
    await asyncio.gather(room.dispatcher.serve_waiting(), _another(room, HttpWire(LOOPBACK)).serve_waiting())
    assert (await room.outcome(request)).state is RequestState.DONE
    assert len(room.site.bodies) == 1


@pytest.mark.req("P5")
async def test_a_call_that_the_gate_refuses_is_never_sent(room: Room) -> None:
    async with room.database.transaction(room.org) as tx:
        await sites.pause(tx, room.site_id, "holiday", by=Actor("person", room.person), now=room.clock.now())
    outcome = await room.do("wp.site.inventory")
    assert (outcome.state, outcome.code) == (RequestState.REFUSED, "gate.paused")
    assert room.site.bodies == []
    assert (await room.do("wp.site.health")).state is RequestState.DONE


@pytest.mark.req("N8")
async def test_a_dispatcher_with_another_kek_sends_nothing_and_says_so(room: Room) -> None:
    request = await room.ask("wp.site.health")
    stranger = Dispatcher(
        room.database, room.clock, Kek("dispatcher", b"x" * 32), HttpWire(LOOPBACK), room.wake, LOOPBACK, everyone=EVERYONE
    )
    await stranger.serve_waiting()
    outcome = await room.outcome(request)
    assert (outcome.state, outcome.code) == (RequestState.FAILED, "seal.broken")
    assert room.site.bodies == []


@pytest.mark.req("P6")
async def test_an_answer_that_comes_after_the_revocation_leaves_no_facts(room: Room) -> None:
    room.site.script = ["wait"]
    request = await room.ask("wp.site.health")
    serving = asyncio.create_task(room.dispatcher.serve_waiting())
    await asyncio.wait_for(room.site.arrived.wait(), 10)
    async with room.database.transaction(room.org) as tx:
        await sites.revoke(tx, room.site_id, by=Actor("person", room.person), reason="", now=room.clock.now())
    room.site.release.set()
    await serving
    assert (await room.outcome(request)).code == "sites.not_paired"
    assert not await _was_read(room)


@pytest.mark.req("N8")
async def test_a_request_that_breaks_a_step_is_looked_at_again_later_and_not_at_once(room: Room) -> None:
    await room.ask("wp.site.health")
    broken = _another(room, DyingWire(sends=False))
    assert await broken.serve_waiting() == 1
    assert await broken.serve_waiting() == 0
