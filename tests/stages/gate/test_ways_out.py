"""What ends an open change passes where nothing new may start."""

import pytest

from presswarden.approvals import service as approvals
from presswarden.audit.model import Actor
from presswarden.gate import service as gate
from presswarden.gate.model import Ask, Rate, Refusal
from presswarden.gate.permit import Permit
from presswarden.identity import service as identity
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import CallId, CorrelationId, new_id
from presswarden.proposals.model import LeafRole
from presswarden.sites import service as sites
from tests.stages.approvals.documents import as_built_in
from tests.stages.gate.case import Case
from tests.stages.gate.plans import snapshot

pytestmark = pytest.mark.req("W15", "W17")
ENDINGS = [LeafRole.CLOSE, LeafRole.TAKE_BACK, LeafRole.DEACTIVATE, LeafRole.CLOSE_AGAIN]


async def _stopped_everywhere(case: Case) -> None:
    office = case.office
    async with office.database.transaction(office.org) as tx:
        await gate.stop(tx, office.olga, "breach", correlation=CorrelationId(new_id()), now=office.clock.now())
        await sites.pause(tx, case.site.site, reason="x", by=Actor("person", office.olga), now=office.clock.now())
        await incidents.raise_signal(tx, SignalKind.CLONE, case.site.site, {}, office.clock.now())


@pytest.mark.req("W15", "W17")
@pytest.mark.parametrize("role", ENDINGS)
async def test_a_stop_a_pause_and_an_incident_let_an_open_change_reach_its_end(case: Case, role: LeafRole) -> None:
    await case.begun()
    await _stopped_everywhere(case)
    assert await case.codes(case.call(role)) == []
    inventory = Ask(
        CallId(new_id()),
        case.site.installation,
        case.site.site,
        "wp.site.inventory",
        {},
        Actor("process", "flows"),
        CorrelationId(new_id()),
    )
    assert await case.codes(inventory) == []


@pytest.mark.req("W17")
@pytest.mark.parametrize("role", [LeafRole.ACT, *ENDINGS])
async def test_they_stop_everything_that_is_not_open(case: Case, role: LeafRole) -> None:
    await case.verified()
    await _stopped_everywhere(case)
    assert {"gate.stopped", "gate.contained", "gate.paused"} <= set(await case.codes(case.call(role)))
    assert {"gate.stopped", "gate.contained", "gate.paused"} <= set(await case.codes(snapshot(case.plan)))


@pytest.mark.req("W15")
@pytest.mark.parametrize("role", ENDINGS)
async def test_the_way_out_needs_neither_the_window_nor_the_approvers_any_more_and_no_token(case: Case, role: LeafRole) -> None:
    await case.begun()
    async with case.office.database.transaction(case.office.org) as tx:
        await identity.remove_person(tx, case.anna, by=case.office.olga, now=case.office.clock.now())
        await approvals.activate_policy(tx, as_built_in(default_mode="observe"), by=case.office.olga, now=case.office.clock.now())
    assert isinstance(await case.admit(case.call(role), Rate(per_minute=0, burst=1.0)), Permit)


async def test_a_call_sent_again_passes_the_same_door(case: Case) -> None:
    await case.begun()
    assert isinstance(await case.admit(case.call()), Permit)
    async with case.office.database.transaction(case.office.org) as tx:
        assert isinstance(await gate.again(tx, case.call(), now=case.office.clock.now()), Permit)
    async with case.office.database.transaction(case.office.org) as tx:
        await gate.stop(tx, case.office.olga, "breach", correlation=CorrelationId(new_id()), now=case.office.clock.now())
        again = await gate.again(tx, case.call(), now=case.office.clock.now())
    assert isinstance(again, Refusal)
    assert [reason.code for reason in again.reasons] == ["gate.stopped"]


async def test_files_are_taken_back_to_a_snapshot_of_the_last_day_only(case: Case) -> None:
    await case.begun()
    case.office.later(hours=24)
    assert await case.codes(case.call(LeafRole.TAKE_BACK)) == ["gate.snapshot_old"]
    assert await case.codes(case.call(LeafRole.CLOSE)) == []
