"""Pause, resume, revoke and rotate: what we want first, then the signed call; the standing order carries what the call can't."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from nacl.signing import VerifyKey

from presswarden.audit.model import Actor
from presswarden.dispatch import store
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Carried, Outcome, RequestState, StandingOrder
from presswarden.sites import service as sites
from presswarden.sites.model import Algorithm
from tests.fakes.clock import FrozenClock
from tests.fakes.site import ScriptedSite
from tests.stages.dispatch.conftest import Room, begin


async def _pause(room: Room) -> Outcome:
    async with room.database.transaction(room.org) as tx:
        await sites.pause(tx, room.site_id, "holiday", by=Actor("person", room.person), now=room.clock.now())
    return await room.until_settled(await room.ask("control.pause", {"reason": "holiday"}))


async def _resume(room: Room) -> Outcome:
    async with room.database.transaction(room.org) as tx:
        await sites.resume(tx, room.site_id, "", by=Actor("person", room.person), now=room.clock.now())
    return await room.until_settled(await room.ask("control.resume"))


async def _revoke(room: Room) -> Outcome:
    async with room.database.transaction(room.org) as tx:
        await sites.revoke(tx, room.site_id, by=Actor("person", room.person), reason="client left", now=room.clock.now())
    return await room.until_settled(await room.ask("control.revoke", {"reason": "client left"}))


async def _order(room: Room) -> StandingOrder:
    async with room.database.reading(room.org) as tx:
        found = await mailbox.standing_order(tx, room.installation)
    assert found is not None
    return found


async def test_a_pause_is_confirmed_by_the_site(room: Room) -> None:
    outcome = await _pause(room)
    assert (outcome.state, outcome.carried_by) == (RequestState.DONE, Carried.CALL)
    assert room.site.paused == "control"
    assert json.loads((await _order(room)).text)["paused"] is True


async def test_a_resumption_lifts_our_own_pause_only(room: Room) -> None:
    await _pause(room)
    assert (await _resume(room)).result["paused"] == ""
    room.site.paused = "local"
    await _pause(room)
    room.site.paused = "local"
    assert (await _resume(room)).result["paused"] == "local"


async def test_a_site_that_cannot_be_reached_is_paused_by_the_standing_order(room: Room) -> None:
    await room.site.go_away()
    outcome = await _pause(room)
    assert (outcome.state, outcome.code, outcome.carried_by) == (RequestState.FAILED, "site.unreachable", Carried.ORDER)
    order = await _order(room)
    told = json.loads(order.text)
    assert (told["paused"], told["revoked"], told["seq"]) == (True, False, order.seq)


@pytest.mark.req("N8")
async def test_a_pause_whose_answer_never_came_is_settled_by_a_read_of_the_sites_health(room: Room) -> None:
    room.site.script = ["die in the middle"]
    outcome = await _pause(room)
    assert (outcome.state, outcome.code) == (RequestState.UNKNOWN, "call.running")
    paused = next(one for one in await _requests(room) if one.tool == "control.pause")
    assert await room.dispatcher.reconcile() == 1
    await room.dispatcher.serve_waiting()
    assert await room.dispatcher.reconcile() == 0
    settled = await room.outcome(paused.id)
    assert (settled.state, settled.carried_by) == (RequestState.FAILED, Carried.ORDER), "health says: not paused"
    assert settled.result["paused"] == ""


@pytest.mark.req("N8")
async def test_an_unknown_pause_that_did_happen_is_settled_as_done(room: Room) -> None:
    room.site.script = ["die in the middle"]
    await _pause(room)
    room.site.paused = "control"
    await room.dispatcher.reconcile()
    await room.dispatcher.serve_waiting()
    await room.dispatcher.reconcile()
    paused = next(one for one in await _requests(room) if one.tool == "control.pause")
    assert (await room.outcome(paused.id)).state is RequestState.DONE


async def _requests(room: Room) -> tuple[mailbox.Request, ...]:
    async with room.database.reading(room.org) as tx:
        return await mailbox.requests(tx, room.site_id)


@pytest.mark.req("P6")
async def test_a_revocation_is_told_to_the_site_and_the_keys_go(room: Room) -> None:
    outcome = await _revoke(room)
    assert (outcome.state, outcome.carried_by) == (RequestState.DONE, Carried.CALL)
    assert room.site.state == "revoked"
    assert (await room.find()).revocation_told_at is not None
    async with room.database.reading(room.org) as tx:
        assert await store.call_keys(room.org, tx, room.installation) == ()


@pytest.mark.req("P6")
async def test_a_revoked_site_that_cannot_be_reached_is_told_by_the_standing_order(room: Room) -> None:
    await room.site.go_away()
    outcome = await _revoke(room)
    assert (outcome.state, outcome.carried_by) == (RequestState.FAILED, Carried.ORDER)
    assert json.loads((await _order(room)).text)["revoked"] is True
    room.clock.advance(minutes=6)
    assert await room.dispatcher.refresh_orders() == 1, "orders go on until the site was told"


@pytest.mark.req("P6")
async def test_a_revoked_site_is_never_read(room: Room) -> None:
    request = await room.ask("wp.site.health")
    async with room.database.transaction(room.org) as tx:
        await sites.revoke(tx, room.site_id, by=Actor("person", room.person), reason="", now=room.clock.now())
    await room.dispatcher.serve_waiting()
    assert (await room.outcome(request)).code == "gate.revoked"
    assert room.site.bodies == []


@pytest.mark.req("P6")
async def test_the_control_key_is_rotated_and_the_new_one_signs(room: Room) -> None:
    before = (await room.find()).control_key
    outcome = await room.until_settled(await room.ask("control.rotate"))
    assert outcome.state is RequestState.DONE
    after = await room.find()
    assert (after.control_epoch, after.control_key != before) == (2, True)
    await room.do("wp.site.health")
    assert json.loads(room.site.bodies[-1])["bind"]["kid"] == after.control_key
    await room.dispatcher.refresh_orders()
    order = await _order(room)
    assert (order.epoch, json.loads(order.text)["kid"]) == (2, after.control_key)


@pytest.mark.req("P6", "N8")
async def test_a_rotation_whose_answer_was_lost_ends_with_the_same_key_on_both_sides(room: Room) -> None:
    room.site.script = ["die after running"]
    outcome = await room.until_settled(await room.ask("control.rotate"))
    assert outcome.state is RequestState.DONE
    assert room.site.ran == ["control.rotate"]
    assert (await room.find()).control_key in room.site.controls


@pytest.mark.req("P6")
async def test_the_old_control_key_is_gone_after_a_day(room: Room) -> None:
    await room.until_settled(await room.ask("control.rotate"))
    async with room.database.reading(room.org) as tx:
        assert len(await store.call_keys(room.org, tx, room.installation)) == 2
    room.clock.advance(hours=24)
    await room.dispatcher.drop_expired_keys()
    async with room.database.reading(room.org) as tx:
        assert [key.active for key in await store.call_keys(room.org, tx, room.installation)] == [True]


@pytest.mark.req("P6")
async def test_a_refused_rotation_leaves_the_old_key_alone(room: Room) -> None:
    room.site.script = ["refuse"]
    outcome = await room.until_settled(await room.ask("control.rotate"))
    assert outcome.state is RequestState.REFUSED
    async with room.database.reading(room.org) as tx:
        assert [key.active for key in await store.call_keys(room.org, tx, room.installation)] == [True]
    assert (await room.do("wp.site.health")).state is RequestState.DONE


@pytest.mark.req("P6")
async def test_the_site_key_is_rotated_and_receipts_of_both_verify(room: Room) -> None:
    outcome = await room.until_settled(await room.ask("control.rotate_site"))
    assert outcome.state is RequestState.DONE
    assert (await room.find()).site_epoch == 2
    assert (await room.do("wp.site.health")).state is RequestState.DONE


async def test_a_site_that_moved_is_called_at_its_new_home_once_a_person_confirmed(room: Room) -> None:
    old = room.site.home
    room.site.home = f"http://localhost:{room.site.port}"
    async with room.database.transaction(room.org) as tx:
        installation = await sites.installation(tx, room.installation)
        await sites.file_move(tx, installation, old_home=old, new_home=room.site.home, now=room.clock.now())
    assert await room.dispatcher.file_moves() == 0
    async with room.database.transaction(room.org) as tx:
        await sites.confirm_move(tx, room.site_id, by=room.person, now=room.clock.now())
    assert await room.dispatcher.file_moves() == 1
    await room.dispatcher.serve_waiting()
    assert (await room.find()).home == room.site.home
    assert await room.dispatcher.file_moves() == 0
    assert room.site.ran == ["control.moved"]


@pytest.mark.req("P1")
async def test_a_standing_order_verifies_under_the_pinned_control_key(room: Room) -> None:
    await room.dispatcher.refresh_orders()
    order = await _order(room)
    installation = await room.find()
    text = f"presswarden-order-1\n{installation.id}\n{hashlib.sha256(order.text.encode()).hexdigest()}"
    VerifyKey(room.site.controls[installation.control_key]).verify(text.encode(), base64.b64decode(order.signature))
    told = json.loads(order.text)
    assert (told["aud"], told["installation"], told["dir"]) == (installation.home, installation.id, "order")
    assert 0 < told["expires"] - room.clock.now().timestamp() <= 900


async def test_standing_orders_are_renewed_with_a_higher_number(room: Room) -> None:
    await room.dispatcher.refresh_orders()
    first = await _order(room)
    assert await room.dispatcher.refresh_orders() == 0
    room.clock.advance(minutes=5)
    assert await room.dispatcher.refresh_orders() == 1
    assert (await _order(room)).seq == first.seq + 1


@pytest.mark.req("W2")
async def test_an_hmac_installation_takes_calls_pauses_orders_and_revocation_but_no_rotation(
    database: Database, frozen: FrozenClock, tmp_path: Path, org: OrgId
) -> None:
    async with ScriptedSite(frozen.now, alg=Algorithm.HMAC) as site:
        room = await begin(database, frozen, tmp_path, site, org)
        await room.dispatcher.confirm_due()
        await room.dispatcher.serve_waiting()
        assert (await room.find()).state == "paired"
        assert (await room.do("wp.site.health")).state is RequestState.DONE
        assert (await _pause(room)).state is RequestState.DONE
        rotated = await room.until_settled(await room.ask("control.rotate"))
        assert (rotated.state, rotated.code) == (RequestState.FAILED, "sites.rotation")
        site.script = ["forge the receipt"]
        assert (await room.do("wp.site.health")).state is RequestState.UNKNOWN
        assert (await _revoke(room)).state is RequestState.DONE
