"""`presswarden site update`: one component on one site, in one go, with an honest result.

It looks anew, files what the site is offered, asks at this terminal for the yes where this person's own yes counts, and waits. Limits: it passes nothing by:
what the policy holds is held, and where others have to agree it says so and ends.
"""

from datetime import timedelta

from presswarden.approvals import service as approvals
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import CorrelationId, SiteId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import RequestState
from presswarden.policy.model import Decision
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Evidence, Item, Proposal, ProposalState, Source
from presswarden.proposals.packages import service as packages
from presswarden.proposals.updates import UpdateRefused, item, name_of
from presswarden.rollouts import service as rollouts
from presswarden.sites import service as sites
from presswarden.sites.model import Site
from presswarden.surfaces.cli import changes, consenting, proposal_pages
from presswarden.surfaces.cli.asking import Unanswered, wait_for
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import document
from presswarden.telemetry import service as telemetry

READ_WITHIN = 45.0
HASH_WITHIN = 20.0
_FRESH = timedelta(minutes=5)


class Wanted(PresswardenError):
    """It is filed, and others have to agree, or it has to wait, before anything happens."""

    code = "approval.wanted"


async def update(desk: Desk, name: str, component: str, *, seconds: float) -> int:
    async with desk.database.reading(desk.org) as tx:
        site = await sites.find_site(tx, name)
        await identity.require(tx, desk.person.id, Permission.PROPOSE, site=site.id)
    for tool in ("wp.site.health", "wp.site.inventory"):
        await _look(desk, site, tool)
    await _await_hash(desk, site, component)
    async with desk.database.transaction(desk.org) as tx:
        wanted = await _item(tx, await sites.site_of(tx, site.id), component)
        standing = await _standing(tx, wanted)
        filed = None if standing else await _file(desk, tx, site, wanted)
    if standing is not None:
        raise Wanted(
            f"The same update stands already ({standing.state}).", do=f"See: presswarden proposal show {standing.id}", proposal=standing.id
        )
    if filed is None:
        raise RuntimeError("neither filed nor standing")
    proposal, decision = filed
    return await settle(desk, proposal, decision, seconds=seconds)


async def settle(desk: Desk, proposal: Proposal, decision: Decision, *, seconds: float) -> int:
    """Bring what was just filed as far as this person can, then wait for its result. Raises `Wanted` where it stops before."""
    if not decision.needs.people:
        async with desk.database.transaction(desk.org) as tx:
            decision = await approvals.by_itself(tx, proposal.id, release=rollouts.release, now=desk.clock.now())
        await desk.wake.ring(mailbox.DISPATCH)
    elif decision.needs.single_operator and consenting.at_a_terminal() and not desk.json:
        async with desk.database.reading(desk.org) as tx:
            page = await proposal_pages.gather(desk, tx, proposal.id)
        print(proposal_pages.text(page, desk.clock.now()))
        decision = await consenting.say_yes(desk, proposal, consenting.typed(desk, proposal))
    async with desk.database.reading(desk.org) as tx:
        state = (await proposals.proposal(tx, proposal.id)).state
    if state in {ProposalState.RECOMMENDED, ProposalState.WAITING}:
        raise Wanted(
            f"It is filed, and nothing has happened yet. {proposal_pages.wanted(decision.needs)}",
            do=f"Look: presswarden proposal show {proposal.id}. Agree: presswarden proposal approve {proposal.id}.",
            where=", ".join(dict.fromkeys(reason.code for reason in decision.against())),
            proposal=proposal.id,
        )
    delay = decision.needs.delay_minutes
    if delay:
        print(document(proposal_pages.plain_line(proposal)) if desk.json else f"Approved; it begins in {delay} minutes.")
        return 0
    return changes.tell(desk, await changes.follow(desk, proposal.id, seconds=seconds))


