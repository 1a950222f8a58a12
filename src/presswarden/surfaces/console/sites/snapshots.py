"""Snapshots that sites keep: over the fleet, of one site, and the wish to put one back or delete it.

What is listed is what each site answered last; a snapshot never leaves its site. Limits: both wishes are proposals, and nothing runs from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.approvals.wanting import want_snapshot
from presswarden.identity import service as identity
from presswarden.identity.model import Permission, reach
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import from_unix
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.mailbox.model import Request as Asked
from presswarden.proposals.snapshots import AGAINST, LIST, Act, SnapshotUnknown, kept_in, of_id
from presswarden.sites import service as sites
from presswarden.sites.model import InstallationState, Site
from presswarden.surfaces.console import door, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.paging import Numbered, numbered
from presswarden.surfaces.console.sites import views
from presswarden.surfaces.console.sites.acts import by_itself
from presswarden.surfaces.console.sites.views import Call, Header
from presswarden.surfaces.console.visit import Visit

MOST_ASKED: Final = 50
"""Sites that one click asks."""
AGAIN_AFTER: Final = timedelta(minutes=5)
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "making": ("run", "Being made"),
    "made": ("wait", "Made, not verified"),
    "verified": ("ok", "Verified"),
    "unreadable": ("bad", "Unreadable"),
    "damaged": ("bad", "Damaged"),
}
_NOT_RESTORED: Final[Mapping[Act, str]] = {
    Act.FILES: "The database is not touched: posts, orders, users and settings stay as they are, and so does what an update changed in the tables.",
    Act.DATABASE: "The files are not touched. Posts, orders and settings written since the snapshot are lost; users stay.",
    Act.DELETE: "Nothing brings a deleted snapshot back.",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot, as its site told of it."""

    id: str
    site: Site
    component: str
    version: str
    made_at: datetime | None
    kind: str
    word: str
    database: bool
    bytes: int

    @property
    def href(self) -> str:
        return f"/sites/{self.site.id}/snapshots/{self.id}"


@dataclass(frozen=True, slots=True)
class Fleet:
    kept: tuple[Kept, ...]
    """Of this page."""
    at: Numbered
    asked: int
    unasked: int
    bytes: int
    oldest: datetime | None
    may_ask: bool
    most: int


@dataclass(frozen=True, slots=True)
class OfSite:
    header: Header
    kept: tuple[Kept, ...]
    asked_at: datetime | None
    calls: tuple[Call, ...]
    may_ask: bool

    @property
    def open(self) -> bool:
        return any(not each.request.is_settled for each in self.calls)


@dataclass(frozen=True, slots=True)
class One:
    header: Header
    snapshot: Kept
    asked_at: datetime | None
    acts: tuple[tuple[str, str, str, str, str], ...]
    """Value, verb, risk, what speaks against it, what it does not give back."""
    may_propose: bool


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/snapshots")
    async def fleet(request: Request, visit: Annotated[Visit, Depends(signed_in)], page: str = "1") -> Response:
        async with desk.reading(visit) as tx:
            view = await _fleet(tx, visit, page)
        return desk.pages.render(request, "sites/fleet_snapshots.html", view=view, visit=visit, region="sites/_fleet_list.html")

    @router.post("/snapshots/ask")
    async def ask_all(visit: Annotated[Visit, Depends(posted)]) -> Response:
        now = desk.clock.now()
        async with desk.transaction(visit) as tx:
            if reach(visit.person, Permission.SITE_READ) == frozenset():
                await identity.require(tx, visit.person.id, Permission.SITE_READ)
            told = await wishes.newest_answers(tx, LIST)
            due = [each for each in await _mine(tx, visit) if _is_due(told.get(each.id), now) and visit.may(Permission.SITE_READ, each.id)]
            for each in due[:MOST_ASKED]:
                await wishes.read(tx, each.id, LIST, by=visit.person.id, now=now)
        await desk.wake.ring(mailbox.DISPATCH)
        return sight.see_other("/snapshots")

    @router.get("/sites/{site}/snapshots")
    async def of_site(request: Request, visit: Annotated[Visit, Depends(signed_in)], site: str) -> Response:
        async with desk.reading(visit) as tx:
            view = await _of_site(tx, visit, await sight.site(tx, visit, site), desk.clock.now())
        return desk.pages.render(request, "sites/snapshots.html", region="sites/_snapshots.html", view=view, visit=visit)

    @router.post("/sites/{site}/snapshots")
    async def ask(visit: Annotated[Visit, Depends(posted)], site: str) -> Response:
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            await wishes.read(tx, found.id, LIST, by=visit.person.id, now=desk.clock.now())
        await desk.wake.ring(mailbox.DISPATCH)
        return sight.see_other(f"/sites/{found.id}/snapshots")

    @router.get("/sites/{site}/snapshots/{snapshot}")
    async def one(request: Request, visit: Annotated[Visit, Depends(signed_in)], site: str, snapshot: str) -> Response:
        async with desk.reading(visit) as tx:
            view = await _one(tx, visit, await sight.site(tx, visit, site), snapshot, desk.clock.now())
        return desk.pages.render(request, "sites/snapshot.html", view=view, visit=visit)

    @router.post("/sites/{site}/snapshots/{snapshot}")
    async def want(request: Request, visit: Annotated[Visit, Depends(posted)], site: str, snapshot: str) -> Response:
        wanted = await door.field(request, "act")
        if wanted not in set(Act):
            raise Malformed("A snapshot's files or database are put back, or it is deleted.", do="Choose one of them.")
        async with desk.transaction(visit) as tx:
            found = await sight.site(tx, visit, site)
            kept, _ = await _told(tx, found, snapshot)
            proposal, decision = await want_snapshot(tx, found.id, kept, Act(wanted), by=visit.person.id, now=desk.clock.now())
        await by_itself(desk, visit, proposal.id, needs=decision.needs.people)
        return sight.see_other(f"/proposals/{proposal.id}")

    return router


