"""Paths of changes: the list, one with its live stream, and what a person can still do about it. Limits: thin."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from presswarden.approvals import wanting
from presswarden.kernel.errors import Malformed
from presswarden.kernel.ids import ChangeId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.proposals import snapshots
from presswarden.rollouts import by_hand
from presswarden.surfaces.console import door, live
from presswarden.surfaces.console.changes import views
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Visit


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, watching, posted = door.signed_in(desk), door.signed_in(desk, by_itself=True), door.posted(desk)

    @router.get("/changes")
    async def listed(request: Request, visit: Annotated[Visit, Depends(signed_in)], after: str = "") -> Response:
        async with desk.reading(visit) as tx:
            view = await views.listed(tx, visit, after)
        return desk.pages.render(request, "changes/list.html", view=view, visit=visit, region="changes/rows.html")

    @router.get("/changes/{change}")
    async def one(request: Request, visit: Annotated[Visit, Depends(signed_in)], change: str) -> Response:
        view = await _look(desk, visit, change)
        return desk.pages.render(request, "changes/change.html", view=view, visit=visit, region="changes/course.html")

    @router.get("/changes/{change}/live")
    async def streamed(request: Request, visit: Annotated[Visit, Depends(watching)], change: str) -> Response:
        await _look(desk, visit, change)

        async def look(now: Visit) -> str:
            return desk.pages.text(request, "changes/live.html", view=await _look(desk, now, change), visit=now)

        return live.stream(desk, request, visit, look)

    @router.post("/changes/{change}/stop")
    async def stop(request: Request, visit: Annotated[Visit, Depends(posted)], change: str) -> Response:
        """Pause the site: nothing new begins there, and what is open reaches its safe end."""
        reason = await door.field(request, "reason", longest=200)
        page = await _look(desk, visit, change)
        async with desk.transaction(visit) as tx:
            await wishes.pause(
                tx, page.change.site, reason or "Stopped from the page of a change.", by=visit.person.id, now=desk.clock.now()
            )
        await desk.wake.ring(mailbox.DISPATCH)
        return RedirectResponse(f"/changes/{page.change.id}", 303)

    @router.post("/changes/{change}/take-back")
    async def take_back(request: Request, visit: Annotated[Visit, Depends(posted)], change: str) -> Response:
        """Take an open change back: one operator's word is enough, and it begins at once."""
        if await door.field(request, "sure") != "yes":
            raise Malformed("Tick that you mean it.", do="Go back, tick the box, and send it again.")
        page, now = await _look(desk, visit, change), desk.clock.now()
        async with desk.transaction(visit) as tx:
            filed, _ = await by_hand.take_back(tx, page.change, by=visit.person.id, now=now)
        await desk.wake.ring(mailbox.DISPATCH)
        return RedirectResponse(f"/proposals/{filed.id}", 303)

    @router.post("/changes/{change}/put-back")
    async def put_back(request: Request, visit: Annotated[Visit, Depends(posted)], change: str) -> Response:  # noqa: ARG001 - the door reads it
        """Ask for the old files, after the change was called good: a proposal of its own, of high risk."""
        page, now = await _look(desk, visit, change), desk.clock.now()
        kept = {"id": page.change.snapshot or "", "component": page.change.component, "version": page.change.was}
        async with desk.transaction(visit) as tx:
            filed, _ = await wanting.want_snapshot(tx, page.change.site, kept, snapshots.Act.FILES, by=visit.person.id, now=now)
        return RedirectResponse(f"/proposals/{filed.id}", 303)

    return router


async def _look(desk: Desk, visit: Visit, change: str) -> views.Page:
    async with desk.reading(visit) as tx:
        return await views.gather(tx, visit, ChangeId(change), desk.clock.now())
