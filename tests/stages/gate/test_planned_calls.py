"""Steps of an approved plan through the whole door, on each database: the gate reads everything itself, at this moment."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from presswarden.approvals import service as approvals
from presswarden.audit.model import Actor
from presswarden.gate import service as gate
from presswarden.gate.model import Ask, Planned, Refusal
from presswarden.gate.permit import Permit, args_hash
from presswarden.identity import service as identity
from presswarden.identity.model import Role
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import CallId, CorrelationId, OrgId, new_id
from presswarden.policy.model import Mode
from presswarden.proposals.model import LeafRole
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.documents import as_built_in
from tests.stages.approvals.office import INVENTORY, opened
from tests.stages.gate.case import Case, approved
from tests.stages.gate.plans import ask, leaf, snapshot

pytestmark = pytest.mark.req("X5", "X6", "W1", "P16")
ENDINGS = [LeafRole.CLOSE, LeafRole.TAKE_BACK, LeafRole.DEACTIVATE, LeafRole.CLOSE_AGAIN]


@pytest.mark.req("W7")
async def test_an_approved_act_is_permitted_once_its_own_snapshot_is_verified(case: Case) -> None:
    assert await case.codes(case.call()) == ["gate.policy.snapshot"]
    await case.office.verified(case.site)  # another one of the same site says nothing
    assert await case.codes(case.call()) == ["gate.policy.snapshot"]
    await case.verified()
    permit = await case.admit(case.call())
    assert isinstance(permit, Permit)
    assert (permit.call, permit.tool, permit.args_hash) == (case.call().call, "wp.plugin.update", args_hash(case.call().args))
    assert [told["index"] for told in await case.office.kinds("gate.permitted")] == [1]


@pytest.mark.req("W7")
async def test_a_snapshot_of_yesterday_counts_no_more(case: Case) -> None:
    await case.verified()
    case.office.later(hours=24)
    await case.office.heard(case.site)
    assert "gate.policy.snapshot" in await case.codes(case.call())


async def test_snapshots_of_the_plan_are_made_before_and_need_the_plans_approval(case: Case) -> None:
    assert await case.codes(snapshot(case.plan)) == []
    other, _ = await case.office.submit(case.office.item(await case.office.site("blog")))
    assert "gate.plan_state" in await case.codes(snapshot(other))


async def test_a_process_makes_no_snapshot_by_itself_and_a_person_may(case: Case) -> None:
    bare = replace(snapshot(case.plan), planned=None)
    assert await case.codes(bare) == ["gate.role", "gate.no_decision"]
    person = replace(bare, by=Actor("person", case.office.olga), call=CallId(new_id()))
    assert await case.codes(person) == []
    vera = await case.office.person("Vera", Role.APPROVER)
    assert await case.codes(replace(person, by=Actor("person", vera), call=CallId(new_id()))) == ["gate.role"]


async def test_a_plan_that_waits_for_its_approvals_starts_nothing(case: Case) -> None:
    filed, _ = await case.office.submit(case.office.item(await case.office.site("blog")))
    found = await case.codes(ask(filed, leaf(filed)))
    assert {"gate.plan_state", "gate.not_released", "gate.policy.consent"} <= set(found)


async def test_another_organisations_plan_is_no_plan_here(case: Case) -> None:
    async with case.office.database.transaction(OrgId(new_id())) as tx:
        found = await gate.admit(tx, case.call(), now=case.office.clock.now())
    assert isinstance(found, Refusal)
    assert [reason.code for reason in found.reasons] == ["gate.not_paired", "gate.plan_unknown"]


@pytest.mark.parametrize("bend", [{"tool": "wp.theme.update"}, {"args": {}}, {"call": CallId(new_id())}])
async def test_what_the_plan_does_not_say_is_refused(case: Case, bend: dict[str, Any]) -> None:
    await case.verified()
    assert "gate.plan_leaf" in await case.codes(replace(case.call(), **bend))


@pytest.mark.parametrize("column", ["leaves", "items"])
async def test_a_plan_that_was_edited_in_the_database_is_refused(case: Case, column: str) -> None:
    """Approve, then edit: by somebody who took the database's own guard away. The texts no longer lead to the digest, or the items to the texts."""
    await case.verified()
    async with case.office.database.transaction(case.office.org) as tx:
        await _unguarded(case, tx)
        await tx.execute(text(f"UPDATE proposals SET {column} = replace({column}, '1.0.1', '6.6.6')"))
    edited = await case.office.look(case.plan.id)
    act = leaf(edited)
    assert "6.6.6" in (act.text if column == "leaves" else edited.items[0].version)
    asked = replace(case.call(), args=act.args, planned=Planned(edited.id, act.index, edited.plan.digest, act.text))
    assert "gate.plan_digest" in await case.codes(asked)


