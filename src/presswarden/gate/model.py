"""What the gate is asked and all that can stand against it; pure. Limits: what a site itself refuses is its own business, whatever stands here."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from presswarden.actions.catalogue import check
from presswarden.actions.model import Action, ArgsInvalid, Klass
from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import CallId, CorrelationId, InstallationId, ProposalId, SiteId

HEALTH: Final = "wp.site.health"
PROCESS_CONTROLS: Final = frozenset({"control.confirm", "control.moved", "control.rotate", "control.rotate_site"})
"""Control calls that the dispatcher may start by itself: each carries out what a person asked for elsewhere, or renews a key."""
WHILE_STOPPED: Final = frozenset({"control.pause", "control.revoke", HEALTH})
_LIFTED: Final = "A person with that right lifts the stop first."


@dataclass(frozen=True, slots=True)
class Planned:
    """Where in an approved plan a call stands. The gate reads the proposal itself: this only says which, and what will be sent."""

    proposal: ProposalId
    index: int
    """Of the leaf; 0 for what prepares a change of the plan (snapshots), which carries no leaf."""
    digest: str
    leaf: str
    """The leaf's exact text; empty for index 0."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call that somebody wants made. `call` is the id it will carry on the wire."""

    call: CallId
    installation: InstallationId
    site: SiteId
    tool: str
    args: Mapping[str, Json]
    by: Actor
    correlation: CorrelationId
    planned: Planned | None = None


class StopScope(StrEnum):
    """How far a stop reaches."""

    EVERYTHING = "everything"
    """Every organisation of this installation."""
    ORGANISATION = "organisation"
    CLIENT = "client"
    SITE = "site"
    AGENT = "agent"
    """Whatever one agent asks for or recommended."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A kill switch is thrown. `subject`: the id of the client, site or agent; "" for the wide ones."""

    reason: str
    by: str
    since: datetime
    scope: StopScope = StopScope.ORGANISATION
    subject: str = ""
    until: datetime | None = None
    """It ends then by itself: whoever threw it said so, or somebody lifted it. None: it stands until somebody does."""

    def bears_on(self, sites: Collection[SiteId], agents: Collection[str], clients: Mapping[SiteId, str]) -> bool:
        """It stops what touches these sites or was begun by these agents. `clients`: whose a site is, where it is somebody's."""
        match self.scope:
            case StopScope.EVERYTHING | StopScope.ORGANISATION:
                return True
            case StopScope.CLIENT:
                return any(clients.get(site) == self.subject for site in sites)
            case StopScope.SITE:
                return self.subject in sites
            case StopScope.AGENT:
                return self.subject in agents
            case _:
                assert_never(self.scope)


_MET: Final[Mapping[StopScope, str]] = {
    StopScope.EVERYTHING: "Everything is",
    StopScope.ORGANISATION: "The organisation is",
    StopScope.CLIENT: "This client's sites are",
    StopScope.SITE: "This site is",
    StopScope.AGENT: "This agent is",
}


class Stopped(PresswardenError):
    """What was asked for is stopped by a person. Nothing was kept of it that would run later."""

    code = "gate.stopped"


class StopRefused(PresswardenError):
    """A stop or a resume that can't be as it was asked for."""

    code = "gate.stop_refused"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things are with the site at this moment, as the gate read them itself."""

    stops: tuple[Stop, ...]
    """Those that bear on this call."""
    state: str
    """waiting, confirming, paired or revoked; empty when the installation is not this organisation's."""
    paused: bool
    contained: tuple[str, ...]
    forbidden: bool
    """True when the person who asks has no role that allows it."""
    change_open: bool = False
    """A change is under way on this site."""
    restored: bool = False
    """The control plane was restored from a backup, and has not heard this site since."""
    ends_a_change: bool = False
    """The call closes or takes back that very change, as its approved plan says."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `per_minute` tokens flow in, up to `per_minute` x `burst`."""

    per_minute: int
    burst: float = 2.0

    @property
    def capacity(self) -> float:
        return self.per_minute * self.burst


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    says: str
    do: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The gate's no, with every reason there is; the first one leads."""

    reasons: tuple[Reason, ...]


def refill(tokens: float, counted_at: datetime, rate: Rate, now: datetime) -> float:
    """Tokens in the bucket at `now`; a clock that went back adds none."""
    elapsed = max(0.0, (now - counted_at).total_seconds())
    return min(rate.capacity, tokens + elapsed * rate.per_minute / 60)


def reasons_against(ask: Ask, action: Action | None, standing: Standing, plan: tuple[Reason, ...] = ()) -> tuple[Reason, ...]:
    """Every reason against this call, in the gate's order; empty when nothing stands against it but the rate.

    `action` is the catalogue's entry, if any; `plan` what its plan and the policy have against it (`course`).
    """
    found = (
        *_restored(standing),
        *_stopped(ask, action, standing),
        *_quieter(ask, action, standing),
        *_state(ask, standing),
        *_role(ask, action, standing),
    )
    if action is None:
        return (*found, Reason("gate.tool", "There is no such tool in the catalogue.", "Use a tool that `presswarden site read` lists."))
    return (*found, *_fits(ask, action), *_decided(ask, action), *plan)


