"""A plan that is approved and released, and the calls that belong to it; to be bent in the one point a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.gate import course
from presswarden.gate.model import Ask, Planned
from presswarden.kernel.ids import ChangeId, CorrelationId, InstallationId, OrgId, ProposalId, SiteId, SnapshotId, WorkId, new_id
from presswarden.policy.model import Decision, Needs, Reason, Verdict
from presswarden.proposals import plan as plans
from presswarden.proposals.model import Item, Leaf, LeafRole, Proposal, ProposalState, Source
from presswarden.rollouts.model import Change, Work, WorkState

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORG, SITE, INSTALLATION = OrgId(new_id()), SiteId(new_id()), InstallationId(new_id())
FLOWS = Actor("process", "flows")
NOBODY = Needs(0, owners=False, passkeys=False, delay_minutes=0, single_operator=False)
ALLOWED = Decision(Verdict.ALLOW, (Reason(Verdict.ALLOW, "policy.consented", "yes"),), Risk.MEDIUM, NOBODY, "v")


def item(tool: str = "wp.plugin.update", component: str = "plugin:a/a.php", **more: Any) -> Item:
    whole: dict[str, Any] = {
        "site": SITE, "installation": INSTALLATION, "home": "https://a.example", "tool": tool, "component": component, "version": "1.1",
        "before": {"version": "1.0"}, "package": "", "args": {},
    }  # fmt: skip
    return Item(**{**whole, **more})


def approved(*items: Item) -> Proposal:
    named, wanted = ProposalId(new_id()), items or (item(),)
    made = plans.make(
        plan=named, org=ORG, items=wanted, level=Risk.MEDIUM, approvals=1, not_before=NOW, not_after=NOW + timedelta(days=1), ids=new_id
    )
    return Proposal(
        ORG, named, Source.PERSON, Actor("person", new_id()), None, "Update", wanted, (), None, Risk.MEDIUM, made, ProposalState.APPROVED,
        CorrelationId(new_id()), NOW, NOW + timedelta(hours=12), NOW + timedelta(hours=23), NOW,
    )  # fmt: skip


def leaf(proposal: Proposal, role: LeafRole = LeafRole.ACT) -> Leaf:
    return next(one for one in proposal.plan.leaves if one.role is role)


def ask(proposal: Proposal, of: Leaf, **more: Any) -> Ask:
    planned = Planned(proposal.id, of.index, proposal.plan.digest, of.text)
    whole = Ask(of.call, of.installation, of.site, of.tool, of.args, FLOWS, proposal.correlation, planned)
    return replace(whole, **more)


def snapshot(proposal: Proposal, of: SnapshotId | None = None, **more: Any) -> Ask:
    """A call that makes the snapshot of the plan's first act."""
    args = {"component": "plugin:a/a.php", "database": False, "seconds": 10, "snapshot": of or leaf(proposal).snapshot, "step": 0}
    whole = ask(proposal, leaf(proposal), tool="wp.snapshot.create", args=args, planned=Planned(proposal.id, 0, proposal.plan.digest, ""))
    return replace(whole, **more)


def work_of(proposal: Proposal, **more: Any) -> Work:
    act = leaf(proposal)
    whole = Work(
        ORG, WorkId(new_id()), proposal.id, act.site, act.installation, (act.change or ChangeId(act.call),), WorkState.RUNNING,
        proposal.correlation, NOW, NOW, proposal.execute_by,
    )  # fmt: skip
    return replace(whole, **more)


def change_of(proposal: Proposal, **more: Any) -> Change:
    act = leaf(proposal)
    whole = Change(
        ORG, act.change or ChangeId(act.call), WorkId(new_id()), proposal.id, act.site, act.index, act.tool, act.component, "1.0", "1.1",
        act.snapshot, "act", None, "", "", began_at=NOW,
    )  # fmt: skip
    return replace(whole, **more)


def under_way(proposal: Proposal, **more: Any) -> course.Course:
    """Everything as it is while the plan's change is on its way."""
    change = change_of(proposal)
    return replace(course.Course(proposal, work_of(proposal), change, change, change, ALLOWED), **more)


def codes(asked: Ask, of: course.Course, now: datetime = NOW) -> list[str]:
    return [reason.code for reason in course.reasons_against(asked, CATALOGUE[asked.tool], of, now)]
