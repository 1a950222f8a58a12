"""After a restore nothing goes out to a site, by no way, until it was heard again and the fences were compared."""

import pytest

from presswarden.audit import service as audit
from presswarden.dispatch import locks
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import EVERYONE, WorkId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import RequestState
from presswarden.processes.restore import hold_everything
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry
from tests.stages.dispatch.conftest import Room
from tests.stages.telemetry import reports

pytestmark = pytest.mark.req("N16")


async def _restored(room: Room) -> None:
    done = await hold_everything(room.database, "2026-11-19T12:00:00+00:00", now=room.clock.now())
    assert (done.organisations, done.held) == (1, 1)


async def _heard(room: Room, *, fence: int = 0, seq: int = 1, paused: str = "") -> None:
    async with room.database.transaction(room.org) as tx:
        reporter = reports.Installed(room.org, room.installation, room.site_id)
        body = reports.full(seq, room.clock.now(), reports.INVENTORY, home=room.site.home, fence=fence, paused=paused)
        await telemetry.take_heartbeat(tx, reporter, body, room.clock.now())


@pytest.mark.parametrize("tool", ["wp.site.health", "control.pause"])
async def test_nothing_is_sent_before_the_site_was_heard(room: Room, tool: str) -> None:
    await _heard(room)
    await _restored(room)
    before = len(room.site.requests)
    outcome = await room.do(tool, {"reason": "x"} if tool == "control.pause" else {})
    assert (outcome.state, outcome.code) == (RequestState.REFUSED, "gate.restored")
    assert await room.dispatcher.refresh_orders() == 0, "what was heard before the restore does not count"
    assert len(room.site.requests) == before


async def test_the_first_heartbeat_lifts_the_fence_and_calls_go_again(room: Room) -> None:
    await _restored(room)
    room.clock.advance(minutes=5)
    await _heard(room, fence=7)
    assert await room.dispatcher.refresh_orders() == 1
    assert (await room.find()).restored_at is None
    assert (await room.do("wp.site.health")).state is RequestState.DONE
    async with room.database.transaction(room.org) as tx:
        lock = await locks.take(tx, room.installation, WorkId(new_id()), new_id(), now=room.clock.now())
        assert lock.fence == 8
        assert SignalKind.FENCE_AHEAD in {one.kind for one in await incidents.open_incidents(tx, room.site_id)}


async def test_what_waited_in_the_backup_is_never_sent(room: Room) -> None:
    request = await room.ask("wp.site.health")
    await _restored(room)
    room.clock.advance(minutes=5)
    await _heard(room)
    await room.dispatcher.refresh_orders()
    before = len(room.site.requests)
    await room.dispatcher.serve_waiting()
    outcome = await room.outcome(request)
    assert (outcome.state, outcome.code, len(room.site.requests)) == (RequestState.UNKNOWN, "call.restored", before)


async def test_orders_of_the_backup_are_blank_and_the_next_one_is_above_all_that_a_site_can_have_seen(room: Room) -> None:
    await room.dispatcher.refresh_orders()
    async with room.database.reading(room.org) as tx:
        old = await mailbox.standing_order(tx, room.installation)
    await _restored(room)
    async with room.database.reading(room.org) as tx:
        blank = await mailbox.standing_order(tx, room.installation)
    assert old is not None
    assert blank is not None
    assert (blank.text, blank.signature) == ("", "")
    room.clock.advance(minutes=5)
    await _heard(room)
    await room.dispatcher.refresh_orders()
    async with room.database.reading(room.org) as tx:
        newer = await mailbox.standing_order(tx, room.installation)
    assert newer is not None
    assert newer.seq > old.seq + 100_000


async def test_a_pause_that_only_the_site_remembers_stays(room: Room) -> None:
    await _restored(room)
    room.clock.advance(minutes=5)
    await _heard(room, paused="control")
    await room.dispatcher.refresh_orders()
    assert (await room.find()).wanted_paused


async def test_every_organisation_is_told_of_the_restore_in_its_record(room: Room) -> None:
    await _restored(room)
    async with room.database.reading(EVERYONE) as tx:
        assert all(one.restored_at is not None for one in await sites.installations_to_serve(EVERYONE, tx))
    async with room.database.reading(room.org) as tx:
        kinds = [one.kind for one in await audit.events(tx, kind="installation.restored")]
    assert "installation.restored" in kinds
