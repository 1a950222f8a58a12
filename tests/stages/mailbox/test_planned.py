"""A step of a plan is asked for once, under an id of its own; what nobody knows to have run can be sent again, the same bytes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from presswarden.audit.model import Actor
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, ProposalId, RequestId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Outcome, PlannedCall, Request, RequestConflict, RequestState, lease_of
from tests.fakes.clock import FrozenClock
from tests.fakes.site import ScriptedSite
from tests.stages.dispatch.conftest import Room, begin

FLOWS = Actor("process", "flows")
CLOSE = {"change": new_id()}
PLANNED = PlannedCall(ProposalId(new_id()), "ab" * 32, 2, new_id(), "{}", ("cd" * 32,), "{}", ("ef" * 32,), 3)
ID, CORRELATION = RequestId(new_id()), CorrelationId(new_id())


@pytest.fixture
async def room(database: Database, frozen: FrozenClock, tmp_path: Path, org: OrgId) -> AsyncIterator[Room]:
    async with ScriptedSite(frozen.now) as site:
        yield await begin(database, frozen, tmp_path, site, org)


async def _ask(room: Room, **changes: Any) -> Request:
    told = {"args": CLOSE, "id": ID, "planned": PLANNED, "turn": "close", **changes}
    async with room.database.transaction(room.org) as tx:
        return await mailbox.ask(
            tx, room.site_id, "wp.change.close", told.pop("args"), by=FLOWS, correlation=CORRELATION, now=room.clock.now(), **told
        )


async def _settle(room: Room, state: RequestState, code: str = "") -> None:
    async with room.database.transaction(room.org) as tx:
        await mailbox.settle(tx, await mailbox.outcome(tx, ID), Outcome(state, code), by=FLOWS, now=room.clock.now())


async def _due(room: Room) -> list[RequestId]:
    async with room.database.reading(EVERYONE) as tx:
        found = await mailbox.waiting(EVERYONE, tx, now=room.clock.now(), limit=100)
    return [one.request for one in found if one.request == ID]


@pytest.mark.req("N8")
async def test_a_step_asked_for_twice_is_one_request(room: Room) -> None:
    first = await _ask(room)
    again = await _ask(room)
    assert again == first
    assert again.planned == PLANNED
    async with room.database.reading(room.org) as tx:
        assert len(await mailbox.requests(tx, room.site_id)) == 1


@pytest.mark.parametrize("other", [{"args": {"change": new_id()}}, {"planned": None}])
async def test_another_request_under_the_same_id_is_refused(room: Room, other: dict[str, Any]) -> None:
    await _ask(room)
    with pytest.raises(RequestConflict):
        await _ask(room, **other)


async def test_a_flood_of_questions_does_not_stand_in_the_way_of_a_plan(room: Room) -> None:
    async with room.database.transaction(room.org) as tx:
        for _ in range(mailbox.MOST_OPEN):
            await mailbox.ask(tx, room.site_id, "wp.site.health", {}, by=FLOWS, correlation=CORRELATION, now=room.clock.now())
    assert (await _ask(room)).state is RequestState.WAITING


@pytest.mark.parametrize(
    ("state", "code"),
    [(RequestState.UNKNOWN, "site.timeout"), (RequestState.FAILED, "site.unreachable"), (RequestState.REFUSED, "gate.rate")],
)
async def test_what_nobody_knows_to_have_run_is_opened_again_once_for_each_turn(room: Room, state: RequestState, code: str) -> None:
    await _ask(room)
    await _settle(room, state, code)
    assert (await _ask(room)).state is state, "the same turn again is the answer it got"
    assert await _due(room) == []
    opened = await _ask(room, turn="close.again")
    assert (opened.state, opened.outcome) == (RequestState.SENT, None)
    assert await _due(room) == [ID]
    await _settle(room, state, code)
    assert (await _ask(room, turn="close.again")).state is state


@pytest.mark.parametrize(("state", "code"), [(RequestState.DONE, ""), (RequestState.REFUSED, "action.change_state")])
async def test_what_the_site_itself_answered_is_never_opened_again(room: Room, state: RequestState, code: str) -> None:
    await _ask(room)
    await _settle(room, state, code)
    assert (await _ask(room, turn="close.again")).state is state
    assert await _due(room) == []


@pytest.mark.req("N8")
async def test_the_lease_of_a_dispatcher_ends_with_it(room: Room) -> None:
    await _ask(room)
    async with room.database.transaction(room.org) as tx:
        assert await mailbox.claim(tx, ID, holder="one", now=room.clock.now()) is not None
    assert await _due(room) == []
    async with room.database.transaction(EVERYONE) as tx:
        assert await mailbox.let_go(EVERYONE, tx, "another", now=room.clock.now()) == 0
        assert await mailbox.let_go(EVERYONE, tx, "one", now=room.clock.now()) == 1
    assert await _due(room) == [ID]


def test_what_changes_a_site_has_more_time_than_a_question() -> None:
    assert lease_of("wp.plugin.update") > lease_of("wp.site.health")
