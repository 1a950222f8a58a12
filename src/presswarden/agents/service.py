"""Verbs of the analysts: look at a site, and file what is news. Limits: files proposals and nothing else; what comes of one is for people and the policy.

One transaction reads a site, another files one draft; whoever runs them decides how many in a round.
"""

from datetime import datetime, timedelta
from typing import Final

from presswarden.agents.model import Known, Look, Past
from presswarden.agents.updates import is_news, recommendation
from presswarden.approvals import service as approvals
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, SiteId, new_id
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Proposal
from presswarden.proposals.packages import service as packages
from presswarden.rollouts import service as rollouts
from presswarden.sites.model import InstallationState, Site
from presswarden.telemetry import service as telemetry

FRESH: Final = timedelta(hours=24)
"""Of an inventory; from an older one nothing is recommended."""
MOST_DRAFTS: Final = 200
"""Of one site in one look."""
_MOST_PAST: Final = 500


async def look(tx: Tx, site: Site, now: datetime) -> tuple[Draft, ...]:
    """What there is to recommend for this site and is not before people already."""
    inventory = await telemetry.inventory(tx, site.id)
    if site.state is not InstallationState.PAIRED or site.installation is None or inventory is None:
        return ()
    if now - inventory.confirmed_at > FRESH:
        return ()
    offers = await telemetry.offers_of(tx, site.id)
    if not offers:
        return ()
    seen = Look(site.id, site.label, site.installation, site.home, inventory.components, offers)
    past = await _past(tx, site.id, now)
    found = []
    for component in sorted(offers):
        version = offers[component].named.version
        known = Known(await packages.known(tx, component, version), await rollouts.outcomes(tx, component, like=site.id))
        draft = recommendation(seen, component, known)
        if draft is not None and is_news(draft, past):
            found.append(draft)
        if len(found) == MOST_DRAFTS:
            break
    return tuple(found)


async def file(tx: Tx, draft: Draft, now: datetime) -> Proposal | None:
    """File it; None when it is no news any more: somebody was quicker."""
    (wanted,) = draft.items
    if not is_news(draft, await _past(tx, wanted.site, now)):
        return None
    proposal, _ = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=now)
    return proposal


async def _past(tx: Tx, site: SiteId, now: datetime) -> Past:
    return Past(await proposals.listed(tx, site=site, limit=_MOST_PAST), await rollouts.changes(tx, site=site, limit=_MOST_PAST), now)
