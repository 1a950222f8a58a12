"""What can stand against a call that belongs to a plan: pure. The plan as it is kept, the work and the change of the site, and the policy's decision come in.

A call is what the approved text says, letter for letter, or it is refused. Closing and taking back an open change pass a stop, a pause and containment: a stop
starts nothing new and lets an open change reach its safe end. Limits: the site compares the same text again, and the state it expects.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from presswarden.actions.model import Action, Klass
from presswarden.gate.model import Ask, Planned, Reason
from presswarden.kernel.canonical import decode_object
from presswarden.kernel.errors import Malformed
from presswarden.kernel.ids import ChangeId
from presswarden.policy.model import Decision, Verdict
from presswarden.proposals.model import Item, Leaf, LeafRole, Proposal, ProposalState
from presswarden.proposals.plan import WAY_BACK, is_whole
from presswarden.rollouts.model import Change, Work

ENDINGS: Final = frozenset(LeafRole) - {LeafRole.ACT}
_TOLD_BY_THE_GATE: Final = frozenset({"policy.paused", "policy.contained"})


@dataclass(frozen=True, slots=True)
class Course:
    """How things are with the plan that a call belongs to, as the gate read them itself. `proposal` None: there is none in this organisation."""

    proposal: Proposal | None
    work: Work | None
    """What was released for this site; None: nothing was."""
    change: Change | None
    """What is kept of the change that the call belongs to."""
    open_change: Change | None
    """The change that is under way on this site."""
    ending: Change | None
    """The change that the call says it ends, where it began and has no result."""
    decision: Decision | None
    """The policy's word for the act; None for what ends an open change, which the consent of that change covers."""
    young: bool = True
    """The snapshot that the call would restore was verified in the last 24 hours."""


def leaf_of(proposal: Proposal, planned: Planned) -> Leaf | None:
    """The leaf with this index, if the plan has one."""
    return next((leaf for leaf in proposal.plan.leaves if leaf.index == planned.index), None) if planned.index > 0 else None


def act_of(proposal: Proposal, ask: Ask) -> Leaf | None:
    """The act that a call belongs to: the leaf itself, the act whose change a leaf ends, or the one that a snapshot is made for."""
    if ask.planned is None:
        return None
    leaf = leaf_of(proposal, ask.planned)
    if leaf is not None and leaf.role is LeafRole.ACT:
        return leaf
    for act in proposal.plan.acts:
        same_change = leaf is not None and act.change == leaf.change and act.site == leaf.site
        prepared = leaf is None and act.site == ask.site and act.snapshot is not None and act.snapshot == ask.args.get("snapshot")
        if same_change or prepared:
            return act
    return None


def named_end(proposal: Proposal, ask: Ask) -> ChangeId | None:
    """The change that a call says it ends: its leaf's, or the one that a person's own proposal to take it back names."""
    leaf = None if ask.planned is None else leaf_of(proposal, ask.planned)
    if leaf is None:
        return None
    if leaf.role in ENDINGS:
        return leaf.change
    named = leaf.args.get("change")
    return ChangeId(named) if leaf.tool == "wp.snapshot.restore" and isinstance(named, str) and named else None


def ends_a_change(ask: Ask, course: Course) -> bool:
    """True for what closes or takes back the very change that is open on this site, by its own snapshot."""
    if ask.planned is None or course.proposal is None or course.ending is None:
        return False
    leaf, ending = leaf_of(course.proposal, ask.planned), course.ending
    if leaf is None or (named_end(course.proposal, ask), ask.site) != (ending.id, ending.site):
        return False
    return leaf.tool != "wp.snapshot.restore" or (leaf.args.get("snapshot"), leaf.args.get("scope")) == (ending.snapshot, "files")


def reasons_against(ask: Ask, action: Action, course: Course, now: datetime) -> tuple[Reason, ...]:
    """Every reason that the plan itself gives, beside those of the site and the person."""
    if ask.planned is None:
        return ()
    if course.proposal is None:
        return (Reason("gate.plan_unknown", "There is no such proposal.", "List them with `presswarden proposal list`."),)
    plan = tuple(_plan(ask, ask.planned, action, course.proposal))
    return (*plan, *_change(ask, action, course), *_time(ask, course, course.proposal, now), *_policy(course))


def _plan(ask: Ask, planned: Planned, action: Action, proposal: Proposal) -> Iterator[Reason]:
    if proposal.state is not ProposalState.APPROVED:
        yield Reason("gate.plan_state", f"The proposal is {proposal.state}, not approved.", "It needs its approvals first.")
    if planned.digest != proposal.plan.digest or not is_whole(proposal.plan) or not _says_the_same(proposal):
        yield Reason("gate.plan_digest", "This is not the plan that was approved.", "Nothing was sent. File it again.")
    if not _fits(ask, planned, action, proposal):
        yield Reason("gate.plan_leaf", "The approved plan holds no such call.", "Nothing was sent: what runs is what the plan says.")


