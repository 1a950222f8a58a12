"""`/audit`, `/audit/verify`, `/audit/{entry}`, `/changed` and `/questions`. Limits: reads, but for the wish to verify and the note that somebody exported."""

import asyncio
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from presswarden.audit import service as audit
from presswarden.audit.checks import service as checks
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import EventId, new_id
from presswarden.reports.questions import service as questions
from presswarden.surfaces.console import door, live, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.record import changed, views
from presswarden.surfaces.console.record.views import Asked
from presswarden.surfaces.console.visit import Visit


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, watching, posted = door.signed_in(desk), door.signed_in(desk, by_itself=True), door.posted(desk)

    @router.get("/audit")
    async def trail(
        request: Request, visit: Annotated[Visit, Depends(signed_in)], kind: str = "", by: str = "", actor: str = "", site: str = "",
        correlation: str = "", since: str = "", until: str = "", after: str = "",
    ) -> Response:  # fmt: skip
        asked = Asked(*(each[:200] for each in (kind, by, actor, site, correlation, since, until)))
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.AUDIT_SEE)
            view = await views.trail(tx, visit, asked, after)
        return desk.pages.render(request, "record/trail.html", region="record/_lines.html", view=view, visit=visit)

    @router.get("/audit/verify")
    async def verify(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.AUDIT_SEE)
            view = await views.checking(tx, visit)
        return desk.pages.render(request, "record/verify.html", view=view, visit=visit)

    @router.get("/audit/verify/live")
    async def checks_live(request: Request, visit: Annotated[Visit, Depends(watching)]) -> Response:
        async def look(visit: Visit) -> str:
            async with desk.reading(visit) as tx:
                await identity.require(tx, visit.person.id, Permission.AUDIT_SEE)
                view = await views.checking(tx, visit)
            return sight.part("checks", desk.pages.text(request, "record/_checks.html", view=view, visit=visit))

        await look(visit)
        return live.stream(desk, request, visit, look)

    @router.post("/audit/verify")
    async def ask(visit: Annotated[Visit, Depends(posted)]) -> Response:
        async with desk.transaction(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.AUDIT_SEE)
            await checks.ask(tx, by=Actor("person", visit.person.id), now=desk.clock.now())
        return sight.see_other("/audit/verify")

    @router.post("/audit/export")
    async def export(visit: Annotated[Visit, Depends(posted)]) -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.AUDIT_EXPORT)
        door.fresh(desk, visit)
        return await _packed(desk, visit)

    @router.get("/audit/{entry}")
    async def entry(request: Request, visit: Annotated[Visit, Depends(signed_in)], entry: str) -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.AUDIT_SEE)
            if entry.isdecimal() and len(entry) < 16:
                return sight.see_other(f"/audit/{(await audit.event_at(tx, int(entry))).id}")
            view = await views.entry(tx, visit, entry)
        return desk.pages.render(request, "record/entry.html", view=view, visit=visit)

    @router.get("/audit/{entry}/proof")
    async def proof(visit: Annotated[Visit, Depends(signed_in)], entry: str) -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.AUDIT_SEE)
            found = await audit.prove(tx, EventId(entry))
        return _file(found.text().encode(), f"{found.index}.tlog-proof")

    @router.get("/audit/{entry}/leaf")
    async def leaf(visit: Annotated[Visit, Depends(signed_in)], entry: str) -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.AUDIT_SEE)
            found = await audit.prove(tx, EventId(entry))
        return _file(found.leaf, f"{found.index}.leaf.json")

    @router.get("/changed")
    async def what_changed(
        request: Request, visit: Annotated[Visit, Depends(signed_in)], client: str = "", site: str = "", since: str = "", until: str = ""
    ) -> Response:
        async with desk.reading(visit) as tx:
            view = await changed.period(tx, visit, client=client, site=site, since=since, until=until, now=desk.clock.now())
        return desk.pages.render(request, "record/changed.html", region="record/_changed.html", view=view, visit=visit)

    @router.get("/questions")
    async def six(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            await identity.require(tx, visit.person.id, Permission.SITE_SEE)
            view = await questions.answers(tx, desk.clock.now())
        return desk.pages.render(request, "record/questions.html", view=view, visit=visit)

    return router


async def _packed(desk: Desk, visit: Visit) -> Response:
    """The whole signed log as one archive, made beside the database and deleted once it is sent."""
    scratch = Path(tempfile.mkdtemp(prefix="presswarden-export-"))
    try:
        folder, archive = scratch / "presswarden-audit", scratch / "presswarden-audit.tar.gz"
        async with desk.reading(visit) as tx:
            newest = await audit.export(tx, folder)
        await asyncio.to_thread(_pack, folder, archive)
        async with desk.transaction(visit) as tx:
            told: dict[str, Json] = {"size": newest.size, "root": newest.root.hex()}
            entry = Entry("audit.exported", Actor("person", visit.person.id), f"org:{visit.org}", new_id(), told)
            await audit.record(tx, entry, now=desk.clock.now())
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    done = BackgroundTask(shutil.rmtree, scratch, ignore_errors=True)
    name = f"presswarden-audit-{newest.size}.tar.gz"
    return FileResponse(archive, media_type="application/gzip", filename=name, background=done, headers={"Cache-Control": "no-store"})


def _pack(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, folder.name)


def _file(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/octet-stream", headers=headers)
