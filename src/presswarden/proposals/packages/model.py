"""A package: one version of one component, from one place, and its hash. Limits: pure; the zip's bytes are nowhere in the control plane."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from presswarden.kernel.ids import OrgId

LONGEST_WAIT: Final = timedelta(hours=6)
LOOK_AGAIN: Final = timedelta(hours=24)
"""Authors do put another zip under the same version; found out a day later at most, and by every site before it unpacks."""


FETCHED_WITHIN: Final = timedelta(minutes=5)
"""As long as one fetch may take: so long a plan waits for a hash that somebody is after. Then it is made without, and the policy counts that."""
NOTED_WITHIN: Final = timedelta(seconds=10)
"""By then a courier that runs has written down what a site was offered anew."""


class Origin(StrEnum):
    OFFER = "offer"
    """Fetched outside the site, from the address in the site's own offer."""
    SITE = "site"
    """What a site says it downloaded itself, where its vendor gives nobody else the address."""


@dataclass(frozen=True, slots=True)
class Package:
    org: OrgId
    id: str
    component: str
    version: str
    origin: Origin
    place: str
    """The address, or the site's id."""
    sha256: str
    """64 hex digits; "" as long as nobody could."""
    size: int
    code: str
    """Why the last look failed; "" when it did not."""
    says: str
    tries: int
    """Failed looks in a row."""
    changed: bool
    """This place gave another zip for the same version before."""
    wanted_at: datetime
    looked_at: datetime | None
    due_at: datetime | None
    """When to look next; None for what no one looks for again."""

    def found(self, sha256: str, size: int, now: datetime) -> "Package":
        changed = self.changed or self.sha256 not in ("", sha256)
        again = now + LOOK_AGAIN if self.origin is Origin.OFFER else None
        return replace(self, sha256=sha256, size=size, code="", says="", tries=0, changed=changed, looked_at=now, due_at=again)

    def missed(self, code: str, says: str, now: datetime) -> "Package":
        """A hash from before stays: the site compares anyway. Each miss in a row waits twice as long, at most six hours."""
        wait = min(timedelta(minutes=5) * 2 ** min(self.tries, 10), LONGEST_WAIT)
        return replace(self, code=code[:60], says=says[:300], tries=self.tries + 1, looked_at=now, due_at=now + wait)


def id_of(component: str, version: str, place: str) -> str:
    """One row for each version from each place, found again without an index over long texts."""
    return hashlib.sha256("\n".join((component, version, place)).encode()).hexdigest()


def wanted(org: OrgId, component: str, version: str, url: str, now: datetime) -> Package:
    return Package(org, id_of(component, version, url), component, version, Origin.OFFER, url, "", 0, "", "", 0, False, now, None, now)


def installed(org: OrgId, component: str, version: str, site: str, sha256: str, now: datetime) -> Package:
    return Package(org, id_of(component, version, site), component, version, Origin.SITE, site, sha256, 0, "", "", 0, False, now, now, None)


def differ(known: tuple[Package, ...]) -> bool:
    """More than one zip is known for the version that these are of."""
    return any(each.changed for each in known) or len({each.sha256 for each in known if each.sha256}) > 1


def is_awaited(known: Iterable[Package], url: str, now: datetime) -> bool:
    """The courier wants what stands at this address and has not looked for it yet: its hash may be there in a moment."""
    ours = (each for each in known if each.origin is Origin.OFFER and each.place == url)
    return any(each.looked_at is None and now - each.wanted_at < FETCHED_WITHIN for each in ours)


def bound(known: Iterable[Package], url: str) -> str:
    """The hash that a plan binds for a site with this offer: that of the same address, else the one zip that other sites installed. "" when unknown."""
    packages = tuple(known)
    if url:
        return next((each.sha256 for each in packages if each.origin is Origin.OFFER and each.place == url), "")
    at_sites = {each.sha256 for each in packages if each.origin is Origin.SITE}
    return at_sites.pop() if len(at_sites) == 1 else ""