def _says_the_same(proposal: Proposal) -> bool:
    """The policy looks at the items, people approved the texts: each act's text says what its item says."""
    acts = proposal.plan.acts
    return len(acts) == len(proposal.items) and all(_is_act_of(item, act) for item, act in zip(proposal.items, acts, strict=True))


def _is_act_of(item: Item, act: Leaf) -> bool:
    try:
        told = decode_object(act.text.encode())
    except Malformed:
        return False
    args = told.get("args")
    if not isinstance(args, Mapping):
        return False
    named = (args.get("component", item.component), args.get("version", item.version), args.get("scope", item.args.get("scope")))
    same = (told.get("tool"), told.get("aud"), told.get("before"), told.get("package"), act.site, act.installation)
    return same == (item.tool, item.home, dict(item.before), item.package, item.site, item.installation) and named == (
        item.component,
        item.version,
        item.args.get("scope"),
    )


def _fits(ask: Ask, planned: Planned, action: Action, proposal: Proposal) -> bool:
    if planned.index == 0:
        # What prepares an act names the snapshot that the plan names; a read may stand beside any plan of its site.
        if action.klass is Klass.READ:
            return ask.site in proposal.sites
        return action.klass is Klass.PREPARE and planned.leaf == "" and act_of(proposal, ask) is not None
    leaf = leaf_of(proposal, planned)
    if leaf is None or action.klass not in {Klass.CHANGE, Klass.RECOVER}:
        return False
    named = (leaf.text, leaf.tool, leaf.call, leaf.site, leaf.installation)
    return named == (planned.leaf, ask.tool, ask.call, ask.site, ask.installation) and _told(leaf.text) == (ask.tool, ask.call, ask.args)


def _told(text: str) -> tuple[object, object, object]:
    """Tool, id and arguments as the approved text itself has them, whatever stands beside it in a table."""
    try:
        leaf = decode_object(text.encode())
    except Malformed:
        return (None, None, None)
    return leaf.get("tool"), leaf.get("tool_call_id"), leaf.get("args")


def _change(ask: Ask, action: Action, course: Course) -> Iterator[Reason]:
    if action.klass is Klass.READ or course.proposal is None or ask.planned is None:
        return
    opened, must_end = course.open_change, named_end(course.proposal, ask) is not None
    if must_end and not ends_a_change(ask, course):
        yield Reason(
            "gate.change_not_open", "The change that this would end is not open here.", "Look at it with `presswarden change show`."
        )
    if must_end and ask.tool == "wp.snapshot.restore" and not course.young:
        yield Reason("gate.snapshot_old", "Its snapshot is older than a day.", "A person restores it, as a proposal of high risk.")
    if not must_end:
        if course.work is None:
            yield Reason("gate.not_released", "Nothing was released for this site.", "It is released with its last approval.")
        if course.change is not None and course.change.result is not None:
            yield Reason("gate.change_over", f"This change ended already: {course.change.result}.", "File a new proposal.")
        if opened is not None and (course.change is None or opened.id != course.change.id):
            yield Reason("gate.change_open", "Another change is open on this site.", "Wait until it is closed or taken back.")


def _time(ask: Ask, course: Course, proposal: Proposal, now: datetime) -> Iterator[Reason]:
    ends = ends_a_change(ask, course)
    begins = max((proposal.plan.not_before, *(one.not_before for one in (course.work,) if one is not None)))
    until = proposal.plan.not_after + WAY_BACK if ends else min(proposal.plan.not_after, proposal.execute_by)
    if now < begins and not ends:
        yield Reason("gate.early", f"It starts not before {begins:%Y-%m-%d %H:%M:%S} UTC.", "Wait; until then it can be stopped.")
    if now >= until:
        yield Reason("gate.expired", "The time in which this could start is over.", "File it again.")


def _policy(course: Course) -> Iterator[Reason]:
    decision = course.decision
    if decision is None:
        return
    against = [reason for reason in decision.reasons if reason.verdict is not Verdict.ALLOW]
    if decision.verdict is not Verdict.ALLOW and not against:
        yield Reason(
            "gate.policy.silent", "The policy said nothing, and nothing means no.", "Look at the policy with `presswarden policy check`."
        )
    for reason in against:
        if reason.code not in _TOLD_BY_THE_GATE:
            yield Reason(f"gate.{reason.code}", reason.says, reason.do)
