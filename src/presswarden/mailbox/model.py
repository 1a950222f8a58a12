"""Requests, envelopes, standing orders and outcomes. Limits: values; a state here says what is known, and `unknown` is said when nothing is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Klass
from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import CallId, CorrelationId, InstallationId, OrgId, ProposalId, RequestId, SiteId

READ_DEADLINE: Final = timedelta(minutes=10)
CONTROL_DEADLINE: Final = timedelta(hours=12)
NEVER_RESENT_AFTER: Final = timedelta(hours=12)
"""From the first sending on (PROTOCOL): later an answer is settled by a read, never by sending again."""
LEASE: Final = timedelta(seconds=60)
"""How long a dispatcher has for one try; longer than the longest exchange, so that nobody else takes the request over while it runs."""
LONG_LEASE: Final = timedelta(seconds=150)
"""The same for what changes a site: an update may take a site two minutes."""


class RequestState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    """By our gate, or by the site in a signed answer."""
    UNKNOWN = "unknown"
    """It may have run: no answer, or none that proves anything."""
    FAILED = "failed"
    """It did not reach the connector, or was turned away before anything ran."""


SETTLED: Final = frozenset({RequestState.DONE, RequestState.REFUSED, RequestState.UNKNOWN, RequestState.FAILED})


class Carried(StrEnum):
    """What brings a wish to the site."""

    CALL = "call"
    ORDER = "order"
    """Not the call: the standing order takes it there with the site's next heartbeat."""
    NOTHING = ""


class EnvelopeState(StrEnum):
    READY = "ready"
    """Written down, perhaps sent; a restart sends the same body again."""
    OFFERED = "offered"
    """The site can't be reached: it takes the call with the answer to its next heartbeat."""
    RETURNED = "returned"
    """The site posted an answer that nobody has verified yet."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to. `result` is the site's own, and only from an answer whose receipt verified."""

    state: RequestState
    code: str = ""
    says: str = ""
    do: str = ""
    result: Mapping[str, Json] = field(default_factory=dict)
    call: CallId | None = None
    carried_by: Carried = Carried.NOTHING
    receipt: str = ""
    """What the site signed (wire.md, 4), once that signature verified: call, status and both hashes. For the audit; not kept with the request."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """Where in an approved plan a request stands, and the exact texts that prove it (wire.md, 3)."""

    proposal: ProposalId
    digest: str
    """Of the plan: 64 hex digits."""
    index: int
    """Of the leaf; 0 for what prepares a change of the plan: it goes in the plain form and carries no leaf."""
    call: str = ""
    """The `tool_call_id` that the leaf names."""
    header: str = ""
    header_proof: tuple[str, ...] = ()
    leaf: str = ""
    proof: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants of a site; `mailbox.ask` says what each part means."""

    site: SiteId
    tool: str
    args: Mapping[str, Json]
    by: Actor
    correlation: CorrelationId
    installation: InstallationId | None = None
    deadline: datetime | None = None
    id: RequestId | None = None
    planned: PlannedCall | None = None
    turn: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One question or control wish for one site, or one step of an approved plan."""

    org: OrgId
    id: RequestId
    site: SiteId
    installation: InstallationId
    tool: str
    args: Mapping[str, Json]
    by: Actor
    correlation: CorrelationId
    asked_at: datetime
    deadline: datetime
    state: RequestState
    settled_at: datetime | None
    outcome: Outcome | None
    settled_by: RequestId | None
    """The read that is to settle this one, when its own outcome is unknown."""
    planned: PlannedCall | None = None
    so_far: Outcome | None = None
    """What the last try came to, while another one follows: a name for what is in the way."""

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED


@dataclass(frozen=True, slots=True)
class Due:
    """A request that somebody should look at now."""

    org: OrgId
    request: RequestId
    installation: InstallationId


@dataclass(frozen=True, slots=True)
class Envelope:
    """The bytes of one call, fixed before the first sending. Retries carry the same body."""

    call: CallId
    request: RequestId
    installation: InstallationId
    home: str
    tool: str
    args_hash: str
    body: bytes
    nonce: str
    kid: str
    state: EnvelopeState
    made_at: datetime
    first_sent_at: datetime | None
    sendings: int
    signed_at: datetime | None
    """When the headers that are offered to the site were signed."""
    returned: "Returned | None"


@dataclass(frozen=True, slots=True)
class Returned:
    """An answer that the site posted to a call it had taken along. Unverified."""

    status: int
    body: str
    signature: str


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A signed call, as it goes into the answer to a heartbeat."""

    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """What the site is to hold for true until `expires`: bytes that the dispatcher signed ahead."""

    installation: InstallationId
    text: str
    signature: str
    seq: int
    epoch: int
    paused: bool
    revoked: bool
    made_at: datetime
    expires: datetime


def lease_of(tool: str) -> timedelta:
    """How long one try of this tool is left alone."""
    found = CATALOGUE.get(tool)
    return LONG_LEASE if found is not None and found.klass in {Klass.CHANGE, Klass.RECOVER} else LEASE


class RequestUnknown(NotFound):
    code = "mailbox.request_unknown"


class RequestConflict(PresswardenError):
    """A request with this id stands there already, and it is another one."""

    code = "mailbox.conflict"


class MailboxFull(PresswardenError):
    """Too many requests wait for this site."""

    code = "mailbox.full"
