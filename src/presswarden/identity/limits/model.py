"""The times that an organisation may set, with floor, ceiling and what holds otherwise. Limits: pure; what is for ever is in no list (`FOR_EVER`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from presswarden.kernel.errors import PresswardenError


class Limit(StrEnum):
    SESSION_IDLE = "session_idle_minutes"
    SESSION_LONGEST = "session_longest_hours"
    TELEMETRY = "telemetry_days"
    PAYLOADS = "audit_payload_days"
    ANSWERS = "site_answer_days"
    INCIDENTS = "incident_days"
    UNTAKEN = "untaken_days"
    PACKAGES = "package_days"
    NOTICES = "notice_days"
    LINKS = "link_days"
    BROWSERS = "browser_days"


class LimitRefused(PresswardenError):
    """Below the floor, above the ceiling, or no limit of ours."""

    code = "identity.limit"


@dataclass(frozen=True, slots=True)
class Bounds:
    """In `unit`s: minutes, hours or days."""

    says: str
    unit: str
    floor: int
    usual: int
    ceiling: int

    def span(self, value: int) -> timedelta:
        return timedelta(**{self.unit: value})


BOUNDS: Final[Mapping[Limit, Bounds]] = MappingProxyType(
    {
        Limit.SESSION_IDLE: Bounds("A session that nobody uses ends after", "minutes", 5, 720, 1440),
        Limit.SESSION_LONGEST: Bounds("A session ends, used or not, after", "hours", 1, 720, 720),
        Limit.TELEMETRY: Bounds("Telemetry: heartbeats, inventories, facts, offers", "days", 7, 30, 90),
        Limit.PAYLOADS: Bounds("Payloads of the audit trail", "days", 365, 365, 3650),
        Limit.ANSWERS: Bounds("Calls to sites and their answers, once settled", "days", 7, 7, 30),
        Limit.INCIDENTS: Bounds("Incidents that are closed, with their signals", "days", 90, 365, 3650),
        Limit.UNTAKEN: Bounds("Recommendations that nobody took up", "days", 90, 365, 3650),
        Limit.PACKAGES: Bounds("Hashes of packages that nobody is offered any more", "days", 90, 365, 3650),
        Limit.NOTICES: Bounds("Notices that were sent or given up", "days", 7, 30, 90),
        Limit.LINKS: Bounds("Invitations and ways back, after their end", "days", 1, 30, 90),
        Limit.BROWSERS: Bounds("Browsers that somebody signed in with, unused", "days", 7, 180, 365),
    }
)
OF_SESSIONS: Final = (Limit.SESSION_IDLE, Limit.SESSION_LONGEST)
OF_KEEPING: Final = tuple(each for each in Limit if each not in OF_SESSIONS)
FOR_EVER: Final = (
    "Entries of the audit trail, their hashes, proofs and checkpoints",
    "Consents, with the plans they were given to",
    "Names of people who left, until they are erased",
)
NEVER: Final = "Visitors' data, content, databases and snapshots of sites"


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for one organisation. Empty: all as usual."""

    chosen: Mapping[Limit, int]

    def value(self, limit: Limit) -> int:
        return self.chosen.get(limit, BOUNDS[limit].usual)

    def span(self, limit: Limit) -> timedelta:
        return BOUNDS[limit].span(self.value(limit))


USUAL: Final = Limits(MappingProxyType({}))


def within(limit: Limit, value: int) -> int:
    """Raises `LimitRefused`."""
    of = BOUNDS[limit]
    if not of.floor <= value <= of.ceiling:
        raise LimitRefused(f"{of.says}: {of.floor} to {of.ceiling} {of.unit}, not {value}.", do="Choose a time between the two.")
    return value
