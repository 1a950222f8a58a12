"""What needs whom: the inbox of one person, and the queue of all proposals, grouped by risk. Limits: gathers; nothing is decided from a list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from presswarden.actions.model import Risk
from presswarden.approvals import service as approvals
from presswarden.audit import service as audit
from presswarden.identity import service as identity
from presswarden.identity.model import ALLOWED, Permission, Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import KINDS, Incident, Severity, containment_of
from presswarden.kernel.canonical import decode_object
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed
from presswarden.kernel.ids import PersonId, ProposalId, SiteId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState, Wish
from presswarden.reports.changed import service as changed
from presswarden.reports.changed.model import who
from presswarden.reports.fleet import service as fleet
from presswarden.reports.fleet.model import Wish as Asked
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.rollouts.words import result_of
from presswarden.sites import service as sites
from presswarden.surfaces.console.paging import At, Turn, page
from presswarden.surfaces.console.review.page import mark
from presswarden.surfaces.console.visit import Visit

MOST_LISTED = 200
MOST_IN_INBOX = 50
MOST_NAMED = 500
"""Sites that a word may name; what more it names is found by its title."""
RISKS = (Risk.CRITICAL, Risk.HIGH, Risk.MEDIUM, Risk.LOW)
VIEWS: Mapping[str, tuple[str, tuple[ProposalState, ...]]] = {
    "waiting": ("Waiting", (ProposalState.WAITING,)),
    "recommended": ("Recommended", (ProposalState.RECOMMENDED,)),
    "approved": ("Under way", (ProposalState.APPROVED,)),
    "over": ("Over", (ProposalState.ENDED, ProposalState.REJECTED, ProposalState.EXPIRED, ProposalState.REPLACED)),
}


@dataclass(frozen=True, slots=True)
class Row:
    id: ProposalId
    digest: str
    title: str
    site: str
    more: int
    risk: Risk
    by: str
    yes: int
    wanted: int
    until: datetime
    kind: str
    word: str
    mine: bool
    """It waits for this person's yes."""


@dataclass(frozen=True, slots=True)
class Queue:
    view: str
    q: str
    later: int
    """How many this person put off."""
    groups: tuple[tuple[Risk, tuple[Row, ...]], ...]
    """Of this page."""
    total: int
    turn: Turn
    can_reject: bool

    def url(self, **more: str) -> str:
        return "/proposals?" + urlencode({name: value for name, value in {"view": self.view, "q": self.q, **more}.items() if value})


@dataclass(frozen=True, slots=True)
class Running:
    id: str
    title: str
    site: str
    says: str
    began: datetime | None


@dataclass(frozen=True, slots=True)
class Failing:
    id: str
    site: str
    says: str
    kind: str
    at: datetime
    contained: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    waiting: tuple[Row, ...]
    recommended: tuple[Row, ...]
    recommended_in_all: int
    running: tuple[Running, ...]
    failing: tuple[Failing, ...]
    put_off: int
    last_decision: datetime | None
    analyst_runs: bool
    """The analyst said so itself a moment ago."""
    analyst_at: datetime | None
    """When it last filed anything that still stands."""


async def inbox(tx: Tx, visit: Visit, now: datetime, *, analyst_runs: bool) -> Inbox:
    waiting = _seen(visit, await proposals.soonest(tx, states=[ProposalState.WAITING], limit=MOST_LISTED))
    recommended = _seen(visit, await proposals.soonest(tx, states=[ProposalState.RECOMMENDED], limit=MOST_LISTED))
    off = await approvals.put_off_by(tx, visit.person.id, now=now)
    rows = await _rows(tx, visit, [each for each in waiting if each.id not in off], now)
    adoptable = [each for each in recommended if each.id not in off and all(visit.may(Permission.PROPOSE, site) for site in each.sites)]
    soonest = sorted(adoptable, key=lambda each: each.approve_by)[:MOST_IN_INBOX]
    decided = [await audit.newest(tx, kind) for kind in ("consent.given", "consent.refused")]
    return Inbox(
        tuple(sorted((row for row in rows if row.mine), key=lambda row: row.until))[:MOST_IN_INBOX],
        await _rows(tx, visit, soonest, now),
        await _recommended(tx, visit, [each for each in recommended if each.id not in off]),
        await _running(tx, visit),
        await _failing(tx, visit),
        len(off & {each.id for each in (*waiting, *recommended)}),
        max((at for at in decided if at is not None), default=None),
        analyst_runs,
        max((each.filed_at for each in recommended if each.by.kind != "person"), default=None),
    )


async def queue(tx: Tx, visit: Visit, view: str, q: str, after: str, now: datetime) -> Queue:
    view, q = view if view in VIEWS else "waiting", q.strip()[:100]
    wish = await _wish(tx, visit, view, q, now)

    async def look(before: At | None, limit: int) -> tuple[Proposal, ...]:
        return await proposals.page(tx, wish, before=before, limit=limit)

    found, turn = await page(
        f"proposals {view}", after, look, lambda each: (each.filed_at, each.id), lambda each: bool(_seen(visit, [each]))
    )
    off = await approvals.put_off_by(tx, visit.person.id, now=now)
    rows = await _rows(tx, visit, found, now)
    order = sorted(rows, key=lambda row: (row.id in off, row.until))
    groups = tuple((risk, tuple(row for row in order if row.risk is risk)) for risk in RISKS)
    return Queue(
        view, q, len(off & {row.id for row in rows}), tuple(group for group in groups if group[1]), len(rows), turn,
        view in {"waiting", "recommended"} and any(visit.may(Permission.APPROVE, site) for each in found for site in each.sites),
    )  # fmt: skip


