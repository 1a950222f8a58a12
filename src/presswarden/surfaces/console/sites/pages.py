"""Paths of one site's pages: overview, components, health, activity, access, and an update that waits for a fresh read. Limits: reads, all of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.reports.pulse import service as pulse
from presswarden.surfaces.console import door, live, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.sites import tabs, views
from presswarden.surfaces.console.visit import Visit


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, watching = door.signed_in(desk), door.signed_in(desk, by_itself=True)
    SignedIn = Annotated[Visit, Depends(signed_in)]

    @router.get("/sites/{site}")
    async def overview(request: Request, visit: SignedIn, site: str) -> Response:
        async with desk.reading(visit) as tx:
            view = await views.overview(tx, visit, await sight.site(tx, visit, site), desk.clock.now())
        return desk.pages.render(request, "sites/overview.html", view=view, visit=visit)

    @router.get("/sites/{site}/live")
    async def calls_live(request: Request, visit: Annotated[Visit, Depends(watching)], site: str) -> Response:
        async def look(visit: Visit) -> str:
            async with desk.reading(visit) as tx:
                calls = await views.calls(tx, await sight.site(tx, visit, site))
            return sight.part("calls", desk.pages.text(request, "sites/_calls.html", view=calls, visit=visit))

        async with desk.reading(visit) as tx:
            await sight.site(tx, visit, site)
        return live.stream(desk, request, visit, look)

    @router.get("/sites/{site}/components")
    async def components(request: Request, visit: SignedIn, site: str) -> Response:
        async with desk.reading(visit) as tx:
            view = await tabs.components(tx, visit, await sight.site(tx, visit, site), desk.clock.now())
        return desk.pages.render(request, "sites/components.html", view=view, visit=visit)

    @router.get("/sites/{site}/health")
    async def health(request: Request, visit: SignedIn, site: str) -> Response:
        async with desk.reading(visit) as tx:
            view = await views.health(tx, await sight.site(tx, visit, site), desk.clock.now())
        return desk.pages.render(request, "sites/health.html", view=view, visit=visit)

    @router.get("/sites/{site}/activity")
    async def activity(request: Request, visit: SignedIn, site: str, after: str = "") -> Response:
        async with desk.reading(visit) as tx:
            view = await tabs.activity(tx, await sight.site(tx, visit, site), after, desk.clock.now())
        return desk.pages.render(request, "sites/activity.html", view=view, visit=visit, region="sites/_activity.html")

    @router.get("/sites/{site}/access")
    async def access(request: Request, visit: SignedIn, site: str) -> Response:
        async with desk.reading(visit) as tx:
            view = await tabs.access(tx, visit, await sight.site(tx, visit, site), desk.clock.now())
        return desk.pages.render(request, "sites/access.html", view=view, visit=visit)

    @router.get("/sites/{site}/update")
    async def update(request: Request, visit: SignedIn, site: str, component: str = "") -> Response:
        now = desk.clock.now()
        async with desk.database.reading(desk.everyone) as tx:
            fetches = await pulse.fetches(desk.everyone, tx, now)
        async with desk.reading(visit) as tx:
            found = await sight.site(tx, visit, site)
            await identity.require(tx, visit.person.id, Permission.PROPOSE, site=found.id)
            view = await tabs.waiting_update(tx, found, component, now, fetches=fetches)
        return desk.pages.render(request, "sites/update.html", region="sites/_update.html", view=view, visit=visit)

    return router
