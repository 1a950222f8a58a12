"""Connecting a site: its name, the pairing string that is shown once, the wait until both screens show the same words; and many at once from a list.

Limits: the web process opens no connection; once a site used its string, the courier looks at it from outside, and the page shows what it found. A string
stands in one answer and nowhere else: who loads the page again makes a new one.
"""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.approvals import service as approvals
from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import ClientUnknown, Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import InstallationId, SiteId
from presswarden.policy.model import Mode
from presswarden.sites import service as sites
from presswarden.sites.model import Installation, InstallationState, Site
from presswarden.sites.probes import service as probes
from presswarden.sites.probes.model import Probe
from presswarden.surfaces.console import door, live, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.visit import Visit
from presswarden.telemetry import service as telemetry

MOST: Final = 20
"""Strings at once: each takes one of the keys that the dispatcher made ahead."""
LARGEST_LIST: Final = 16_384


@dataclass(frozen=True, slots=True)
class Form:
    label: str
    client: str
    mode: str
    clients: tuple[tuple[str, str], ...]
    url: str
    problems: tuple[str, ...] = ()
    many: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """How far the pairing is, as both sides told."""

    site: Site
    home: str
    state: str
    words: tuple[str, ...]
    expires_at: datetime
    over: bool
    components: int
    heard_at: datetime | None
    probe: Probe | None
    """How its home looks from outside; None as long as no site used the string."""

    @property
    def done(self) -> bool:
        return self.over or (self.state == InstallationState.PAIRED.value and self.components > 0)


