"""A proposal as its page shows it: what speaks against it first, how much it touches, what changes, the way back, the policy's checks, the answers.

Limits: gathers and words; what is shown of a yes that is still possible is `form`'s, what is done with it `deciding`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from presswarden.approvals import service as approvals
from presswarden.approvals.model import Given
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ChangeId, ProposalId, SiteId
from presswarden.policy.model import SEVERITY, Decision, Question, Stage, Verdict
from presswarden.policy.words import wanted
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState, ProposalUnknown, Source
from presswarden.proposals.plan import DEADLINE
from presswarden.proposals.words import roles_beside, way_back
from presswarden.reports.changed import service as changed
from presswarden.reports.changed.model import who
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.sites import service as sites
from presswarden.sites.model import Site
from presswarden.surfaces.console.review.newer import Newer, newer_of
from presswarden.surfaces.console.visit import Visit

OPEN = (ProposalState.RECOMMENDED, ProposalState.WAITING)
MOST_SITES_SHOWN = 200
_RAISES = "risk."
_LOWERS = frozenset({"minor-step", "major-step", "failed-elsewhere", "first-here", "package-unbound"})
_TITLES: Mapping[str, str] = {
    "patch-step": "Size of the step", "minor-step": "Size of the step", "major-step": "Size of the step", "not-in-directory": "Update directory",
    "auto-update-on": "Automatic updates", "package-bound": "Package", "package-unbound": "Package", "package-differs": "Package",
    "failed-elsewhere": "Elsewhere in the fleet", "passed-elsewhere": "Elsewhere in the fleet", "first-here": "Elsewhere in the fleet",
    "confidence": "Confidence", "offered": "Offer", "requirements-met": "Requirements", "asked": "How it came about",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of a proposal in one transaction."""

    proposal: Proposal
    decision: Decision | None
    """What the policy says now; None once it is decided."""
    question: Question
    threshold: float
    answers: tuple[Given, ...]
    changes: tuple[Change, ...]
    sites: Mapping[SiteId, Site]
    people: Mapping[str, str]
    clients: int
    own_passkeys: int
    opened_at: datetime | None
    newer: Newer | None
    """What took its place, once nobody can answer it any more."""
    at: datetime
    """When it was read."""

    def label(self, site: SiteId) -> str:
        return self.sites[site].label if site in self.sites else site


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that speaks for or against, with where it comes from and when it was found."""

    kind: str
    title: str
    says: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Confidence:
    percent: int
    threshold: int
    enough: bool
    lowers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    site: str
    site_id: str
    tool: str
    what: str
    was: str
    version: str
    package: str


@dataclass(frozen=True, slots=True)
class Told:
    who: str
    yes: bool
    way: str
    reason: str
    at: datetime
    alone: bool


@dataclass(frozen=True, slots=True)
class Check:
    kind: str
    says: str
    do: str


@dataclass(frozen=True, slots=True)
class Became:
    id: ChangeId
    site: str
    component: str
    change: Change


async def gather(tx: Tx, visit: Visit, named: ProposalId, now: datetime) -> Known:
    """Raises `ProposalUnknown`, also for whoever may not see all of its sites: what is out of reach is not there."""
    proposal = await proposals.proposal(tx, named)
    if not all(visit.may(Permission.SITE_SEE, site) for site in proposal.sites):
        raise ProposalUnknown("There is no such proposal.", do="List them with `presswarden proposal list` and use the id shown.")
    whose = await clients.client_of(tx)
    rules = await approvals.rules_for(tx, proposal.sites, now=now)
    return Known(
        proposal,
        await approvals.decision(tx, proposal, Stage.APPROVAL, now=now) if proposal.state in OPEN else None,
        await approvals.question(tx, proposal, Stage.APPROVAL, now=now),
        max((each.operations.confidence_threshold for each in rules.values()), default=1.0),
        await approvals.answers(tx, named),
        await rollouts.changes(tx, proposal=named, limit=1_000),
        {site.id: site for site in await sites.some_sites(tx, proposal.sites)},
        await changed.names(tx),
        len({whose[site] for site in proposal.sites if site in whose}),
        len(await approvals.passkeys_of(tx, visit.person.id)),
        await approvals.opened(tx, named, visit.person.id),
        await newer_of(tx, visit, proposal),
        now,
    )


def facts(known: Known) -> list[tuple[str, str, str]]:
    """How much it touches, in numbers."""
    asked, question = known.proposal, known.question
    touched = {item.site for item, of in question.items if of.touchy}
    migrating = {item.site for item, of in question.items if of.migrates}
    critical, serves = sum(site.critical for site in question.sites.values()), sum(site.serves for site in question.sites.values())
    more = (f", {critical} marked critical" if critical else "") + (
        f"; with networks they serve {serves:,} sites" if serves > len(question.sites) else ""
    )
    return [
        ("Sites changed", f"{len(asked.sites):,}", f"of {question.fleet.size:,}{more}"),
        ("Clients affected", f"{known.clients:,}" if known.clients else "none named", ""),
        (
            "Checkout or sign-in",
            f"{len(touched):,} sites" if touched else "no",
            "takes money or lets people in" if touched else "as far as is known",
        ),
        (
            "Database",
            f"{len(migrating):,} sites" if migrating else "no migration",
            "tables may change" if migrating else "as far as is known",
        ),
        ("Way back", _longest(known), _not_back(known)),
    ]


def against(known: Known) -> tuple[Line, ...]:
    """What was filed against it, and what raises its risk today."""
    filed = tuple(_line(known, each.code, each.says, against=True) for each in known.proposal.evidence if each.against)
    if known.decision is None:
        return filed
    raised = (each for each in known.decision.reasons if each.code.startswith(_RAISES))
    return filed + tuple(Line("warn", "Raises the risk", each.says, "Policy, as it stands now", known.at) for each in raised)


def speaking_for(known: Known) -> tuple[Line, ...]:
    return tuple(
        _line(known, each.code, each.says, against=False)
        for each in known.proposal.evidence
        if not each.against and each.code != "confidence"
    )


def confidence(known: Known) -> Confidence | None:
    """Never alone: with the threshold that it is held against, and what lowers it."""
    sure = known.proposal.confidence
    if sure is None:
        return None
    lowers = tuple(each.says for each in known.proposal.evidence if each.against and each.code in _LOWERS)
    return Confidence(int(sure * 100 + 1e-9), round(known.threshold * 100), sure >= known.threshold, lowers)


def acts(known: Known) -> tuple[Act, ...]:
    """In the order of the plan, which the gate holds both to: two acts on one component are never shown as one."""
    asked = known.proposal
    return tuple(
        Act(
            known.label(leaf.site), leaf.site, leaf.tool, leaf.component or f"snapshot {leaf.args.get('snapshot')}", item.was, item.version, item.package,
        )
        for item, leaf in zip(asked.items, asked.plan.acts, strict=False)
    )  # fmt: skip


def ways_back(known: Known) -> tuple[str, ...]:
    """Each once; with the site in front where they differ between sites."""
    plan = known.proposal.plan
    return tuple(dict.fromkeys(way_back(leaf, roles_beside(plan, leaf)) for leaf in plan.acts))


def checks(known: Known) -> tuple[Check, ...]:
    """The policy's own reasons, the gravest first."""
    if known.decision is None:
        return ()
    told = (each for each in known.decision.reasons if not each.code.startswith(_RAISES))  # those stand with what speaks against it
    order = sorted(told, key=lambda reason: SEVERITY[reason.verdict], reverse=True)
    kinds = {Verdict.ALLOW: "ok", Verdict.ASK: "wait", Verdict.HOLD: "warn", Verdict.REFUSE: "bad"}
    return tuple(Check(kinds[each.verdict], each.says, each.do if each.verdict is not Verdict.ALLOW else "") for each in order)


