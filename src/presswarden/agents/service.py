"""Verbs of the analysts: look at a site, and file what is news. Limits: files proposals and nothing else; what comes of one is for people and the policy.

One transaction reads a site, another files one draft; whoever runs them decides how many in a round.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from presswarden.agents.model import Known, Look, Past
from presswarden.agents.updates import is_news, recommendation
from presswarden.approvals import service as approvals
from presswarden.gate import service as gate
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, SiteId, new_id
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Proposal
from presswarden.proposals.packages import service as packages
from presswarden.proposals.packages.model import Package
from presswarden.rollouts import service as rollouts
from presswarden.sites.model import InstallationState, Site
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.offers.model import Offer

HASH_WITHIN: Final = timedelta(seconds=20)
"""A new offer waits so long for somebody outside the site to want its zip, and six times as long once it is wanted: a recommendation is fixed when filed."""
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
        if _awaits_hash(offers[component], known.packages, now):
            continue
        draft = recommendation(seen, component, known)
        if draft is not None and is_news(draft, past):
            found.append(draft)
        if len(found) == MOST_DRAFTS:
            break
    return tuple(found)


async def file(tx: Tx, draft: Draft, now: datetime) -> Proposal | None:
    """File it; None when it is no news any more, because somebody was quicker, and while a stop bears on it."""
    (wanted,) = draft.items
    if not is_news(draft, await _past(tx, wanted.site, now)):
        return None
    if await gate.bearing(tx, (wanted.site,), (draft.by.id,), now=now):
        return None  # what an agent thinks of meanwhile is not kept: it looks again when the stop is lifted
    proposal, _ = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=now)
    return proposal


def _awaits_hash(offer: Offer, known: Sequence[Package], now: datetime) -> bool:
    if not offer.named.url:
        return False
    here = next((each for each in known if each.place == offer.named.url), None)
    if here is None:
        return now - offer.first_seen < HASH_WITHIN
    return here.looked_at is None and now - here.wanted_at < 6 * HASH_WITHIN


async def _past(tx: Tx, site: SiteId, now: datetime) -> Past:
    return Past(await proposals.listed(tx, site=site, limit=_MOST_PAST), await rollouts.changes(tx, site=site, limit=_MOST_PAST), now)
