"""`/jump`: sites, proposals and people by a word, for the search in the top bar. Limits: shows what the person may see, ten of each at most."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.identity import service as identity
from presswarden.identity.model import Permission, reach
from presswarden.kernel.db import Tx
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal
from presswarden.proposals.model import Wish as Wanted
from presswarden.reports.fleet import service as reports
from presswarden.reports.fleet.model import LONGEST_TEXT, Wish
from presswarden.surfaces import cursors
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.paging import At
from presswarden.surfaces.console.visit import Visit

MOST: Final = 8
PLACES: Final = (
    ("Inbox", "/"), ("Fleet", "/sites"), ("Connect a site", "/sites/new"), ("Components", "/components"), ("Proposals", "/proposals"),
    ("Changes", "/changes"), ("Incidents", "/incidents"), ("Snapshots", "/snapshots"), ("Audit trail", "/audit"), ("Policies", "/policies"),
    ("Stops", "/stop"), ("People and roles", "/people"), ("Settings", "/settings"), ("Your account", "/account"), ("Help", "/help"),
    ("Shortcuts", "/help/keys"), ("What this can and can't do", "/safety"), ("Jobs", "/jobs"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    small: str
    url: str


@dataclass(frozen=True, slots=True)
class JumpView:
    text: str
    groups: tuple[tuple[str, str, tuple[Hit, ...]], ...]
    """Heading, icon, what was found; none is empty."""


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in = door.signed_in(desk)

    @router.get("/jump")
    async def jump(request: Request, visit: Annotated[Visit, Depends(signed_in)], q: str = "") -> Response:
        text = q.strip()[:LONGEST_TEXT]
        async with desk.reading(visit) as tx:
            groups = await _found(tx, desk, visit, text) if text else ()
        view = JumpView(text, tuple(group for group in groups if group[2]))
        return desk.pages.render(request, "fleet/jump.html", view=view, visit=visit, region="fleet/found.html")

    return router


async def _found(tx: Tx, desk: Desk, visit: Visit, text: str) -> tuple[tuple[str, str, tuple[Hit, ...]], ...]:
    wanted = text.casefold()
    fleet = await reports.fleet(tx, visit.person, Wish(text=text), desk.clock.now())
    sites = tuple(Hit(one.label, one.home, f"/sites/{one.site}") for one in fleet.sites[:MOST])
    asked = await _asked(tx, visit, text) if reach(visit.person, Permission.SITE_SEE) != frozenset() else ()
    people = tuple(
        Hit(one.name, one.mail, "/people")
        for one in (await identity.people(tx) if visit.may(Permission.PEOPLE_SEE) else ())
        if wanted in one.name.casefold() or wanted in one.mail
    )[:MOST]
    places = tuple(Hit(name, "", url) for name, url in PLACES if wanted in name.casefold())[:MOST]
    return ("Sites", "server", sites), ("Proposals", "list-checks", asked), ("People", "users", people), ("Pages", "arrow-right", places)


async def _asked(tx: Tx, visit: Visit, text: str) -> tuple[Hit, ...]:
    """The newest proposals that the word fits: the database looks, whatever their number."""

    async def look(before: At | None, limit: int) -> tuple[Proposal, ...]:
        return await proposals.page(tx, Wanted(text=text), before=before, limit=limit)

    found, _ = await cursors.page(
        look,
        lambda one: (one.filed_at, one.id),
        lambda one: all(visit.may(Permission.SITE_SEE, site) for site in one.sites),
        before=None,
        limit=MOST,
    )
    return tuple(Hit(one.title, one.state.value, f"/proposals/{one.id}") for one in found)