async def _look(desk: Desk, site: Site, tool: str) -> None:
    """Read it from the site, unless that was just done: a plan is made from what is there now."""
    now = desk.clock.now()
    async with desk.database.reading(desk.org) as tx:
        if tool == "wp.site.inventory":
            known = await telemetry.inventory(tx, site.id)
            fresh = known is not None and now - known.confirmed_at < _FRESH
        else:
            facts = await telemetry.facts(tx, site.id)
            fact = facts.get("health.watchdog")
            fresh = fact is not None and fact.age(now) < _FRESH
    if fresh:
        return
    async with desk.database.transaction(desk.org) as tx:
        filed = await mailbox.ask(tx, site.id, tool, {}, by=Actor("person", desk.person.id), correlation=CorrelationId(new_id()), now=now)
    settled = await wait_for(desk, filed.id, seconds=READ_WITHIN, ring=True)
    if settled.outcome is None or settled.outcome.state is not RequestState.DONE:
        if settled.outcome is None:
            raise RuntimeError("a settled request without an outcome")
        raise Unanswered(settled, settled.outcome)


async def _await_hash(desk: Desk, site: Site, component: str) -> None:
    """Give the courier a moment to fetch the zip, where it fetches from that host at all; without a hash nothing is bound, and the policy counts that."""
    async with desk.database.reading(desk.org) as tx:
        offer = (await telemetry.offers_of(tx, site.id)).get(component)
    if offer is None or not offer.named.url:
        return
    async with desk.wake.listen(packages.FETCHED) as bell:
        await desk.wake.ring(packages.COURIER)
        left = HASH_WITHIN
        while left > 0:
            async with desk.database.reading(desk.org) as tx:
                known = await packages.known(tx, component, offer.named.version)
            if any(each.place == offer.named.url and each.looked_at is not None for each in known):
                return
            # Nobody wants it within two seconds: no courier runs, or not for that host.
            if not await bell.wait(2.0) and not known:
                return
            left -= 2.0


async def _item(tx: Tx, site: Site, component: str) -> Item:
    inventory = await telemetry.inventory(tx, site.id)
    if site.installation is None or inventory is None:
        raise UpdateRefused("update.unknown", "Nothing is known of what is on this site.", "Read it: presswarden site read.", component)
    offer = (await telemetry.offers_of(tx, site.id)).get(component)
    known = await packages.known(tx, component, offer.named.version) if offer is not None else ()
    return item(site.id, site.installation, site.home, inventory.components, component, offer, known)


async def _standing(tx: Tx, wanted: Item) -> Proposal | None:
    """A proposal for the same component of the same site that people are at already."""
    open_ = await proposals.listed(tx, states=(ProposalState.WAITING, ProposalState.APPROVED), site=wanted.site, limit=500)
    return next((each for each in open_ if any(_same(one, wanted.site, wanted.component) for one in each.items)), None)


def _same(one: Item, site: SiteId, component: str) -> bool:
    return (one.site, one.component) == (site, component)


async def _file(desk: Desk, tx: Tx, site: Site, wanted: Item) -> tuple[Proposal, Decision]:
    inventory = await telemetry.inventory(tx, site.id)
    name = name_of(wanted.component, inventory.components.get(wanted.component) if inventory else None)
    title = f"Update {name[:80]} {wanted.was} to {wanted.version} on {site.label}"[:200]
    if wanted.package:
        seen = Evidence("package-bound", f"The zip's hash is known from outside the site: SHA-256 {wanted.package[:16]}...", against=False)
    else:
        seen = Evidence("package-unbound", "Nobody outside the site has seen the zip, so its hash can't be bound.", against=True)
    asked = Evidence("asked", "A person asked for it; nothing was weighed.", against=True)
    draft = Draft(Source.PERSON, Actor("person", desk.person.id), title, (wanted,), (seen, asked), None)
    filed, decision = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=desk.clock.now())
    unfit = [reason.says for reason in decision.reasons if reason.code == "policy.ineligible"]
    if unfit:  # a yes would be spent on what the gate refuses a moment later; raised here, nothing is filed
        says = f"{site.label} can't take a change now. {' '.join(unfit)}"
        raise UpdateRefused("update.not_ready", says, f"See: presswarden site show {site.label}. Then ask again.", wanted.component)
    return filed, decision