@dataclass(frozen=True, slots=True)
class Made:
    string: str
    wait: Wait
    installation: InstallationId


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    string: str
    site: SiteId | None
    problem: str


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, watching, posted = door.signed_in(desk), door.signed_in(desk, by_itself=True), door.posted(desk)

    @router.get("/sites/new")
    async def new(request: Request, visit: Annotated[Visit, Depends(signed_in)], label: str = "") -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.SITE_PAIR)
            view = await _form(desk, tx, visit, label=label[:200])
        return desk.pages.render(request, "sites/new.html", view=view, visit=visit)

    @router.post("/sites/new")
    async def begin(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        label, mode, client = [await door.field(request, name, longest=200) for name in ("label", "mode", "client")]
        try:
            line, installation = await _begin(desk, visit, label, mode, client)
        except PresswardenError as fault:
            if not fault.code.startswith(("sites.", "identity.client")):
                raise
            async with desk.reading(visit) as tx:
                view = await _form(desk, tx, visit, label=label, mode=mode, client=client, problems=(f"{fault.says} {fault.do}".strip(),))
            return desk.pages.render(request, "sites/new.html", view=view, visit=visit, status=422)
        async with desk.reading(visit) as tx:
            made = Made(line.string, await _wait(desk, tx, visit, installation), installation)
        return desk.pages.render(request, "sites/made.html", view=made, visit=visit)

    @router.post("/sites/new/many")
    async def many(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        text, mode = await door.field(request, "list", longest=LARGEST_LIST), await door.field(request, "mode")
        given, problem = read_list(text)
        if problem:
            async with desk.reading(visit) as tx:
                await identity.require(tx, visit.person.id, Permission.SITE_PAIR)
                view = await _form(desk, tx, visit, mode=mode, problems=(problem,), many=text)
            return desk.pages.render(request, "sites/new.html", view=view, visit=visit, status=422)
        lines = []
        for label, client in given:
            try:
                line, _ = await _begin(desk, visit, label, mode, client)
            except PresswardenError as fault:
                if fault.code == "identity.forbidden":
                    raise
                line = Line(label, "", None, f"{fault.says} {fault.do}".strip())
            lines.append(line)
        if await door.field(request, "as") == "csv":
            return _table(lines)
        return desk.pages.render(request, "sites/many.html", view=tuple(lines), visit=visit)

    @router.get("/sites/new/{installation}")
    async def wait(request: Request, visit: Annotated[Visit, Depends(signed_in)], installation: str) -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.SITE_PAIR)
            named = InstallationId(installation)
            view = Made("", await _wait(desk, tx, visit, named), named)
        return desk.pages.render(request, "sites/made.html", view=view, visit=visit)

    @router.get("/sites/new/{installation}/live")
    async def waiting(request: Request, visit: Annotated[Visit, Depends(watching)], installation: str) -> Response:
        async def look(visit: Visit) -> str:
            async with desk.reading(visit) as tx:
                await identity.require(tx, visit.person.id, Permission.SITE_PAIR)
                view = await _wait(desk, tx, visit, InstallationId(installation))
            return sight.part("pairing", desk.pages.text(request, "sites/_wait.html", view=view, visit=visit))

        await look(visit)
        return live.stream(desk, request, visit, look)

    return router


def read_list(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """(name, client) of each line; or in words what is wrong with the list."""
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO(text.strip()), strict=True)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as fault:
        return (), f"The list can't be read as CSV: {fault}."
    if rows and [cell.lower() for cell in rows[0]] in (["site"], ["site", "client"]):
        rows = rows[1:]
    if not rows:
        return (), "The list is empty. Write one site a line: its name, and after a comma its client if you like."
    if len(rows) > MOST:
        return (), f"That are {len(rows)} sites; at most {MOST} are connected at once. Cut the list."
    for place, row in enumerate(rows, start=1):
        if len(row) > 2 or not row[0]:
            return (), f"Line {place}: a name, and after a comma a client, are expected."
    names = [row[0] for row in rows]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        return (), f"{twice} stands in the list twice."
    return tuple((row[0], row[1] if len(row) > 1 else "") for row in rows), ""


async def _begin(desk: Desk, visit: Visit, label: str, mode: str, client: str) -> tuple[Line, InstallationId]:
    now = desk.clock.now()
    async with desk.transaction(visit) as tx:
        await identity.require(tx, visit.person.id, Permission.SITE_PAIR)
        whose = (await clients.client(tx, client)).id if client else None
        if whose is not None and not visit.may(Permission.PEOPLE_MANAGE):
            raise ClientUnknown("Your role does not say whose a site is.", do="Leave the client out; an admin can set it later.")
        string, site, installation = await sites.begin_pairing(
            tx, home_label=label, control_url=desk.url, requested_by=visit.person.id, now=now
        )
        if whose is not None:
            await clients.assign(tx, site.id, whose, by=visit.person.id, now=now)
        if mode == Mode.OBSERVE.value and (await approvals.station(tx, site.id)).mode is None:
            await approvals.set_mode(tx, site.id, Mode.OBSERVE, by=visit.person.id, now=now)
    return Line(site.label, string, site.id, ""), installation.id


async def _form(
    desk: Desk,
    tx: Tx,
    visit: Visit,
    *,
    label: str = "",
    client: str = "",
    mode: str = "observe",
    problems: tuple[str, ...] = (),
    many: str = "",
) -> Form:
    known = await clients.clients(tx) if visit.may(Permission.PEOPLE_MANAGE) else ()
    return Form(label, client, mode, (("", "No client"), *((one.id, one.name) for one in known)), desk.url, problems, many)


async def _wait(desk: Desk, tx: Tx, visit: Visit, installation: InstallationId) -> Wait:
    found: Installation = await sites.installation(tx, installation)
    site, now = await sight.site(tx, visit, found.site), desk.clock.now()
    inventory = await telemetry.inventory(tx, site.id) if found.state is InstallationState.PAIRED else None
    standing = await telemetry.standing(tx, site.id) if found.state is InstallationState.PAIRED else None
    over = found.state is InstallationState.REVOKED or (found.state is InstallationState.WAITING and now >= found.expires_at)
    return Wait(
        site, found.home, found.state.value, tuple(found.words.split()), found.expires_at, over, len(inventory.components) if inventory else 0,
        standing.heard_at if standing else None, await probes.probe(tx, site.id) if found.home else None,
    )  # fmt: skip


def _table(lines: list[Line]) -> Response:
    """The strings as CSV. A cell that a spreadsheet would take for a formula is made a text."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("site", "pairing string", "problem"))
    rows.writerows((_text(line.label), line.string, _text(line.problem)) for line in lines)
    headers = {"Content-Disposition": 'attachment; filename="presswarden-pairing.csv"', "Cache-Control": "no-store"}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _text(cell: str) -> str:
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell
