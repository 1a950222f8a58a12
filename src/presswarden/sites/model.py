"""Nouns of sites: a site, its installations (one pairing each), the keys pinned for one, and what a plugin sends when it pairs.

Limits: pure. Whether two sites are the same WordPress is told by their keys and home URL alone; a label is for people.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from urllib.parse import urlsplit

from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import InstallationId, KeyId, OrgId, PersonId, SiteId

PairingString = NewType("PairingString", str)
"""Shown once to the person who pairs; it holds the secret, so it is never stored and never logged."""
Words = tuple[str, str, str, str]


class InstallationState(StrEnum):
    WAITING = "waiting"
    """A pairing string is out; nobody has redeemed it."""
    CONFIRMING = "confirming"
    """A plugin proved the secret; the dispatcher's first signed call has not been answered yet."""
    PAIRED = "paired"
    REVOKED = "revoked"


class Algorithm(StrEnum):
    ED25519 = "ed25519"
    HMAC = "hmac-sha256"


class PairingRefusal(StrEnum):
    """Why a pairing request was refused; the words of the wire."""

    UNKNOWN = "pairing.unknown"
    EXPIRED = "pairing.expired"
    USED = "pairing.used"
    PROOF = "pairing.proof"
    TOO_MANY_TRIES = "pairing.too_many_tries"
    KEY = "pairing.key"
    HOME = "pairing.home"
    LIVE = "pairing.live"


class MessageRefusal(StrEnum):
    """Why a site's signed message did not count, once its signature was right."""

    INSTALLATION = "ingest.installation"
    REPLAY = "ingest.replay"
    SEQUENCE = "ingest.sequence"


@dataclass(frozen=True, slots=True)
class Site:
    """A site with its newest installation: `state` is None and `home` empty until there was one."""

    org: OrgId
    id: SiteId
    label: str
    home: str
    created_at: datetime
    installation: InstallationId | None
    state: InstallationState | None
    paired_at: datetime | None
    pause_reason: str | None
    """Why we want the site paused; None when we don't. Wanted state: the dispatcher brings it to the site."""
    paused_at: datetime | None

    @property
    def paused(self) -> bool:
        return self.pause_reason is not None


@dataclass(frozen=True, slots=True)
class Installation:
    """One pairing of one WordPress."""

    org: OrgId
    id: InstallationId
    site: SiteId
    state: InstallationState
    alg: Algorithm
    home: str
    control_url: str
    control_key: KeyId
    control_public: bytes = field(repr=False)
    control_epoch: int
    site_epoch: int
    seq: int
    last_message_at: datetime | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    paired_at: datetime | None
    revoked_at: datetime | None
    revocation_told_at: datetime | None
    words: str
    """The four words both screens show, once a plugin has redeemed the string; empty before."""
    connector: str
    php: str
    wordpress: str
    wanted_paused: bool  # the site's pause, as we want it: it outlives an installation
    restored_at: datetime | None = None  # this control plane was: until the site's fence was compared, nothing is sent to it

    @property
    def listens(self) -> bool:
        """Paired, or revoked by us and not yet told so: its messages are still looked at, so that it hears of its end."""
        untold = self.paired_at is not None and self.revocation_told_at is None
        return self.state is InstallationState.PAIRED or (self.state is InstallationState.REVOKED and untold)


@dataclass(frozen=True, slots=True)
class SiteKey:
    """A key of the site. `public` is empty in HMAC mode, where each process keeps the key sealed under its own KEK."""

    kid: KeyId
    alg: Algorithm
    public: bytes
    epoch: int
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class MessageKey:
    """What a message of the site is checked with: the public key, or in HMAC mode the site-direction key."""

    kid: KeyId
    alg: Algorithm
    raw: bytes = field(repr=False)
    not_after: datetime | None = None

    def valid(self, now: datetime) -> bool:
        return self.not_after is None or now < self.not_after


@dataclass(frozen=True, slots=True)
class ControlKey:
    """The public half of a control key from the pool; its private half never leaves the dispatcher."""

    id: KeyId
    public: bytes