async def _unguarded(case: Case, tx: Tx) -> None:
    if not case.office.database.is_sqlite:
        await tx.execute(text("ALTER TABLE proposals DISABLE TRIGGER ALL"))
        return
    for name in await tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'proposals'")):
        await tx.execute(text(f"DROP TRIGGER {name}"))


@pytest.mark.req("X10")
async def test_an_approver_who_was_removed_counts_no_more(case: Case) -> None:
    await case.verified()
    async with case.office.database.transaction(case.office.org) as tx:
        await identity.remove_person(tx, case.anna, by=case.office.olga, now=case.office.clock.now())
    assert {"gate.policy.consent", "gate.policy.role"} <= set(await case.codes(case.call()))


async def test_a_policy_that_changed_since_the_yes_voids_it(case: Case) -> None:
    await case.verified()
    async with case.office.database.transaction(case.office.org) as tx:
        await approvals.activate_policy(tx, as_built_in(confidence_threshold=0.9), by=case.office.olga, now=case.office.clock.now())
    assert await case.codes(case.call()) == ["gate.policy.changed"]


async def test_a_site_that_was_set_to_observe_gets_no_change(case: Case) -> None:
    await case.verified()
    await case.office.mode(case.site, Mode.OBSERVE)
    assert await case.codes(case.call()) == ["gate.policy.observe"]


async def test_a_site_that_became_critical_needs_the_consents_of_its_new_risk(case: Case) -> None:
    await case.verified()
    async with case.office.database.transaction(case.office.org) as tx:
        await approvals.mark_critical(tx, case.site.site, True, by=case.office.olga, now=case.office.clock.now())
    assert await case.codes(case.call()) == ["gate.policy.consent"]


