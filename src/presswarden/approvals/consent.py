"""A person's yes or no to one exact digest. Imported by the command line and the console alone, because only people consent.

Each refusal has a code of its own under `approval.`; what is enough is asked of the policy after each yes, in the transaction that writes it down. With the
last yes the work is filed beside it. Limits: a yes says nothing of the site, which the gate and the site itself look at again before anything is touched.
"""

from datetime import datetime, timedelta
from typing import Final, assert_never

from presswarden.actions.model import Risk
from presswarden.approvals import asking, enrolling, passkeys, store
from presswarden.approvals.model import (
    ApprovalExpired,
    ApprovalRefused,
    AtTerminal,
    Evidence,
    Given,
    PasskeyRefused,
    SignedIn,
    Tapped,
    Way,
)
from presswarden.approvals.ports import Releases
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission, Person, PersonUnknown, may
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId, ProposalId
from presswarden.policy.model import Decision, Stage
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState

PASSKEYS_FROM: Final = frozenset({Risk.HIGH, Risk.CRITICAL})
PROVED_WITHIN: Final = timedelta(minutes=5)
"""So fresh is the proof of who somebody is that carries a yes in the console."""
LONGEST_REASON: Final = 500
_TYPED: Final = 8


class NotAdopted(ApprovalRefused):
    code = "approval.not_adopted"


class AlreadyDecided(ApprovalRefused):
    code = "approval.over"


class DigestChanged(ApprovalRefused):
    code = "approval.digest"


class RoleMissing(ApprovalRefused):
    code = "approval.role"


class OwnProposal(ApprovalRefused):
    code = "approval.own_proposal"


class SaidAlready(ApprovalRefused):
    code = "approval.said"


class TerminalRefused(ApprovalRefused):
    code = "approval.terminal"


class PasskeyNeeded(ApprovalRefused):
    code = "approval.passkey_needed"


class ProofNeeded(ApprovalRefused):
    code = "approval.proof"


class PolicyAgainst(ApprovalRefused):
    code = "approval.policy"


def typed_confirmation(proposal: Proposal) -> str:
    """What is typed at a terminal: the first letters of the very digest that is approved."""
    return proposal.plan.digest[:_TYPED]


async def say_yes(
    tx: Tx,
    proposal: ProposalId,
    person: PersonId,
    *,
    digest: str,
    evidence: Evidence,
    release: Releases,
    now: datetime,
    reason: str = "",
    read_seconds: int | None = None,
) -> Decision:
    """Record a yes to the plan with this digest, as the person saw it; the decision as it stands after it.

    `read_seconds`: how long they had the page open, where that is known. With the last yes that the policy asks for, the proposal is approved and `release`
    files its work, all in this transaction. Raises a kind of `ApprovalRefused`, `ApprovalExpired` or `PasskeyRefused`; nothing is recorded then.
    """
    await store.lock_round(tx.org, tx, proposal, now)
    asked = await proposals.proposal(tx, proposal)
    _still_open(asked, digest, now)
    who = await _approver(tx, asked, person)
    before = await asking.decision(tx, asked, Stage.APPROVAL, now=now)
    _not_refused(before)
    own = person in _proposers(asked)
    if own and not before.needs.single_operator:
        raise OwnProposal(
            "Whoever asks for something does not approve it, and whoever adopts it counts as asking.", do="Ask somebody else."
        )
    # Accounts of one person are the policy's to count: it looks at passkeys and mail addresses too.
    if any(one.yes and one.person == person and one.digest == digest for one in await store.given_to(tx.org, tx, proposal)):
        raise SaidAlready("You said yes to this already.", do="It waits for others.")
    way, passkey = await _proved(tx, asked, before, who, evidence, now)
    said = _plain(reason)
    given = Given(
        tx.org, proposal, digest, person, True, way, passkey, before.policy_version, said, now, alone=own, read_seconds=read_seconds
    )
    assertion = evidence.assertion if isinstance(evidence, Tapped) else None
    await store.add(tx.org, tx, given, proposer=asked.proposer.id, alone=own, assertion=assertion)
    after = await asking.decision(tx, asked, Stage.APPROVAL, now=now)
    await _record(tx, asked, given, after, now)
    if after.consented:
        approved = await proposals.move(
            tx, proposal, ProposalState.APPROVED, by=Actor("person", person), why="every consent that the policy asks for is there", now=now
        )
        await release(tx, approved, delay=asking.delay_of(after), now=now)
    return after


async def say_no(
    tx: Tx,
    proposal: ProposalId,
    person: PersonId,
    *,
    digest: str,
    reason: str,
    now: datetime,
    way: Way = Way.TERMINAL,
    read_seconds: int | None = None,
) -> Proposal:
    """One no of somebody who could approve, or who asked for it, ends a proposal that is not approved yet. Raises a kind of `ApprovalRefused`."""
    await store.lock_round(tx.org, tx, proposal, now)
    asked = await proposals.proposal(tx, proposal)
    if asked.state not in {ProposalState.WAITING, ProposalState.RECOMMENDED}:
        raise AlreadyDecided(f"It is {asked.state} already.", do="What runs already is stopped by pausing its site.")
    if digest != asked.plan.digest:
        raise DigestChanged("This is not the plan that you looked at.", do="Look at it again, then answer.")
    who = await identity.person(tx, person)
    if person not in _proposers(asked) and not any(may(who, Permission.APPROVE, site) for site in asked.sites):
        raise RoleMissing("This needs a role that approves for one of its sites.", do="Ask an approver.")
    said = _plain(reason)
    before = await asking.decision(tx, asked, Stage.APPROVAL, now=now)
    given = Given(tx.org, proposal, digest, person, False, way, "", before.policy_version, said, now, read_seconds=read_seconds)
    await store.add(tx.org, tx, given, proposer=asked.proposer.id, alone=False, assertion=None)
    await _record(tx, asked, given, before, now)
    return await proposals.move(tx, proposal, ProposalState.REJECTED, by=Actor("person", person), why=said or "no reason given", now=now)


