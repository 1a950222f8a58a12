"""What dispatch works with: keys, calls as signed bytes, what came back. Limits: values only; opening, signing and sending are elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import CallId, InstallationId, KeyId, WorkId

TTL: Final = 180
"""Seconds that a signed call stays valid; the connector accepts up to 300."""
ED25519: Final = "ed25519"
HMAC: Final = "hmac-sha256"


@dataclass(frozen=True, slots=True)
class CallKey:
    """What signs calls and standing orders of one installation: an Ed25519 seed, or the HMAC key of the direction control -> site."""

    alg: str
    kid: str
    secret: bytes = field(repr=False)
    public: bytes = b""
    """Raw Ed25519 public half; empty in HMAC mode."""


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A call key as it lies in the database. `active` signs new calls; one that is not active is a rotation under way, or its old key for 24 h."""

    kid: KeyId
    alg: str
    public: bytes
    sealed: bytes = field(repr=False)
    sealed_site: bytes | None = field(repr=False)
    epoch: int
    active: bool
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """What the site's receipts verify under: its pinned public keys, or the HMAC key of the direction site -> control."""

    alg: str
    keys: tuple[bytes, ...] = field(repr=False)


class Signs(Protocol):
    """Signs bytes with a key: the dispatcher's own hand, given to the parts that need a signature."""

    def __call__(self, key: CallKey, text: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class SignedCall:
    """One call, ready to be sent: the stored body and this sending's headers."""

    installation: InstallationId
    call: CallId
    home: str
    tool: str
    args_hash: str
    body: bytes
    headers: Mapping[str, str]
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """An HTTP answer as it came: nothing in it is believed yet. Header names are in lower case; a header sent twice is left out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WireFault:
    """No answer that could be a site's. `reached` is False when certainly nothing of the call arrived."""

    code: str
    says: str
    do: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """GETs of public pages of a site, under one permit. They are the other half of a health read (N6), so the permit is one for that."""

    installation: InstallationId
    call: CallId
    home: str
    tool: str
    args_hash: str
    paths: tuple[str, ...]
    """Below the home URL; "" is the home page itself."""
    bust: str
    """Goes into the query of each, so that no cache answers."""
    headers: Mapping[str, str]
    """The signed probe of an open change, or nothing."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Rescue:
    """A signed recover call (wire.md, 13). `leaf_call` and `args_hash` are those of the leaf that takes the change back: its permit covers this too."""

    installation: InstallationId
    leaf_call: CallId
    home: str
    tool: str
    args_hash: str
    headers: Mapping[str, str]
    bust: str
    file: str
    """Name of the file in the web root that answers when WordPress can't; "" unless a core change is open."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One public page as it looked from outside, uncached; `status` 0: no answer. No content: the title's hash, the size, whether a fatal marker is in it."""

    url: str
    status: int
    title: str
    size: int
    fatal: bool
    location: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the watchdog answered to a recover call. A hint, until a signed health call confirms it."""

    answered: bool
    state: str


@dataclass(frozen=True, slots=True)
class Lock:
    """One piece of work has a site to itself. `fence` goes into each of its planned calls; the site refuses what carries a lower one than it has seen."""

    installation: InstallationId
    work: WorkId
    holder: str
    """Which run of the work this is: a run that was thought dead and wakes up finds another name here."""
    fence: int


class Ending(StrEnum):
    """How a call ended, as far as can be proved."""

    DONE = "done"
    REFUSED = "refused"
    """A signed refusal: the id is burnt."""
    TURNED_AWAY = "turned_away"
    """An unsigned refusal from before the claim: a hint, and nothing ran as far as it says."""
    RUNNING = "running"
    """Claimed and never answered: nobody knows."""
    DOUBTFUL = "doubtful"
    """An answer whose receipt is missing or does not verify: nothing of it is believed."""
    UNSENT = "unsent"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer, or the lack of one, comes to."""

    ending: Ending
    code: str = ""
    says: str = ""
    do: str = ""
    status: int = 0
    result: Mapping[str, Json] = field(default_factory=dict)
    site_time: int | None = None
    receipt: str = ""
    """The verified receipt signature, base64; empty when there is none."""


class PlanMismatch(PresswardenError):
    """What was asked for is not what the leaf of the plan says, or nothing holds the site for it."""

    code = "dispatch.plan"


class LockLost(PresswardenError):
    """Another run of this work has taken the site over: this one may do nothing any more."""

    code = "dispatch.lock_lost"


class LockHeld(PresswardenError):
    """Another piece of work has this site."""

    code = "dispatch.lock_held"


class KeyLost(PresswardenError):
    """The dispatcher holds no key for this installation."""

    code = "dispatch.no_key"
