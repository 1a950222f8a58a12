"""Filing: what the policy refuses is not filed, what it says stands with the proposal, and what needs nobody runs by itself."""

from dataclasses import replace

import pytest

from presswarden.actions.model import Risk
from presswarden.approvals import service as approvals
from presswarden.approvals.model import ProposalRefused
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import SnapshotId, new_id
from presswarden.policy.model import Decision, Mode, Stage, Verdict
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.rollouts import service as rollouts
from tests.stages.approvals.documents import as_built_in
from tests.stages.approvals.office import ANALYST, INVENTORY, SHOP_PLUGIN, Office


def _codes(decision: Decision) -> set[str]:
    return {reason.code for reason in decision.against()}


async def _by_itself(office: Office, proposal: Proposal) -> Decision:
    async with office.database.transaction(office.org) as tx:
        return await approvals.by_itself(tx, proposal.id, release=rollouts.release, now=office.clock.now())


async def _decision(office: Office, proposal: Proposal, stage: Stage = Stage.APPROVAL) -> Decision:
    async with office.database.reading(office.org) as tx:
        return await approvals.decision(tx, proposal, stage, now=office.clock.now())


@pytest.mark.req("N13")
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"version": "1.0.0"}, "policy.not_offered"),
        ({"before": {"active": True, "version": "1.0.1"}}, "policy.downgrade"),
        ({"component": "plugin:gone/gone.php"}, "policy.component_unknown"),
    ],
)
async def test_what_the_policy_refuses_is_not_filed(office: Office, more: dict[str, object], code: str) -> None:
    with pytest.raises(ProposalRefused) as refused:
        await office.submit(office.item(await office.site(), **more))
    assert refused.value.where == code
    assert await office.kinds("proposal.filed") == []


@pytest.mark.req("N13")
async def test_a_component_that_the_update_api_does_not_know_is_refused(office: Office) -> None:
    site = await office.site()
    closed = {**INVENTORY, SHOP_PLUGIN: {**INVENTORY[SHOP_PLUGIN], "known": False}}
    await office.heard(site, closed)
    with pytest.raises(ProposalRefused):
        await office.submit(office.item(site))


@pytest.mark.req("X10")
async def test_a_person_without_the_right_to_propose_files_nothing(office: Office) -> None:
    vera = await office.person("Vera", Role.VIEWER)
    with pytest.raises(Forbidden):
        await office.submit(office.item(await office.site()), by=vera)


async def test_a_site_of_another_organisation_is_refused(office: Office) -> None:
    site = await office.site()
    with pytest.raises((ProposalRefused, Forbidden)):
        await office.submit(office.item(site, site=new_id()))


@pytest.mark.req("S1", "S5")
async def test_what_is_wrong_with_the_site_holds_it_back_and_is_told(office: Office) -> None:
    site = await office.site()
    await office.heard(site, file_mods=False, watchdog=False)
    filed, asked = await office.submit(office.item(site))
    assert asked.verdict is Verdict.HOLD
    says = " ".join(reason.says for reason in asked.against())
    assert "DISALLOW_FILE_MODS" in says
    assert "watchdog" in says
    assert filed.state is ProposalState.WAITING


@pytest.mark.req("W17")
async def test_a_component_that_could_not_be_taken_back_somewhere_is_held_everywhere(office: Office) -> None:
    shop, blog = await office.site("shop"), await office.site("blog")
    async with office.database.transaction(office.org) as tx:
        await incidents.raise_signal(tx, SignalKind.ROLLBACK_FAILED, shop.site, {"component": SHOP_PLUGIN}, office.clock.now())
    _, asked = await office.submit(office.item(blog))
    assert any("hold" in reason.says for reason in asked.against())
    _, other = await office.submit(office.core(blog))
    assert not any("hold stands" in reason.says for reason in other.against())


@pytest.mark.req("W8")
async def test_autonomous_runs_a_confident_patch_by_itself_and_only_with_a_verified_snapshot_on_record(office: Office) -> None:
    await office.person("Anna")
    site = await office.site()
    filed, _ = await office.submit(office.item(site), by=ANALYST, confidence=0.9)
    assert (await _by_itself(office, filed)).verdict is Verdict.ASK
    await office.verified(site)
    await office.mode(site, Mode.AUTONOMOUS)
    assert (await _by_itself(office, filed)).verdict is Verdict.ALLOW
    assert (await office.look(filed.id)).state is ProposalState.APPROVED
    async with office.database.reading(office.org) as tx:
        assert len(await rollouts.work_of(tx, filed.id)) == 1
    again = await _by_itself(office, filed)
    assert again.verdict is not Verdict.ALLOW


