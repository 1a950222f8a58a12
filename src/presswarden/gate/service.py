"""The door itself: read how things stand, collect all reasons, and only then spend a token and write a permit.

For a step of a plan it reads proposal, work, change and consents itself and asks the policy once more: nothing that was worked out elsewhere counts.
Limits: the gate permits; it neither signs nor sends.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Action, Klass
from presswarden.approvals import service as approvals
from presswarden.audit import service as audit
from presswarden.audit.model import Entry
from presswarden.gate import course, ledger
from presswarden.gate.model import Ask, Rate, Reason, Refusal, Standing, reasons_against
from presswarden.gate.permit import Permit, args_hash
from presswarden.gate.stopping import (
    AGENTS,
    ALONE_WAITS,
    asked_by,
    bearing,
    begun_by,
    due_to_end,
    end_due,
    end_everything,
    is_alone,
    lift,
    require_running,
    seen_by,
    stop,
    stops,
    tell_everywhere,
)
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Permission
from presswarden.incidents import service as incidents
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import ChangeId, Everyone, PersonId, SnapshotId
from presswarden.policy.model import Decision, Stage
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Leaf, Proposal
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.sites import service as sites

# The verbs of kill switches stand in a file of their own; this module is their door too.
__all__ = [
    "AGENTS", "ALONE_WAITS", "CALLS", "PERMISSIONS", "PERMITS_KEPT", "PERMIT_LIVES", "admit", "again", "bearing", "begun_by", "due_to_end", "end_due",
    "end_everything", "expire", "is_alone", "lift", "once_or_again", "require_running", "seen_by", "stop", "stops", "tell_everywhere",
]  # fmt: skip

PERMIT_LIVES: Final = timedelta(minutes=5)
"""No longer than the longest envelope: a permit outlives no signature made under it."""
PERMITS_KEPT: Final = timedelta(days=7)
CALLS: Final = Rate(per_minute=60, burst=2.0)
"""Calls to one installation where no policy says otherwise (`tool_calls_per_minute`, `burst_multiplier`)."""

PERMISSIONS: Final = {
    "control.confirm": Permission.SITE_PAIR,
    "control.pause": Permission.SITE_PAUSE,
    "control.resume": Permission.SITE_RESUME,
    "control.revoke": Permission.SITE_REVOKE,
    "control.rotate": Permission.SITE_REVOKE,
    "control.rotate_site": Permission.SITE_REVOKE,
    "control.moved": Permission.SITE_MOVE,
}
"""What a person who asks must be allowed; any other tool needs the right to read, or to propose where it is more than a read."""


async def admit(tx: Tx, ask: Ask, *, now: datetime, rate: Rate | None = None) -> Permit | Refusal:
    """A permit for this one call, or every reason against it. The id of the call is burnt with the permit: a second one for it is a broken promise.

    `rate`: as the policy of the site has it, unless told.
    """
    standing, reasons = await _reasons(tx, ask, now)
    if not reasons and not _unmetered(ask, standing):
        allowed = rate or await _rate(tx, ask, now)
        if not await ledger.take_token(tx.org, tx, ask.installation, allowed, now=now):
            says = f"More than {allowed.per_minute} calls a minute to this site."
            reasons = (Reason("gate.rate", says, "Wait a minute and ask again."),)
    if reasons:
        return await _refuse(tx, ask, reasons, now)
    permit = Permit(tx.org, ask.installation, ask.call, ask.tool, args_hash(ask.args), now + PERMIT_LIVES)
    await ledger.give(tx.org, tx, permit, now=now)
    if ask.planned is not None and CATALOGUE[ask.tool].klass is not Klass.READ:
        told: dict[str, Json] = {"proposal": ask.planned.proposal, "index": ask.planned.index, "plan": ask.planned.digest}
        await _record(tx, ask, "gate.permitted", told, now=now)
    return permit


async def again(tx: Tx, ask: Ask, *, now: datetime) -> Permit | Refusal:
    """The permit of a call that was admitted before, renewed so that the same bytes can be sent again. What stands against it now counts; the rate does not."""
    before = await ledger.given(tx.org, tx, ask.call)
    if before is None or (before.installation, before.tool, before.args_hash) != (ask.installation, ask.tool, args_hash(ask.args)):
        raise RuntimeError("this call was never admitted as it stands; a re-send carries what the first send carried")
    _, reasons = await _reasons(tx, ask, now)
    if reasons:
        return await _refuse(tx, ask, reasons, now)
    until = now + PERMIT_LIVES
    await ledger.renew(tx.org, tx, ask.call, until)
    return Permit(tx.org, before.installation, before.call, before.tool, before.args_hash, until)


async def once_or_again(tx: Tx, ask: Ask, *, now: datetime) -> Permit | Refusal:
    """A permit for a call that may go out in more than one way: its first, or the one it has, renewed."""
    return await (admit if await ledger.given(tx.org, tx, ask.call) is None else again)(tx, ask, now=now)


async def expire(everyone: Everyone, tx: Tx, *, now: datetime) -> None:
    """Let permits go that no re-send can need any more."""
    await ledger.expire(everyone, tx, now=now, keep=PERMITS_KEPT)


async def _reasons(tx: Tx, ask: Ask, now: datetime) -> tuple[Standing, tuple[Reason, ...]]:
    action = CATALOGUE.get(ask.tool)
    of_plan = await _course(tx, ask, action, now)
    standing = await _standing(tx, ask, of_plan, now)
    plan = () if action is None or of_plan is None else course.reasons_against(ask, action, of_plan, now)
    return standing, reasons_against(ask, action, standing, plan)


async def _standing(tx: Tx, ask: Ask, of_plan: course.Course | None, now: datetime) -> Standing:
    found = await bearing(tx, (ask.site,), asked_by(ask, None if of_plan is None else of_plan.proposal), now=now)
    try:
        installation = await sites.installation(tx, ask.installation)
    except NotFound:
        return Standing(found, "", paused=False, contained=(), forbidden=False)
    paused = installation.wanted_paused
    return Standing(
        stops=found,
        state=installation.state.value if installation.site == ask.site else "",
        paused=paused,
        contained=tuple(one.says for one in await incidents.containment(tx, ask.site)),
        forbidden=await _forbidden(tx, ask),
        change_open=(bool(found) or paused) and await rollouts.open_change(tx, ask.site) is not None,
        restored=installation.restored_at is not None,
        ends_a_change=of_plan is not None and course.ends_a_change(ask, of_plan),
    )


async def _course(tx: Tx, ask: Ask, action: Action | None, now: datetime) -> course.Course | None:
    """Everything about the plan that the call says it belongs to, read here and now."""
    if ask.planned is None or action is None:
        return None
    try:
        proposal = await proposals.proposal(tx, ask.planned.proposal)
    except NotFound:
        return course.Course(None, None, None, None, None, None)
    act, named = course.act_of(proposal, ask), course.named_end(proposal, ask)
    work = next((one for one in await rollouts.work_of(tx, proposal.id) if one.site == ask.site), None)
    kept = {one.id: one for one in await rollouts.changes(tx, proposal=proposal.id)}
    found = course.Course(
        proposal=proposal,
        work=work,
        change=None if act is None else kept.get(rollouts.change_id(act)),
        open_change=await rollouts.open_change(tx, ask.site),
        ending=None if named is None else await _under_way(tx, named),
        decision=None,
        young=await _is_young(tx, ask, now=now),
    )
    return found if course.ends_a_change(ask, found) else replace(found, decision=await _decision(tx, ask, action, proposal, act, now))


async def _decision(tx: Tx, ask: Ask, action: Action, proposal: Proposal, act: Leaf | None, now: datetime) -> Decision | None:
    """The policy's word for this act, asked now. What prepares an act is asked before its snapshot is due."""
    if act is None or action.klass is Klass.READ:
        return None
    item = proposal.items[proposal.plan.acts.index(act)]
    if action.klass is Klass.PREPARE:
        return await approvals.decision(tx, proposal, Stage.APPROVAL, only=item, now=now)
    verified = act.snapshot is not None and await approvals.snapshot_verified(tx, ask.site, act.snapshot, now=now)
    return await approvals.decision(tx, proposal, Stage.DISPATCH, only=item, snapshot_verified=verified, now=now)


