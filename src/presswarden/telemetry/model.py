"""Nouns of telemetry: heartbeats, inventories, facts with their age, reasons why a site can't take a workflow. Limits: nothing here reads a clock or a table.

Every string that a site sent stays the text it was. `shown` makes it safe to look at; escaping for HTML is the page's own duty.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeAlias

from presswarden.kernel.canonical import Json, encode
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.kernel.ids import InstallationId, OrgId, SiteId

Component: TypeAlias = Mapping[str, Json]
Components: TypeAlias = Mapping[str, Component]

HEARTBEAT_LATE = timedelta(minutes=15)
"""Three missed heartbeats of five minutes (PROTOCOL): then the dispatcher asks, and no workflow starts (S1)."""


UNPAIRED = "unpaired"


class PersonalData(Malformed):
    """A report carries what telemetry never keeps (W13, N4); the whole report is refused, so that nothing of it is stored."""


class RetentionRefused(PresswardenError):
    code = "telemetry.retention"


class Need(StrEnum):
    """What the answer to a heartbeat asks for."""

    NOTHING = ""
    INVENTORY = "inventory"


class Source(StrEnum):
    HEARTBEAT = "heartbeat"
    READ = "read"
    CONTROL = "control"
    """Known to the control plane itself: paired, an open change, a hold."""


class Paused(StrEnum):
    NO = ""
    LOCAL = "local"
    CONTROL = "control"
    QUIET = "quiet"


class Reporter(Protocol):
    """What telemetry needs of an installation: which it is, and of which site."""

    @property
    def id(self) -> InstallationId: ...

    @property
    def site(self) -> SiteId: ...


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since the inventory with hash `base`: whole components set, whole components gone."""

    base: str
    set: Components
    unset: tuple[str, ...]

    def applied_to(self, components: Components) -> Components | None:
        """The new map; None when a component it takes away is not there, because then the base was another one."""
        if any(key not in components for key in self.unset):
            return None
        gone = frozenset(self.unset)
        return {**{key: value for key, value in components.items() if key not in gone}, **self.set}


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One signed report of a site, read and bounded (`documents`); signature, sequence and binding were ingest's to check."""

    seq: int
    sent_at: datetime
    connector: str
    home: str
    epoch: int
    fence: int
    paused: Paused
    repair: str
    refusals: Mapping[str, int]
    checkpoint: str
    inventory_hash: str
    inventory: Components | None
    delta: Delta | None

    @property
    def unpaired(self) -> bool:
        """The site's own admin ended the pairing: this is its last message."""
        return self.repair == UNPAIRED


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing known about a site, and how old it is.

    `site_time` is when the site looked and `sent_at` when it told us, both by its own clock; `taken_at` is when we heard it, by ours.
    """

    name: str
    value: Json
    source: Source
    site_time: datetime | None
    sent_at: datetime | None
    taken_at: datetime

    def age(self, now: datetime) -> timedelta:
        """How old the fact is, without trusting that both clocks agree: its age at the site when it was sent, and the time since we heard it."""
        nothing = timedelta()
        before = self.sent_at - self.site_time if self.sent_at and self.site_time else nothing
        return max(before, nothing) + max(now - self.taken_at, nothing)

    @property
    def clock_ahead(self) -> timedelta | None:
        """How far the site's clock was ahead of ours when it sent this (negative: behind); travel time is in it."""
        return self.sent_at - self.taken_at if self.sent_at else None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about one site, by name: `core.version`, `health.disk_free`, `environment.php.version`, `plugin:a/a.php.version`..."""

    site: SiteId
    by_name: Mapping[str, Fact]

    def __iter__(self) -> Iterator[Fact]:
        return iter(sorted(self.by_name.values(), key=lambda fact: fact.name))

    def get(self, name: str) -> Fact | None:
        return self.by_name.get(name)

    def with_control(self, now: datetime, **known: Json) -> "Facts":
        """These facts and what the control plane knows itself: `with_control(now, site_paired=True)` adds `site.paired`."""
        own = {
            name: Fact(name, value, Source.CONTROL, None, None, now)
            for name, value in ((k.replace("_", ".", 1), v) for k, v in known.items())
        }
        return Facts(self.site, MappingProxyType({**self.by_name, **own}))


@dataclass(frozen=True, slots=True)
class Inventory:
    """The component map of one site. `taken_at`: when this map came; `confirmed_at`: the last report that carried its hash, and `source` of what kind."""

    site: SiteId
    source: Source
    hash: str
    components: Components
    sent_at: datetime
    taken_at: datetime
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What the newest heartbeat of a site said, and since when heartbeats are expected from it."""

    site: SiteId
    installation: InstallationId
    expected_since: datetime
    heard_at: datetime | None
    sent_at: datetime | None
    read_at: datetime | None
    inventory_hash: str
    connector: str
    home: str
    paused: Paused
    repair: str
    epoch: int
    fence: int
    refusals: Mapping[str, int]
    checkpoint: str
    """The newest checkpoint of our record that the site holds: an outside copy."""


