"""A leaf that may have run is asked about again, the same bytes, and never run as a new call; a site is held to the fence that it proved."""

from datetime import datetime, timedelta

import pytest

from presswarden.audit.model import Actor
from presswarden.dispatch import course, locks, settling
from presswarden.dispatch.model import Answer, Ending
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import CallId, CorrelationId, InstallationId, OrgId, ProposalId, RequestId, SiteId, WorkId, new_id
from presswarden.mailbox.model import Envelope, EnvelopeState, PlannedCall, Request, RequestState
from presswarden.telemetry import service as telemetry
from tests.stages.dispatch.conftest import Room
from tests.stages.telemetry import reports

NOW = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
RUNNING = Answer(Ending.RUNNING, "call.running", "The site took the call and has not answered it.", "", 409)


def _request(tool: str = "wp.plugin.update", index: int = 1) -> Request:
    planned = PlannedCall(ProposalId(new_id()), "ab" * 32, index, new_id())
    return Request(
        OrgId(new_id()), RequestId(new_id()), SiteId(new_id()), InstallationId(new_id()), tool, {}, Actor("process", "flows"),
        CorrelationId(new_id()), NOW, NOW + timedelta(minutes=10), RequestState.SENT, None, None, None, planned,
    )  # fmt: skip


def _step(answer: Answer, sendings: int, *, index: int = 1) -> course.Step:
    request = _request(index=index)
    envelope = Envelope(
        CallId(new_id()), request.id, request.installation, "https://shop.example", request.tool, "0" * 64, b"{}", "0" * 32, "0" * 16,
        EnvelopeState.READY, NOW, NOW, sendings, None, None,
    )  # fmt: skip
    return course.course(request, envelope, 1, answer, polls=False, now=NOW)


@pytest.mark.req("N8")
@pytest.mark.parametrize(
    ("answer", "most"),
    [
        (RUNNING, course.SENDINGS_OF_A_LEAF_TAKEN),
        (Answer(Ending.UNANSWERED, "site.timeout"), course.SENDINGS_OF_A_PLAN),
        (Answer(Ending.UNSENT, "site.unreachable"), course.SENDINGS_OF_A_PLAN),
    ],
    ids=["running", "unanswered", "unsent"],
)
def test_a_leaf_that_may_have_run_is_asked_about_again_and_then_unknown(answer: Answer, most: int) -> None:
    for sendings in range(2, most):
        assert isinstance(_step(answer, sendings), course.SendAgain)
    last = _step(answer, most)
    assert isinstance(last, course.Settle)
    assert last.outcome.state is RequestState.UNKNOWN
    assert "never run a second time" in (last.outcome.do or "") or answer.ending is not Ending.RUNNING


def test_what_only_prepares_a_change_is_waited_for_longer_while_the_site_is_at_it() -> None:
    step = _step(RUNNING, course.SENDINGS_OF_A_LEAF_TAKEN, index=0)
    assert isinstance(step, course.SendAgain)


def test_a_leaf_that_certainly_never_left_has_failed() -> None:
    step = _step(Answer(Ending.UNSENT, "site.unreachable"), 1)
    assert isinstance(step, course.Settle)
    assert step.outcome.state is RequestState.FAILED


async def _heard(room: Room, fence: int, seq: int) -> list[SignalKind]:
    """Incidents after a heartbeat with this fence was compared with ours."""
    reporter, installation = reports.Installed(room.org, room.installation, room.site_id), await room.find()
    async with room.database.transaction(room.org) as tx:
        body = reports.full(seq, room.clock.now(), reports.INVENTORY, home=room.site.home, fence=fence)
        await telemetry.take_heartbeat(tx, reporter, body, room.clock.now())
        await settling.compare_fence(tx, installation, now=room.clock.now())
        return [one.kind for one in await incidents.open_incidents(tx, room.site_id)]


async def _lock(room: Room) -> int:
    async with room.database.transaction(room.org) as tx:
        return (await locks.take(tx, room.installation, WorkId(new_id()), new_id(), free=True, now=room.clock.now())).fence


async def test_a_fence_that_was_given_out_and_not_yet_used_is_no_incident(room: Room) -> None:
    await _lock(room)
    assert await _heard(room, 0, 1) == []


async def test_a_site_that_tells_of_a_lower_fence_than_it_proved_was_restored(room: Room) -> None:
    fence = await _lock(room)
    async with room.database.transaction(room.org) as tx:
        await locks.seen(tx, room.installation, fence, now=room.clock.now())
    assert await _heard(room, 0, 1) == [], "this heartbeat may have been on its way"
    room.clock.advance(minutes=3)
    assert await _heard(room, fence, 2) == []
    assert await _heard(room, 0, 3) == [SignalKind.FENCE_BEHIND]


async def test_a_site_that_tells_of_a_higher_fence_lifts_ours_above_it(room: Room) -> None:
    assert await _heard(room, 7, 1) == [SignalKind.FENCE_AHEAD]
    assert await _lock(room) == 8
