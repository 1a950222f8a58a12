"""The page of one proposal, put together. Limits: values for templates; nothing is read or written here."""

from dataclasses import dataclass
from datetime import datetime

from presswarden.actions.model import Risk
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.surfaces.console.review import views
from presswarden.surfaces.console.review.form import Form, form_of, highest
from presswarden.surfaces.console.review.newer import Difference, Newer, ask_again
from presswarden.surfaces.console.review.views import Act, Became, Check, Confidence, Known, Line, Told
from presswarden.surfaces.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Answer:
    """What was sent and is shown again, with what stood against it."""

    sites: str = ""
    reason: str = ""
    problems: tuple[str, ...] = ()
    changed: bool = False
    """The plan, or where it stands, is not what was answered."""
    differs: tuple[Difference, ...] = ()
    """In what: the page shown is that of the newer proposal, and the answer was to the older one."""


@dataclass(frozen=True, slots=True)
class Page:
    proposal: Proposal
    risk: Risk
    author: str
    by_agent: bool
    facts: list[tuple[str, str, str]]
    against: tuple[Line, ...]
    speaks_for: tuple[Line, ...]
    confidence: Confidence | None
    acts: tuple[Act, ...]
    ways_back: tuple[str, ...]
    checks: tuple[Check, ...]
    asks: str
    told: tuple[Told, ...]
    became: tuple[Became, ...]
    form: Form
    sent: Answer
    newer: Newer | None
    ask_again: str
    """Where this person asks for the same anew, once it is over."""
    left: int
    """Seconds until no yes counts any more."""
    over: bool
    is_open: bool

    @property
    def state(self) -> tuple[str, str]:
        """Kind and word, for the mark of where it stands."""
        return _STATES[self.proposal.state]


_STATES = {
    ProposalState.RECOMMENDED: ("queued", "Recommended"),
    ProposalState.WAITING: ("wait", "Waits for approval"),
    ProposalState.APPROVED: ("run", "Approved"),
    ProposalState.REJECTED: ("stopped", "Rejected"),
    ProposalState.EXPIRED: ("unknown", "Expired"),
    ProposalState.REPLACED: ("unknown", "Replaced by a newer one"),
    ProposalState.ENDED: ("ok", "Carried out"),
}


def mark(state: ProposalState) -> tuple[str, str]:
    return _STATES[state]


def page_of(known: Known, visit: Visit, *, fresh: bool, now: datetime, sent: Answer | None = None) -> Page:
    asked = known.proposal
    left = max(int((min(asked.approve_by, asked.execute_by) - now).total_seconds()), 0)
    over = now >= min(asked.approve_by, asked.execute_by)
    given_up = asked.state in {ProposalState.EXPIRED, ProposalState.REJECTED} or (over and asked.state in views.OPEN)
    return Page(
        proposal=asked,
        risk=highest(asked.risk, known.decision.risk) if known.decision is not None else asked.risk,
        author=views.author(known),
        by_agent=asked.by.kind != "person",
        facts=views.facts(known),
        against=views.against(known),
        speaks_for=views.speaking_for(known),
        confidence=views.confidence(known),
        acts=views.acts(known),
        ways_back=views.ways_back(known),
        checks=views.checks(known),
        asks=views.asks(known),
        told=views.told(known, visit),
        became=views.became(known),
        form=form_of(known, visit, fresh=fresh, now=now),
        sent=sent or Answer(),
        newer=known.newer,
        ask_again=ask_again(visit, asked) if given_up and known.newer is None else "",
        left=left,
        over=over,
        is_open=asked.state in views.OPEN,
    )
