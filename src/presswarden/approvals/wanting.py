"""What a person wants of one site becomes a proposal: an update to what the site is offered, a snapshot put back or deleted.

It is made from the site's newest report, which whoever calls has asked for before. Limits: filing only; what the policy asks for, it asks for.
"""

from collections.abc import Mapping
from datetime import datetime

from presswarden.approvals.asking import submit
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import CorrelationId, PersonId, ProposalId, SiteId, new_id
from presswarden.policy.model import Decision
from presswarden.proposals import service as proposals
from presswarden.proposals import snapshots
from presswarden.proposals.model import Draft, Evidence, Item, Proposal, ProposalState, Source
from presswarden.proposals.packages import service as packages
from presswarden.proposals.packages.model import NOTED_WITHIN, is_awaited
from presswarden.proposals.updates import UpdateRefused, item, name_of
from presswarden.sites import service as sites
from presswarden.sites.model import Site
from presswarden.telemetry import service as telemetry

_AT_IT = (ProposalState.WAITING, ProposalState.APPROVED)


class UpdateStands(PresswardenError):
    """People are at the same update already."""

    code = "update.stands"

    def __init__(self, standing: Proposal) -> None:
        super().__init__(
            f"The same update stands already ({standing.state}).", do=f"See: presswarden proposal show {standing.id}", proposal=standing.id
        )
        self.standing = ProposalId(standing.id)


class BeingFetched(UpdateRefused):
    """The courier is after the zip: filed now, the plan would bind no hash, and its risk would be counted higher than it is."""

    def __init__(self, component: str) -> None:
        super().__init__(
            "update.fetching", "Its package is being fetched, so that the plan can bind its hash.", "Ask again in a moment.", component
        )


async def want_update(
    tx: Tx, site: SiteId, component: str, *, by: PersonId, fetches: bool = False, now: datetime
) -> tuple[Proposal, Decision]:
    """File the update of `component` to what the site is offered. `fetches`: a courier runs that fetches packages, so what it has not noted yet it may.

    Raises `UpdateStands`, `BeingFetched`, `UpdateRefused`, `ProposalRefused`, `Forbidden`.
    """
    await identity.require(tx, by, Permission.PROPOSE, site=site)
    found = await sites.site_of(tx, site)
    wanted = await _item(tx, found, component)
    standing = await _standing(tx, wanted)
    if standing is not None and standing.state is ProposalState.WAITING and now >= min(standing.approve_by, standing.execute_by):
        await proposals.expire(tx, now)  # the janitor has not come by yet; what ran out stands in nobody's way
        standing = await _standing(tx, wanted)
    if standing is not None:
        raise UpdateStands(standing)
    if not wanted.package and await is_being_fetched(tx, site, component, fetches=fetches, now=now):
        raise BeingFetched(component)
    return await _file(tx, found, wanted, by, now)


async def is_being_fetched(tx: Tx, site: SiteId, component: str, *, fetches: bool, now: datetime) -> bool:
    """Whether the zip's hash may be known in a moment and is not yet. False where no site tells its address, and where nobody looks for it."""
    inventory = await telemetry.inventory(tx, site)
    offer = (await telemetry.offers_of(tx, site)).get(component)
    if inventory is None or offer is None or not offer.named.url:
        return False
    known = await packages.known(tx, component, offer.named.version)
    if is_awaited(known, offer.named.url, now):
        return True
    unnoted = all(each.place != offer.named.url for each in known)
    return fetches and unnoted and now - inventory.taken_at < NOTED_WITHIN


async def want_snapshot(
    tx: Tx, site: SiteId, kept: Mapping[str, Json], act: snapshots.Act, *, by: PersonId, now: datetime
) -> tuple[Proposal, Decision]:
    """File that this snapshot, as the site told of it, is put back or deleted. Raises `SiteNotPaired`, `ProposalRefused`, `Forbidden`."""
    await identity.require(tx, by, Permission.PROPOSE, site=site)
    draft = snapshots.draft(await sites.site_of(tx, site), kept, act, Actor("person", by))
    return await submit(tx, draft, correlation=CorrelationId(new_id()), now=now)


async def _item(tx: Tx, site: Site, component: str) -> Item:
    inventory = await telemetry.inventory(tx, site.id)
    if site.installation is None or inventory is None:
        raise UpdateRefused("update.unknown", "Nothing is known of what is on this site.", "Read it: presswarden site read.", component)
    offer = (await telemetry.offers_of(tx, site.id)).get(component)
    known = await packages.known(tx, component, offer.named.version) if offer is not None else ()
    return item(site.id, site.installation, site.home, inventory.components, component, offer, known)


async def _standing(tx: Tx, wanted: Item) -> Proposal | None:
    """A proposal for the same component of the same site that people are at already."""
    open_ = await proposals.listed(tx, states=_AT_IT, site=wanted.site, limit=500)
    return next((each for each in open_ if any(_same(one, wanted.site, wanted.component) for one in each.items)), None)


def _same(one: Item, site: SiteId, component: str) -> bool:
    return (one.site, one.component) == (site, component)


async def _file(tx: Tx, site: Site, wanted: Item, by: PersonId, now: datetime) -> tuple[Proposal, Decision]:
    inventory = await telemetry.inventory(tx, site.id)
    name = name_of(wanted.component, inventory.components.get(wanted.component) if inventory else None)
    title = f"Update {name[:80]} {wanted.was} to {wanted.version} on {site.label}"[:200]
    if wanted.package:
        seen = Evidence("package-bound", f"The zip's hash is known from outside the site: SHA-256 {wanted.package[:16]}...", against=False)
    else:
        seen = Evidence("package-unbound", "Nobody outside the site has seen the zip, so its hash can't be bound.", against=True)
    asked = Evidence("asked", "A person asked for it; nothing was weighed.", against=True)
    draft = Draft(Source.PERSON, Actor("person", by), title, (wanted,), (seen, asked), None)
    filed, decision = await submit(tx, draft, correlation=CorrelationId(new_id()), now=now)
    unfit = [reason.says for reason in decision.reasons if reason.code in {"policy.ineligible", "policy.not_heard"}]
    if unfit:  # a yes would be spent on what the gate refuses a moment later; raised here, nothing is filed
        says = f"{site.label} can't take a change now. {' '.join(unfit)}"
        raise UpdateRefused("update.not_ready", says, f"See: presswarden site show {site.label}. Then ask again.", wanted.component)
    return filed, decision
