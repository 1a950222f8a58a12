"""A site and its components as pages tell them. Limits: values; texts of the site stay as they came."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from presswarden.approvals.model import Station
from presswarden.incidents.model import Incident
from presswarden.policy.model import Mode
from presswarden.rollouts.model import Change
from presswarden.sites.model import Site
from presswarden.telemetry.model import Eligibility, Facts, Inventory, Standing


@dataclass(frozen=True, slots=True)
class SiteReport:
    site: Site
    facts: Facts
    inventory: Inventory | None
    standing: Standing | None
    incidents: tuple[Incident, ...]
    open_change: Change | None
    ready: Eligibility
    """Whether the site could take a change of some component; what a component adds is in `Part`."""
    station: Station
    mode: Mode
    """The one that counts now."""


@dataclass(frozen=True, slots=True)
class Part:
    """One component of a site."""

    key: str
    name: str
    version: str
    active: bool | None
    """None for what is neither on nor off."""
    offered: str
    offered_since: datetime | None
    against: tuple[tuple[str, str], ...]
    """Codes and words of what stands against the offered update; empty without an offer."""
    held_until: str

    @property
    def family(self) -> str:
        return self.key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Parts:
    confirmed_at: datetime | None
    listed: tuple[Part, ...]

    @property
    def updates(self) -> int:
        return sum(bool(part.offered) for part in self.listed)

    def by_family(self) -> Mapping[str, tuple[Part, ...]]:
        return {
            family: tuple(part for part in self.listed if part.family == family) for family in ("core", "plugin", "theme", "translation")
        }
