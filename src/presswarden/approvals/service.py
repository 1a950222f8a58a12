"""Verbs of approvals: ask the policy, file what may be filed, let by itself what needs nobody; policy documents, modes of sites, passkeys.

Limits: nobody consents here; a person's yes is `consent`'s, which surfaces for people alone import. Nothing here reaches a site.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from presswarden.approvals import store
from presswarden.approvals.asking import decision, delay_of, question, submit
from presswarden.approvals.enrolling import add_passkey, begin_passkey, forget_passkeys, passkeys_of, remove_passkey
from presswarden.approvals.model import Given
from presswarden.approvals.passkeys import challenge, party, vouching_challenge
from presswarden.approvals.policies import (
    activate_policy,
    confirm_policy,
    draft_of,
    hold,
    outlook,
    policy_at,
    policy_scopes,
    policy_versions,
    rules_for,
)
from presswarden.approvals.ports import Releases
from presswarden.approvals.reviewing import (
    answered_by,
    attention,
    forget_reviews,
    given_by,
    note_opened,
    opened,
    put_off,
    put_off_by,
    yes_counts,
)
from presswarden.approvals.stations import (
    mark_critical,
    mode_of,
    set_mode,
    snapshot_confirmed,
    snapshot_gone,
    snapshot_verified,
    station,
)
from presswarden.approvals.ticketing import make_ticket, organisation_of_ticket, spend_ticket, ticket
from presswarden.audit.model import Actor
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ProposalId
from presswarden.policy.model import Decision, Stage, Verdict
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState

# The verbs that stand in rooms of their own; this module is the stage's one door, beside `consent`.
__all__ = [
    "activate_policy",
    "add_passkey",
    "answered_by",
    "answers",
    "attention",
    "begin_passkey",
    "by_itself",
    "challenge",
    "confirm_policy",
    "decision",
    "delay_of",
    "draft_of",
    "forget_passkeys",
    "forget_reviews",
    "given_by",
    "hold",
    "make_ticket",
    "mark_critical",
    "mode_of",
    "note_opened",
    "opened",
    "organisation_of_ticket",
    "outlook",
    "party",
    "passkeys_of",
    "policy_at",
    "policy_scopes",
    "policy_versions",
    "put_off",
    "put_off_by",
    "question",
    "remove_passkey",
    "rules_for",
    "set_mode",
    "snapshot_confirmed",
    "snapshot_gone",
    "snapshot_verified",
    "spend_ticket",
    "station",
    "submit",
    "ticket",
    "vouching_challenge",
    "yes_counts",
]  # fmt: skip

_POLICY: Final = Actor("process", "policy")
_OPEN: Final = frozenset({ProposalState.RECOMMENDED, ProposalState.WAITING})


async def by_itself(tx: Tx, proposal: ProposalId, *, release: Releases, now: datetime) -> Decision:
    """Approve and release what the policy asks nobody about, when nothing holds it back now; the decision, which says why not."""
    await store.lock_round(tx.org, tx, proposal, now)
    asked = await proposals.proposal(tx, proposal)
    found = await decision(tx, asked, Stage.APPROVAL, now=now)
    if asked.state not in _OPEN or now >= asked.approve_by or found.verdict is not Verdict.ALLOW or found.needs.people:
        return found if found.verdict is not Verdict.ALLOW else replace(found, verdict=Verdict.HOLD)
    approved = await proposals.move(tx, proposal, ProposalState.APPROVED, by=_POLICY, why="the policy lets it run by itself", now=now)
    await release(tx, approved, delay=delay_of(found), now=now)
    return found


async def answers(tx: Tx, proposal: ProposalId) -> tuple[Given, ...]:
    """Every yes and no, oldest first."""
    return await store.given_to(tx.org, tx, proposal)
