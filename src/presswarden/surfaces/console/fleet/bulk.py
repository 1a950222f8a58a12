"""`POST /sites/bulk`: the same for many sites: ask them, tag them, choose their mode, say whose they are, plan their updates.

Each site is asked of its own stage, with that stage's own checks; one that refuses is named with its reason and holds none of the others up. Limits: nothing
here changes a site: each update becomes a plan of its own (`planning`), and people say yes to a plan.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData

from presswarden.approvals import service as approvals
from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.kernel.ids import ClientId, SiteId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.batches import service as batches
from presswarden.mailbox.batches.model import MOST_SITES
from presswarden.policy.model import MODES, Mode
from presswarden.reports.fleet import service as reports
from presswarden.reports.fleet.model import read
from presswarden.sites.tags import service as tags
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.fleet import planning
from presswarden.surfaces.console.fleet.planning import NothingChosen
from presswarden.surfaces.console.fleet.views import MODE_WORDS
from presswarden.surfaces.console.visit import Visit

INVENTORY: Final = "wp.site.inventory"
HEALTH: Final = "wp.site.health"
_MOST_REFUSED: Final = 200

Chosen = tuple[tuple[SiteId, str], ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it."""

    title: str
    did: int
    already: int
    refused: tuple[tuple[SiteId, str, str], ...]
    """Site, its name, and why."""
    back: str


Act = Callable[[Tx, SiteId], Awaitable[bool]]


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    posted = door.posted(desk, largest=1_048_576)

    @router.post("/sites/bulk")
    async def bulk(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        form = await request.form()
        what = str(form.get("do", ""))
        if what == "update-all":
            return await planning.plan_components(desk, request, visit, form)
        if what == "update-again":
            return await planning.plan_again(desk, request, visit, form)
        async with desk.reading(visit) as tx:
            chosen = await _chosen(tx, desk, visit, form)
        if what == "update":
            return await planning.plan_sites(desk, request, visit, form, chosen, _back(form))
        if what == "check":
            return await _check(desk, visit, chosen)
        title, act = await _act(desk, visit, what, form)
        did = already = 0
        refused: list[tuple[SiteId, str, str]] = []
        async with desk.transaction(visit) as tx:
            for site, label in chosen:
                try:
                    changed = await act(tx, site)
                except door.StepUpNeeded:
                    raise
                except PresswardenError as fault:
                    refused.append((site, label, fault.says))
                else:
                    did, already = did + changed, already + (not changed)
        view = Done(title, did, already, tuple(refused[:_MOST_REFUSED]), _back(form))
        return desk.pages.render(request, "fleet/done.html", view=view, visit=visit, status=200 if did or already or not refused else 403)

    return router


async def _chosen(tx: Tx, desk: Desk, visit: Visit, form: FormData) -> Chosen:
    """The sites that were ticked, or all that match the filter; those that the person does not see are not there. Raises `NothingChosen`."""
    if form.get("every") == "1":
        wish = read(dict(parse_qsl(str(form.get("query", "")))))
        wanted = await reports.matching(tx, visit.person, wish, desk.clock.now())
    else:
        wanted = tuple(SiteId(str(each)) for each in form.getlist("site"))
    found = await reports.named(tx, visit.person, wanted)
    if not found:
        raise NothingChosen("No site was chosen.", do="Tick the sites first.")
    if len(found) > MOST_SITES:
        raise NothingChosen(f"At most {MOST_SITES} sites at once; these are {len(found):,}.", do="Narrow the list with a filter.")
    return found


async def _check(desk: Desk, visit: Visit, chosen: Chosen) -> Response:
    async with desk.transaction(visit) as tx:
        await _require_anywhere(tx, visit, Permission.SITE_READ, chosen)
        made = await batches.read_many(tx, [site for site, _ in chosen], INVENTORY, by=visit.person.id, now=desk.clock.now())
    # A lost ring costs only the dispatcher's next look.
    with suppress(Exception):
        await desk.wake.ring(mailbox.DISPATCH)
    return Response(status_code=303, headers={"Location": f"/jobs/{made}"})


async def _act(desk: Desk, visit: Visit, what: str, form: FormData) -> tuple[str, Act]:
    now, by = desk.clock.now(), visit.person.id
    if what in ("tag", "untag"):
        tag = tags.tag_from(str(form.get("tag", "")))
        verb = tags.add if what == "tag" else tags.drop
        return f"Tag «{tag}» {'put on' if what == 'tag' else 'taken off'}", lambda tx, site: verb(tx, site, tag, by=by, now=now)
    if what == "mode":
        mode = _mode(str(form.get("mode", "")))

        async def choose(tx: Tx, site: SiteId) -> bool:
            before = await approvals.station(tx, site)
            if visit.may(Permission.SITE_MODE, site) and MODES.index(mode) > MODES.index(await approvals.mode_of(tx, site, now=now)):
                door.fresh(desk, visit)
            await approvals.set_mode(tx, site, mode, by=by, now=now)
            return before.mode is not mode

        return f"Mode «{MODE_WORDS[mode]}» chosen", choose
    if what == "client":
        to = ClientId(str(form.get("client", ""))) or None
        if visit.may(Permission.PEOPLE_MANAGE):
            door.fresh(desk, visit)  # roles given for a client hold at its sites

        async def assign(tx: Tx, site: SiteId) -> bool:
            await clients.assign(tx, site, to, by=by, now=now)
            return True

        return "Client chosen" if to else "Client taken away", assign
    raise Malformed("There is no such action for many sites.")


def _mode(text: str) -> Mode:
    for mode in Mode:
        if mode.value == text:
            return mode
    raise Malformed("There is no such mode.")


async def _require_anywhere(tx: Tx, visit: Visit, permission: Permission, chosen: Chosen) -> None:
    """Raises `Forbidden` when the person has it for none of the sites; where for some, the others are refused one by one."""
    if not any(visit.may(permission, site) for site, _ in chosen):
        await identity.require(tx, visit.person.id, permission)


def _back(form: FormData) -> str:
    query = read(dict(parse_qsl(str(form.get("query", ""))))).query()
    return f"/sites?{query}" if query else "/sites"
