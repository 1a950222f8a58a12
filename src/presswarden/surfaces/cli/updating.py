"""`presswarden site update`: one component on one site, in one go, with an honest result.

It looks anew, files what the site is offered, asks at this terminal for the yes where this person's own yes counts, and waits. Limits: it passes nothing by:
what the policy holds is held, and where others have to agree it says so and ends.
"""

from presswarden.approvals import service as approvals
from presswarden.approvals.wanting import UpdateStands, want_update
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.errors import PresswardenError
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.mailbox.model import RequestState
from presswarden.policy import words
from presswarden.policy.model import Decision
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.proposals.packages import service as packages
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


class Wanted(PresswardenError):
    """It is filed, and others have to agree, or it has to wait, before anything happens."""

    code = "approval.wanted"


async def update(desk: Desk, name: str, component: str, *, seconds: float) -> int:
    async with desk.database.reading(desk.org) as tx:
        site = await sites.find_site(tx, name)
        await identity.require(tx, desk.person.id, Permission.PROPOSE, site=site.id)
        due = await wishes.due_reads(tx, site.id, now=desk.clock.now())
    for tool in due:
        await _look(desk, site, tool)
    await _await_hash(desk, site, component)
    try:
        async with desk.database.transaction(desk.org) as tx:
            proposal, decision = await want_update(tx, site.id, component, by=desk.person.id, now=desk.clock.now())
    except UpdateStands as standing:
        raise Wanted(standing.says, do=standing.do, proposal=standing.standing) from None
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
            f"It is filed, and nothing has happened yet. {words.wanted(decision.needs)}",
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
    async with desk.database.transaction(desk.org) as tx:
        filed = await wishes.read(tx, site.id, tool, by=desk.person.id, now=desk.clock.now())
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