def asks(known: Known) -> str:
    return wanted(known.decision.needs) if known.decision is not None else ""


def told(known: Known, visit: Visit) -> tuple[Told, ...]:
    """Every answer. Why others said yes is kept back from whoever may still say it: their own reading comes first."""
    answered = any(each.person == visit.person.id for each in known.answers)
    shown = known.proposal.state not in OPEN or answered
    return tuple(
        Told(
            known.people.get(each.person, "somebody who left"), each.yes, each.way.value, each.reason if shown or not each.yes else "", each.at,
            each.alone,
        )
        for each in known.answers
    )  # fmt: skip


def became(known: Known) -> tuple[Became, ...]:
    return tuple(Became(each.id, known.label(each.site), each.component or each.tool, each) for each in known.changes)


def author(known: Known) -> str:
    """Who asked, in words; whose text it is."""
    asked = known.proposal
    by = "the update analyst" if asked.source is Source.ANALYST else who(asked.by, known.people)
    return by + (f", adopted by {who(asked.adopted_by, known.people)}" if asked.adopted_by else "")


def _line(known: Known, code: str, says: str, *, against: bool) -> Line:
    source = "Update analyst" if known.proposal.source is Source.ANALYST else who(known.proposal.by, known.people)
    return Line("warn" if against else "ok", _TITLES.get(code, "Finding"), says, source, known.proposal.filed_at)


def _longest(known: Known) -> str:
    plan = known.proposal.plan
    with_one = sum("take_back" in {role.value for role in roles_beside(plan, leaf)} for leaf in plan.acts)
    if not with_one:
        return "none by itself"
    return f"{with_one:,} {'snapshot' if with_one == 1 else 'snapshots'}"


def _not_back(known: Known) -> str:
    plan = known.proposal.plan
    if any("take_back" in {role.value for role in roles_beside(plan, leaf)} for leaf in plan.acts):
        return f"files, within {DEADLINE // 60} minutes; never orders, posts, users"
    return "read what that means below"


def site_labels(known: Known) -> Iterator[tuple[str, str]]:
    for site in known.proposal.sites[:MOST_SITES_SHOWN]:
        yield site, known.label(site)
