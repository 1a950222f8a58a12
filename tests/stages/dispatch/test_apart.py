"""What can't be done for one pairing, move or organisation stalls no other."""

import asyncio

import pytest
from sqlalchemy import update

from presswarden.dispatch.service import Dispatcher
from presswarden.dispatch.store import PooledKeyRow
from presswarden.kernel.ids import EVERYONE, InstallationId
from presswarden.kernel.sealing import Kek
from presswarden.mailbox import service as mailbox
from presswarden.outside.wire import HttpWire
from presswarden.sites import service as sites
from presswarden.sites.model import Algorithm, InstallationState
from tests.fakes.clock import FrozenClock
from tests.fakes.site import ScriptedSite
from tests.stages.dispatch.conftest import CONTROL, LOOPBACK, Room


async def _redeem_another(room: Room, label: str, site: ScriptedSite) -> InstallationId:
    async with room.database.transaction(room.org) as tx:
        text, _, made = await sites.begin_pairing(tx, home_label=label, control_url=CONTROL, requested_by=room.person, now=room.clock.now())
    async with room.database.transaction(room.org) as tx:
        assert await sites.accept_pairing(tx, site.redeem(text), "127.0.0.1", Kek("web", b"w" * 32), now=room.clock.now()) is None
    return made.id


async def _state(room: Room, installation: InstallationId) -> InstallationState:
    async with room.database.reading(room.org) as tx:
        return (await sites.installation(tx, installation)).state


@pytest.mark.req("X1", "N7")
async def test_a_pairing_key_that_does_not_open_stalls_no_other_pairing(redeemed: Room, frozen: FrozenClock) -> None:
    async with redeemed.database.transaction(EVERYONE) as tx:
        broken = update(PooledKeyRow).where(PooledKeyRow.kid == (await redeemed.find()).control_key).values(wrapped=b"x" * 60)
        await tx.execute(broken)
    frozen.advance(seconds=1)
    async with ScriptedSite(frozen.now) as other:
        second = await _redeem_another(redeemed, "other", other)
        await redeemed.dispatcher.confirm_due()
        await redeemed.dispatcher.serve_waiting()
        assert await _state(redeemed, second) == "paired"
    assert await _state(redeemed, redeemed.installation) == "revoked", "its key is lost for good, so its string is spent"


@pytest.mark.req("W2", "X1")
async def test_an_hmac_pairing_that_the_dispatcher_slept_through_ends_and_stalls_no_other(redeemed: Room, frozen: FrozenClock) -> None:
    async with ScriptedSite(frozen.now, Algorithm.HMAC) as asleep, ScriptedSite(frozen.now) as other:
        slept_through = await _redeem_another(redeemed, "asleep", asleep)
        frozen.advance(minutes=11)
        async with redeemed.database.transaction(EVERYONE) as tx:
            await sites.expire_pairings(EVERYONE, tx, frozen.now())
        second = await _redeem_another(redeemed, "other", other)
        await redeemed.dispatcher.confirm_due()
        await redeemed.dispatcher.serve_waiting()
        assert await _state(redeemed, second) == "paired"
        assert await _state(redeemed, slept_through) == "revoked"


@pytest.mark.req("N7")
async def test_a_move_that_can_not_be_filed_stalls_no_other(room: Room, frozen: FrozenClock) -> None:
    async with ScriptedSite(frozen.now) as other:
        second = await _redeem_another(room, "other", other)
        await room.dispatcher.confirm_due()
        await room.dispatcher.serve_waiting()
        for installation, home in ((room.installation, "http://127.0.0.1:7"), (second, "http://127.0.0.1:8")):
            frozen.advance(seconds=1)
            async with room.database.transaction(room.org) as tx:
                found = await sites.installation(tx, installation)
                await sites.file_move(tx, found, old_home=found.home, new_home=home, now=frozen.now())
                await sites.confirm_move(tx, found.site, by=room.person, now=frozen.now())
        for _ in range(mailbox.MOST_OPEN):
            await room.ask("wp.site.health")
        await room.dispatcher.file_moves()
        async with room.database.reading(room.org) as tx:
            site = (await sites.installation(tx, second)).site
            assert "control.moved" in {request.tool for request in await mailbox.requests(tx, site)}


@pytest.mark.req("N8")
async def test_a_dispatcher_that_slept_through_its_lease_opens_nothing_that_another_one_settled(room: Room) -> None:
    room.site.script = ["wait"]
    request = await room.ask("wp.site.health")
    asleep = asyncio.create_task(room.dispatcher.serve_waiting())
    await asyncio.wait_for(room.site.arrived.wait(), 10)
    room.clock.advance(seconds=61)
    awake = Dispatcher(room.database, room.clock, Kek("dispatcher", b"d" * 32), HttpWire(LOOPBACK), room.wake, LOOPBACK, everyone=EVERYONE)
    room.site.script = ["die after running"] * 3
    for _ in range(6):
        await awake.serve_waiting()
        room.clock.advance(seconds=5)
    settled = await room.look(request)
    assert settled.is_settled
    room.site.release.set()
    await asleep
    assert await room.look(request) == settled
