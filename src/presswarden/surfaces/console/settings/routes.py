"""`/settings` and `/settings/notifications`. Limits: thin; what belongs to the organisation is an owner's to set, after a fresh proof of who it is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from presswarden.identity import service as identity
from presswarden.identity.model import NameRefused, Permission
from presswarden.kernel.errors import PresswardenError
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import NoCourier, Occasion, WebhookRefused
from presswarden.reports.pulse import service as pulse
from presswarden.reports.pulse.model import Pulse
from presswarden.surfaces import problems
from presswarden.surfaces.console import door, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.settings import limits, views
from presswarden.surfaces.console.visit import Visit


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    router.include_router(limits.routes(desk))
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/settings")
    async def page(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        return await _shown(desk, request, visit)

    @router.post("/settings/name")
    async def rename(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        name = await door.field(request, "name", longest=400)
        door.fresh(desk, visit)
        try:
            async with desk.transaction(visit) as tx:
                await identity.rename_organisation(tx, name, by=visit.person.id, now=desk.clock.now())
        except NameRefused as fault:
            return await _shown(desk, request, visit, fault, name=name)
        return sight.see_other("/settings")

    @router.post("/settings/told")
    async def told(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        chosen = await _chosen(request)
        async with desk.transaction(visit) as tx:
            await notices.choose_for_all(tx, {each: each in chosen for each in Occasion}, by=visit.person.id, now=desk.clock.now())
        return sight.see_other("/settings#notices")

    @router.post("/settings/webhooks")
    async def add_webhook(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        """The page that answers shows the key this once: it can't be asked for again."""
        address = await door.field(request, "url", longest=600)
        door.fresh(desk, visit)
        try:
            async with desk.transaction(visit) as tx:
                made, key = await notices.add_webhook(tx, address, by=visit.person.id, now=desk.clock.now())
        except (WebhookRefused, NoCourier) as fault:
            return await _shown(desk, request, visit, fault, address=address)
        return desk.pages.render(request, "settings/webhook.html", view=views.MadeWebhook(made.url, key), visit=visit)

    @router.post("/settings/webhooks/remove")
    async def remove_webhook(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        webhook = await door.field(request, "webhook", longest=36)
        async with desk.transaction(visit) as tx:
            await notices.remove_webhook(tx, webhook, by=visit.person.id, now=desk.clock.now())
        return sight.see_other("/settings#webhooks")

    @router.get("/settings/notifications")
    async def own(request: Request, visit: Annotated[Visit, Depends(signed_in)], saved: str = "") -> Response:
        pulses = await _pulses(desk)
        async with desk.reading(visit) as tx:
            view = await views.own_notices(tx, visit, pulses, desk.clock.now(), saved=saved == "1")
        return desk.pages.render(request, "settings/notifications.html", view=view, visit=visit)

    @router.post("/settings/notifications")
    async def choose(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        chosen = await _chosen(request)
        async with desk.transaction(visit) as tx:
            sent = await notices.sent_at_all(tx)
            before = await notices.wanted_by(tx, visit.person.id)
            # What the organisation does not send stands in no box: it stays as it was chosen before.
            await notices.choose(tx, visit.person.id, {each: each in chosen if sent[each] else before[each] for each in Occasion})
        return sight.see_other("/settings/notifications?saved=1")

    return router


async def _shown(
    desk: Desk, request: Request, visit: Visit, fault: PresswardenError | None = None, *, name: str = "", address: str = ""
) -> Response:
    pulses = await _pulses(desk)
    async with desk.reading(visit) as tx:
        await identity.require(tx, visit.person.id, Permission.PEOPLE_SEE)
        problem = "" if fault is None else f"{fault.says} {fault.do}"
        view = await views.settings(tx, visit, pulses, desk.clock.now(), url=desk.url, problem=problem, name=name, address=address)
    status = 200 if fault is None else problems.status(fault.code)
    return desk.pages.render(request, "settings/settings.html", view=view, visit=visit, status=status)


async def _pulses(desk: Desk) -> tuple[Pulse, ...]:
    async with desk.database.reading(desk.everyone) as tx:
        return await pulse.pulses(desk.everyone, tx)


async def _chosen(request: Request) -> frozenset[Occasion]:
    given = {each for each in (await request.form()).getlist("told") if isinstance(each, str)}
    return frozenset(each for each in Occasion if each.value in given)
