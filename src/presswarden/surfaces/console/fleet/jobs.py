"""`/jobs` and `/jobs/{id}`: what many sites were asked, and how far it is. The dispatcher carries it on with every browser closed. Limits: looks only."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId
from presswarden.mailbox.batches import service as batches
from presswarden.mailbox.batches.model import Batch, BatchUnknown, Part
from presswarden.mailbox.model import RequestState
from presswarden.reports.fleet import service as reports
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.visit import Visit

TITLES: Final = {
    "wp.site.inventory": "Check for updates",
    "wp.site.health": "Look at health",
    "wp.site.get_environment": "Read the environment",
}
STATES: Final = {
    RequestState.WAITING: ("queued", "Waiting"),
    RequestState.SENT: ("run", "Asked"),
    RequestState.DONE: ("ok", "Answered"),
    RequestState.REFUSED: ("bad", "Refused"),
    RequestState.UNKNOWN: ("unknown", "No proof of an answer"),
    RequestState.FAILED: ("warn", "Out of reach"),
}


@dataclass(frozen=True, slots=True)
class Row:
    part: Part
    label: str
    state: tuple[str, str]


@dataclass(frozen=True, slots=True)
class JobView:
    batch: Batch
    title: str
    asked_by: str
    rows: tuple[Row, ...]

    @property
    def amiss(self) -> int:
        return self.batch.settled - self.batch.done


@dataclass(frozen=True, slots=True)
class JobsView:
    jobs: tuple[tuple[Batch, str, str], ...]


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in = door.signed_in(desk)

    @router.get("/jobs")
    async def jobs(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            found = await batches.batches(tx, None if visit.may(Permission.SITE_SEE) else visit.person.id)
            names = await _names(tx)
        view = JobsView(tuple((one, TITLES.get(one.tool, one.tool), names.get(one.by, "somebody")) for one in found))
        return desk.pages.render(request, "fleet/jobs.html", view=view, visit=visit)

    @router.get("/jobs/{wanted}")
    async def job(request: Request, wanted: str, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            view = await _gather(tx, visit, wanted)
        return desk.pages.render(request, "fleet/job.html", view=view, visit=visit, region="fleet/progress.html")

    return router


async def _gather(tx: Tx, visit: Visit, wanted: str) -> JobView:
    """Raises `BatchUnknown`, also for a job about sites that the person sees none of."""
    found, parts = await batches.batch(tx, wanted), await batches.parts(tx, wanted)
    labels = dict(await reports.named(tx, visit.person, tuple(part.site for part in parts)))
    rows = [Row(part, labels[part.site], _state(part)) for part in parts if part.site in labels]
    if not rows:
        raise BatchUnknown("There is no such job in this organisation.", do="Look at the list of jobs; they are kept for 30 days.")
    rows.sort(key=lambda row: (row.part.state is RequestState.DONE, row.part.settled, row.label))
    return JobView(found, TITLES.get(found.tool, found.tool), (await _names(tx)).get(found.by, "somebody"), tuple(rows))


def _state(part: Part) -> tuple[str, str]:
    if part.state is not None:
        return STATES[part.state]
    return ("wait", "Answered; let go after a week") if part.gone else ("bad", "Not asked")


async def _names(tx: Tx) -> dict[PersonId, str]:
    return {one.id: one.name for one in await identity.people(tx)}
