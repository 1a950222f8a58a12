"""What somebody may see at all, and how a route answers with another page. Limits: what is out of scope is absent, in the words of what is not there."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from fastapi import Response

from presswarden.identity.model import ALLOWED, Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed
from presswarden.kernel.ids import SiteId
from presswarden.sites import service as sites
from presswarden.sites.model import Site, SiteUnknown
from presswarden.surfaces.console.visit import Visit


async def site(tx: Tx, visit: Visit, wanted: str) -> Site:
    """Raises `SiteUnknown`, also for a site that this person may not see."""
    found = await sites.site_of(tx, SiteId(wanted))
    if not visit.may(Permission.SITE_SEE, found.id):
        raise SiteUnknown("There is no such site.", do="List the sites and use the id, label or address shown.")
    return found


def sees_all(visit: Visit) -> bool:
    """Every site, and what belongs to none."""
    return visit.may(Permission.SITE_SEE)


def visible(visit: Visit) -> Collection[SiteId] | None:
    """The sites that this person may see; None for all of them."""
    if sees_all(visit):
        return None
    grants = [grant for grant in visit.person.grants if Permission.SITE_SEE in ALLOWED[grant.role]]
    return frozenset(one for grant in grants for one in (*grant.sites, grant.site) if one is not None)


def see_other(path: str) -> Response:
    """After a form: the browser asks for this page, so that loading it again sends nothing twice."""
    return Response(status_code=303, headers={"Location": path, "Cache-Control": "no-store"})


def part(target: str, html: str) -> str:
    """A region in a stream's message: takes the place of the element with this id."""
    return f'<hx-partial hx-target="#{target}" hx-swap="outerMorph">{html}</hx-partial>'


def link(path: str, **asked: object) -> str:
    """A local address with what is asked for; what is empty is left out."""
    named = {name: value for name, value in asked.items() if value not in ("", None, False)}
    return path + (f"?{urlencode(named)}" if named else "")


def day(text: str, name: str, *, end: bool = False) -> datetime | None:
    """The beginning of the day that a date field holds (UTC), or its end; None for an empty field. Raises `Malformed`."""
    if not text:
        return None
    try:
        wanted = datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as fault:
        raise Malformed(f"The field {name} holds no date.", do="Write it as 2026-11-20.") from fault
    return wanted + timedelta(days=1) if end else wanted
