"""Paths of the inbox and of proposals. Limits: thin; what is shown is gathered in `views` and `lists`, what is done stands in `deciding`."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.approvals import service as approvals
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.ids import ProposalId
from presswarden.reports.changed import service as changed
from presswarden.reports.pulse import service as pulse
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Visit
from presswarden.surfaces.console.review import consents, deciding, enrolment, lists, views
from presswarden.surfaces.console.review.page import Answer

_ATTENTION: Final = timedelta(days=90)


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/")
    async def inbox(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        now = desk.clock.now()
        async with desk.database.reading(desk.everyone) as tx:
            runs = any(each.name == "analyst" and each.is_alive(now) for each in await pulse.pulses(desk.everyone, tx))
        async with desk.reading(visit) as tx:
            view = await lists.inbox(tx, visit, now, analyst_runs=runs)
        return desk.pages.render(request, "review/inbox.html", view=view, visit=visit)

    @router.get("/proposals")
    async def queue(
        request: Request, visit: Annotated[Visit, Depends(signed_in)], view: str = "waiting", q: str = "", after: str = ""
    ) -> Response:
        async with desk.reading(visit) as tx:
            found = await lists.queue(tx, visit, view, q, after, desk.clock.now())
        return desk.pages.render(request, "review/queue.html", view=found, visit=visit, region="review/results.html")

    @router.post("/proposals/answer-many")
    async def many(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        return await deciding.many(desk, request, visit)

    @router.get("/proposals/reviewers")
    async def reviewers(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.OWNERS_MANAGE)
            found = await approvals.attention(tx, since=desk.clock.now() - _ATTENTION)
            people = await changed.names(tx)
        rows = [(people.get(each.person, "somebody who left"), each) for each in found]
        return desk.pages.render(request, "review/reviewers.html", view=rows, visit=visit)

    @router.get("/proposals/{proposal}")
    async def review(request: Request, visit: Annotated[Visit, Depends(signed_in)], proposal: str) -> Response:
        named, now = ProposalId(proposal), desk.clock.now()
        known = await deciding.look(desk, visit, named, now)
        if known.opened_at is None and known.proposal.state in views.OPEN:
            async with desk.transaction(visit) as tx:
                await approvals.note_opened(tx, named, visit.person.id, now=now)
        return deciding.show(desk, request, visit, known, 200, Answer())

    @router.post("/proposals/{proposal}/decision")
    async def decision(request: Request, visit: Annotated[Visit, Depends(posted)], proposal: str) -> Response:
        return await deciding.one(desk, request, visit, ProposalId(proposal))

    @router.post("/proposals/{proposal}/adopt")
    async def adopt(request: Request, visit: Annotated[Visit, Depends(posted)], proposal: str) -> Response:
        return await deciding.adopt(desk, request, visit, ProposalId(proposal))

    @router.post("/proposals/{proposal}/later")
    async def later(request: Request, visit: Annotated[Visit, Depends(posted)], proposal: str) -> Response:
        return await deciding.later(desk, request, visit, ProposalId(proposal))

    router.include_router(consents.routes(desk))
    router.include_router(enrolment.routes(desk))
    return router
