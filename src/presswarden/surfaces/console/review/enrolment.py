"""Passkeys for consents: the list of one's own in the console, and the page on the origin for consents where a new one is made.

Limits: a person's own alone; each later one is vouched for by one that is there already, which `approvals` holds.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from presswarden.approvals import service as approvals
from presswarden.approvals.model import Passkey, PasskeyUnknown, Purpose
from presswarden.identity import service as identity
from presswarden.identity.model import Person
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Visit
from presswarden.surfaces.console.pages import consent_url
from presswarden.surfaces.console.review.consents import refused, sent, whose


@dataclass(frozen=True, slots=True)
class EnrolPage:
    ticket: str
    person: Person
    organisation: str
    older: int
    until: datetime
    back: str


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/account/consents")
    async def own(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            found = await approvals.passkeys_of(tx, visit.person.id)
        return desk.pages.render(request, "review/passkeys.html", view=found, visit=visit)

    @router.post("/account/consents/add")
    async def begin(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:  # noqa: ARG001 - the door reads it
        door.fresh(desk, visit)
        async with desk.transaction(visit) as tx:
            ticket = await approvals.make_ticket(tx, visit.person.id, Purpose.ENROL, session=visit.session.id, now=desk.clock.now())
        return RedirectResponse(f"{consent_url(desk.url)}/enrol/{ticket}", 303)

    @router.post("/account/consents/remove")
    async def remove(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        door.fresh(desk, visit)
        named = await door.field(request, "passkey", longest=1400)
        async with desk.transaction(visit) as tx:
            if named not in {each.id for each in await approvals.passkeys_of(tx, visit.person.id)}:
                raise PasskeyUnknown("You have no such passkey.", do="Look at the list of yours.")
            await approvals.remove_passkey(tx, named, by=visit.person.id, now=desk.clock.now())
        return RedirectResponse("/account/consents", 303)

    @router.get("/enrol/{ticket}")
    async def page(request: Request, ticket: str) -> Response:
        async with desk.database.reading(await whose(desk, ticket)) as tx:
            found = await approvals.ticket(tx, ticket, Purpose.ENROL, now=desk.clock.now())
            person = await identity.person(tx, found.person)
            older = len(await approvals.passkeys_of(tx, found.person))
        view = EnrolPage(ticket, person, desk.url, older, found.until, f"{desk.url}/account/consents")
        return desk.pages.render(request, "review/enrol.html", view=view)

    @router.post("/enrol/{ticket}/begin")
    async def challenge(request: Request, ticket: str) -> Response:
        try:
            await sent(desk, request)
            return JSONResponse(await _options(desk, ticket), headers={"Cache-Control": "no-store"})
        except PresswardenError as fault:
            return refused(fault)

    @router.post("/enrol/{ticket}")
    async def add(request: Request, ticket: str) -> Response:
        try:
            await _added(desk, ticket, await sent(desk, request))
        except PresswardenError as fault:
            return refused(fault)
        return JSONResponse({"to": f"{desk.url}/account/consents"}, headers={"Cache-Control": "no-store"})

    return router


async def _options(desk: Desk, ticket: str) -> dict[str, object]:
    now, party = desk.clock.now(), approvals.party(desk.url)
    async with desk.database.transaction(await whose(desk, ticket)) as tx:
        found = await approvals.ticket(tx, ticket, Purpose.ENROL, now=now)
        person = await identity.person(tx, found.person)
        out = await approvals.begin_passkey(tx, found.person, party, now=now)
        older: tuple[Passkey, ...] = await approvals.passkeys_of(tx, found.person)
    return {
        "rpId": party.rp_id, "challenge": _text(out.challenge), "user": {"id": _text(person.id.encode()), "name": person.mail, "displayName": person.name},
        "older": [each.id for each in older], "vouching": _text(approvals.vouching_challenge(out.challenge)),
    }  # fmt: skip


async def _added(desk: Desk, ticket: str, told: Mapping[str, Json]) -> None:
    registration, vouched, name = told.get("registration"), told.get("vouched"), told.get("name")
    if not isinstance(registration, Mapping) or not (vouched is None or isinstance(vouched, Mapping)) or not isinstance(name, str):
        raise Malformed("That is no registration.")
    now = desk.clock.now()
    async with desk.database.transaction(await whose(desk, ticket)) as tx:
        found = await approvals.spend_ticket(tx, ticket, Purpose.ENROL, now=now)
        await approvals.add_passkey(tx, found.person, registration, name=name, now=now, vouched=vouched)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
