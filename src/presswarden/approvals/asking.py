"""Asking the policy: what is known is gathered, the question is put, and a draft that may be filed becomes a proposal.

Limits: the deciding is `policy.decide`'s; what the web process learns here is an early answer, the gate asks again.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from presswarden.actions.model import Risk
from presswarden.approvals import facts, policies, store
from presswarden.approvals.model import Given, ProposalRefused
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, PersonId, SiteId
from presswarden.kernel.log import about
from presswarden.policy.decide import clocks, decide
from presswarden.policy.model import Decision, Question, Reason, Stage, Verdict
from presswarden.policy.rules import Rules
from presswarden.proposals import plan as plans
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Item, Proposal, Source

log = logging.getLogger(__name__)

UNDO: Final = timedelta(seconds=10)
"""Between the word for something of low risk and its first call: time to take it back (POLICY)."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A proposal, or a draft of one, as far as the question goes."""

    source: Source
    proposer: Actor
    items: tuple[Item, ...]
    sites: tuple[SiteId, ...]
    """Of the whole proposal: whoever says yes has to be allowed to for each of them."""
    confidence: float | None
    answers: tuple[Given, ...]
    digest: str


async def question(
    tx: Tx, proposal: Proposal, stage: Stage, *, only: Item | None = None, snapshot_verified: bool | None = None, now: datetime
) -> Question:
    """All that the policy looks at, read this moment. At dispatch: of the item that is about to run, and whether its own snapshot is verified."""
    rules = await policies.rules_for(tx, proposal.sites, now=now)
    return await _question(tx, await _of_proposal(tx, proposal, only), stage, rules, snapshot_verified, now)


async def decision(
    tx: Tx, proposal: Proposal, stage: Stage, *, only: Item | None = None, snapshot_verified: bool | None = None, now: datetime
) -> Decision:
    """What the policy says about it now, with every reason. `only`: one item of it; the others hold it back no more than they must.

    A yes that was given under other documents than today's counts against it.
    """
    asked, rules = await _of_proposal(tx, proposal, only), await policies.rules_for(tx, proposal.sites, now=now)
    found = await _decided(tx, asked, stage, rules, snapshot_verified, now)
    if any(one.policy_version != found.policy_version for one in asked.answers):
        changed = Reason(
            Verdict.REFUSE,
            "policy.changed",
            "The policy changed since somebody said yes.",
            "File the proposal again, under today's policy.",
        )
        return replace(found, verdict=Verdict.REFUSE, reasons=(*found.reasons, changed))
    return found


async def submit(tx: Tx, draft: Draft, *, correlation: CorrelationId, now: datetime) -> tuple[Proposal, Decision]:
    """File what somebody wants, with the risk and the consents that the policy names now. Raises `ProposalRefused` where it refuses from the start.

    A person needs the right to propose for every site of it. An analyst's draft becomes a recommendation, a person's waits for its approvals.
    """
    if draft.by.kind == "person":
        for site in dict.fromkeys(item.site for item in draft.items):
            await identity.require(tx, PersonId(draft.by.id), Permission.PROPOSE, site=site)
    rules = await policies.rules_for(tx, (item.site for item in draft.items), now=now)
    wanted = tuple(dict.fromkeys(item.site for item in draft.items))
    asked = _Asked(draft.source, draft.by, draft.items, wanted, draft.confidence, (), "")
    found = await _decided(tx, asked, Stage.FILING, rules, None, now)
    if found.verdict is Verdict.REFUSE:
        first, *more = (reason for reason in found.reasons if reason.verdict is Verdict.REFUSE)
        raise ProposalRefused(" ".join((first.says, *(one.says for one in more))), do=first.do, where=first.code)
    approve_by, execute_by = clocks(rules.values(), now)
    filed = await proposals.file(
        tx,
        draft,
        risk=found.risk,
        approvals=found.needs.people,
        approve_by=approve_by,
        execute_by=execute_by,
        correlation=correlation,
        now=now,
    )
    await _record(tx, filed, found, now)
    with about(org=tx.org, correlation=correlation):
        log.info("proposal %s is filed: %s, %s people asked", filed.id, found.verdict.value, found.needs.people)
    return filed, found


def delay_of(decision: Decision) -> timedelta:
    """How long what was approved waits before its first call."""
    return max(timedelta(minutes=decision.needs.delay_minutes), UNDO if decision.risk is Risk.LOW else timedelta())


async def _of_proposal(tx: Tx, proposal: Proposal, only: Item | None) -> _Asked:
    answers = tuple(one for one in await store.given_to(tx.org, tx, proposal.id) if one.yes)
    # What people approved are the texts: a digest that is not theirs stands for nothing.
    digest = proposal.plan.digest if plans.is_whole(proposal.plan) else ""
    items = proposal.items if only is None else (only,)
    return _Asked(proposal.source, proposal.proposer, items, proposal.sites, proposal.confidence, answers, digest)


async def _decided(
    tx: Tx, asked: _Asked, stage: Stage, rules: Mapping[SiteId, Rules], snapshot_verified: bool | None, now: datetime
) -> Decision:
    found = decide(await _question(tx, asked, stage, rules, snapshot_verified, now), rules, now=now)
    # Of the whole proposal, also where only one item is asked about: a yes is tied to all documents that it was given under.
    return replace(found, policy_version=policies.version_of(rules))


async def _question(
    tx: Tx, asked: _Asked, stage: Stage, rules: Mapping[SiteId, Rules], snapshot_verified: bool | None, now: datetime
) -> Question:
    able = await facts.everybody(tx)
    return Question(
        stage=stage,
        source=asked.source,
        proposer=asked.proposer,
        items=await facts.of_items(tx, asked.items),
        sites=await facts.of_sites(tx, asked.items, rules, snapshot_verified=snapshot_verified, now=now),
        fleet=await facts.fleet(tx, asked.sites),
        confidence=asked.confidence,
        consents=facts.consents(able, asked.answers, asked.sites),
        approvers=await facts.approvers(tx, able),
        digest_approved=all(one.digest == asked.digest for one in asked.answers),
    )


async def _record(tx: Tx, proposal: Proposal, found: Decision, now: datetime) -> None:
    told: dict[str, Json] = {
        "verdict": found.verdict.value,
        "risk": found.risk.value,
        "reasons": [reason.code for reason in found.reasons],
        "people": found.needs.people,
        "owners": found.needs.owners,
        "passkeys": found.needs.passkeys,
        "single_operator": found.needs.single_operator,
        "policy_version": found.policy_version,
    }
    entry = Entry("policy.decided", proposal.by, f"proposal:{proposal.id}", proposal.correlation, told)
    await audit.record(tx, entry, now=now)
