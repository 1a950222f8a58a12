"""`/sites` and what is done to many sites; `/jobs`, `/components` and the jump menu stand in files of their own. Limits: thin."""

from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response

from presswarden.identity import service as identity
from presswarden.identity.model import Permission, reach
from presswarden.kernel.db import Tx
from presswarden.reports.fleet import service as reports
from presswarden.reports.fleet.model import read
from presswarden.sites.views import service as kept
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.fleet import bulk, components, jobs, jump, sheet
from presswarden.surfaces.console.fleet.views import COLUMNS, Look, gather, updates_in_words
from presswarden.surfaces.console.visit import Visit

LOOK: Final = "fleet"
_YEAR: Final = 365 * 86_400


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    desk.pages.teach("updates", updates_in_words)
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/sites")
    async def fleet(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        wish = read(request.query_params)
        async with desk.reading(visit) as tx:
            await _may_look(tx, visit)
            view = await gather(tx, visit, wish, look_of(request), desk.clock.now())
        return desk.pages.render(request, "fleet/fleet.html", view=view, visit=visit, region="fleet/results.html")

    @router.get("/sites.csv")
    async def export(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            await _may_look(tx, visit)
            found = await reports.everything(tx, visit.person, read(request.query_params), desk.clock.now())
        headers = {"Content-Disposition": 'attachment; filename="sites.csv"', "Cache-Control": "no-store"}
        return Response(sheet.of(found), headers=headers, media_type="text/csv; charset=utf-8")

    @router.post("/sites/look")
    async def look(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        _ = visit
        form = await request.form()
        shown = {str(each) for each in form.getlist("shown")}
        kept_look = ("compact" if form.get("density") == "compact" else "") + "." + ".".join(sorted(COLUMNS.keys() - shown))
        back = Response(status_code=303, headers={"Location": door.local(await door.field(request, "next"))})
        back.set_cookie(LOOK, kept_look, max_age=_YEAR, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https")
        return back

    @router.post("/sites/views")
    async def keep_view(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        query = read(dict(parse_qsl(await door.field(request, "query")))).query(page=1)
        async with desk.transaction(visit) as tx:
            if dropped := await door.field(request, "drop"):
                await kept.drop(tx, visit.person.id, dropped)
                query = ""
            else:
                await kept.keep(tx, visit.person.id, await door.field(request, "name"), query)
        return Response(status_code=303, headers={"Location": f"/sites?{query}" if query else "/sites"})

    for more in (bulk.routes, jobs.routes, components.routes, jump.routes):
        router.include_router(more(desk))
    return router


def look_of(request: Request) -> Look:
    compact, _, hidden = request.cookies.get(LOOK, "").partition(".")
    return Look(compact == "compact", frozenset(hidden.split(".")) & COLUMNS.keys())


async def _may_look(tx: Tx, visit: Visit) -> None:
    """Whoever sees any part of the fleet sees that part. Raises `Forbidden`."""
    if reach(visit.person, Permission.SITE_SEE) == frozenset():
        await identity.require(tx, visit.person.id, Permission.SITE_SEE)