async def _wish(tx: Tx, visit: Visit, view: str, text: str, now: datetime) -> Wish:
    states = frozenset(VIEWS[view][1])
    if not text:
        return Wish(states)
    people = frozenset(PersonId(one.id) for one in await identity.people(tx) if text.casefold() in one.name.casefold())
    named = await fleet.matching(tx, visit.person, Asked(text=text), now)
    return Wish(states, text, people, frozenset(named[:MOST_NAMED]))


async def _recommended(tx: Tx, visit: Visit, seen: Sequence[Proposal]) -> int:
    """How many there are, also where more stand there than were looked at; who sees a part of the sites is told of those looked at."""
    if len(seen) < MOST_LISTED or not visit.may(Permission.SITE_SEE):
        return len(seen)
    return await proposals.count(tx, states=[ProposalState.RECOMMENDED])


async def running(tx: Tx, visit: Visit) -> tuple[Change, ...]:
    """Changes that have no result yet and that this person may see."""
    found = await rollouts.page(tx, ended=False, limit=MOST_LISTED)
    return tuple(each for each, _ in found if visit.may(Permission.SITE_SEE, each.site))


def _seen(visit: Visit, listed: Iterable[Proposal]) -> list[Proposal]:
    return [each for each in listed if all(visit.may(Permission.SITE_SEE, site) for site in each.sites)]


async def _rows(tx: Tx, visit: Visit, found: Sequence[Proposal], now: datetime) -> tuple[Row, ...]:
    ids = [each.id for each in found]
    counted, answered = await approvals.yes_counts(tx, ids), await approvals.answered_by(tx, visit.person.id, ids)
    people = await changed.names(tx)
    labels = await _labels(tx, {each.sites[0] for each in found if each.sites})
    single = await _is_single(tx)
    return tuple(
        Row(
            each.id, each.plan.digest, each.title, labels.get(each.sites[0], "") if each.sites else "", len(each.sites) - 1, each.risk,
            "Update analyst" if each.by.kind == "process" else who(each.by, people), counted.get(each.id, 0), _wanted(each), each.approve_by,
            *mark(each.state), each.id not in answered and _is_for(visit, each, single=single) and now < each.approve_by,
        )
        for each in found
    )  # fmt: skip


def _is_for(visit: Visit, asked: Proposal, *, single: bool) -> bool:
    """Somebody's yes could count: they may approve for all its sites and did not ask for it themselves, or are the only one."""
    mine = visit.person.id in {actor.id for actor in (asked.by, asked.adopted_by) if actor is not None}
    able = all(visit.may(Permission.APPROVE, site) for site in asked.sites)
    counts = asked.risk is not Risk.CRITICAL or Role.OWNER in visit.person.roles
    return asked.state is ProposalState.WAITING and able and counts and (single or not mine)


async def _is_single(tx: Tx) -> bool:
    able = [one for one in await identity.people(tx) if any(Permission.APPROVE in ALLOWED[grant.role] for grant in one.grants)]
    return len(able) == 1


def _wanted(asked: Proposal) -> int:
    """How many yeses were asked for when it was filed, as its plan's header says."""
    try:
        told = decode_object(asked.plan.header.encode()).get("approvals")
    except Malformed:
        return 0
    return told if isinstance(told, int) else 0


async def _running(tx: Tx, visit: Visit) -> tuple[Running, ...]:
    found = (await running(tx, visit))[:MOST_IN_INBOX]
    labels = await _labels(tx, {each.site for each in found})
    return tuple(Running(each.id, _titled(each), labels.get(each.site, each.site), result_of(each), each.began_at) for each in found)


def _titled(change: Change) -> str:
    step = f" {change.was} → {change.version}" if change.version else ""
    return f"{change.component or change.tool}{step}"


async def _failing(tx: Tx, visit: Visit) -> tuple[Failing, ...]:
    listed = await incidents.list_incidents(tx, only_open=True, limit=MOST_LISTED)
    found = [each for each in listed if each.severity is not Severity.NOTICE and visit.may(Permission.INCIDENT_SEE, each.site)]
    found.sort(key=_gravity)
    labels = await _labels(tx, {each.site for each in found})
    return tuple(
        Failing(
            each.id, labels.get(each.site, each.site), KINDS[each.kind].says, "bad" if each.severity is Severity.CRITICAL else "warn", each.last_at,
            containment_of(each) is not None,
        )
        for each in found[:MOST_IN_INBOX]
    )  # fmt: skip


def _gravity(incident: Incident) -> tuple[bool, float]:
    return incident.severity is not Severity.CRITICAL, -incident.last_at.timestamp()


async def _labels(tx: Tx, wanted: Iterable[SiteId]) -> dict[SiteId, str]:
    return {site.id: site.label for site in await sites.some_sites(tx, tuple(wanted))}
