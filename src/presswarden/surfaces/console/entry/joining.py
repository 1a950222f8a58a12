"""The first start, and links that let somebody in. Both end in a session and the page where one chooses how to sign in from then on.

Limits: a link or code is taken by a form, never by opening a page: what scans mail opens links.
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.accounts.model import LoginSlow, SetupRefused
from presswarden.identity.accounts.service import Entered
from presswarden.identity.clients import service as clients
from presswarden.identity.invitations import service as invitations
from presswarden.identity.invitations.model import InvitationGone
from presswarden.identity.model import Grant, MailTaken, NameRefused
from presswarden.identity.sessions.model import Way
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.sites import service as sites
from presswarden.surfaces import problems
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Stranger, Visit
from presswarden.surfaces.console.entry import passkeys
from presswarden.surfaces.console.entry.signing_in import place_of
from presswarden.surfaces.console.entry.views import Invited, Setup, Welcome


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    stranger, stranger_posted, signed_in = door.stranger(desk), door.stranger_posted(desk), door.signed_in(desk)

    @router.get("/setup")
    async def setup(request: Request, visitor: Annotated[Stranger, Depends(stranger)]) -> Response:
        await _require_first_start(desk)
        return _setup(desk, request, visitor, Setup(desk.url, _is_local(desk)))

    @router.post("/setup")
    async def set_up(request: Request, visitor: Annotated[Stranger, Depends(stranger_posted)]) -> Response:
        await _require_first_start(desk)
        given = {name: await door.field(request, name, longest=254) for name in ("code", "organisation", "name", "mail")}
        try:
            entered = await _set_up(desk, visitor, **given)
        except (SetupRefused, LoginSlow, NameRefused, MailTaken) as fault:
            given.pop("code")
            view = Setup(desk.url, _is_local(desk), **given, problem=f"{fault.says} {fault.do}")
            return _setup(desk, request, visitor, view, problems.status(fault.code))
        return _welcomed(entered)

    @router.get("/invitation/{secret}")
    async def invitation(request: Request, visitor: Annotated[Stranger, Depends(stranger)], secret: str) -> Response:
        return await _invited(desk, request, visitor, secret, "", None)

    @router.post("/invitation/{secret}")
    async def accept(request: Request, visitor: Annotated[Stranger, Depends(stranger_posted)], secret: str) -> Response:
        name, now = await door.field(request, "name", longest=254), desk.clock.now()
        async with desk.database.reading(desk.everyone) as tx:
            found = await invitations.find(desk.everyone, tx, secret, now)
        try:
            async with desk.database.transaction(found.org) as tx:
                person = await invitations.accept(tx, found, name=name, now=now)
                entered = await accounts.begin(tx, person.id, Way.LINK, place_of(visitor), now=now)
        except (NameRefused, MailTaken) as fault:
            return await _invited(desk, request, visitor, secret, name, fault)
        return _welcomed(entered)

    @router.get("/welcome")
    async def welcome(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            found = await accounts.ways(tx, visit.person.id)
        asked = passkeys.ask_for_new(desk, visit.person, visit.session.id, found.passkeys)
        return desk.pages.render(request, "entry/welcome.html", view=Welcome(asked, found), visit=visit)

    return router


async def _require_first_start(desk: Desk) -> None:
    async with desk.database.reading(desk.everyone) as tx:
        if await accounts.any_way(desk.everyone, tx):
            raise NotFound("The first start is over.", do="Sign in.")


async def _set_up(desk: Desk, visitor: Stranger, *, code: str, organisation: str, name: str, mail: str) -> Entered:
    now = desk.clock.now()
    async with desk.database.transaction(desk.everyone) as tx:
        tried = await accounts.take_setup(desk.everyone, tx, visitor.source, now)
        first = (await identity.organisations(desk.everyone, tx))[:1]
    if not tried.allowed or not first:
        raise LoginSlow("Too many tries with codes of the first start.", do="Wait fifteen minutes.")
    async with desk.database.transaction(first[0].id) as tx:
        owner = await accounts.set_up(desk.everyone, tx, code, organisation=organisation, name=name, mail=mail, now=now)
        return await accounts.begin(tx, owner, Way.LINK, place_of(visitor), now=now)


def _setup(desk: Desk, request: Request, visitor: Stranger, view: Setup, status: int = 200) -> Response:
    return door.known(desk.pages.render(request, "entry/setup.html", view=view, visit=visitor, status=status), visitor, request)


def _is_local(desk: Desk) -> bool:
    return urlsplit(desk.url).scheme == "http"


async def _invited(desk: Desk, request: Request, visitor: Stranger, secret: str, name: str, fault: PresswardenError | None) -> Response:
    async with desk.database.reading(desk.everyone) as tx:
        found = await invitations.find(desk.everyone, tx, secret, desk.clock.now())
    async with desk.database.reading(found.org) as tx:
        organisation = await identity.choose_organisation(desk.everyone, tx, found.org)
        by = next((one.name for one in await identity.people(tx) if one.id == found.made_by), None)
        if by is None:
            raise InvitationGone("This link does not hold: whoever made it has left.", do="Ask for a new one.")
        scope = "" if found.grant is None else await _scope(tx, found.grant)
    view = Invited(secret, found, organisation, by, scope, name or found.name, "" if fault is None else f"{fault.says} {fault.do}")
    number = 200 if fault is None else problems.status(fault.code)
    return door.known(desk.pages.render(request, "entry/invitation.html", view=view, visit=visitor, status=number), visitor, request)


async def _scope(tx: Tx, grant: Grant) -> str:
    if grant.site is not None:
        return f"the site {(await sites.find_site(tx, grant.site)).label}"
    return "the whole organisation" if grant.client is None else f"the client {(await clients.client(tx, grant.client)).name}"


def _welcomed(entered: Entered) -> Response:
    return door.remember(door.admit(RedirectResponse("/welcome", 303), entered.key), entered.known)
