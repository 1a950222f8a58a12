"""The reads: sites and what is known of them, proposals, changes, incidents. Limits: asks no site; shows what the console shows, to the same roles."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from presswarden.approvals import service as approvals
from presswarden.identity.model import Permission
from presswarden.identity.tokens.model import Scope
from presswarden.incidents import service as incidents
from presswarden.incidents.model import Incident
from presswarden.kernel.ids import ChangeId, IncidentId, ProposalId, SiteId
from presswarden.mailbox import wishes
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal
from presswarden.proposals.snapshots import LIST, kept_in
from presswarden.reports.sites import service as reports
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.sites import service as sites
from presswarden.sites.model import Site
from presswarden.surfaces import cursors
from presswarden.surfaces.api import shapes, shaping
from presswarden.surfaces.api.asking import Nothing, Paged, id_of, require_sight
from presswarden.surfaces.api.place import Caller, Place, calling

_SEE = Permission.SITE_SEE


def routes(place: Place) -> APIRouter:
    router = APIRouter()
    Reader = Annotated[Caller, Depends(calling(place, Scope.READ))]
    Pages = Annotated[Paged, Query()]
    Bare = Annotated[Nothing, Query()]

    @router.get("/sites", tags=["sites"])
    async def list_sites(caller: Reader, asked: Pages) -> shapes.Page[shapes.Site]:
        """The sites that the token's person may see, by id."""
        after = cursors.read("sites", asked.cursor, dated=False)
        async with place.reading(caller) as tx:

            async def look(before: tuple[datetime, str] | None, limit: int) -> tuple[Site, ...]:
                return await sites.page(tx, after=None if before is None else SiteId(before[1]), limit=limit)

            found, last = await cursors.page(
                look, lambda one: (one.created_at, one.id), lambda one: caller.may(_SEE, one.id), before=after, limit=asked.limit
            )
        following = None if last is None else cursors.write("sites", None, last[1])
        return shapes.Page(items=[shaping.site(one) for one in found], next=following)

    @router.get("/sites/{site}", tags=["sites"])
    async def show_site(caller: Reader, site: str, _asked: Bare) -> shapes.WholeSite:
        """One site: its state, mode, and what stands against a change."""
        async with place.reading(caller) as tx:
            require_sight(caller, _SEE, SiteId(id_of(site)))
            return shaping.whole_site(await reports.report(tx, SiteId(site), place.clock.now()))

    @router.get("/sites/{site}/facts", tags=["sites"])
    async def list_facts(caller: Reader, site: str, _asked: Bare) -> list[shapes.Fact]:
        """All that is known of a site, each with its source and age."""
        now = place.clock.now()
        async with place.reading(caller) as tx:
            require_sight(caller, _SEE, SiteId(id_of(site)))
            return [shaping.fact(one, now) for one in (await reports.report(tx, SiteId(site), now)).facts]

    @router.get("/sites/{site}/components", tags=["sites"])
    async def list_components(caller: Reader, site: str, _asked: Bare) -> list[shapes.Component]:
        """WordPress, plugins, themes and translations of a site, with the updates that it is offered."""
        async with place.reading(caller) as tx:
            require_sight(caller, _SEE, SiteId(id_of(site)))
            return [shaping.component(one) for one in (await reports.parts(tx, SiteId(site), place.clock.now())).listed]

    @router.get("/sites/{site}/snapshots", tags=["sites"])
    async def list_snapshots(caller: Reader, site: str, _asked: Bare) -> shapes.Snapshots:
        """The snapshots that a site told of when it was last asked."""
        async with place.reading(caller) as tx:
            require_sight(caller, _SEE, SiteId(id_of(site)))
            await sites.site_of(tx, SiteId(site))
            told = (await wishes.newest_answers(tx, LIST)).get(SiteId(site))
        if told is None or told.outcome is None:
            return shapes.Snapshots(as_of=None, items=[])
        return shapes.Snapshots(as_of=told.settled_at, items=[shaping.snapshot(dict(one)) for one in kept_in(told.outcome.result)])

    @router.get("/proposals", tags=["proposals"])
    async def list_proposals(caller: Reader, asked: Pages) -> shapes.Page[shapes.Proposal]:
        """Newest first."""
        before = cursors.read("proposals", asked.cursor)
        async with place.reading(caller) as tx:

            async def look(last: tuple[datetime, str] | None, limit: int) -> tuple[Proposal, ...]:
                return await proposals.page(tx, before=last, limit=limit)

            found, last = await cursors.page(
                look, lambda one: (one.filed_at, one.id), lambda one: all(caller.may(_SEE, site) for site in one.sites),
                before=before, limit=asked.limit,
            )  # fmt: skip
        return shapes.Page(items=[shaping.proposal(one) for one in found], next=None if last is None else cursors.write("proposals", *last))

    @router.get("/proposals/{proposal}", tags=["proposals"])
    async def show_proposal(caller: Reader, proposal: str, _asked: Bare) -> shapes.WholeProposal:
        """One proposal with its items and what speaks for and against it. Arguments that may be content are not shown."""
        async with place.reading(caller) as tx:
            found = await proposals.proposal(tx, ProposalId(id_of(proposal)))
            require_sight(caller, _SEE, *found.sites)
            yeses = sum(one.yes for one in await approvals.answers(tx, found.id))
        return shaping.whole_proposal(found, yeses)

    @router.get("/changes", tags=["changes"])
    async def list_changes(caller: Reader, asked: Pages) -> shapes.Page[shapes.Change]:
        """Those released last first."""
        before = cursors.read("changes", asked.cursor)
        async with place.reading(caller) as tx:

            async def look(last: tuple[datetime, str] | None, limit: int) -> tuple[tuple[Change, datetime], ...]:
                return await rollouts.page(tx, before=last, limit=limit)

            found, last = await cursors.page(
                look, lambda one: (one[1], one[0].id), lambda one: caller.may(_SEE, one[0].site), before=before, limit=asked.limit
            )
        return shapes.Page(items=[shaping.change(one) for one, _ in found], next=None if last is None else cursors.write("changes", *last))

    @router.get("/changes/{change}", tags=["changes"])
    async def show_change(caller: Reader, change: str, _asked: Bare) -> shapes.Change:
        async with place.reading(caller) as tx:
            found = await rollouts.change(tx, ChangeId(id_of(change)))
            require_sight(caller, _SEE, found.site)
        return shaping.change(found)

    @router.get("/incidents", tags=["incidents"])
    async def list_incidents(caller: Reader, asked: Pages) -> shapes.Page[shapes.Incident]:
        """Those opened last first, closed ones too."""
        before = cursors.read("incidents", asked.cursor)
        async with place.reading(caller) as tx:

            async def look(last: tuple[datetime, str] | None, limit: int) -> tuple[Incident, ...]:
                return await incidents.page(tx, before=last, limit=limit)

            found, last = await cursors.page(
                look, lambda one: (one.opened_at, one.id), lambda one: caller.may(Permission.INCIDENT_SEE, one.site),
                before=before, limit=asked.limit,
            )  # fmt: skip
        return shapes.Page(items=[shaping.incident(one) for one in found], next=None if last is None else cursors.write("incidents", *last))

    @router.get("/incidents/{incident}", tags=["incidents"])
    async def show_incident(caller: Reader, incident: str, _asked: Bare) -> shapes.Incident:
        async with place.reading(caller) as tx:
            found, _ = await incidents.show(tx, IncidentId(id_of(incident)))
            require_sight(caller, Permission.INCIDENT_SEE, found.site)
        return shaping.incident(found)

    return router