async def test_a_window_that_closed_in_between_holds_the_act_back(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    frozen.at = datetime.fromisoformat("2026-11-21T23:00:00+00:00")  # opened two days later, on a Monday night
    office = await opened(database, frozen, org)
    async with office.database.transaction(org) as tx:
        window = {"days": ["mon"], "from": "22:00", "to": "05:00", "tz": "UTC"}
        await approvals.activate_policy(tx, as_built_in(change_windows=[window]), by=office.olga, now=frozen.now())
    case = await approved(office)
    await case.verified()
    office.later(hours=7)
    await office.heard(case.site)
    assert await case.codes(case.call()) == ["gate.policy.window"]
    frozen.at -= timedelta(hours=3)
    assert await case.codes(case.call()) == []


@pytest.mark.req("P7")
async def test_a_window_in_the_sites_time_goes_by_the_zone_that_the_site_reports(
    database: Database, frozen: FrozenClock, org: OrgId
) -> None:
    frozen.at = datetime.fromisoformat("2026-11-21T21:00:00+00:00")  # opened two days later, at 22:00 in Berlin
    office = await opened(database, frozen, org)
    async with office.database.transaction(org) as tx:
        window = {"days": ["mon"], "from": "22:00", "to": "22:10", "tz": "site"}
        await approvals.activate_policy(tx, as_built_in(change_windows=[window]), by=office.olga, now=frozen.now())
    case = await approved(office)
    await case.verified()
    await office.heard(case.site)
    assert await case.codes(case.call()) == ["gate.policy.timezone"], "a site that reports none is not taken for one in Greenwich"
    for zone, codes in (("", ["gate.policy.timezone"]), ("UTC", ["gate.policy.window"]), ("Europe/Berlin", [])):
        await office.heard(case.site, {**INVENTORY, "core": {**INVENTORY["core"], "timezone": zone}})
        assert await case.codes(case.call()) == codes, zone


async def test_a_site_that_is_no_longer_fit_gets_no_change(case: Case) -> None:
    await case.verified()
    await case.office.heard(case.site, watchdog=False)
    assert await case.codes(case.call()) == ["gate.policy.ineligible"]
    await case.office.heard(case.site)
    case.office.later(minutes=16)
    assert await case.codes(case.call()) == ["gate.policy.not_heard"]


@pytest.mark.req("N13")
async def test_an_offer_that_went_away_is_not_taken(case: Case) -> None:
    await case.verified()
    gone = {key: value for key, value in INVENTORY.items() if not key.startswith("update:plugin")}
    await case.office.heard(case.site, gone)
    assert await case.codes(case.call()) == ["gate.policy.not_offered"]


async def test_the_single_operators_grave_yes_waits_fifteen_minutes(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    office = await opened(database, frozen, org)
    site = await office.site()
    filed, _ = await office.submit(office.item(site, package=""))
    await office.yes(filed, office.olga)
    case = Case(office, site, office.olga, office.olga, await office.look(filed.id))
    await case.verified()
    assert await case.codes(case.call()) == ["gate.early", "gate.policy.delay"]
    office.later(minutes=15)
    await office.heard(site)
    assert await case.codes(case.call()) == []


async def test_nothing_starts_after_the_time_in_which_it_could(case: Case) -> None:
    case.office.clock.at = case.plan.execute_by
    await case.office.heard(case.site)
    await case.verified()
    assert await case.codes(case.call()) == ["gate.expired"]


async def test_a_change_that_ended_is_not_sent_again(case: Case) -> None:
    await case.begun()
    async with case.office.database.transaction(case.office.org) as tx:
        (change,) = await rollouts.changes(tx, proposal=case.plan.id)
        await rollouts.end(tx, change.id, Result.ROLLED_BACK, now=case.office.clock.now())
    assert await case.codes(case.call()) == ["gate.change_over"]
    for role in ENDINGS:
        assert "gate.change_not_open" in await case.codes(case.call(role)), role


async def test_one_change_at_a_time_on_a_site(case: Case) -> None:
    await case.begun()
    other, _ = await case.office.submit(
        case.office.item(case.site, tool="wp.plugin.deactivate", version="", package=""), title="Switch off"
    )
    await case.office.yes(other, case.anna)
    other = await case.office.look(other.id)
    await case.office.verified(case.site, leaf(other).snapshot)
    assert await case.codes(ask(other, leaf(other))) == ["gate.change_open"]


@pytest.mark.req("P7")
async def test_the_rate_of_the_sites_policy_counts_and_is_spent_by_an_allow_only(case: Case) -> None:
    async with case.office.database.transaction(case.office.org) as tx:
        document = as_built_in()
        document["rate_limits"] |= {"tool_calls_per_minute": 1, "burst_multiplier": 2}
        await approvals.activate_policy(tx, document, by=case.office.olga, now=case.office.clock.now())

    def read(tool: str = "wp.site.inventory") -> Ask:
        by = Actor("person", case.office.olga)
        return Ask(CallId(new_id()), case.site.installation, case.site.site, tool, {}, by, CorrelationId(new_id()))

    assert await case.codes(read("wp.nothing")) == ["gate.tool"]
    assert [await case.codes(read()) for _ in range(3)] == [[], [], ["gate.rate"]]
