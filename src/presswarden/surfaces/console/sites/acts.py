"""What a person does about one site from its pages: read it anew, pause, resume, mode, keys, the end, a move, a hold, an update.

Limits: each verb checks who may, in the transaction that does it; what it wants of the site goes through the mailbox or a proposal, never straight.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.approvals import service as approvals
from presswarden.approvals.wanting import BeingFetched, UpdateStands, want_update
from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Permission
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.kernel.ids import ProposalId, SiteId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.mailbox.model import Request as Wish
from presswarden.policy.model import MODES, Mode
from presswarden.proposals.packages import service as packages
from presswarden.reports.pulse import service as pulse
from presswarden.rollouts import service as rollouts
from presswarden.sites import service as sites
from presswarden.sites.model import SiteNotPaired
from presswarden.sites.probes import service as probes
from presswarden.surfaces.console import door, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.visit import Visit

READS: Final = ("wp.site.health", "wp.site.inventory", "wp.site.get_environment")
LONGEST_HOLD: Final = timedelta(days=365)


class ConfirmationMissing(PresswardenError):
    """What ends something for good is typed, not clicked."""

    code = "sites.confirmation"


class ReasonMissing(PresswardenError):
    code = "sites.reason"


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    posted = door.posted(desk)
    Posted = Annotated[Visit, Depends(posted)]

    @router.post("/sites/{site}/read")
    async def read(visit: Posted, site: str) -> Response:
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            for tool in READS:
                await wishes.read(tx, found.id, tool, by=visit.person.id, now=desk.clock.now())
        return await _asked(desk, f"/sites/{found.id}")

    @router.post("/sites/{site}/probe")
    async def probe(visit: Posted, site: str) -> Response:
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.SITE_READ, site=found.id)
            if found.installation is None or not found.home:
                raise SiteNotPaired("No address of this site is known.", do="Connect it first.")
            await probes.want(tx, found.id, found.home, desk.clock.now())
        await desk.wake.ring(probes.LOOK)
        return sight.see_other(f"/sites/{found.id}")

    @router.post("/sites/{site}/pause")
    async def pause(request: Request, visit: Posted, site: str) -> Response:
        reason = await door.field(request, "reason", longest=200)
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await wishes.pause(tx, found.id, reason, by=visit.person.id, now=desk.clock.now())
        return await _asked(desk, f"/sites/{found.id}")

    @router.post("/sites/{site}/resume")
    async def resume(request: Request, visit: Posted, site: str) -> Response:
        reason = await door.field(request, "reason", longest=200)
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.SITE_RESUME, site=found.id)
            if not reason.strip():
                raise ReasonMissing("A resume says why.", do="Write a reason; it stands in the record.", where="reason")
            door.fresh(desk, visit)
            await wishes.resume(tx, found.id, reason, by=visit.person.id, now=desk.clock.now())
        return await _asked(desk, f"/sites/{found.id}")

    @router.post("/sites/{site}/mode")
    async def mode(request: Request, visit: Posted, site: str) -> Response:
        wanted, now = await door.field(request, "mode"), desk.clock.now()
        if wanted not in set(Mode):
            raise Malformed("There is no such mode.")
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            if MODES.index(Mode(wanted)) > MODES.index(await approvals.mode_of(tx, found.id, now=now)):
                await identity.require(tx, visit.person.id, Permission.SITE_MODE, site=found.id)
                door.fresh(desk, visit)
            await approvals.set_mode(tx, found.id, Mode(wanted), by=visit.person.id, now=now)
        return sight.see_other(f"/sites/{found.id}")

    @router.post("/sites/{site}/critical")
    async def critical(request: Request, visit: Posted, site: str) -> Response:
        wanted = await door.field(request, "critical") == "yes"
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.SITE_MODE if wanted else Permission.POLICY_SET, site=found.id)
            if not wanted:
                door.fresh(desk, visit)
            await approvals.mark_critical(tx, found.id, wanted, by=visit.person.id, now=desk.clock.now())
        return sight.see_other(f"/sites/{found.id}")

    @router.post("/sites/{site}/client")
    async def client(request: Request, visit: Posted, site: str) -> Response:
        chosen = await door.field(request, "client")
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.PEOPLE_MANAGE)
            door.fresh(desk, visit)  # roles given for a client hold at its sites
            to = (await clients.client(tx, chosen)).id if chosen else None
            await clients.assign(tx, found.id, to, by=visit.person.id, now=desk.clock.now())
        return sight.see_other(f"/sites/{found.id}/access")

    @router.post("/sites/{site}/rotate")
    async def rotate(request: Request, visit: Posted, site: str) -> Response:
        of_site = await door.field(request, "key") == "site"
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.SITE_REVOKE, site=found.id)
            door.fresh(desk, visit)
            await wishes.rotate(tx, found.id, site_key=of_site, by=visit.person.id, now=desk.clock.now())
        return await _asked(desk, f"/sites/{found.id}/access")

    @router.post("/sites/{site}/revoke")
    async def revoke(request: Request, visit: Posted, site: str) -> Response:
        reason, typed = await door.field(request, "reason", longest=200), await door.field(request, "typed")
        filed: Wish | None = None
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.SITE_REVOKE, site=found.id)
            if typed.strip() != found.label:
                says = "The site's name was not typed as it is."
                raise ConfirmationMissing(says, do=f"Type {found.label} to end its pairing.", where="typed")
            door.fresh(desk, visit)
            filed = await wishes.revoke(tx, found.id, reason, by=visit.person.id, now=desk.clock.now())
        return await _asked(desk, f"/sites/{found.id}/access") if filed else sight.see_other(f"/sites/{found.id}/access")

    @router.post("/sites/{site}/moved")
    async def moved(visit: Posted, site: str) -> Response:
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.SITE_MOVE, site=found.id)
            door.fresh(desk, visit)
            await sites.confirm_move(tx, found.id, by=visit.person.id, now=desk.clock.now())
        return await _asked(desk, f"/sites/{found.id}/access")

    @router.post("/sites/{site}/hold")
    async def hold(request: Request, visit: Posted, site: str) -> Response:
        component, version = await door.field(request, "component", longest=400), await door.field(request, "version", longest=60)
        reason, until = (await door.field(request, "reason", longest=500)).strip(), await door.field(request, "until", longest=10)
        everywhere, now = await door.field(request, "scope") == "organisation", desk.clock.now()
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.POLICY_SET)
            door.fresh(desk, visit)
            if not reason:
                raise ReasonMissing("A hold says why.", do="Write a reason; it stands in the policy.", where="reason")
            scope = "" if everywhere else found.id
            await approvals.hold(tx, component, version, _until(until, now), reason, scope=scope, by=visit.person.id, now=now)
        return sight.see_other(f"/sites/{found.id}/components")

    @router.post("/sites/{site}/update")
    async def update(request: Request, visit: Posted, site: str) -> Response:
        """File it at once where the site was read in the last minutes; else read the site first, and come back."""
        component, now = await door.field(request, "component", longest=400), desk.clock.now()
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.PROPOSE, site=found.id)
            due = await wishes.due_reads(tx, found.id, now=now)
            for tool in due:
                await wishes.read(tx, found.id, tool, by=visit.person.id, now=now)
        if due:
            await desk.wake.ring(packages.COURIER)
            return await _asked(desk, sight.link(f"/sites/{found.id}/update", component=component))
        try:
            return sight.see_other(f"/proposals/{await _want(desk, visit, found.id, component)}")
        except BeingFetched:
            await desk.wake.ring(packages.COURIER)
            return sight.see_other(sight.link(f"/sites/{found.id}/update", component=component))

    return router


async def _want(desk: Desk, visit: Visit, site: SiteId, component: str) -> ProposalId:
    """The proposal, or the one that stands already. What needs nobody goes on by itself."""
    now = desk.clock.now()
    async with desk.database.reading(desk.everyone) as tx:
        fetches = await pulse.fetches(desk.everyone, tx, now)
    try:
        async with desk.transaction(visit) as tx:
            proposal, decision = await want_update(tx, site, component, by=visit.person.id, fetches=fetches, now=now)
    except UpdateStands as stands:
        return stands.standing
    await by_itself(desk, visit, proposal.id, needs=decision.needs.people)
    return proposal.id


async def by_itself(desk: Desk, visit: Visit, proposal: ProposalId, *, needs: int) -> None:
    """Release what the policy asks nobody about."""
    if not needs:
        async with desk.transaction(visit) as tx:
            await approvals.by_itself(tx, proposal, release=rollouts.release, now=desk.clock.now())
        await desk.wake.ring(mailbox.DISPATCH)


async def _asked(desk: Desk, path: str) -> Response:
    await desk.wake.ring(mailbox.DISPATCH)
    return sight.see_other(path)


def _until(text: str, now: datetime) -> date:
    try:
        until = date.fromisoformat(text)
    except ValueError as fault:
        raise Malformed("The field Until holds no date.", do="Write it as 2026-11-20.") from fault
    if not now.astimezone(UTC).date() <= until <= (now + LONGEST_HOLD).date():
        raise Malformed("A hold ends from today on, within a year.", do="Choose another day.")
    return until
