"""`/settings/limits`: how long sessions live and how long what is kept is kept. Limits: an owner sets, after a fresh proof; the floors are the program's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from presswarden.identity import service as identity
from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import BOUNDS, FOR_EVER, NEVER, OF_KEEPING, OF_SESSIONS, Limit, LimitRefused, Limits
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.reports.pulse import service as pulse
from presswarden.surfaces import problems
from presswarden.surfaces.console import door, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    says: str
    unit: str
    value: str
    floor: int
    ceiling: int
    chosen: bool
    """By the organisation; else it is as usual, or as the operator set it."""


@dataclass(frozen=True, slots=True)
class LimitsPage:
    sessions: tuple[Line, ...]
    keeping: tuple[Line, ...]
    may_set: bool
    for_ever: tuple[str, ...] = FOR_EVER
    never: str = NEVER
    problem: str = ""


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/settings/limits")
    async def page(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        return await _shown(desk, request, visit)

    @router.post("/settings/limits")
    async def choose(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        door.fresh(desk, visit)
        given = {each: text for each in Limit if (text := (await door.field(request, each.value, longest=10)).strip())}
        try:
            wanted = {each: _number(each, text) for each, text in given.items()}
            async with desk.transaction(visit) as tx:
                shown = await usual(desk, tx)
                # What nobody changed stays as the operator has it, also when they change it later.
                changed = {each: value for each, value in wanted.items() if value != shown[each]}
                await limits.choose(tx, changed, by=visit.person.id, now=desk.clock.now())
        except LimitRefused as fault:
            return await _shown(desk, request, visit, fault, given)
        return sight.see_other("/settings/limits")

    return router


async def usual(desk: Desk, tx: Tx) -> Mapping[Limit, int]:
    """What holds now, with the operator's setting where the organisation chose nothing."""
    holding = await limits.limits(tx)
    async with desk.database.reading(desk.everyone) as all_of_it:
        told = {one.name: one.told for one in await pulse.pulses(desk.everyone, all_of_it)}.get("janitor", {}).get("retention_days")
    found = {each: holding.value(each) for each in Limit}
    if Limit.TELEMETRY not in holding.chosen and isinstance(told, int):
        found[Limit.TELEMETRY] = told
    return found


async def _shown(
    desk: Desk, request: Request, visit: Visit, fault: LimitRefused | None = None, given: Mapping[Limit, str] | None = None
) -> Response:
    async with desk.reading(visit) as tx:
        await identity.require(tx, visit.person.id, Permission.PEOPLE_SEE)
        holding, values = await limits.limits(tx), await usual(desk, tx)
    texts = {each: (given or {}).get(each, str(values[each])) for each in Limit}
    problem = "" if fault is None else f"{fault.says} {fault.do}"
    view = LimitsPage(
        tuple(_line(each, texts[each], holding) for each in OF_SESSIONS),
        tuple(_line(each, texts[each], holding) for each in OF_KEEPING),
        visit.may(Permission.OWNERS_MANAGE),
        problem=problem,
    )
    return desk.pages.render(
        request, "settings/limits.html", view=view, visit=visit, status=200 if fault is None else problems.status(fault.code)
    )


def _line(limit: Limit, value: str, holding: Limits) -> Line:
    of = BOUNDS[limit]
    return Line(limit.value, of.says, of.unit, value, of.floor, of.ceiling, limit in holding.chosen)


def _number(limit: Limit, text: str) -> int:
    """Raises `LimitRefused`."""
    if not (text.isascii() and text.isdigit()):
        raise LimitRefused(f"{BOUNDS[limit].says}: a whole number of {BOUNDS[limit].unit}.", do="Write digits.")
    return int(text)
