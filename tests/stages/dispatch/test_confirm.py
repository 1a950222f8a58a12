"""The first signed call of a pairing: both sides are paired after it, or neither."""

from pathlib import Path

import pytest

from presswarden.dispatch import store
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId
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
