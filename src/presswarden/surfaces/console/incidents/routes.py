"""Paths of incidents: the list, one, and the person who closes it with what was found. Limits: thin."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from presswarden.incidents import service as incidents
from presswarden.incidents.model import IncidentMove
from presswarden.kernel.ids import IncidentId
from presswarden.surfaces import problems
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Visit
from presswarden.surfaces.console.incidents import views

SHORTEST_NOTE = 8
CAUSES = ("our change", "the site's own admin", "host or network", "an attack", "a false alarm", "not found out")


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/incidents")
    async def listed(request: Request, visit: Annotated[Visit, Depends(signed_in)], all: str = "", after: str = "") -> Response:  # noqa: A002 - the word in the address
        async with desk.reading(visit) as tx:
            view = await views.listed(tx, visit, after, everything=all == "1")
        return desk.pages.render(request, "incidents/list.html", view=view, visit=visit, region="incidents/groups.html")

    @router.get("/incidents/{incident}")
    async def one(request: Request, visit: Annotated[Visit, Depends(signed_in)], incident: str) -> Response:
        return await _shown(desk, request, visit, incident)

    @router.post("/incidents/{incident}/close")
    async def close(request: Request, visit: Annotated[Visit, Depends(posted)], incident: str) -> Response:
        cause, note = await door.field(request, "cause", longest=60), (await door.field(request, "note", longest=300)).strip()
        missing = tuple(
            says
            for says, lacks in (
                ("Choose a cause.", cause not in CAUSES),
                (f"Say what was found in at least {SHORTEST_NOTE} characters. It goes into the audit trail.", len(note) < SHORTEST_NOTE),
            )
            if lacks
        )
        if missing:
            return await _shown(desk, request, visit, incident, 422, note, missing)
        try:
            async with desk.transaction(visit) as tx:
                await views.gather(tx, visit, IncidentId(incident))  # out of reach is not there
                await incidents.close(tx, IncidentId(incident), f"{cause}: {note}", by=visit.person.id, now=desk.clock.now())
        except IncidentMove as fault:
            return await _shown(desk, request, visit, incident, problems.status(fault.code), note, ("Somebody closed it meanwhile.",))
        return RedirectResponse(f"/incidents/{incident}", 303)

    return router


async def _shown(
    desk: Desk, request: Request, visit: Visit, incident: str, status: int = 200, note: str = "", missing: tuple[str, ...] = ()
) -> Response:
    async with desk.reading(visit) as tx:
        page = await views.gather(tx, visit, IncidentId(incident))
    view = {"page": page, "note": note, "missing": missing, "causes": CAUSES}
    return desk.pages.render(request, "incidents/incident.html", view=view, visit=visit, status=status)
