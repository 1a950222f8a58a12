"""`/components`: which sites run what, in which version, and which are offered a newer one. Limits: what sites reported last; `bulk` plans from here."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from presswarden.identity import service as identity
from presswarden.identity.model import Permission, reach
from presswarden.reports.fleet import service as reports
from presswarden.reports.fleet.model import LONGEST_TEXT, PAGE, Offered, Used, Version, Wish
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.visit import Visit
from presswarden.surfaces.planning import MOST_AT_ONCE

KINDS = {"core": "WordPress itself", "php": "PHP", "plugin": "Plugin", "theme": "Theme"}


@dataclass(frozen=True, slots=True)
class ComponentsView:
    text: str
    found: tuple[Used, ...]
    page: int
    total: int
    may_plan: bool
    """For some site."""

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))

    @property
    def first(self) -> int:
        return min((self.page - 1) * PAGE + 1, self.total)

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.total)

    def url(self, *, page: int) -> str:
        query = urlencode({name: value for name, value in (("q", self.text), ("page", page if page > 1 else "")) if value})
        return f"/components?{query}" if query else "/components"

    def kind(self, component: str) -> str:
        return kind_of(component)


@dataclass(frozen=True, slots=True)
class ComponentView:
    component: str
    name: str
    versions: tuple[Version, ...]
    offered: int
    sites_offered: tuple[Offered, ...]
    """The first of them by name."""
    may_plan: bool

    @property
    def kind(self) -> str:
        return kind_of(self.component)

    @property
    def sites(self) -> int:
        return sum(one.sites for one in self.versions)

    @property
    def active(self) -> int:
        return sum(one.active for one in self.versions)

    def sites_url(self, version: str = "") -> str:
        return f"/sites?{Wish(component=self.component, version=version).query()}"


def kind_of(component: str) -> str:
    return KINDS.get(component.partition(":")[0], "Component")


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in = door.signed_in(desk)

    @router.get("/components")
    async def components(request: Request, visit: Annotated[Visit, Depends(signed_in)], q: str = "", page: str = "1") -> Response:
        number = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 and int(page) else 1
        text = q.strip()[:LONGEST_TEXT]
        async with desk.reading(visit) as tx:
            if reach(visit.person, Permission.SITE_SEE) == frozenset():
                await identity.require(tx, visit.person.id, Permission.SITE_SEE)
            found, total = await reports.components(tx, visit.person, text, number)
        view = ComponentsView(text, found, number, total, reach(visit.person, Permission.PROPOSE) != frozenset())
        return desk.pages.render(request, "fleet/components.html", view=view, visit=visit, region="fleet/component_list.html")

    # A component's key holds slashes: the rest of the path is its name.
    @router.get("/components/{component:path}")
    async def component(request: Request, component: str, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            name, versions, offered = await reports.versions(tx, visit.person, component[:300])
            sites = await reports.offered(tx, visit.person, components=(component[:300],), most=MOST_AT_ONCE)
        may_plan = any(visit.may(Permission.PROPOSE, one.site) for one in sites)
        view = ComponentView(component, name, versions, offered, sites, may_plan)
        return desk.pages.render(request, "fleet/component.html", view=view, visit=visit)

    return router