@dataclass(frozen=True, slots=True)
class PairRequest:
    """The body of the wire's pairing message, shapes checked, nothing proved."""

    installation: InstallationId
    alg: Algorithm
    home: str
    public_key: str
    signature: str
    nonce: str
    mac: str
    connector: str
    php: str
    wordpress: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A redeemed pairing string that waits for the dispatcher's first signed call."""

    org: OrgId
    installation: InstallationId
    site: SiteId
    alg: Algorithm
    home: str
    control_key: KeyId
    transcript: str
    verifier: bytes | None = field(repr=False)
    """Only in HMAC mode, where both direction keys come from it."""
    filed_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """A site's word that its home URL changed. Nothing follows from it until a person confirms it and the new home answers signed."""

    org: OrgId
    installation: InstallationId
    site: SiteId
    old_home: str
    new_home: str
    filed_at: datetime
    confirmed_at: datetime | None
    confirmed_by: PersonId | None


@dataclass(frozen=True, slots=True)
class MessageMark:
    """What is remembered of an accepted message: enough to know it again."""

    id: str
    nonce: str
    seq: int
    kind: str
    sent_at: datetime


class NoControlKey(PresswardenError):
    code = "sites.no_control_key"


class SiteLive(PresswardenError):
    """The site has a live pairing."""

    code = "sites.live"


class SiteUnknown(NotFound):
    code = "sites.unknown"


class InstallationChanged(PresswardenError):
    """What was known of the installation a moment ago no longer holds; look again."""

    code = "sites.changed"


class LabelRefused(PresswardenError):
    code = "sites.label"


class SiteNotPaired(PresswardenError):
    code = "sites.not_paired"


class ConfirmMismatch(PresswardenError):
    """The site's signed answer to the first call is not about this pairing."""

    code = "sites.confirm_mismatch"


class RotationRefused(PresswardenError):
    code = "sites.rotation"


class NoMove(PresswardenError):
    code = "sites.no_move"


class UrlRefused(PresswardenError):
    """Not a base URL of the wire's form, or plain HTTP to a host that is not this machine."""

    code = "sites.url"


LONGEST_URL: Final = 200
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*\Z")


def is_local(host: str) -> bool:
    """True for localhost, *.localhost, 127.0.0.0/8 and ::1: the hosts plain HTTP may name. Parsed, never matched as text."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network("127.0.0.0/8") or host == "::1"
    except (ValueError, TypeError):
        return False


def base_url(text: str) -> str:
    """`text` when it is a base URL in the wire's one form (`scheme://host[:port][/path]`). Raises `UrlRefused`; nothing is repaired."""
    if not text.isascii() or len(text) > LONGEST_URL or "\\" in text or any(ord(char) <= 32 or ord(char) == 127 for char in text):
        raise UrlRefused(f"A base URL is up to {LONGEST_URL} plain characters.", do="Write it as https://host/path, without spaces.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as fault:
        raise UrlRefused("That is not a URL.", do="Write it as https://host/path.") from fault
    if parts.scheme not in {"http", "https"} or not _host_ok(host):
        raise UrlRefused("That is not a web address.", do="Write it as https://host/path.")
    if parts.scheme == "http" and not is_local(host):
        raise UrlRefused("Plain HTTP is allowed for this machine's own names only.", do="Use the site's https:// address.")
    if not _PATH.match(parts.path) or any(piece in {".", ".."} for piece in parts.path.split("/")):
        raise UrlRefused("The path of a base URL is plain, without a slash at its end.", do="Write it as https://host/path.")
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    expected = f"{parts.scheme}://{shown}{'' if port in (None, default) else f':{port}'}{parts.path}"
    if text != expected or port == 0:
        raise UrlRefused("That URL is not in its plain form.", do=f"Lower case, no user, query, fragment or default port: {expected}")
    return text


def _host_ok(host: str) -> bool:
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        labels = host.split(".")
        # A name whose last label is a number is an address in disguise (127.1, 0x7f.1): resolvers differ on it.
        numeric = labels[-1].isdigit() or labels[-1].startswith("0x")
        return 0 < len(host) <= 253 and not numeric and all(_LABEL.match(label) for label in labels)
    return str(parsed) == host