def _restored(standing: Standing) -> tuple[Reason, ...]:
    """Nothing at all goes out, not even a stop: what the backup holds may be older than what the site was told since."""
    if not standing.restored:
        return ()
    says = "The control plane was restored from a backup, and this site has not been heard since."
    return (Reason("gate.restored", says, "Wait for the site's next heartbeat: then the fences are compared, and calls go again."),)


def _reaches_its_end(ask: Ask, action: Action | None, standing: Standing) -> bool:
    """A stop and a pause start nothing new and let an open change reach its safe end: what ends it, and what the dispatcher reads to judge it."""
    looks = action is not None and action.klass is Klass.READ and ask.by.kind == "process"
    return standing.ends_a_change or (standing.change_open and looks)


def _stopped(ask: Ask, action: Action | None, standing: Standing) -> Iterator[Reason]:
    if ask.tool in WHILE_STOPPED or _reaches_its_end(ask, action, standing):
        return
    for stop in standing.stops:
        match stop.scope:
            case StopScope.EVERYTHING:
                yield Reason("gate.stopped_everywhere", told(stop), _LIFTED)
            case StopScope.ORGANISATION:
                yield Reason("gate.stopped", told(stop), _LIFTED)
            case StopScope.CLIENT:
                yield Reason("gate.stopped_client", told(stop), _LIFTED)
            case StopScope.SITE:
                yield Reason("gate.stopped_site", told(stop), _LIFTED)
            case StopScope.AGENT:
                yield Reason("gate.stopped_agent", told(stop), _LIFTED)
            case _:
                assert_never(stop.scope)


def told(stop: Stop) -> str:
    """A stop in one sentence, for whoever it meets."""
    until = "" if stop.until is None else f" until {stop.until:%Y-%m-%d %H:%M} UTC"
    return f"{_MET[stop.scope]} stopped since {stop.since:%Y-%m-%d %H:%M} UTC{until}: {stop.reason}"


def _state(ask: Ask, standing: Standing) -> tuple[Reason, ...]:
    if standing.state == "paired" or (standing.state == "confirming" and ask.tool == "control.confirm"):
        return ()
    if standing.state == "revoked" and ask.tool == "control.revoke":
        return ()  # desired state comes first: the call tells the site what is already so here
    if standing.state == "revoked":
        return (Reason("gate.revoked", "The pairing with this site was revoked.", "Pair the site again to call it."),)
    return (Reason("gate.not_paired", "The site is not paired.", "Finish the pairing on the site's own admin page."),)


def _role(ask: Ask, action: Action | None, standing: Standing) -> tuple[Reason, ...]:
    if standing.forbidden:
        return (Reason("gate.role", "The role of the person who asks does not allow it.", "Ask an operator, admin or owner."),)
    is_start_of_its_own = ask.by.kind == "process" and ask.planned is None and action is not None and action.klass is not Klass.READ
    if is_start_of_its_own and ask.tool not in PROCESS_CONTROLS:
        return (Reason("gate.role", "No process starts this by itself.", "A person asks for it."),)
    return ()


def _fits(ask: Ask, action: Action) -> tuple[Reason, ...]:
    try:
        check(action, ask.args)
    except ArgsInvalid as fault:
        return (Reason("gate.args", fault.says, fault.do),)
    return ()


def _decided(ask: Ask, action: Action) -> tuple[Reason, ...]:
    """What changes a site is a step of an approved plan. What prepares a change may also be asked for by a person: it touches nothing of the site's own."""
    match action.klass:
        case Klass.READ | Klass.CONTROL:
            return ()
        case Klass.PREPARE if ask.planned is not None or ask.by.kind == "person":
            return ()
        case Klass.PREPARE | Klass.CHANGE | Klass.RECOVER:
            if ask.planned is not None:
                return ()
            return (Reason("gate.no_decision", "Nothing has decided this change.", "A change needs a proposal and a decision."),)
        case _:
            assert_never(action.klass)


def _quieter(ask: Ask, action: Action | None, standing: Standing) -> tuple[Reason, ...]:
    # Reads and control stay possible inside an incident: without them nobody could find out or end it.
    if action is None or action.klass is Klass.CONTROL or _reaches_its_end(ask, action, standing):
        return ()
    found = []
    if action.klass is not Klass.READ:
        found += [
            Reason("gate.contained", f"An open incident holds changes back: {why}.", "Review the incident.") for why in standing.contained
        ]
    if standing.paused and ask.tool != HEALTH:
        found.append(Reason("gate.paused", "The site is paused.", "Run `presswarden site resume` first; health can be read meanwhile."))
    return tuple(found)
