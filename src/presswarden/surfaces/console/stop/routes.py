"""`/stop`: works without JavaScript. A stop asks for nothing but a click; a resume for an owner, a reason and a fresh proof of who it is. Limits: thin."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.gate import service as gate
from presswarden.gate.model import StopRefused, StopScope
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Permission, Role
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.mailbox import service as mailbox
from presswarden.sites import service as sites
from presswarden.surfaces import problems, stopping
from presswarden.surfaces.console import door, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.stop import views
from presswarden.surfaces.console.visit import Visit

LONGEST: Final = 200


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/stop")
    async def page(request: Request, visit: Annotated[Visit, Depends(signed_in)], scope: str = "", subject: str = "") -> Response:
        return await _shown(desk, request, visit, scope=scope, subject=subject)

    @router.post("/stop")
    async def stop(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        named, text = await door.field(request, "scope", longest=20), await door.field(request, "subject", longest=300)
        reason, ends = await door.field(request, "reason", longest=LONGEST), await door.field(request, "until", longest=30)
        try:
            scope, until = _scope(named), _until(ends)
            await _may_reach(desk, visit, scope)
            subject = await _subject(desk, visit, scope, text)
            await stopping.throw(desk, visit.org, visit.person.id, scope, subject, reason, until)
        except (StopRefused, NotFound) as fault:
            return await _shown(desk, request, visit, fault, scope=named, subject=text, reason=reason, until=ends)
        await desk.wake.ring(mailbox.DISPATCH)
        return sight.see_other("/stop")

    @router.post("/stop/resume")
    async def resume(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        if not visit.may(Permission.SITE_RESUME):
            raise Forbidden(f"This needs the permission «{Permission.SITE_RESUME}», which your role does not give.", do="Ask an owner.")
        door.fresh(desk, visit)
        named, subject = await door.field(request, "scope", longest=20), await door.field(request, "subject", longest=64)
        reason, word = await door.field(request, "reason", longest=LONGEST), await door.field(request, "word", longest=200)
        try:
            scope = _scope(named)
            await _may_reach(desk, visit, scope)
            await _typed(desk, visit, word)
            await stopping.lift(desk, visit.org, visit.person.id, scope, subject, reason)
        except StopRefused as fault:
            return await _shown(desk, request, visit, fault, reason=reason)
        await desk.wake.ring(mailbox.DISPATCH)
        return sight.see_other("/stop")

    return router


async def _shown(
    desk: Desk,
    request: Request,
    visit: Visit,
    fault: PresswardenError | None = None,
    *,
    scope: str = "",
    subject: str = "",
    reason: str = "",
    until: str = "",
) -> Response:
    count = await _organisations(desk)
    async with desk.reading(visit) as tx:
        problem = "" if fault is None else f"{fault.says} {fault.do}"
        view = await views.gather(
            tx, visit, desk.clock.now(), organisations=count, scope=scope, subject=subject, problem=problem, reason=reason, until=until
        )
    status = 200 if fault is None else 422 if isinstance(fault, NotFound) else problems.status(fault.code)
    return desk.pages.render(request, "stop/stop.html", view=view, visit=visit, status=status)


async def _organisations(desk: Desk) -> int:
    async with desk.database.reading(desk.everyone) as tx:
        return len(await identity.organisations(desk.everyone, tx))


async def _may_reach(desk: Desk, visit: Visit, scope: StopScope) -> None:
    """The whole installation is its operator's to stop, or the owner's of its only organisation: nobody stops their neighbours."""
    if scope is not StopScope.EVERYTHING:
        return
    if Role.OWNER not in visit.person.roles or await _organisations(desk) != 1:
        raise StopRefused(
            "Several organisations share this installation.", do="Its operator stops all of it with `presswarden stop --everything`."
        )


async def _subject(desk: Desk, visit: Visit, scope: StopScope, text: str) -> str:
    """The id of what is to be stopped. A site may be named as people call it; one that is out of sight is not there."""
    if scope is not StopScope.SITE:
        return text.strip()
    async with desk.reading(visit) as tx:
        return (await sight.site(tx, visit, (await sites.find_site(tx, text)).id)).id


async def _typed(desk: Desk, visit: Visit, word: str) -> None:
    async with desk.reading(visit) as tx:
        if await gate.is_alone(tx) and word.strip() != visit.organisation.name:
            raise StopRefused("You are the only one who may approve here.", do="Type the organisation's name to resume.")


def _until(text: str) -> datetime | None:
    """What a field for a moment holds (UTC); None for an empty one."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise StopRefused("The end is not a date with a time.", do="Write it as 2026-11-20T18:00, in UTC.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _scope(text: str) -> StopScope:
    try:
        return StopScope(text)
    except ValueError:
        raise StopRefused("There is no such reach of a stop.", do="Choose one of the list.") from None