async def _fleet(tx: Tx, visit: Visit, number: str) -> Fleet:
    mine, told = await _mine(tx, visit), await wishes.newest_answers(tx, LIST)
    answered = [(each, told[each.id]) for each in mine if each.id in told]
    kept = [one for site, request in answered for one in _kept(site, request)]
    kept.sort(key=lambda one: (one.made_at is None, -(one.made_at.timestamp() if one.made_at else 0), one.id))
    asked_at = [request.settled_at for _, request in answered if request.settled_at]
    at = numbered("/snapshots", number, len(kept))
    return Fleet(
        tuple(at.of(kept)), at, len(answered), len(mine) - len(answered), sum(one.bytes for one in kept),
        min(asked_at, default=None), any(visit.may(Permission.SITE_READ, each.id) for each in mine), MOST_ASKED,
    )  # fmt: skip


async def _of_site(tx: Tx, visit: Visit, site: Site, now: datetime) -> OfSite:
    told = (await wishes.newest_answers(tx, LIST)).get(site.id)
    calls = tuple(each for each in await views.calls(tx, site) if each.request.tool == LIST)
    return OfSite(
        await views.header_of(tx, site, "snapshots", now), _kept(site, told) if told else (), told.settled_at if told else None, calls,
        visit.may(Permission.SITE_READ, site.id) and site.state is InstallationState.PAIRED,
    )  # fmt: skip


async def _one(tx: Tx, visit: Visit, site: Site, snapshot: str, now: datetime) -> One:
    kept, request = await _told(tx, site, snapshot)
    (shown,) = _shown(site, (kept,))
    header = await views.header_of(tx, site, "snapshots", now)
    usual = "critical" if header.critical else "high"  # every risk counts one level higher there
    acts = [(Act.FILES, "Put the files back", usual), (Act.DELETE, "Delete the snapshot", usual)]
    if shown.database:
        acts.insert(1, (Act.DATABASE, "Put the database back", "critical"))
    return One(
        header, shown, request.settled_at,
        tuple((act.value, verb, risk, AGAINST[act], _NOT_RESTORED[act]) for act, verb, risk in acts), visit.may(Permission.PROPOSE, site.id),
    )  # fmt: skip


async def _told(tx: Tx, site: Site, snapshot: str) -> tuple[Mapping[str, Json], Asked]:
    """Raises `SnapshotUnknown`, also where the site's answer is not kept any more."""
    told = (await wishes.newest_answers(tx, LIST)).get(site.id)
    if told is None or told.outcome is None:
        raise SnapshotUnknown("Nothing is known of this site's snapshots.", do="Ask the site for its list.")
    return of_id(kept_in(told.outcome.result), snapshot), told


async def _mine(tx: Tx, visit: Visit) -> list[Site]:
    return [
        each for each in await sites.list_sites(tx) if each.state is InstallationState.PAIRED and visit.may(Permission.SITE_SEE, each.id)
    ]


def _is_due(told: Asked | None, now: datetime) -> bool:
    return told is None or now - told.asked_at >= AGAIN_AFTER


def _kept(site: Site, request: Asked) -> tuple[Kept, ...]:
    return _shown(site, kept_in(request.outcome.result)) if request.outcome else ()


def _shown(site: Site, kept: tuple[Mapping[str, Json], ...]) -> tuple[Kept, ...]:
    found = []
    for each in kept:
        made, size, state = each.get("created"), each.get("bytes"), str(each.get("state", ""))
        kind, word = _STATES.get(state, ("unknown", state))
        found.append(
            Kept(
                str(each.get("id", "")), site, str(each.get("component", "")), str(each.get("version", "")),
                from_unix(made) if isinstance(made, int) and 0 < made < 1 << 33 else None, kind, word, each.get("database") is True,
                size if isinstance(size, int) else 0,
            )
        )  # fmt: skip
    return tuple(found)
