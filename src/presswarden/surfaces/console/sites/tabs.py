"""What the tabs of a site show beside its overview: components with what stands against each update, what changed, its pairing and keys."""

from dataclasses import dataclass
from datetime import datetime

from presswarden.approvals.wanting import is_being_fetched
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.mailbox import wishes
from presswarden.reports.changed import service as changed
from presswarden.reports.sites import service as reports
from presswarden.reports.sites.model import Part
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.sites import service as sites
from presswarden.sites.model import Installation, Move, NoMove, Site, SiteKey
from presswarden.surfaces.console import sight, stories
from presswarden.surfaces.console.paging import At, Turn, page
from presswarden.surfaces.console.sites import views
from presswarden.surfaces.console.sites.views import Call, Header
from presswarden.surfaces.console.visit import Visit

FAMILIES = (("core", "WordPress"), ("plugin", "Plugins"), ("theme", "Themes"), ("translation", "Translations"))


@dataclass(frozen=True, slots=True)
class Components:
    header: Header
    confirmed_at: datetime | None
    families: tuple[tuple[str, tuple[Part, ...]], ...]
    may_propose: bool
    may_hold: bool
    today: str


@dataclass(frozen=True, slots=True)
class Activity:
    header: Header
    rows: tuple[stories.Row, ...]
    turn: Turn

    def url(self, **more: str) -> str:
        return sight.link(f"/sites/{self.header.site.id}/activity", **more)


@dataclass(frozen=True, slots=True)
class Access:
    header: Header
    installation: Installation | None
    keys: tuple[SiteKey, ...]
    move: Move | None
    calls: tuple[Call, ...]
    clients: tuple[tuple[str, str], ...]
    client: str
    may_revoke: bool
    may_move: bool
    may_assign: bool
    may_pair: bool

    @property
    def open(self) -> bool:
        return any(not each.request.is_settled for each in self.calls)


@dataclass(frozen=True, slots=True)
class WaitingUpdate:
    """An update whose site is read first."""

    site: Site
    component: str
    part: Part | None
    due: tuple[str, ...]
    calls: tuple[Call, ...]
    fetching: bool
    """Its package is being fetched: filed now, the plan would bind no hash."""

    @property
    def reading(self) -> bool:
        return any(not each.request.is_settled for each in self.calls)

    @property
    def open(self) -> bool:
        return self.reading or self.fetching


async def components(tx: Tx, visit: Visit, site: Site, now: datetime) -> Components:
    found = await reports.parts(tx, site.id, now)
    grouped = found.by_family()
    return Components(
        await views.header_of(tx, site, "components", now), found.confirmed_at,
        tuple((title, grouped[family]) for family, title in FAMILIES if grouped[family]),
        visit.may(Permission.PROPOSE, site.id), visit.may(Permission.POLICY_SET), now.date().isoformat(),
    )  # fmt: skip


async def activity(tx: Tx, site: Site, after: str, now: datetime) -> Activity:
    async def look(before: At | None, limit: int) -> tuple[tuple[Change, datetime], ...]:
        return await rollouts.page(tx, site=site.id, before=before, limit=limit)

    found, turn = await page("activity", after, look, lambda one: (one[1], one[0].id), lambda _: True)
    told = await changed.of_changes(tx, [one for one, _ in found])
    return Activity(await views.header_of(tx, site, "activity", now), tuple(stories.row(each) for each in told), turn)


async def access(tx: Tx, visit: Visit, site: Site, now: datetime) -> Access:
    installation = await sites.installation(tx, site.installation) if site.installation else None
    keys = await sites.site_keys(tx, site.installation, now) if site.installation else ()
    try:
        move = await sites.move_of(tx, site.id)
    except NoMove:
        move = None
    may_assign = visit.may(Permission.PEOPLE_MANAGE)
    known = await clients.clients(tx) if may_assign else ()
    whose = (await clients.client_of(tx)).get(site.id, "")
    return Access(
        await views.header_of(tx, site, "access", now), installation, keys, move, await views.calls(tx, site),
        (("", "No client"), *((one.id, one.name) for one in known)), whose, visit.may(Permission.SITE_REVOKE, site.id),
        visit.may(Permission.SITE_MOVE, site.id), may_assign, visit.may(Permission.SITE_PAIR),
    )  # fmt: skip


async def waiting_update(tx: Tx, site: Site, component: str, now: datetime, *, fetches: bool) -> WaitingUpdate:
    found = await reports.parts(tx, site.id, now)
    part = next((each for each in found.listed if each.key == component), None)
    due = await wishes.due_reads(tx, site.id, now=now)
    calls = tuple(each for each in await views.calls(tx, site) if each.request.tool in {"wp.site.health", "wp.site.inventory"})
    fetching = await is_being_fetched(tx, site.id, component, fetches=fetches, now=now) and not (part and part.against)
    return WaitingUpdate(site, component, part, due, calls, fetching)
