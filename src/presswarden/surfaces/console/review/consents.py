"""The page where people say yes to what is grave: an origin of its own, without session, menu or htmx. A tap signs the root of what the page shows.

The page's script computes that root from the very texts it shows (contract/wire.md, 3), and offers no tap where it is another. Limits: whoever opens it
was sent here with a ticket, which alone does nothing; what counts is the passkey.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import Passkey, Purpose, Tapped, Ticket
from presswarden.identity import service as identity
from presswarden.identity.model import Person
from presswarden.kernel.canonical import Json, decode_object
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed, PresswardenError, TooLarge
from presswarden.kernel.ids import OrgId
from presswarden.mailbox import service as mailbox
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal
from presswarden.rollouts import service as rollouts
from presswarden.sites import service as sites
from presswarden.surfaces import problems
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.pages import consent_url

LARGEST: Final = 65_536


class ElsewhereFrom(PresswardenError):
    """What was sent did not come from the page for consents."""

    code = "door.post"


@dataclass(frozen=True, slots=True)
class ConsentPage:
    ticket: str
    proposal: Proposal
    person: Person
    sites: Mapping[str, str]
    passkeys: tuple[Passkey, ...]
    rp_id: str
    until: datetime
    back: str


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/consent/{ticket}")
    async def page(request: Request, ticket: str) -> Response:
        now = desk.clock.now()
        async with desk.database.reading(await whose(desk, ticket)) as tx:
            found = await approvals.ticket(tx, ticket, Purpose.CONSENT, now=now)
            view = await _page(desk, tx, ticket, found)
        return desk.pages.render(request, "review/consent.html", view=view)

    @router.post("/consent/{ticket}")
    async def answer(request: Request, ticket: str) -> Response:
        try:
            assertion = await sent(desk, request)
            back = await _tapped(desk, ticket, assertion)
        except PresswardenError as fault:
            return refused(fault)
        await desk.wake.ring(mailbox.DISPATCH)
        return JSONResponse({"to": back}, headers={"Cache-Control": "no-store"})

    return router


async def whose(desk: Desk, ticket: str) -> OrgId:
    """The organisation of the ticket. Raises `TicketRefused`."""
    async with desk.database.reading(desk.everyone) as tx:
        return await approvals.organisation_of_ticket(desk.everyone, tx, ticket)


async def sent(desk: Desk, request: Request) -> Mapping[str, Json]:
    """The JSON that our own page sent. Raises `ElsewhereFrom`, `Malformed`, `TooLarge`."""
    if (
        request.headers.getlist("origin") != [consent_url(desk.url)]
        or request.headers.get("sec-fetch-site", "same-origin") != "same-origin"
    ):
        raise ElsewhereFrom("This was not sent from the page for consents.", do="Open that page again from the console.")
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Malformed("What the page sends is JSON.")
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST:
            raise TooLarge("That is larger than any authenticator's answer.")
    return decode_object(raw)


def refused(fault: PresswardenError) -> Response:
    number = problems.status(fault.code)
    says, do = (fault.says, fault.do) if number < 500 else ("The control plane can't take this now.", "Try again in a moment.")
    return JSONResponse({"code": fault.code, "says": says, "do": do}, number, headers={"Cache-Control": "no-store"})


async def _page(desk: Desk, tx: Tx, ticket: str, found: Ticket) -> ConsentPage:
    proposal = await _proposal(tx, found)
    labels = {str(site.id): site.label for site in await sites.some_sites(tx, proposal.sites)}
    party = approvals.party(desk.url)
    own = tuple(each for each in await approvals.passkeys_of(tx, found.person) if each.rp_id == party.rp_id)
    person = await identity.person(tx, found.person)
    return ConsentPage(ticket, proposal, person, labels, own, party.rp_id, found.until, f"{desk.url}/proposals/{proposal.id}")


async def _proposal(tx: Tx, found: Ticket) -> Proposal:
    if found.proposal is None:
        raise RuntimeError("a ticket for a consent names its proposal")
    return await proposals.proposal(tx, found.proposal)


async def _tapped(desk: Desk, ticket: str, assertion: Mapping[str, Json]) -> str:
    now, org = desk.clock.now(), await whose(desk, ticket)
    async with desk.database.transaction(org) as tx:
        # In the transaction of the yes: a tap that is refused leaves the ticket good for another try.
        found = await approvals.spend_ticket(tx, ticket, Purpose.CONSENT, now=now)
        proposal = await _proposal(tx, found)
        await consent.say_yes(
            tx, proposal.id, found.person, digest=found.digest, evidence=Tapped(assertion), release=rollouts.release, now=now, reason=found.reason,
            read_seconds=found.read_seconds,
        )  # fmt: skip
    return f"{desk.url}/proposals/{proposal.id}"