async def _is_young(tx: Tx, ask: Ask, *, now: datetime) -> bool:
    snapshot = ask.args.get("snapshot")
    if ask.tool != "wp.snapshot.restore" or not isinstance(snapshot, str):
        return True
    return await approvals.snapshot_verified(tx, ask.site, SnapshotId(snapshot), now=now)


async def _under_way(tx: Tx, named: ChangeId) -> Change | None:
    try:
        found = await rollouts.change(tx, named)
    except NotFound:
        return None
    return found if found.began_at is not None and found.result is None else None


def _unmetered(ask: Ask, standing: Standing) -> bool:
    """A stop must always get through, and so must the way out of an open change."""
    return CATALOGUE[ask.tool].klass is Klass.CONTROL or standing.ends_a_change


async def _rate(tx: Tx, ask: Ask, now: datetime) -> Rate:
    rates = (await approvals.rules_for(tx, (ask.site,), now=now))[ask.site].rates
    return Rate(rates.tool_calls_per_minute, rates.burst_multiplier)


async def _forbidden(tx: Tx, ask: Ask) -> bool:
    if ask.by.kind != "person":
        return False
    action = CATALOGUE.get(ask.tool)
    usual = Permission.SITE_READ if action is None or action.klass is Klass.READ else Permission.PROPOSE
    try:
        await identity.require(tx, PersonId(ask.by.id), PERMISSIONS.get(ask.tool, usual), site=ask.site)
    except Forbidden:
        return True
    return False


async def _refuse(tx: Tx, ask: Ask, reasons: tuple[Reason, ...], now: datetime) -> Refusal:
    await _record(tx, ask, "gate.refused", {"reasons": [reason.code for reason in reasons]}, now=now)
    return Refusal(reasons)


async def _record(tx: Tx, ask: Ask, kind: str, payload: dict[str, Json], *, now: datetime) -> None:
    entry = Entry(kind, ask.by, f"site:{ask.site}", ask.correlation, {"call": ask.call, "tool": ask.tool, **payload})
    await audit.record(tx, entry, now=now)
