"""The paths of people, roles and clients. Limits: thin; who may do what is asked by the verbs, and each change asks for a step-up."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.clients import service as clients
from presswarden.identity.invitations import service as invitations
from presswarden.identity.model import ClientTaken, Grant, LastOwner, MailTaken, NameRefused, Permission
from presswarden.identity.tokens import service as tokens
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.kernel.ids import ClientId, PersonId
from presswarden.reports.pulse import service as pulse
from presswarden.sites import service as sites
from presswarden.sites.model import SiteUnknown
from presswarden.surfaces import letters, problems
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Visit
from presswarden.surfaces.console.people import views

_SHOWN_IN_PLACE = (NameRefused, MailTaken, LastOwner, ClientTaken, SiteUnknown)
Work = Callable[[Tx], Awaitable[object]]


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    router.include_router(_of_people(desk))
    router.include_router(_of_clients(desk))
    return router


def _of_people(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/people")
    async def listed(request: Request, visit: Annotated[Visit, Depends(signed_in)], page: str = "1") -> Response:
        return await _people(desk, request, visit, number=page)

    @router.post("/people/invite")
    async def invite(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        door.fresh(desk, visit)
        async with desk.database.reading(desk.everyone) as tx:
            mails = await pulse.mails(desk.everyone, tx, desk.clock.now())
        given = {name: await door.field(request, name, longest=254) for name in ("name", "mail", "role", "over", "site")}
        try:
            async with desk.transaction(visit) as tx:
                grant = await _grant(tx, visit, given["role"], given["over"], given["site"])
                secret, made = await invitations.invite(
                    tx, name=given["name"], mail=given["mail"], grant=grant, by=visit.person.id, now=desk.clock.now()
                )
                if mails:
                    name, org = visit.person.name, visit.organisation.name
                    await letters.invite(tx, made, _url(desk, secret), by=name, organisation=org, now=desk.clock.now())
        except _SHOWN_IN_PLACE as fault:
            return await _people(desk, request, visit, fault, given)
        way = f"It is on its way by mail to {made.mail}, or give it to them yourself." if mails else f"Give this link to {made.name}."
        says = f"{way} It works once; whoever opens it first joins as {grant.role.value}."
        return _link(desk, request, visit, views.Link("Invitation made", says, _url(desk, secret), made.until))

    @router.post("/people/invitations/withdraw")
    async def withdraw(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        which = await door.field(request, "invitation", longest=36)
        async with desk.transaction(visit) as tx:
            await invitations.withdraw(tx, which, by=visit.person.id, now=desk.clock.now())
        return RedirectResponse("/people", 303)

    @router.post("/people/tokens/offer")
    async def offer(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        which, to = await door.field(request, "token_id", longest=36), await door.field(request, "to", longest=254)
        door.fresh(desk, visit)
        async with desk.transaction(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.PEOPLE_MANAGE)
            whom = (await identity.find_person(tx, to)).id if to.strip() else None
            await tokens.offer(tx, which, whom, by=visit.person.id, any_of_them=True, now=desk.clock.now())
        return RedirectResponse("/people", 303)

    @router.post("/people/tokens/revoke")
    async def revoke(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        which = await door.field(request, "token_id", longest=36)
        async with desk.transaction(visit) as tx:
            await tokens.revoke(tx, which, by=visit.person.id, any_of_them=True, now=desk.clock.now())
        return RedirectResponse("/people", 303)

    @router.get("/people/{person}")
    async def one(request: Request, visit: Annotated[Visit, Depends(signed_in)], person: str) -> Response:
        return await _one(desk, request, visit, PersonId(person))

    async def changed(request: Request, visit: Visit, person: str, work: Work) -> Response:
        door.fresh(desk, visit)
        try:
            async with desk.transaction(visit) as tx:
                await work(tx)
        except _SHOWN_IN_PLACE as fault:
            return await _one(desk, request, visit, PersonId(person), fault)
        return RedirectResponse(f"/people/{person}", 303)

    @router.post("/people/{person}/roles")
    async def give(request: Request, visit: Annotated[Visit, Depends(posted)], person: str) -> Response:
        role, over = await door.field(request, "role", longest=20), await door.field(request, "over", longest=60)
        site = await door.field(request, "site", longest=254)

        async def work(tx: Tx) -> None:
            grant = await _grant(tx, visit, role, over, site)
            await identity.grant_role(tx, PersonId(person), grant, by=visit.person.id, now=desk.clock.now())

        return await changed(request, visit, person, work)

    @router.post("/people/{person}/roles/withdraw")
    async def take(request: Request, visit: Annotated[Visit, Depends(posted)], person: str) -> Response:
        role, over = await door.field(request, "role", longest=20), await door.field(request, "over", longest=60)
        grant = views.read_grant(role, over)
        if grant is None:
            raise Malformed("That is no role.")
        return await changed(
            request, visit, person,
            lambda tx: identity.withdraw_role(tx, PersonId(person), grant, by=visit.person.id, now=desk.clock.now()),
        )  # fmt: skip

    @router.post("/people/{person}/back")
    async def back(request: Request, visit: Annotated[Visit, Depends(posted)], person: str) -> Response:
        door.fresh(desk, visit)
        async with desk.transaction(visit) as tx:
            secret, made = await invitations.way_back(tx, PersonId(person), by=visit.person.id, now=desk.clock.now())
        says = f"Give this link to {made.name} and to nobody else: it makes its bearer that person. Their old ways to sign in end when it is used."
        return _link(desk, request, visit, views.Link("A way back", says, _url(desk, secret), made.until))

    @router.post("/people/{person}/remove")
    async def remove(request: Request, visit: Annotated[Visit, Depends(posted)], person: str) -> Response:
        door.fresh(desk, visit)
        if await door.field(request, "sure") != "yes":
            raise Malformed("Tick that you mean it.", do="Go back, tick the box, and send it again.")
        try:
            async with desk.transaction(visit) as tx:
                await accounts.remove_person(tx, PersonId(person), by=visit.person.id, now=desk.clock.now())
        except LastOwner as fault:
            return await _one(desk, request, visit, PersonId(person), fault)
        return RedirectResponse("/people", 303)

    return router


def _of_clients(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    async def changed(request: Request, visit: Visit, work: Work) -> Response:
        try:
            async with desk.transaction(visit) as tx:
                await work(tx)
        except _SHOWN_IN_PLACE as fault:
            return await _clients(desk, request, visit, fault)
        return RedirectResponse("/clients", 303)

    @router.get("/clients")
    async def listed(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        return await _clients(desk, request, visit)

    @router.post("/clients")
    async def add(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        name = await door.field(request, "name", longest=254)
        return await changed(request, visit, lambda tx: clients.add(tx, name, by=visit.person.id, now=desk.clock.now()))

    @router.post("/clients/assign")
    async def assign(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        """Roles given for a client hold at its sites: this changes who may do what there."""
        door.fresh(desk, visit)
        site, to = await door.field(request, "site", longest=254), await door.field(request, "client", longest=36)

        async def work(tx: Tx) -> None:
            await identity.require(tx, visit.person.id, Permission.PEOPLE_MANAGE)  # before it is told whether there is such a site
            found = await sites.find_site(tx, site)
            await clients.assign(tx, found.id, ClientId(to) if to else None, by=visit.person.id, now=desk.clock.now())

        return await changed(request, visit, work)

    @router.post("/clients/{client}")
    async def rename(request: Request, visit: Annotated[Visit, Depends(posted)], client: str) -> Response:
        name = await door.field(request, "name", longest=254)
        return await changed(
            request, visit, lambda tx: clients.rename(tx, ClientId(client), name, by=visit.person.id, now=desk.clock.now())
        )

    return router


async def _grant(tx: Tx, visit: Visit, role: str, over: str, site: str) -> Grant:
    """`site`, when it is typed, narrows the role to that one. Raises `Forbidden`, `Malformed`, `SiteUnknown`."""
    # First: which sites there are is not told to whoever only asks.
    await identity.require(tx, visit.person.id, Permission.PEOPLE_MANAGE)
    grant = views.read_grant(role, f"site:{(await sites.find_site(tx, site)).id}" if site else over)
    if grant is None or (grant.site is not None and not site):
        raise Malformed("Choose a role, and what it is for.")
    return grant


async def _people(
    desk: Desk,
    request: Request,
    visit: Visit,
    fault: PresswardenError | None = None,
    given: dict[str, str] | None = None,
    *,
    number: str = "1",
) -> Response:
    async with desk.reading(visit) as tx:
        await identity.require(tx, visit.person.id, Permission.PEOPLE_SEE)
        view = await views.people(tx, _rp_id(desk), desk.clock.now(), number=number, problem=_words(fault), given=given)
    return desk.pages.render(
        request, "people/people.html", view=view, visit=visit, status=_status(fault), region="" if fault else "people/lines.html"
    )


async def _one(desk: Desk, request: Request, visit: Visit, person: PersonId, fault: PresswardenError | None = None) -> Response:
    async with desk.reading(visit) as tx:
        await identity.require(tx, visit.person.id, Permission.PEOPLE_SEE)
        view = await views.one(tx, person, _rp_id(desk), desk.clock.now(), problem=_words(fault))
    return desk.pages.render(request, "people/person.html", view=view, visit=visit, status=_status(fault))


async def _clients(desk: Desk, request: Request, visit: Visit, fault: PresswardenError | None = None) -> Response:
    async with desk.reading(visit) as tx:
        await identity.require(tx, visit.person.id, Permission.PEOPLE_SEE)
        view = await views.all_clients(tx, problem=_words(fault))
    return desk.pages.render(request, "people/clients.html", view=view, visit=visit, status=_status(fault))


def _link(desk: Desk, request: Request, visit: Visit, view: views.Link) -> Response:
    return desk.pages.render(request, "people/link.html", view=view, visit=visit)


def _url(desk: Desk, secret: str) -> str:
    return f"{desk.url}/invitation/{secret}"


def _rp_id(desk: Desk) -> str:
    return urlsplit(desk.url).hostname or ""


def _words(fault: PresswardenError | None) -> str:
    return "" if fault is None else f"{fault.says} {fault.do}"


def _status(fault: PresswardenError | None) -> int:
    return 200 if fault is None else problems.status(fault.code)
