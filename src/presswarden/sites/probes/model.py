"""One look at a site from outside, finding by finding. Limits: pure; what a visitor at our place sees, which need not be what others see."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from presswarden.kernel.ids import OrgId, SiteId

AGAIN: Final = (timedelta(seconds=20), timedelta(minutes=2))
"""After a look that found the site out of reach, twice: names and certificates of new sites often come a moment later."""
MOST_FINDINGS: Final = 8


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    """Stable: `probe.name`, `probe.tls`, ..."""
    state: State
    says: str
    do: str
    """What to do about it; "" where nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Probe:
    org: OrgId
    site: SiteId
    home: str
    wanted_at: datetime
    due_at: datetime | None
    """When the courier looks next; None when nobody waits for a look."""
    looked_at: datetime | None
    findings: tuple[Finding, ...]
    """Of the last look, in the order in which they were found."""

    @property
    def reached(self) -> bool:
        return bool(self.findings) and all(one.state is not State.BAD for one in self.findings)


def next_look(probe: Probe, findings: tuple[Finding, ...], now: datetime) -> datetime | None:
    """When to look again by ourselves: a site that can't be reached yet, soon after it was asked for. Then somebody has to ask."""
    if all(one.state is not State.BAD for one in findings):
        return None
    since = now - probe.wanted_at
    return next((now + wait for wait in AGAIN if since < wait), None)
