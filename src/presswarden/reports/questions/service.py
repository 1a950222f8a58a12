"""Answers the six questions (S6) from live data. Limits: counts and settings of one organisation; what is claimed of the design stands in docs/safety.md."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Klass
from presswarden.approvals import service as approvals
from presswarden.audit import service as audit
from presswarden.audit.checks import service as checks
from presswarden.audit.checks.model import CheckState
from presswarden.identity import service as identity
from presswarden.identity.model import Permission, may
from presswarden.kernel.db import Tx
from presswarden.policy import document as documents
from presswarden.policy.rules import NONE
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState
from presswarden.reports.questions.model import Answer, Point
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from presswarden.sites import service as sites
from presswarden.sites.model import Algorithm
from presswarden.telemetry import service as telemetry

_PERIOD: Final = timedelta(days=30)
_MOST: Final = 1_000
_CHECKED: Final = {CheckState.RIGHT: "right", CheckState.WRONG: "wrong", CheckState.FAILED: "it could not be run"}


async def answers(tx: Tx, now: datetime) -> tuple[Answer, ...]:
    """One answer to each question, in their order."""
    return (
        await _what_leaves(tx),
        await _secrets(tx),
        await _what_can_change(tx, now),
        await _approved_first(tx, now),
        await _trail(tx),
        await _revoked(tx),
    )


async def _what_leaves(tx: Tx) -> Answer:
    heard = [one.heard_at for one in (await telemetry.standings(tx)).values() if one.heard_at is not None]
    return Answer(
        "What leaves the site?",
        "Versions, what is installed, health and settings: no visitor data, no content, no database and no snapshot. Each site sends them signed.",
        (
            Point("Sites that report", str(len(heard)), "/sites"),
            Point("Newest report", _at(max(heard, default=None))),
            Point("Kept for", f"{telemetry.RETENTION_DAYS} days unless you set it, never more than 90"),
        ),
        tuple(f"{each.tool}: {each.says}" for each in CATALOGUE.values() if each.klass is Klass.READ),
    )


async def _secrets(tx: Tx) -> Answer:
    paired = await sites.paired_by_algorithm(tx)
    shared = paired.get(Algorithm.HMAC, 0)
    return Answer(
        "Are secrets or private data needed?",
        "No password, no login and no database access of a site is asked for or kept. A site makes its own key; here lies the public half."
        if not shared
        else f"No password and no login is kept. {shared} of the pairings use a shared key, because the site's admin chose that; it lies here sealed.",
        (
            Point("Public keys of sites pinned here", str(paired.get(Algorithm.ED25519, 0))),
            Point("Shared keys, sealed", str(shared)),
            Point("Passwords of sites kept here", "0: there is no place for one"),
        ),
        (
            "Application Passwords of a site are told of as counts, ages and keyed hashes; a report that holds a name or a mail address is refused.",
        ),
    )


async def _what_can_change(tx: Tx, now: datetime) -> Answer:
    recent = await rollouts.history(tx, since=now - _PERIOD, limit=_MOST)
    results = Counter(change.result for change in recent)
    acts = [each for each in CATALOGUE.values() if each.klass in {Klass.CHANGE, Klass.RECOVER}]
    return Answer(
        "What can change the site?",
        f"{len(acts)} named actions, each signed by the dispatcher for one site and one use. No code, no SQL, no file and no address to install from.",
        (
            Point("Changes in the last 30 days", f"{len(recent)}{' or more' if len(recent) == _MOST else ''}", "/changes"),
            Point("Of them succeeded", str(results[Result.SUCCEEDED])),
            Point("Taken back", str(results[Result.ROLLED_BACK])),
            Point("Under way", str(results[None])),
        ),
        tuple(f"{each.tool} ({each.risk} risk): {each.says}" for each in acts),
    )


async def _approved_first(tx: Tx, now: datetime) -> Answer:
    found = await approvals.policy_at(tx, now=now)
    rules = documents.read(found.document) if found else NONE
    able = [one for one in await identity.people(tx) if may(one, Permission.APPROVE)]
    with_passkey = sum([bool(await approvals.passkeys_of(tx, one.id)) for one in able])
    waiting = await proposals.listed(tx, states=(ProposalState.WAITING,), limit=_MOST)
    alone = ", ".join(sorted(rules.operations.automate))
    return Answer(
        "Can it be approved first?",
        f"Yes. A person approves the exact plan, and the site checks that it is that plan. Without a yes, at low risk: {alone}."
        if alone
        else "Yes. A person approves the exact plan, and the site checks that it is that plan.",
        (
            Point("People who may approve", str(len(able)), "/people"),
            Point("Of them with a passkey for consents", str(with_passkey)),
            Point("Proposals that wait for a yes", str(len(waiting)), "/"),
            Point("Policy in force", f"version {found.version}" if found else "the built-in defaults", "/policies"),
        ),
        documents.summary(rules)[:4],
    )


async def _trail(tx: Tx) -> Answer:
    head = await audit.latest_checkpoint(tx)
    copies = sum(bool(one.checkpoint) for one in (await telemetry.standings(tx)).values())
    last = next((one for one in await checks.newest(tx) if not one.open), None)
    checked = "never" if last is None else f"{_CHECKED[last.state]}, {_at(last.ended_at)}"
    return Answer(
        "Is there a trail?",
        "Every report, decision, yes, call and result is an entry in a signed tree that can be exported and verified without us."
        if head
        else "Every entry is written with the change it tells of; the first tree is signed within seconds of the first entry.",
        (
            Point("Entries in the signed tree", str(head.size if head else 0), "/audit"),
            Point("Sites that keep a copy of its head", str(copies)),
            Point("Last verified", checked, "/audit/verify"),
        ),
    )


async def _revoked(tx: Tx) -> Answer:
    paired = sum((await sites.paired_by_algorithm(tx)).values())
    return Answer(
        "Can access be revoked?",
        "Yes, from either side and with the other side down: here in the site's Access tab, on the site by its own admin.",
        (
            Point("Pairings in force", str(paired), "/sites"),
            Point("Last one revoked", _at(await audit.newest(tx, "site.revoked")), "/audit?kind=site.revoked"),
            Point("Last stop of everything", _at(await audit.newest(tx, "gate.stopped")), "/stop"),
        ),
    )


def _at(at: datetime | None) -> str:
    return "never" if at is None else at.strftime("%Y-%m-%d %H:%M UTC")
