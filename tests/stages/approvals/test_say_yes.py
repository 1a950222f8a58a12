"""People consent to one exact plan: who may, in which way, how many, and what follows from the last yes."""

import asyncio

import pytest
from sqlalchemy import text

from presswarden.actions.model import Risk
from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import ApprovalExpired, ApprovalRefused, PasskeyRefused, Tapped, Way
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import OrgId, PersonId, new_id
from presswarden.policy.model import Verdict
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState, ProposalUnknown
from presswarden.rollouts import service as rollouts
from tests.stages.approvals.documents import stricter
from tests.stages.approvals.office import ANALYST, Office

pytestmark = pytest.mark.req("X6", "X10")


async def _refused(office: Office, *args: object, **named: object) -> str:
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(*args, **named)  # type: ignore[arg-type]
    return refused.value.code


async def test_one_yes_of_another_person_approves_a_medium_risk_and_releases_its_work(office: Office) -> None:
    anna = await office.person("Anna")
    filed, asked = await office.submit(office.item(await office.site()))
    assert (filed.state, asked.risk, asked.needs.people, asked.verdict) == (ProposalState.WAITING, Risk.MEDIUM, 1, Verdict.ASK)
    decision = await office.yes(filed, anna)
    assert decision.verdict is Verdict.ALLOW
    assert (await office.look(filed.id)).state is ProposalState.APPROVED
    async with office.database.reading(office.org) as tx:
        (work,) = await rollouts.work_of(tx, filed.id)
    assert work.not_before == office.clock.now()
    (told,) = await office.kinds("consent.given")
    assert (told["digest"], told["way"], told["alone"]) == (filed.plan.digest, "terminal", False)
    assert len(await office.kinds("policy.decided")) == 1


async def test_whoever_asks_does_not_approve(office: Office) -> None:
    await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    assert await _refused(office, filed, office.olga) == "approval.own_proposal"
    assert (await office.look(filed.id)).state is ProposalState.WAITING


async def test_whoever_adopts_a_recommendation_counts_as_asking(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()), by=ANALYST, confidence=0.9)
    assert filed.state is ProposalState.RECOMMENDED
    assert await _refused(office, filed, anna) == "approval.not_adopted"
    async with office.database.transaction(office.org) as tx:
        await proposals.adopt(tx, filed.id, Actor("person", office.olga), office.clock.now())
    adopted = await office.look(filed.id)
    assert await _refused(office, adopted, office.olga) == "approval.own_proposal"
    assert (await office.yes(adopted, anna)).consented


async def test_only_a_person_who_may_approve_for_every_site_counts(office: Office) -> None:
    shop, blog = await office.site("shop"), await office.site("blog")
    otto, vera = await office.person("Otto", Role.OPERATOR), await office.person("Vera", Role.VIEWER)
    half = await office.person("Hal", Role.APPROVER, site=shop.site)
    filed, _ = await office.submit(office.item(shop), office.item(blog))
    for nobody in (otto, vera, half, PersonId(new_id())):
        assert await _refused(office, filed, nobody) == "approval.role"
    async with office.database.transaction(office.org) as tx:
        await identity.grant_role(tx, half, Grant(Role.APPROVER, blog.site), by=office.olga, now=office.clock.now())
    assert (await office.yes(filed, half)).consented


