"""Plan updates from the lists: for chosen sites, for chosen components, again for what had to wait. The answer is a table of what came of each.

Limits: proposals are made, one for each component of each site; none is agreed to here, whatever its risk.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response
from starlette.datastructures import FormData

from presswarden.identity import service as identity
from presswarden.identity.model import Permission, reach
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import SiteId
from presswarden.reports.fleet import service as reports
from presswarden.reports.fleet.model import Offered
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.visit import Visit
from presswarden.surfaces.planning import MOST_AT_ONCE, Outcome, Planned, Wanted, counted, plan

FAMILIES: Final = {"plugin": "Plugins", "theme": "Themes", "translation": "Translations", "core": "WordPress itself"}


class NothingChosen(PresswardenError):
    code = "fleet.nothing_chosen"


@dataclass(frozen=True, slots=True)
class Row:
    offered: Offered
    planned: Planned


@dataclass(frozen=True, slots=True)
class Plans:
    made: tuple[Row, ...]
    waits: tuple[Row, ...]
    refused: tuple[Row, ...]
    back: str

    @property
    def groups(self) -> tuple[tuple[str, str, str, tuple[Row, ...]], ...]:
        """Kind and word of the state, heading, rows."""
        return (
            ("ok", "Made", "Proposals made", self.made),
            ("wait", "Waits", "Not made yet", self.waits),
            ("bad", "Refused", "Refused", self.refused),
        )

    @property
    def again(self) -> tuple[str, ...]:
        return tuple(_pair(row.offered) for row in self.waits if row.planned.again)


async def plan_sites(
    desk: Desk, request: Request, visit: Visit, form: FormData, chosen: Iterable[tuple[SiteId, str]], back: str
) -> Response:
    """All that these sites are offered, or one family or component of it."""
    family = str(form.get("what", ""))
    sites, components = tuple(site for site, _ in chosen), _components(form)
    async with desk.reading(visit) as tx:
        await _require_some(tx, visit)
        found = await reports.offered(
            tx, visit.person, sites=sites, components=components, family=family if family in FAMILIES else "", most=MOST_AT_ONCE + 1
        )
    return await _plan(desk, request, visit, found, back)


async def plan_components(desk: Desk, request: Request, visit: Visit, form: FormData) -> Response:
    """These components, on every site that is offered a newer one."""
    components = _components(form)
    if not components:
        raise NothingChosen("No component was chosen.", do="Tick the components first.")
    async with desk.reading(visit) as tx:
        await _require_some(tx, visit)
        found = await reports.offered(tx, visit.person, components=components, most=MOST_AT_ONCE + 1)
    return await _plan(desk, request, visit, found, "/components")


async def plan_again(desk: Desk, request: Request, visit: Visit, form: FormData) -> Response:
    """What waited for a read or a package."""
    pairs = {str(each) for each in form.getlist("pair")[:MOST_AT_ONCE]}
    sites = tuple(SiteId(site) for site in dict.fromkeys(each.partition(" ")[0] for each in sorted(pairs)))
    async with desk.reading(visit) as tx:
        await _require_some(tx, visit)
        listed = await reports.offered(tx, visit.person, sites=sites, most=MOST_AT_ONCE * 10)
    return await _plan(desk, request, visit, tuple(one for one in listed if _pair(one) in pairs), "/sites")


async def _plan(desk: Desk, request: Request, visit: Visit, found: tuple[Offered, ...], back: str) -> Response:
    if not found:
        raise NothingChosen("No update is offered there.", do="Check for updates first; WordPress itself looks twice a day.")
    if len(found) > MOST_AT_ONCE:
        raise NothingChosen(f"These are more than {MOST_AT_ONCE} updates.", do="Choose fewer sites, or one kind of component.")
    told = await plan(desk, visit.org, visit.person.id, [Wanted(one.site, one.component) for one in found])
    rows = [Row(offered, planned) for offered, planned in zip(found, told, strict=True)]
    made, waits, refused = (tuple(row for row in rows if row.planned.outcome is outcome) for outcome in Outcome)
    view = Plans(made, waits, refused, back)
    forbidden = counted(told)[Outcome.REFUSED] == len(told) and all(one.code == "identity.forbidden" for one in told)
    return desk.pages.render(request, "fleet/planned.html", view=view, visit=visit, status=403 if forbidden else 200)


async def _require_some(tx: Tx, visit: Visit) -> None:
    """Raises `Forbidden` where the person may propose nothing at all; where for some, the others are refused one by one."""
    if reach(visit.person, Permission.PROPOSE) == frozenset():
        await identity.require(tx, visit.person.id, Permission.PROPOSE)


def _components(form: FormData) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(each)[:300] for each in form.getlist("component") if each))


def _pair(one: Offered) -> str:
    return f"{one.site} {one.component}"