def _still_open(asked: Proposal, digest: str, now: datetime) -> None:
    if asked.state is ProposalState.RECOMMENDED:
        raise NotAdopted("It is a recommendation that nobody adopted yet.", do="Adopt it first; whoever adopts it counts as asking for it.")
    if asked.state is not ProposalState.WAITING:
        raise AlreadyDecided(f"It is {asked.state} already.", do="Look at it with `presswarden proposal show`.")
    if now >= asked.approve_by:
        raise ApprovalExpired("The time for approvals is over.", do="File it again.")
    if digest != asked.plan.digest:
        raise DigestChanged("This is not the plan that you looked at.", do="Look at it again, then approve the digest that it shows.")


async def _approver(tx: Tx, asked: Proposal, person: PersonId) -> Person:
    try:
        who = await identity.person(tx, person)
    except PersonUnknown as unknown:
        raise RoleMissing("There is no such person here.", do="Ask somebody with a role that approves.") from unknown
    if not all(may(who, Permission.APPROVE, site) for site in asked.sites):
        raise RoleMissing("This needs a role that approves, for every site of the plan.", do="Ask an approver, admin or owner.")
    return who


def _not_refused(before: Decision) -> None:
    against = [reason for reason in before.reasons if reason.verdict.value == "refuse"]
    if against:
        raise PolicyAgainst(" ".join(reason.says for reason in against), do=against[0].do, where=against[0].code)


async def _proved(tx: Tx, asked: Proposal, before: Decision, who: Person, evidence: Evidence, now: datetime) -> tuple[Way, str]:
    match evidence:
        case AtTerminal():
            await _at_terminal(tx, asked, before, evidence, now)
            return Way.TERMINAL, ""
        case Tapped():
            return Way.PASSKEY, await _tapped(tx, asked, who, evidence, now)
        case SignedIn():
            _signed_in(asked, before, evidence, now)
            return Way.CONSOLE, ""
        case _:
            assert_never(evidence)


async def _at_terminal(tx: Tx, asked: Proposal, before: Decision, evidence: AtTerminal, now: datetime) -> None:
    if not evidence.local:
        raise TerminalRefused("A yes is typed on the machine that holds the database only.", do="Go there, or use a passkey.")
    if not evidence.tty:
        raise TerminalRefused("A yes is typed at a terminal, never piped.", do="Run the command in a terminal, or use a passkey.")
    if evidence.typed != typed_confirmation(asked):
        raise TerminalRefused(
            "What was typed is not the beginning of the digest that is approved.", do="Read the plan, then type it again."
        )
    if (before.risk in PASSKEYS_FROM or before.needs.passkeys) and await enrolling.people_have_passkeys(tx, now):
        raise PasskeyNeeded(f"A risk of «{before.risk}» is approved with a passkey, since people here have them.", do="Use `--passkey`.")


def _signed_in(asked: Proposal, before: Decision, evidence: SignedIn, now: datetime) -> None:
    if before.needs.passkeys or {before.risk, asked.risk} & PASSKEYS_FROM:
        raise PasskeyNeeded(f"A risk of «{before.risk}» is approved with a passkey for consents.", do="Tap on the page for consents.")
    if evidence.proved_at is None or not timedelta() <= now - evidence.proved_at <= PROVED_WITHIN:
        raise ProofNeeded("It is too long ago that you proved who you are.", do="Confirm that it is you, then answer again.")


async def _tapped(tx: Tx, asked: Proposal, who: Person, evidence: Tapped, now: datetime) -> str:
    own = await enrolling.passkeys_of(tx, who.id)
    passkey = next((one for one in own if one.id == evidence.assertion.get("id")), None)
    if passkey is None:
        raise PasskeyRefused("This passkey is not one of yours.", do="Tap with a passkey that is registered for you.", where="credential")
    count = passkeys.check(passkey, evidence.assertion, passkeys.challenge(asked.plan.digest))
    if not await enrolling.counted(tx, passkey, count):
        # Never a refusal: a synced passkey may count out of order. Two authenticators with one key look the same, so a person looks.
        for site in asked.sites[:1]:
            detail: dict[str, Json] = {"person": who.id, "count": count, "before": passkey.sign_count, "proposal": asked.id}
            await incidents.raise_signal(tx, SignalKind.PASSKEY_COUNTER, site, detail, now, by=Actor("person", who.id))
    return passkey.id


def _plain(reason: str) -> str:
    return "".join(char if char.isprintable() else " " for char in reason)[:LONGEST_REASON].strip()


def _proposers(asked: Proposal) -> frozenset[str]:
    """Whoever asked and whoever adopted: both count as the proposer."""
    return frozenset(actor.id for actor in (asked.by, asked.adopted_by) if actor is not None and actor.kind == "person")


async def _record(tx: Tx, asked: Proposal, given: Given, decision: Decision, now: datetime) -> None:
    told: dict[str, Json] = {
        "digest": given.digest,
        "way": given.way.value,
        "passkey": given.passkey[:64],
        "risk": decision.risk.value,
        "policy_version": given.policy_version,
        "alone": given.alone,
        "reason": given.reason,
        "read_seconds": given.read_seconds,
        "still_against": [reason.code for reason in decision.against()],
    }
    kind = "consent.given" if given.yes else "consent.refused"
    entry = Entry(kind, Actor("person", given.person), f"proposal:{asked.id}", asked.correlation, told)
    await audit.record(tx, entry, now=now)
