"""Consents, passkeys and policy documents as they are kept. Limits: values; whether a consent is enough is the policy's to say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import OrgId, PersonId, ProposalId, SessionId, SiteId
from presswarden.policy.model import Mode


class Way(StrEnum):
    """How a person said it."""

    PASSKEY = "passkey"
    TERMINAL = "terminal"
    """Typed at the terminal of the machine that holds the database, and recorded as such."""
    CONSOLE = "console"
    """In a signed-in session that proved itself again a moment ago: up to medium risk."""


class ApprovalRefused(PresswardenError):
    """This person can't give this consent. The code says why: `approval.own_proposal`, `approval.terminal`, `approval.digest`, ..."""

    code = "approval.refused"


class ApprovalExpired(PresswardenError):
    code = "approval.expired"


class PasskeyUnknown(NotFound):
    """Not one's own: another's, or nobody's; both are absent."""

    code = "approval.passkey_unknown"


class PasskeyRefused(PresswardenError):
    """The assertion or registration does not verify."""

    code = "approval.passkey"


class PolicyUnknown(NotFound):
    code = "policy.unknown"


class PolicyNotActivated(PresswardenError):
    """The document is kept and does not hold: somebody else has to confirm it, or a newer one took its place."""

    code = "policy.not_activated"


class TicketRefused(NotFound):
    """There is no such ticket, it was used, or its ten minutes are over: all three look the same."""

    code = "approval.ticket"


class ModeRefused(PresswardenError):
    """The site can't have this mode: no snapshot was confirmed on it yet, or the policy's `max_mode` is lower."""

    code = "policy.mode"


class ProposalRefused(PresswardenError):
    """The policy refuses it from the start, so nothing was filed."""

    code = "policy.refused"


@dataclass(frozen=True, slots=True)
class Party:
    """Where consents are given: the relying party's id and the one origin of its pages. Never those of the login."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A challenge that is out for a new passkey of this person. One at a time, used once."""

    person: PersonId
    challenge: bytes = field(repr=False)
    party: Party
    until: datetime


@dataclass(frozen=True, slots=True)
class AtTerminal:
    """How a yes was typed. `local`: the database lies on this machine; `tty`: standard input is a terminal, no pipe; `typed`: the confirmation as typed."""

    local: bool
    tty: bool
    typed: str


@dataclass(frozen=True, slots=True)
class Tapped:
    """A passkey assertion over the consent challenge, as four base64url texts: `id`, `clientDataJSON`, `authenticatorData`, `signature`."""

    assertion: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of the console. `way`: how it signed in; `proved_at`: when the person last proved who they are, in this session."""

    way: str
    proved_at: datetime | None


Evidence = AtTerminal | Tapped | SignedIn
"""What comes with a yes and proves how it was said."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A person's consent credential: public half only. It signs plan digests under its own RP id, never a login."""

    id: str
    """Credential id, base64url without padding."""
    person: PersonId
    name: str
    rp_id: str
    origin: str
    """The one origin that its assertions may come from."""
    public: bytes = field(repr=False)
    """COSE key."""
    sign_count: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """A person's yes or no to one exact plan digest. Append-only."""

    org: OrgId
    proposal: ProposalId
    digest: str
    person: PersonId
    yes: bool
    way: Way
    passkey: str
    """Id of the credential; empty at a terminal."""
    policy_version: str
    reason: str
    at: datetime
    alone: bool = False
    """The single operator's own yes, by the rules for that."""
    read_seconds: int | None = None
    """From the moment the page was first opened to the answer; None where nobody saw it opened."""


class Purpose(StrEnum):
    """What a ticket leads to, on the origin for consents."""

    CONSENT = "consent"
    ENROL = "enrol"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leads one person from the console to the origin for consents, where no session is: for one purpose, once, ten minutes, while their session lives.

    It proves nothing by itself: what counts there is the passkey.
    """

    org: OrgId
    hash: str
    """SHA-256 (hex) of its text; the text itself is nowhere."""
    person: PersonId
    purpose: Purpose
    proposal: ProposalId | None
    digest: str
    reason: str
    read_seconds: int | None
    until: datetime
    session: SessionId
    """The session that it was made in: it dies with it."""


@dataclass(frozen=True, slots=True)
class Attention:
    """How somebody reviews: numbers for owners, never a verdict."""

    person: PersonId
    yes: int
    no: int
    median_seconds: int | None
    """Between opening the page and the answer; None where none was measured."""
    hasty: int
    """Yeses within ten seconds of opening the page."""


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """One version of one policy document. `scope` is a site's id, or empty for the whole organisation."""

    org: OrgId
    scope: str
    version: int
    digest: str
    document: Mapping[str, Json]
    active: bool
    set_by: PersonId
    set_at: datetime
    from_when: datetime | None
    """Since when, or from when on, it holds; None while it waits for a second owner."""
    confirmed_by: PersonId | None


@dataclass(frozen=True, slots=True)
class Station:
    """What people decided about one site. `mode` None: as the policy's default says."""

    site: SiteId
    mode: Mode | None
    critical: bool
    snapshot_confirmed_at: datetime | None
    """When a snapshot was first verified there; Autonomous needs one (W8)."""
