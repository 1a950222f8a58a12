"""A proposal as people read it before they answer: what speaks against it first, how much it touches, exactly what would be sent, the way back, the policy.

Limits: shows what is filed and what the policy says this moment; the gate asks again before anything is sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from presswarden.approvals import service as approvals
from presswarden.approvals.model import Given
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ProposalId, SiteId
from presswarden.policy.model import SEVERITY, Decision, Question, Stage
from presswarden.policy.words import wanted
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.proposals.words import roles_beside, way_back
from presswarden.reports.changed.model import who
from presswarden.reports.changed.service import names
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.rollouts.words import result_of
from presswarden.sites import service as sites
from presswarden.sites.model import Site
from presswarden.surfaces.cli.change_pages import plain_change
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import moment, pairs, table
from presswarden.telemetry.model import shown

OPEN = (ProposalState.RECOMMENDED, ProposalState.WAITING)


@dataclass(frozen=True, slots=True)
class Page:
    proposal: Proposal
    decision: Decision | None
    """What the policy says now; None once it is decided."""
    question: Question
    answers: tuple[Given, ...]
    changes: tuple[Change, ...]
    sites: Mapping[SiteId, Site]
    people: Mapping[str, str]

    def label(self, site: SiteId) -> str:
        return self.sites[site].label if site in self.sites else site

    def who(self, actor: Actor | None) -> str:
        return "nobody" if actor is None else who(actor, self.people)


async def gather(desk: Desk, tx: Tx, id_: ProposalId) -> Page:
    """Raises `ProposalUnknown`, and `Forbidden` for whoever may not see all of its sites."""
    proposal = await proposals.proposal(tx, id_)
    for site in proposal.sites:
        await identity.require(tx, desk.person.id, Permission.SITE_SEE, site=site)
    now = desk.clock.now()
    still_open = proposal.state in OPEN
    return Page(
        proposal,
        await approvals.decision(tx, proposal, Stage.APPROVAL, now=now) if still_open else None,
        await approvals.question(tx, proposal, Stage.APPROVAL, now=now),
        await approvals.answers(tx, id_),
        await rollouts.changes(tx, proposal=id_, limit=1_000),
        {site.id: site for site in await sites.list_sites(tx)},
        await names(tx),
    )


def text(page: Page, now: datetime) -> str:
    asked = page.proposal
    head = {
        "proposal": asked.id,
        "what": asked.title,
        "state": asked.state.value,
        "risk": (page.decision.risk if page.decision else asked.risk).value,
        "asked by": page.who(asked.by),
        **({"adopted by": page.who(asked.adopted_by)} if asked.adopted_by else {}),
        "confidence": "not applicable" if asked.confidence is None else f"{int(asked.confidence * 1000 + 1e-9) / 10:g} %",
        "digest": asked.plan.digest,
        "approve by": _clock(asked.approve_by, now),
        "begin by": _clock(asked.execute_by, now),
    }
    blocks = [
        pairs(head),
        _listed("Speaks against it", [each.says for each in asked.evidence if each.against], "Nothing that is known."),
        _listed("Speaks for it", [each.says for each in asked.evidence if not each.against], "Nothing was given."),
        _listed("How much it touches", list(_radius(page)), ""),
        "Exactly this would be sent\n" + _acts(page),
        _listed("The way back", list(_ways_back(page)), ""),
    ]
    if page.decision is not None:
        blocks.append(_policy(page.decision))
    if page.answers:
        rows = [(moment(each.at), _name(each, page), "yes" if each.yes else "no", each.way.value, each.reason) for each in page.answers]
        blocks.append("Answers\n" + table(("AT", "WHO", "SAID", "HOW", "REASON"), rows))
    if page.changes:
        ended = [(page.label(one.site), one.component, one.was, one.version, result_of(one), one.says) for one in page.changes]
        blocks.append("What became of it\n" + table(("SITE", "COMPONENT", "FROM", "TO", "RESULT", "SAYS"), ended))
    return "\n\n".join(blocks)


def plain(page: Page) -> dict[str, Json]:
    asked = page.proposal
    return {
        **plain_line(asked),
        "evidence": [{"code": each.code, "says": each.says, "against": each.against} for each in asked.evidence],
        "blast_radius": {
            "sites": len(asked.sites),
            "fleet": page.question.fleet.size,
            "components": sorted({item.component for item in asked.items}),
            "critical_sites": sum(facts.critical for facts in page.question.sites.values()),
            "sites_served": sum(facts.serves for facts in page.question.sites.values()),
        },
        "leaves": [
            {"index": leaf.index, "role": leaf.role.value, "site": leaf.site, "tool": leaf.tool, "text": leaf.text}
            for leaf in asked.plan.leaves
        ],
        "header": asked.plan.header,
        "way_back": list(_ways_back(page)),
        "policy": plain_decision(page.decision) if page.decision else None,
        "answers": [
            {
                "person": each.person,
                "yes": each.yes,
                "way": each.way.value,
                "reason": each.reason,
                "at": unix(each.at),
                "digest": each.digest,
            }
            for each in page.answers
        ],
        "changes": [plain_change(each) for each in page.changes],
    }


def plain_line(asked: Proposal) -> dict[str, Json]:
    return {
        "id": asked.id, "title": asked.title, "state": asked.state.value, "risk": asked.risk.value, "source": asked.source.value,
        "by": f"{asked.by.kind}:{asked.by.id}", "adopted_by": asked.adopted_by.id if asked.adopted_by else None, "confidence": asked.confidence,
        "digest": asked.plan.digest, "sites": list(asked.sites),
        "components": list(dict.fromkeys(item.component for item in asked.items)), "filed_at": unix(asked.filed_at), "approve_by": unix(asked.approve_by),
        "execute_by": unix(asked.execute_by),
    }  # fmt: skip


def plain_decision(found: Decision) -> dict[str, Json]:
    needs: dict[str, Json] = {
        "people": found.needs.people,
        "owners": found.needs.owners,
        "passkeys": found.needs.passkeys,
        "delay_minutes": found.needs.delay_minutes,
        "single_operator": found.needs.single_operator,
    }
    reasons: list[Json] = [{"verdict": r.verdict.value, "code": r.code, "says": r.says, "do": r.do} for r in found.reasons]
    return {
        "verdict": found.verdict.value, "risk": found.risk.value, "needs": needs, "reasons": reasons, "policy_version": found.policy_version,
    }  # fmt: skip


def _policy(found: Decision) -> str:
    order = sorted(found.reasons, key=lambda reason: SEVERITY[reason.verdict], reverse=True)
    rows = [(reason.verdict.value, reason.code, reason.says) for reason in order]
    return f"The policy now: {found.verdict}. {wanted(found.needs)}\n" + table(("VERDICT", "REASON", "SAYS"), rows)


def _radius(page: Page) -> Iterator[str]:
    asked, fleet = page.proposal, page.question.fleet
    share = f", {100 * len(asked.sites) / fleet.size:.0f} % of {fleet.size}" if fleet.size else ""
    yield f"{_count(len(asked.sites), 'site')}{share}: {', '.join(page.label(site) for site in asked.sites[:20])}"
    yield f"{_count(len(asked.plan.acts), 'action')} on {_count(len({item.component for item in asked.items}), 'component')}"
    critical = sum(facts.critical for facts in page.question.sites.values())
    if critical:
        yield f"{_count(critical, 'site')} marked critical"
    for site, known in page.question.sites.items():
        if known.serves > 1:
            yield f"{page.label(site)} is a network: it changes for all its {known.serves} sites"
    for item, facts in page.question.items:
        if facts.migrates:
            yield f"{item.component} is known to change the database on {page.label(item.site)}"
        if facts.touchy:
            yield f"{item.component} takes money or lets people in on {page.label(item.site)}"


def _acts(page: Page) -> str:
    rows = []
    # In the order of the plan, which the gate holds both to: two acts on one component are never shown as one.
    for item, leaf in zip(page.proposal.items, page.proposal.plan.acts, strict=False):
        was, version, package = item.was, item.version, item.package[:16]
        snapshot = leaf.args.get("snapshot")
        rows.append(
            (
                page.label(leaf.site),
                leaf.tool,
                leaf.component or f"snapshot {snapshot}",
                was,
                version,
                f"{package}..." if package else "not bound",
            )
        )
    return table(("SITE", "TOOL", "COMPONENT", "FROM", "TO", "ZIP SHA-256"), rows)


def _ways_back(page: Page) -> Iterator[str]:
    plan = page.proposal.plan
    many = len(page.proposal.sites) > 1
    for leaf in plan.acts:
        where = f"{page.label(leaf.site)}: " if many else ""
        yield where + way_back(leaf, roles_beside(plan, leaf))


def _listed(title: str, lines: list[str], nothing: str) -> str:
    return "\n".join([title, *(f"  - {shown(line, 600)}" for line in lines or ([nothing] if nothing else []))])


def _clock(at: datetime, now: datetime) -> str:
    left = at - now
    if left <= timedelta():
        return f"{moment(at)} (over)"
    hours, minutes = divmod(int(left.total_seconds() // 60), 60)
    return f"{moment(at)} (in {f'{hours} h' if hours else f'{minutes} min'})"


def _name(given: Given, page: Page) -> str:
    return page.people.get(given.person, given.person) + (" (alone)" if given.alone else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