@pytest.mark.req("W6")
@pytest.mark.parametrize(("confidence", "runs"), [(0.8199, False), (0.82, True)])
async def test_confidence_below_the_threshold_is_a_recommendation_only(office: Office, confidence: float, runs: bool) -> None:
    site = await office.site()
    await office.verified(site)
    await office.mode(site, Mode.AUTONOMOUS)
    filed, _ = await office.submit(office.item(site), by=ANALYST, confidence=confidence)
    found = await _by_itself(office, filed)
    assert (found.verdict is Verdict.ALLOW) is runs
    assert ("policy.confidence" in _codes(found)) is not runs
    assert ((await office.look(filed.id)).state is ProposalState.APPROVED) is runs


async def test_observe_files_and_never_releases(office: Office) -> None:
    anna = await office.person("Anna")
    site = await office.site()
    await office.mode(site, Mode.OBSERVE)
    filed, asked = await office.submit(office.item(site))
    assert "policy.observe" in _codes(asked)
    with pytest.raises(Exception, match="only observed"):
        await office.yes(filed, anna)
    assert (await _by_itself(office, filed)).verdict is Verdict.REFUSE


async def test_clearing_a_maintenance_file_needs_no_second_person(office: Office) -> None:
    await office.person("Anna")
    otto, site = await office.person("Otto", Role.OPERATOR), await office.site()
    wanted = office.item(site, tool="wp.maintenance.clear", component="", version="", before={}, package="", args={})
    filed, asked = await office.submit(wanted, by=otto, title="Clear maintenance")
    assert (asked.needs.people, asked.verdict) == (0, Verdict.ALLOW)
    assert (await _by_itself(office, filed)).verdict is Verdict.ALLOW
    assert (await office.look(filed.id)).state is ProposalState.APPROVED


async def test_deleting_a_snapshot_is_high_and_restoring_a_database_critical(office: Office) -> None:
    for name in ("Anna", "Berta"):
        await office.person(name)
    site, snapshot = await office.site(), SnapshotId(new_id())
    bare = {"component": "", "version": "", "before": {}, "package": ""}
    delete = office.item(site, tool="wp.snapshot.delete", args={"snapshot": snapshot}, **bare)
    _, asked = await office.submit(delete, title="Delete")
    assert (asked.risk, asked.needs.people) == (Risk.HIGH, 2)
    restore = office.item(site, tool="wp.snapshot.restore", args={"snapshot": snapshot, "change": "", "scope": "database"}, **bare)
    _, asked = await office.submit(restore, title="Restore")
    assert (asked.risk, asked.needs.owners) == (Risk.CRITICAL, True)


async def test_the_policys_two_clocks_are_the_proposals(office: Office) -> None:
    async with office.database.transaction(office.org) as tx:
        document = as_built_in(approval_hours=2, execute_hours=1)
        await approvals.activate_policy(tx, document, by=office.olga, now=office.clock.now())
    filed, _ = await office.submit(office.item(await office.site()))
    assert (filed.approve_by - filed.filed_at).total_seconds() == 2 * 3600
    assert (filed.execute_by - filed.approve_by).total_seconds() == 3600


@pytest.mark.req("W7")
async def test_at_dispatch_a_snapshot_that_is_not_known_to_be_verified_holds_it_back(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    await office.yes(filed, anna)
    assert (await _decision(office, filed, Stage.DISPATCH)).verdict is Verdict.HOLD
    assert _codes(await _decision(office, filed, Stage.DISPATCH)) == {"policy.snapshot"}
    async with office.database.reading(office.org) as tx:
        found = await approvals.decision(tx, filed, Stage.DISPATCH, snapshot_verified=True, now=office.clock.now())
    assert found.verdict is Verdict.ALLOW


@pytest.mark.req("X10")
async def test_an_approver_who_lost_the_role_no_longer_counts_at_dispatch(office: Office) -> None:
    anna = await office.person("Anna")
    await office.person("Berta")
    filed, _ = await office.submit(office.item(await office.site()))
    await office.yes(filed, anna)
    async with office.database.transaction(office.org) as tx:
        await identity.remove_person(tx, anna, by=office.olga, now=office.clock.now())
    async with office.database.reading(office.org) as tx:
        found = await approvals.decision(tx, filed, Stage.DISPATCH, snapshot_verified=True, now=office.clock.now())
    assert {"policy.consent", "policy.role"} <= {reason.code for reason in found.against()}


async def test_what_a_plan_says_other_than_its_digest_is_approved_by_nobody(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    await office.yes(filed, anna)
    act = filed.plan.leaves[0]
    bent = replace(filed, plan=replace(filed.plan, leaves=(replace(act, text=act.text.replace("1.0.1", "1.0.2")), *filed.plan.leaves[1:])))
    assert "policy.digest" in _codes(await _decision(office, bent))
