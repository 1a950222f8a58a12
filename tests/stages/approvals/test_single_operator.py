"""Exactly one person may approve: their own yes counts, by rules of its own, marked, and only a day after anybody was removed."""

from datetime import timedelta

import pytest

from presswarden.actions.model import Risk
from presswarden.approvals import service as approvals
from presswarden.approvals.model import ApprovalRefused
from presswarden.audit import service as audit
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.policy.model import Stage, Verdict
from presswarden.proposals.model import ProposalState
from presswarden.reports.notices import finding
from presswarden.reports.notices.model import Occasion
from presswarden.rollouts import service as rollouts
from tests.stages.approvals.office import Office

pytestmark = pytest.mark.req("X6", "X10")


async def test_the_single_operators_own_yes_to_a_medium_risk_counts_at_once_and_is_marked(office: Office) -> None:
    filed, asked = await office.submit(office.item(await office.site()))
    assert asked.needs.single_operator
    assert (await office.yes(filed, office.olga)).consented
    async with office.database.reading(office.org) as tx:
        (given,) = await approvals.answers(tx, filed.id)
        (work,) = await rollouts.work_of(tx, filed.id)
    assert given.alone
    assert work.not_before == office.clock.now()
    (told,) = await office.kinds("consent.given")
    assert told["alone"] is True


async def test_a_grave_yes_of_a_single_operator_takes_effect_after_fifteen_minutes(office: Office) -> None:
    filed, asked = await office.submit(office.item(await office.site(), package=""))
    assert (asked.risk, asked.needs.people, asked.needs.delay_minutes) == (Risk.HIGH, 1, 15)
    await office.yes(filed, office.olga)
    async with office.database.reading(office.org) as tx:
        (work,) = await rollouts.work_of(tx, filed.id)
        early = await approvals.decision(tx, await office.look(filed.id), Stage.DISPATCH, snapshot_verified=True, now=office.clock.now())
    assert work.not_before == office.clock.now() + timedelta(minutes=15)
    assert (early.verdict, early.against()[0].code) == (Verdict.HOLD, "policy.delay")


async def test_a_second_approver_ends_it(office: Office) -> None:
    filed, _ = await office.submit(office.item(await office.site()))
    await office.person("Anna")
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, office.olga)
    assert refused.value.code == "approval.own_proposal"


@pytest.mark.parametrize("how", ["removed", "role withdrawn"])
async def test_it_starts_only_a_day_after_somebody_was_removed(office: Office, how: str) -> None:
    anna = await office.person("Anna")
    async with office.database.transaction(office.org) as tx:
        if how == "removed":
            await identity.remove_person(tx, anna, by=office.olga, now=office.clock.now())
        else:
            await identity.withdraw_role(tx, anna, Grant(Role.APPROVER), by=office.olga, now=office.clock.now())
    site = await office.site()
    filed, _ = await office.submit(office.item(site))
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, office.olga)
    assert refused.value.code == "approval.own_proposal"
    office.later(hours=24)
    await office.heard(site)
    assert (await office.yes(filed, office.olga)).consented
    assert (await office.look(filed.id)).state is ProposalState.APPROVED


async def test_an_approver_who_was_put_out_is_not_hidden_behind_others_who_approve_nothing(office: Office) -> None:
    anna, vera = await office.person("Anna"), await office.person("Vera", Role.AUDITOR)
    async with office.database.transaction(office.org) as tx:
        await identity.withdraw_role(tx, anna, Grant(Role.APPROVER), by=office.olga, now=office.clock.now())
        for _ in range(101):
            await identity.grant_role(tx, vera, Grant(Role.VIEWER), by=office.olga, now=office.clock.now())
            office.later(seconds=1)
            await identity.withdraw_role(tx, vera, Grant(Role.VIEWER), by=office.olga, now=office.clock.now())
    filed, asked = await office.submit(office.item(await office.site()))
    assert not asked.needs.single_operator
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, office.olga)
    assert refused.value.code == "approval.own_proposal"


async def test_a_role_that_approves_nothing_may_be_withdrawn_without_waiting(office: Office) -> None:
    vera = await office.person("Vera", Role.VIEWER)
    async with office.database.transaction(office.org) as tx:
        await identity.withdraw_role(tx, vera, Grant(Role.VIEWER), by=office.olga, now=office.clock.now())
    filed, _ = await office.submit(office.item(await office.site()))
    assert (await office.yes(filed, office.olga)).consented


async def test_an_approver_of_another_site_is_enough_to_end_it(office: Office) -> None:
    """Else a plan could be cut so that its own approvers seem to be missing."""
    shop, blog = await office.site("shop"), await office.site("blog")
    await office.person("Hal", Role.APPROVER, site=blog.site)
    filed, _ = await office.submit(office.item(shop))
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, office.olga)
    assert refused.value.code == "approval.own_proposal"


@pytest.mark.req("N19")
async def test_the_owner_is_told_of_a_grave_yes_that_nobody_else_could_give(office: Office) -> None:
    grave, _ = await office.submit(office.item(await office.site(), package=""))
    small, _ = await office.submit(office.item(await office.site("blog")))
    for filed in (grave, small):
        await office.yes(filed, office.olga)
    async with office.database.reading(office.org) as tx:
        entries = await audit.events(tx, kind="consent.given")
        (owner,) = await identity.people(tx)
    (told,) = (found for entry in entries if (found := finding.notice_of(entry, None)) is not None)
    assert (told.occasion, told.path) == (Occasion.ALONE, f"/proposals/{grave.id}")
    assert finding.is_told(owner, told, None, {})