async def test_a_yes_to_another_digest_is_refused(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    assert await _refused(office, filed, anna, digest="0" * 64) == "approval.digest"


async def test_a_yes_after_the_time_for_approvals_is_refused(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    office.clock.at = filed.approve_by
    with pytest.raises(ApprovalExpired):
        await office.yes(filed, anna)


async def test_a_high_risk_needs_two_people_and_the_same_one_counts_once(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    site = await office.site()
    filed, asked = await office.submit(office.item(site, package=""))
    assert (asked.risk, asked.needs.people) == (Risk.HIGH, 2)
    assert (await office.yes(filed, anna)).verdict is Verdict.ASK
    assert await _refused(office, filed, anna) == "approval.said"
    assert (await office.look(filed.id)).state is ProposalState.WAITING
    assert (await office.yes(filed, berta)).consented
    assert (await office.look(filed.id)).state is ProposalState.APPROVED


async def test_a_critical_risk_needs_two_owners(office: Office) -> None:
    filed, asked = await office.submit(office.core(await office.site()))
    assert (asked.risk, asked.needs.owners) == (Risk.CRITICAL, True)
    anna, petra, paul = [
        await office.person(name, role) for name, role in (("Anna", Role.ADMIN), ("Petra", Role.OWNER), ("Paul", Role.OWNER))
    ]
    await office.yes(filed, anna)
    await office.yes(filed, petra)
    assert (await office.look(filed.id)).state is ProposalState.WAITING
    assert (await office.yes(filed, paul)).consented


async def test_a_passkey_says_yes_and_its_assertion_is_kept(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    await office.passkey(anna)
    await office.passkey(berta, algorithm="ed25519")
    filed, asked = await office.submit(office.item(await office.site(), package=""))
    assert asked.needs.passkeys
    await office.yes(filed, anna)
    assert (await office.yes(filed, berta)).consented
    async with office.database.reading(office.org) as tx:
        given = await approvals.answers(tx, filed.id)
        kept = (await tx.execute(text("SELECT count(*) FROM consents WHERE assertion IS NOT NULL"))).scalar_one()
    assert [one.way for one in given] == [Way.PASSKEY, Way.PASSKEY]
    assert kept == 2


async def test_a_terminal_is_refused_for_a_high_risk_once_anybody_has_a_passkey(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    await office.passkey(berta)
    high, _ = await office.submit(office.item(await office.site(), package=""))
    assert await _refused(office, high, anna, office.typed(high)) == "approval.passkey_needed"
    medium, _ = await office.submit(office.item(await office.site("blog")))
    assert (await office.yes(medium, anna, office.typed(medium))).consented


@pytest.mark.parametrize("wrong", [{"local": False}, {"tty": False}, {"typed": ""}, {"typed": "yes"}])
async def test_a_yes_is_typed_at_a_terminal_of_the_databases_machine_only(office: Office, wrong: dict[str, object]) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    assert await _refused(office, filed, anna, office.typed(filed, **wrong)) == "approval.terminal"


async def test_a_passkey_of_somebody_else_is_refused(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    await office.passkey(anna)
    await office.passkey(berta)
    filed, _ = await office.submit(office.item(await office.site()))
    with pytest.raises(PasskeyRefused):
        await office.yes(filed, berta, office.tapped(filed, anna))


async def test_an_assertion_for_another_plan_or_over_the_bare_digest_is_refused(office: Office) -> None:
    anna = await office.person("Anna")
    await office.passkey(anna)
    one, _ = await office.submit(office.item(await office.site()))
    other, _ = await office.submit(office.item(await office.site("blog")))
    for assertion in (office.tapped(other, anna), Tapped(office.keys[anna].sign(bytes.fromhex(one.plan.digest)))):
        with pytest.raises(PasskeyRefused) as refused:
            await office.yes(one, anna, assertion)
        assert refused.value.where == "challenge"


async def test_a_removed_passkey_says_nothing_more_and_its_old_yes_no_longer_counts(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    passkey = await office.passkey(anna)
    await office.passkey(berta)
    filed, _ = await office.submit(office.item(await office.site(), package=""))
    await office.yes(filed, anna)
    async with office.database.transaction(office.org) as tx:
        await approvals.remove_passkey(tx, passkey.id, by=anna, now=office.clock.now())
    after = await office.yes(filed, berta)
    assert after.verdict is Verdict.ASK
    assert "policy.passkey" in {reason.code for reason in after.reasons}
    other, _ = await office.submit(office.item(await office.site("blog")))
    with pytest.raises(PasskeyRefused):
        await office.yes(other, anna)


async def test_taking_the_last_passkey_out_of_use_brings_the_terminal_back_only_a_day_later(office: Office) -> None:
    passkey = await office.passkey(office.olga)
    async with office.database.transaction(office.org) as tx:
        await approvals.remove_passkey(tx, passkey.id, by=office.olga, now=office.clock.now())
    del office.keys[office.olga]
    site = await office.site()
    filed, asked = await office.submit(office.item(site, package=""))
    assert asked.needs.people == 1
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, office.olga)
    assert refused.value.code == "approval.passkey_needed"
    office.later(hours=24)
    await office.heard(site)
    assert (await office.yes(filed, office.olga)).consented


async def test_a_counter_that_does_not_go_up_is_an_incident_and_no_refusal(office: Office) -> None:
    anna = await office.person("Anna")
    await office.passkey(anna)
    shop = await office.site()
    for label in ("blog", "news"):
        filed, _ = await office.submit(office.item(await office.site(label)))
        await office.yes(filed, anna)
    office.keys[anna].count = 0
    filed, _ = await office.submit(office.item(shop))
    assert (await office.yes(filed, anna)).consented
    async with office.database.reading(office.org) as tx:
        assert [one.kind for one in await incidents.open_incidents(tx, shop.site)] == [SignalKind.PASSKEY_COUNTER]


async def test_a_no_ends_it_and_no_later_yes_brings_it_back(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    filed, _ = await office.submit(office.item(await office.site(), package=""))
    await office.yes(filed, anna)
    assert (await office.no(filed, anna)).state is ProposalState.REJECTED
    assert await _refused(office, filed, berta) == "approval.over"
    (told,) = await office.kinds("consent.refused")
    assert told["reason"] == "not today"


async def test_a_no_after_the_last_yes_is_too_late(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    await office.yes(filed, anna)
    with pytest.raises(ApprovalRefused) as refused:
        await office.no(filed, anna)
    assert refused.value.code == "approval.over"


async def test_a_viewer_can_not_say_no_and_whoever_asked_can(office: Office) -> None:
    vera, otto = await office.person("Vera", Role.VIEWER), await office.person("Otto", Role.OPERATOR)
    filed, _ = await office.submit(office.item(await office.site()), by=otto)
    with pytest.raises(ApprovalRefused) as refused:
        await office.no(filed, vera)
    assert refused.value.code == "approval.role"
    assert (await office.no(filed, otto)).state is ProposalState.REJECTED


async def test_two_last_yeses_at_once_release_the_work_once(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    filed, _ = await office.submit(office.item(await office.site(), package=""))
    await asyncio.gather(office.yes(filed, anna), office.yes(filed, berta))
    assert (await office.look(filed.id)).state is ProposalState.APPROVED
    async with office.database.reading(office.org) as tx:
        assert len(await rollouts.work_of(tx, filed.id)) == 1


async def test_the_policy_changing_between_two_yeses_voids_the_first(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    filed, _ = await office.submit(office.item(await office.site(), package=""))
    await office.yes(filed, anna)
    async with office.database.transaction(office.org) as tx:
        await approvals.activate_policy(tx, stricter(), by=office.olga, now=office.clock.now())
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, berta)
    assert (refused.value.code, refused.value.where) == ("approval.policy", "policy.changed")


@pytest.mark.req("W4")
async def test_another_organisations_proposal_is_unknown(office: Office) -> None:
    filed, _ = await office.submit(office.item(await office.site()))
    async with office.database.transaction(OrgId(new_id())) as tx:
        with pytest.raises(ProposalUnknown):
            await consent.say_yes(
                tx,
                filed.id,
                office.olga,
                digest=filed.plan.digest,
                evidence=office.typed(filed),
                release=rollouts.release,
                now=office.clock.now(),
            )
