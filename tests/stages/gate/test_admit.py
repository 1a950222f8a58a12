"""The door: every reason is collected, a permit is for one call, and tokens can't be spent twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Action, Klass, Risk
from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.gate import service as gate
from presswarden.gate.model import Ask, Rate, Refusal, Standing, Stop, reasons_against, refill
from presswarden.gate.permit import Permit, args_hash
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Grant, Role
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CallId, CorrelationId, InstallationId, OrgId, PersonId, SiteId, new_id
from presswarden.sites import service as sites
from tests.fakes.clock import FrozenClock
from tests.fakes.site import ScriptedSite
from tests.stages.dispatch.conftest import Room, begin

HEALTH = "wp.site.health"
FINE = Standing((), "paired", paused=False, contained=(), forbidden=False)
PERSON = Actor("person", "11111111-1111-4111-8111-111111111111")
NOW = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def _ask(tool: str = HEALTH, *, by: Actor = PERSON, **args: str) -> Ask:
    return Ask(CallId(new_id()), InstallationId(new_id()), SiteId(new_id()), tool, args, by, CorrelationId(new_id()))


def _codes(ask: Ask, standing: Standing, action: Action | None = None) -> list[str]:
    return [reason.code for reason in reasons_against(ask, action or CATALOGUE.get(ask.tool), standing)]


def test_nothing_stands_against_a_read_of_a_paired_site() -> None:
    assert _codes(_ask(), FINE) == []


@pytest.mark.req("P16", "X4", "W11")
@pytest.mark.parametrize(
    ("ask", "standing", "codes"),
    [
        (_ask("wp.site.inventory"), replace(FINE, stops=(Stop("breach", "p", NOW),)), ["gate.stopped"]),
        (_ask("control.resume"), replace(FINE, stops=(Stop("breach", "p", NOW),)), ["gate.stopped"]),
        (_ask(), replace(FINE, state="waiting"), ["gate.not_paired"]),
        (_ask(), replace(FINE, state="confirming"), ["gate.not_paired"]),
        (_ask(), replace(FINE, state=""), ["gate.not_paired"]),
        (_ask(), replace(FINE, state="revoked"), ["gate.revoked"]),
        (_ask("control.pause", reason="x"), replace(FINE, state="revoked"), ["gate.revoked"]),
        (_ask(), replace(FINE, forbidden=True), ["gate.role"]),
        (_ask("wp.php.eval"), FINE, ["gate.tool"]),
        (_ask(HEALTH, path="/etc/passwd"), FINE, ["gate.args"]),
        (_ask("wp.site.inventory"), replace(FINE, paused=True), ["gate.paused"]),
        (_ask("control.pause", by=Actor("process", "dispatcher"), reason="x"), FINE, ["gate.role"]),
        (_ask("control.revoke", by=Actor("process", "dispatcher"), reason="x"), FINE, ["gate.role"]),
    ],
)
def test_each_reason_alone_refuses(ask: Ask, standing: Standing, codes: list[str]) -> None:
    assert _codes(ask, standing) == codes


@pytest.mark.parametrize(
    ("ask", "standing"),
    [
        (_ask(), replace(FINE, stops=(Stop("breach", "p", NOW),))),
        (_ask("control.pause", reason="x"), replace(FINE, stops=(Stop("breach", "p", NOW),))),
        (_ask("control.revoke", reason="x"), replace(FINE, stops=(Stop("breach", "p", NOW),))),
        (_ask("control.confirm", by=Actor("process", "dispatcher")), replace(FINE, state="confirming")),
        (_ask("control.revoke", reason="x"), replace(FINE, state="revoked")),
        (_ask(), replace(FINE, paused=True)),
        (_ask("control.resume"), replace(FINE, paused=True)),
        (_ask(), replace(FINE, contained=("a clone",))),
        (_ask("control.pause", reason="x"), replace(FINE, contained=("a clone",))),
    ],
)
def test_stops_pauses_and_incidents_leave_the_ways_out_open(ask: Ask, standing: Standing) -> None:
    assert _codes(ask, standing) == []


@pytest.mark.req("P16")
def test_every_reason_is_told_not_only_the_first() -> None:
    standing = Standing((Stop("breach", "p", NOW),), "revoked", paused=True, contained=(), forbidden=True)
    assert _codes(_ask("wp.site.inventory", path="/"), standing) == [
        "gate.stopped",
        "gate.paused",
        "gate.revoked",
        "gate.role",
        "gate.args",
    ]


@pytest.mark.req("W5", "X5", "X6")
@pytest.mark.parametrize("klass", [Klass.PREPARE, Klass.CHANGE, Klass.RECOVER])
def test_a_change_without_a_decision_is_refused(klass: Klass) -> None:
    update = Action("wp.plugin.update", klass, Risk.MEDIUM, "update_plugins", {"type": "object"}, reversible=True, says="")
    by_a_client = _ask("wp.plugin.update", by=Actor("client", "c1"))
    assert _codes(by_a_client, FINE, update) == ["gate.no_decision"]
    assert _codes(by_a_client, replace(FINE, contained=("a clone",)), update) == ["gate.contained", "gate.no_decision"]
    by_a_process = _ask("wp.plugin.update", by=Actor("process", "dispatcher"))
    assert _codes(by_a_process, FINE, update) == ["gate.role", "gate.no_decision"]


def test_a_person_may_have_a_snapshot_made_but_no_change() -> None:
    wanted = {klass: Action("wp.x", klass, Risk.LOW, "read", {"type": "object"}, reversible=True, says="") for klass in Klass}
    assert _codes(_ask("wp.x"), FINE, wanted[Klass.PREPARE]) == []
    assert _codes(_ask("wp.x"), FINE, wanted[Klass.CHANGE]) == ["gate.no_decision"]
    assert _codes(_ask("wp.x"), FINE, wanted[Klass.RECOVER]) == ["gate.no_decision"]


def test_a_bucket_fills_with_time_up_to_its_capacity_and_never_backwards() -> None:
    rate = Rate(per_minute=60, burst=2.0)
    assert refill(0, NOW, rate, NOW + timedelta(seconds=5)) == 5
    assert refill(100, NOW, rate, NOW + timedelta(hours=1)) == 120
    assert refill(7, NOW, rate, NOW - timedelta(hours=1)) == 7


@pytest.mark.req("W1")
def test_a_permit_covers_its_own_call_and_no_other() -> None:
    ask = _ask()
    permit = Permit(OrgId(new_id()), ask.installation, ask.call, ask.tool, args_hash(ask.args), NOW + timedelta(minutes=5))
    covered = {"installation": ask.installation, "call": ask.call, "tool": ask.tool, "args_hash": args_hash(ask.args), "now": NOW}
    assert permit.covers(**covered)
    for name, other in {
        "installation": InstallationId(new_id()), "call": CallId(new_id()), "tool": "wp.site.inventory", "args_hash": args_hash({"a": 1}),
        "now": NOW + timedelta(minutes=5),
    }.items():  # fmt: skip
        assert not permit.covers(**{**covered, name: other}), name


@pytest.fixture
async def room(database: Database, frozen: FrozenClock, tmp_path: Path, org: OrgId) -> AsyncIterator[Room]:
    async with ScriptedSite(frozen.now) as site:
        made = await begin(database, frozen, tmp_path, site, org)
        await made.dispatcher.confirm_due()
        await made.dispatcher.serve_waiting()
        yield made


def _of(room: Room, tool: str = HEALTH, *, by: PersonId | None = None, **args: str) -> Ask:
    actor = Actor("person", by or room.person)
    return Ask(CallId(new_id()), room.installation, room.site_id, tool, args, actor, CorrelationId(new_id()))


async def _admit(room: Room, ask: Ask, rate: Rate = gate.CALLS) -> Permit | Refusal:
    async with room.database.transaction(room.org) as tx:
        return await gate.admit(tx, ask, now=room.clock.now(), rate=rate)


async def test_a_permit_is_given_for_the_call_that_was_asked_for(room: Room) -> None:
    ask = _of(room)
    permit = await _admit(room, ask)
    assert isinstance(permit, Permit)
    assert (permit.call, permit.installation, permit.tool, permit.args_hash) == (ask.call, room.installation, HEALTH, args_hash({}))


async def test_one_call_is_never_admitted_twice(room: Room) -> None:
    ask = _of(room)
    await _admit(room, ask)
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await _admit(room, ask)


@pytest.mark.req("P3")
async def test_a_resend_renews_the_permit_of_the_same_call_only(room: Room) -> None:
    ask = _of(room)
    await _admit(room, ask)
    room.clock.advance(minutes=10)
    async with room.database.transaction(room.org) as tx:
        permit = await gate.again(tx, ask, now=room.clock.now())
    assert isinstance(permit, Permit)
    assert permit.until == room.clock.now() + gate.PERMIT_LIVES
    for other in (replace(ask, tool="wp.site.inventory"), replace(ask, call=CallId(new_id())), replace(ask, args={"a": "b"})):
        async with room.database.transaction(room.org) as tx:
            with pytest.raises(RuntimeError):
                await gate.again(tx, other, now=room.clock.now())


@pytest.mark.req("P7", "P16")
async def test_calls_beyond_the_rate_are_refused_and_recorded(room: Room) -> None:
    rate = Rate(per_minute=2, burst=1.0)
    room.clock.advance(minutes=1)
    given = [await _admit(room, _of(room), rate) for _ in range(3)]
    assert [isinstance(one, Permit) for one in given] == [True, True, False]
    assert isinstance(given[2], Refusal)
    assert given[2].reasons[0].code == "gate.rate"
    async with room.database.reading(room.org) as tx:
        assert len(await audit.events(tx, after=None, limit=10, kind="gate.refused")) == 1
    room.clock.advance(seconds=30)
    assert isinstance(await _admit(room, _of(room), rate), Permit)


@pytest.mark.req("P7")
async def test_parallel_callers_never_spend_one_token_twice(room: Room) -> None:
    rate = Rate(per_minute=3, burst=1.0)
    given = await asyncio.gather(*(_admit(room, _of(room), rate) for _ in range(8)))
    assert sum(isinstance(one, Permit) for one in given) == 3


async def test_a_pause_gets_through_when_the_rate_is_spent(room: Room) -> None:
    spent = Rate(per_minute=1, burst=1.0)
    await _admit(room, _of(room), spent)
    assert isinstance(await _admit(room, _of(room), spent), Refusal)
    assert isinstance(await _admit(room, _of(room, "control.pause", reason="x"), spent), Permit)


@pytest.mark.req("X10")
async def test_a_viewer_asks_in_vain(room: Room) -> None:
    async with room.database.transaction(room.org) as tx:
        viewer = await identity.add_person(
            tx, name="Vera", mail="v@example.org", grant=Grant(Role.VIEWER), by=room.person, now=room.clock.now()
        )
    for tool, args in ((HEALTH, {}), ("control.pause", {"reason": "x"})):
        refusal = await _admit(room, _of(room, tool, by=viewer.id, **args))
        assert isinstance(refusal, Refusal)
        assert refusal.reasons[0].code == "gate.role"


@pytest.mark.req("W4")
async def test_another_organisations_installation_is_not_paired_here(room: Room) -> None:
    async with room.database.transaction(OrgId(new_id())) as tx:
        refusal = await gate.admit(tx, replace(_of(room), by=Actor("process", "dispatcher")), now=room.clock.now())
    assert isinstance(refusal, Refusal)
    assert [reason.code for reason in refusal.reasons] == ["gate.not_paired"]


async def test_a_call_for_another_site_than_the_installations_is_refused(room: Room) -> None:
    refusal = await _admit(room, replace(_of(room), site=SiteId(new_id())))
    assert isinstance(refusal, Refusal)


async def test_the_kill_switch_stops_until_an_owner_lifts_it(room: Room) -> None:
    correlation = CorrelationId(new_id())
    async with room.database.transaction(room.org) as tx:
        await gate.stop(tx, room.person, "breach", correlation=correlation, now=room.clock.now())
        await gate.stop(tx, room.person, "again", correlation=correlation, now=room.clock.now())
    refusal = await _admit(room, _of(room, "wp.site.inventory"))
    assert isinstance(refusal, Refusal)
    assert "breach" in refusal.reasons[0].says
    async with room.database.transaction(room.org) as tx:
        operator = await identity.add_person(
            tx, name="Otto", mail="otto@example.org", grant=Grant(Role.OPERATOR), by=room.person, now=room.clock.now()
        )
        with pytest.raises(Forbidden):
            await gate.lift(tx, operator.id, "mended", correlation=correlation, now=room.clock.now())
        await gate.lift(tx, room.person, "mended", correlation=correlation, now=room.clock.now())
    room.clock.advance(minutes=15)
    assert isinstance(await _admit(room, _of(room, "wp.site.inventory")), Permit)


async def test_old_permits_are_let_go(room: Room) -> None:
    ask = _of(room)
    await _admit(room, ask)
    room.clock.advance(days=8)
    async with room.database.transaction(EVERYONE) as tx:
        await gate.expire(EVERYONE, tx, now=room.clock.now())
    async with room.database.transaction(room.org) as tx:
        with pytest.raises(RuntimeError):
            await gate.again(tx, ask, now=room.clock.now())
        assert (await sites.installation(tx, room.installation)).state == "paired"
