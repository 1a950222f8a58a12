"""The first signed call of a pairing: both sides are paired after it, or neither."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from presswarden.dispatch import keyring, orders, signing, store
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import EVERYONE, OrgId
from presswarden.kernel.sealing import Kek
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import RequestState
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry
from tests.fakes.clock import FrozenClock
from tests.fakes.site import ScriptedSite
from tests.stages.dispatch.conftest import Room, begin


async def _confirm(room: Room) -> None:
    await room.dispatcher.confirm_due()
    await room.dispatcher.serve_waiting()


@pytest.mark.req("X1", "P1")
async def test_a_redeemed_pairing_is_paired_after_the_first_signed_call(redeemed: Room) -> None:
    await _confirm(redeemed)
    assert redeemed.site.ran == ["control.confirm"]
    assert (await redeemed.find()).state == "paired"
    async with redeemed.database.reading(redeemed.org) as tx:
        assert await telemetry.standing(tx, redeemed.site_id) is not None, "silence is noticed from now on"


async def test_the_private_half_leaves_the_pool_for_the_organisations_own_key(redeemed: Room) -> None:
    control_key = (await redeemed.find()).control_key
    await _confirm(redeemed)
    async with redeemed.database.reading(EVERYONE) as tx:
        assert await store.pooled(EVERYONE, tx, control_key) is None
    async with redeemed.database.reading(redeemed.org) as tx:
        assert [key.kid for key in await store.call_keys(redeemed.org, tx, redeemed.installation)] == [control_key]


async def test_a_site_that_is_not_ready_yet_is_called_again(redeemed: Room) -> None:
    redeemed.site.state = "new"
    await _confirm(redeemed)
    assert (await redeemed.find()).state == "confirming"
    redeemed.site.state = "confirming"
    redeemed.clock.advance(seconds=2)
    await _confirm(redeemed)
    assert (await redeemed.find()).state == "paired"
    assert redeemed.site.ran == ["control.confirm"]


@pytest.mark.req("N8")
async def test_a_lost_answer_to_the_first_call_still_ends_paired(redeemed: Room) -> None:
    redeemed.site.script = ["die after running"]
    await _confirm(redeemed)
    redeemed.clock.advance(seconds=5)
    await _confirm(redeemed)
    assert (await redeemed.find()).state == "paired"
    assert redeemed.site.ran == ["control.confirm"]


@pytest.mark.req("N8")
async def test_a_first_call_that_the_site_took_and_never_answered_is_asked_again_in_a_new_call(redeemed: Room) -> None:
    redeemed.site.script = ["die in the middle"]
    for _ in range(6):
        await _confirm(redeemed)
        redeemed.clock.advance(seconds=10)
    assert (await redeemed.find()).state == "paired"
    assert redeemed.site.ran == ["control.confirm"]
    assert len(redeemed.site.calls) == 2


@pytest.mark.req("X1")
async def test_a_pairing_that_nobody_answers_is_abandoned_after_its_deadline(redeemed: Room) -> None:
    await redeemed.site.go_away()
    for _ in range(70):
        await _confirm(redeemed)
        redeemed.clock.advance(seconds=10)
    assert (await redeemed.find()).state == "revoked"
    assert await redeemed.dispatcher.confirm_due() == 0


@pytest.mark.req("X1", "N2")
async def test_an_answer_under_a_strangers_key_pairs_nothing(redeemed: Room) -> None:
    redeemed.site.script = ["forge the receipt"]
    await _confirm(redeemed)
    assert (await redeemed.find()).state == "revoked"


@pytest.mark.req("X1")
async def test_an_answer_that_names_another_home_pairs_nothing(redeemed: Room) -> None:
    redeemed.site.told_home = "https://stranger.example"
    await _confirm(redeemed)
    assert (await redeemed.find()).state == "revoked"
    async with redeemed.database.reading(redeemed.org) as tx:
        (request,) = await mailbox.requests(tx, redeemed.site_id)
    assert request.outcome is not None
    assert (request.outcome.state, request.outcome.code) == (RequestState.FAILED, "sites.confirm_mismatch")


async def test_a_pairing_whose_key_the_dispatcher_lost_is_abandoned(redeemed: Room) -> None:
    async with redeemed.database.transaction(EVERYONE) as tx:
        await store.drop_pooled(EVERYONE, tx, (await redeemed.find()).control_key)
    await _confirm(redeemed)
    assert (await redeemed.find()).state == "revoked"
    assert redeemed.site.bodies == []


async def test_the_pool_is_filled_once(database: Database, frozen: FrozenClock, tmp_path: Path, org: OrgId) -> None:
    async with ScriptedSite(frozen.now) as site:
        room = await begin(database, frozen, tmp_path, site, org)
        assert await room.dispatcher.fill_pool() == 1, "one was taken for the pairing"
        assert await room.dispatcher.fill_pool() == 0
        async with database.reading(EVERYONE) as tx:
            assert await sites.pool_size(EVERYONE, tx) == 20


@pytest.mark.req("N8")
async def test_two_dispatchers_that_adopt_its_key_at_the_same_moment_leave_one(redeemed: Room) -> None:
    installation, kek, key = await redeemed.find(), Kek("dispatcher", b"k" * 32), signing.new_control_key()
    await _at_the_same_moment(redeemed, lambda tx: keyring.adopt(tx, kek, installation, key, now=redeemed.clock.now()))
    async with redeemed.database.reading(redeemed.org) as tx:
        assert [one.kid for one in await store.call_keys(redeemed.org, tx, redeemed.installation)] == [key.kid]


@pytest.mark.req("N8")
async def test_of_two_first_standing_orders_made_at_the_same_moment_one_stays(redeemed: Room) -> None:
    await redeemed.dispatcher.confirm_due()
    kek, made = Kek("dispatcher", b"d" * 32), []

    async def renew(tx: Tx) -> None:
        made.append(await orders.renew(tx, kek, signing.sign, redeemed.installation, now=redeemed.clock.now()))

    await _at_the_same_moment(redeemed, renew)
    assert [one is None for one in made] == ([False, False] if redeemed.database.is_sqlite else [False, True])
    async with redeemed.database.reading(redeemed.org) as tx:
        kept = await mailbox.standing_order(tx, redeemed.installation)
    assert kept == [one for one in made if one is not None][-1]


async def _at_the_same_moment(room: Room, work: Callable[[Tx], Awaitable[None]]) -> None:
    """Both look before either has committed; the second then waits for the first, and must end well."""
    done, go_on = asyncio.Event(), asyncio.Event()

    async def one(waits: bool) -> None:
        async with room.database.transaction(room.org) as tx:
            await work(tx)
            done.set()
            if waits:
                await go_on.wait()

    first = asyncio.create_task(one(True))
    await done.wait()
    second = asyncio.create_task(one(False))
    await _is_held_up(room.database)
    go_on.set()
    await asyncio.gather(first, second)


async def _is_held_up(database: Database) -> None:
    """SQLite has one writer, so there the second has not begun; on PostgreSQL it waits for the first one's row."""
    for _ in range(0 if database.is_sqlite else 500):
        async with database.engine.connect() as connection:
            if await connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
        await asyncio.sleep(0.01)
    assert database.is_sqlite
