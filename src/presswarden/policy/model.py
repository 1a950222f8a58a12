"""What a decision is made of and what it says. Limits: pure values; rules as data come from `document`, the deciding is in `decide`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.kernel.ids import PersonId, SiteId
from presswarden.proposals.model import Item, Source


class Mode(StrEnum):
    """How much may happen on a site without a person."""

    OBSERVE = "observe"
    APPROVE = "approve"
    AUTONOMOUS = "autonomous"


MODES: Final = tuple(Mode)
"""The quietest first."""
AFTER_A_REMOVAL: Final = timedelta(hours=24)
"""So long nobody gains by having taken a person, a right or a passkey out of the way."""
LADDER: Final[Mapping[Risk, int]] = MappingProxyType({risk: rank for rank, risk in enumerate(Risk)})


class Size(StrEnum):
    """How far a new version is from the old one."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


class Verdict(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    """A person has to say yes."""
    HOLD = "hold"
    """Not now: a window, a wait, a hold, a missing snapshot. It may pass by itself later."""
    REFUSE = "refuse"


SEVERITY: Final[Mapping[Verdict, int]] = MappingProxyType({Verdict.ALLOW: 0, Verdict.ASK: 1, Verdict.HOLD: 2, Verdict.REFUSE: 3})


class Stage(StrEnum):
    """When the question is asked. Only at dispatch does everything have to hold."""

    FILING = "filing"
    APPROVAL = "approval"
    """Also when it is asked whether something may be released to run: no snapshot is due yet."""
    DISPATCH = "dispatch"
    """Before the act itself: a snapshot that is not known to be verified holds it back."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding of the policy. Codes are stable words; each has a test."""

    verdict: Verdict
    code: str
    says: str
    do: str = ""


def gravest(reasons: Iterable[Reason]) -> Verdict:
    """The strictest wins, and silence means no."""
    return max((reason.verdict for reason in reasons), key=SEVERITY.__getitem__, default=Verdict.REFUSE)


@dataclass(frozen=True, slots=True)
class Needs:
    """What consent the decision asks for."""

    people: int
    """Distinct persons who say yes; 0 where none is asked."""
    owners: bool
    """All of them must be owners."""
    passkeys: bool
    """Each yes carries a passkey assertion."""
    delay_minutes: int
    """Between the last yes and the first call; for the single operator."""
    single_operator: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Every reason, the gravest verdict, the risk, and what consent it asks for. No reasons means refuse."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    risk: Risk
    needs: Needs
    policy_version: str
    """SHA-256 (hex) of the documents in force, so that an approval can be tied to them."""

    def against(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.verdict is not Verdict.ALLOW)

    @property
    def consented(self) -> bool:
        """Nothing refuses and no more is asked of people. What still holds it back may pass by itself; only ALLOW lets it run."""
        return bool(self.reasons) and all(reason.verdict in {Verdict.ALLOW, Verdict.HOLD} for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Jump:
    """An update from one version to another, as confidence looks at it."""

    component: str
    was: str
    version: str
    size: Size


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an update from `was` to `version` somewhere in the fleet; evidence for confidence."""

    component: str
    was: str
    version: str
    passed: bool
    same_class: bool
    """On a site of the same class: same release of PHP, kind of database, network or not."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """How things are with one site, as read a moment ago."""

    site: SiteId
    mode: Mode
    critical: bool
    """Marked by people as a site where a fault costs most."""
    timezone: str
    """IANA name or offset, as the site reports it; "" where it does not."""
    snapshot_confirmed: bool
    """At least one snapshot was verified on this site (W8)."""
    snapshot_verified: bool | None
    """The snapshot that belongs to this action is verified; None before one is due (filing, approval)."""
    ineligible: tuple[tuple[str, str], ...]
    """Codes and words of what speaks against any workflow there now (S1)."""
    paused: bool
    contained: tuple[str, ...]
    serves: int = 1
    """How many sites the installation serves: of a network all, because its components are shared (N17)."""


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """What is known of one item's component, version and package."""

    known: bool
    """The update API knows the component; closed and foreign ones it does not."""
    offered: bool
    """The site's own update offer names exactly this version."""
    offered_since: datetime | None
    """When we first saw that offer; waits count from here."""
    security: bool
    """The version is flagged as a security release."""
    migrates: bool
    """It is known or must be feared to migrate the database."""
    touchy: bool
    """Checkout or sign-in: a fault there costs at once."""
    package_bound: bool
    package_differs: bool
    """Other sites got another zip for the same version (licences): recorded, one level up, never by itself."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """How much of the organisation this touches."""

    size: int
    touched: int


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's yes, as the decision counts it."""

    person: PersonId
    owner: bool
    may_approve: bool
    """Still in a role that approves, for every site of the plan."""
    passkey: bool
    identities: frozenset[str]
    """Passkey ids and verified mail addresses: two accounts that share one count as one person."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who could say yes, for the rules of the single operator."""

    may_approve: int
    removed_at: datetime | None
    """When somebody who could was last removed."""
    with_passkey: int


@dataclass(frozen=True, slots=True)
class Question:
    """All that `decide` looks at. `items` with their component facts and `sites` belong together by position and id."""

    stage: Stage
    source: Source
    proposer: Actor
    items: tuple[tuple[Item, ComponentFacts], ...]
    sites: Mapping[SiteId, SiteFacts]
    fleet: Fleet
    confidence: float | None
    consents: tuple[Consent, ...]
    approvers: Approvers
    digest_approved: bool
    """The consents are to the digest of this very plan."""
