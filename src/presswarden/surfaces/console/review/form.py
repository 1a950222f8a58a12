"""What this person can answer to this proposal now, and with how much friction. Pure: decided from what was read; the stages ask again when it is sent."""

from dataclasses import dataclass
from datetime import datetime

from presswarden.actions.model import Risk
from presswarden.approvals.consent import PASSKEYS_FROM
from presswarden.approvals.service import delay_of
from presswarden.identity.model import Permission, Role
from presswarden.policy.model import Decision, Verdict
from presswarden.proposals.model import ProposalState
from presswarden.surfaces.console.review.views import OPEN, Known
from presswarden.surfaces.console.visit import Visit
from presswarden.surfaces.console.wording import counted

SHORTEST_REASON = 8


@dataclass(frozen=True, slots=True)
class Form:
    """`approve` empty: this person can't say yes now, and `why_not` says why. `sites` is typed where the risk is grave."""

    approve: str
    follows: str
    """What happens with this yes."""
    why_not: str
    passkey: bool
    """It is said by a tap on the page for consents."""
    enrol: bool
    """For which this person has no passkey yet."""
    confirm: bool
    """They have to prove who they are first."""
    sites: int | None
    reason_needed: bool
    reject: bool
    adopt: bool
    alone: bool
    waits: tuple[str, ...]
    """What holds it back although everybody agreed."""


def form_of(known: Known, visit: Visit, *, fresh: bool, now: datetime) -> Form:
    asked, found = known.proposal, known.decision
    over = now >= min(asked.approve_by, asked.execute_by)
    able = all(visit.may(Permission.APPROVE, site) for site in asked.sites)
    reject = asked.state in OPEN and (
        visit.person.id in _proposers(known) or any(visit.may(Permission.APPROVE, site) for site in asked.sites)
    )
    adopt = asked.state is ProposalState.RECOMMENDED and not over and all(visit.may(Permission.PROPOSE, site) for site in asked.sites)
    why_not = _why_not(known, visit, able=able, over=over)
    grave = found is not None and is_grave(known)
    alone = found is not None and found.needs.single_operator and visit.person.id in _proposers(known)
    tap = grave and found is not None
    return Form(
        approve="" if why_not or found is None else _button(known, tap=tap),
        follows="" if why_not or found is None else _follows(known, found),
        why_not=why_not,
        passkey=tap,
        enrol=tap and not known.own_passkeys,
        confirm=not fresh and (not tap or alone),
        sites=len(asked.sites) if grave else None,
        reason_needed=grave,
        reject=reject,
        adopt=adopt,
        alone=alone,
        waits=tuple(each.says for each in found.reasons if each.verdict is Verdict.HOLD) if found is not None else (),
    )


def is_grave(known: Known) -> bool:
    """High and critical, as filed or as it stands now: said by a tap."""
    found = known.decision
    return found is not None and (found.needs.passkeys or bool({found.risk, known.proposal.risk} & PASSKEYS_FROM))


def missing(form: Form, *, sites: str, reason: str, rejecting: bool) -> tuple[str, ...]:
    """What an answer that was sent leaves open; none when it can be given."""
    found = []
    if not rejecting and form.sites is not None and sites.strip().replace(",", "") != str(form.sites):
        found.append(f"Type {form.sites}, the number of sites this changes.")
    if (rejecting or form.reason_needed) and len(reason.strip()) < SHORTEST_REASON:
        found.append(f"Say why in at least {SHORTEST_REASON} characters. It goes into the audit trail.")
    return tuple(found)


def _why_not(known: Known, visit: Visit, *, able: bool, over: bool) -> str:
    asked, found = known.proposal, known.decision
    if asked.state is ProposalState.RECOMMENDED:
        return "It is a recommendation. Somebody adopts it first, and counts as asking for it from then on."
    if asked.state is not ProposalState.WAITING or found is None:
        return f"It is {asked.state}: nothing is left to decide."
    if over:
        return "The time for approvals is over. File it again."
    if not able:
        return "Your roles don't approve for every site of it. Approvers, admins and owners do; owners and admins grant roles."
    if found.needs.owners and Role.OWNER not in visit.person.roles:
        return "Critical changes are approved by owners alone, so your yes would not count."
    if any(each.yes and each.person == visit.person.id for each in known.answers):
        return "You said yes to this already. It waits for others."
    if visit.person.id in _proposers(known) and not found.needs.single_operator:
        return "You asked for it, so somebody else approves it."
    refused = [each for each in found.reasons if each.verdict is Verdict.REFUSE]
    if refused:
        return "The policy refuses it now: " + " ".join(each.says for each in refused)
    return ""


def _button(known: Known, *, tap: bool) -> str:
    sites = counted(len(known.proposal.sites), "site")
    return f"Approve {sites} with your passkey" if tap else f"Approve {sites}"


def _follows(known: Known, found: Decision) -> str:
    have, need = _counting(known, found), found.needs.people
    if have + 1 < need:
        return f"You are {have + 1} of {need}: it waits for {counted(need - have - 1, 'more person', 'more people')}."
    place = f"You are {need} of {need}. " if need > 1 else ""
    if any(each.verdict is Verdict.HOLD for each in found.reasons):
        return f"{place}The change starts by itself as soon as nothing holds it back any more."
    delay = delay_of(found).total_seconds()
    if delay >= 60:
        return f"{place}The change starts {delay / 60:.0f} minutes after your yes; until then it can be stopped."
    if delay:
        return f"{place}The change starts {delay:.0f} seconds after your yes."
    return f"{place}The change starts at once."


def _counting(known: Known, found: Decision) -> int:
    """Yeses that count today."""
    needs = found.needs
    good = [
        one
        for one in known.question.consents
        if one.may_approve and (one.owner or not needs.owners) and (one.passkey or not needs.passkeys)
    ]
    return len({one.person for one in good})


def _proposers(known: Known) -> frozenset[str]:
    asked = known.proposal
    return frozenset(actor.id for actor in (asked.by, asked.adopted_by) if actor is not None and actor.kind == "person")


def highest(first: Risk, second: Risk) -> Risk:
    order = tuple(Risk)
    return max(first, second, key=order.index)
