"""What an analyst looks at. Limits: values as they were read; every name and version in them is the site's own word."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from presswarden.kernel.ids import InstallationId, SiteId
from presswarden.policy.model import Outcome
from presswarden.proposals.model import Proposal
from presswarden.proposals.packages.model import Package
from presswarden.rollouts.model import Change
from presswarden.telemetry.model import Components
from presswarden.telemetry.offers.model import Offer


@dataclass(frozen=True, slots=True)
class Look:
    """One site at one moment."""

    site: SiteId
    label: str
    installation: InstallationId
    home: str
    components: Components
    offers: Mapping[str, Offer]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one offered version beyond this site."""

    packages: tuple[Package, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """What was proposed and tried on one site before, newest first."""

    proposals: tuple[Proposal, ...]
    changes: tuple[Change, ...]
    now: datetime