@dataclass(frozen=True, slots=True)
class LateSite:
    """A site whose heartbeat is overdue; `last` is the newest one, or None when it never sent any."""

    org: OrgId
    site: SiteId
    installation: InstallationId
    last: datetime | None
    waiting_since: datetime


@dataclass(frozen=True, slots=True)
class Retention:
    """How long telemetry is kept (W13): 30 days unless set, never under 7, never over 90."""

    days: int

    def __post_init__(self) -> None:
        if not 7 <= self.days <= 90:
            raise RetentionRefused(
                f"Telemetry can't be kept for {self.days} days.", do="Choose 7 to 90 days; 30 is the default.", where="telemetry retention"
            )

    def horizon(self, now: datetime) -> datetime:
        return now - timedelta(days=self.days)


class ReasonCode(StrEnum):
    """Why a site can't take a workflow now (S1). Stable words: they stand in the CLI's output and in decisions."""

    NOT_PAIRED = "not-paired"
    HEARTBEAT_LATE = "heartbeat-late"
    PHP_TOO_OLD = "php-too-old"
    WORDPRESS_TOO_OLD = "wordpress-too-old"
    FILES_NOT_DIRECT = "files-not-direct"
    FILE_MODS_DISALLOWED = "file-mods-disallowed"
    DISK_TOO_SMALL = "disk-too-small"
    TARGET_IS_LINK = "target-is-link"
    TARGET_ON_OTHER_DEVICE = "target-on-other-device"
    CHANGE_OPEN = "change-open"
    HELD = "held"
    WATCHDOG_NOT_ARMED = "watchdog-not-armed"
    FACT_UNKNOWN = "fact-unknown"
    FACT_STALE = "fact-stale"


@dataclass(frozen=True, slots=True)
class Reason:
    """One "no", with the fact it rests on (a name, also when that fact is missing) and that fact's age."""

    code: ReasonCode
    says: str
    fact: str
    age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    reasons: tuple[Reason, ...]

    @property
    def eligible(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Rules:
    """What one workflow asks of a site. `target` is the component key it would change, "" for none; `estimate` the bytes it would write."""

    php: str = ""
    wordpress: str = ""
    target: str = ""
    estimate: int = 0
    oldest_fact: timedelta = timedelta(hours=24)


def inventory_hash(components: Components) -> str:
    """SHA-256 of the canonical bytes of a component map, as the wire has it. Raises `Malformed` for what has no canonical form."""
    return hashlib.sha256(encode(components)).hexdigest()


def as_moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


# Invisible although Unicode files them under letters, marks or symbols: fillers, joiners, blank braille, variation selectors.
_BLANK = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)})
_MARKS_IN_A_ROW = 3


def shown(text: str, limit: int = 200) -> str:
    """`text` for a person's eyes on one line: controls, direction changes and invisible characters as `<U+202E>`, overlong text cut with an ellipsis.

    What comes back holds no control, no escape sequence and nothing invisible, so it can't move a cursor, turn a line round, or pass for another name.
    """
    out: list[str] = []
    marks = 0
    for char in text[:limit]:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        hidden = category[0] == "C" or (category[0] == "Z" and char != " ") or ord(char) in _BLANK or marks > _MARKS_IN_A_ROW
        out.append(f"<U+{ord(char):04X}>" if hidden else char)
    return "".join(out) + ("…" if len(text) > limit else "")
