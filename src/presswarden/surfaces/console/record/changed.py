"""What changed: for a client, a site or everything that a person may see, in a time (S3). Limits: reads; printed as it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from presswarden.identity.clients import service as clients
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import SiteId
from presswarden.reports.changed import service as changed
from presswarden.sites import service as sites
from presswarden.surfaces.console import sight, stories
from presswarden.surfaces.console.visit import Visit

MOST = 500
PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Period:
    title: str
    client: str
    site: str
    since: str
    until: str
    clients: tuple[tuple[str, str], ...]
    rows: tuple[stories.Row, ...]
    counts: tuple[tuple[str, int], ...]
    cut: bool
    problem: str
    made_at: datetime


async def period(tx: Tx, visit: Visit, *, client: str, site: str, since: str, until: str, now: datetime) -> Period:
    """Raises `Malformed` for dates that are none."""
    begins = sight.day(since, "From") or now - PERIOD
    ends = sight.day(until, "To", end=True)
    known = await clients.clients(tx) if sight.sees_all(visit) else ()
    only, problem, title = sight.visible(visit), "", "All sites"
    try:
        if site:
            found = await sites.find_site(tx, site)
            only, title = (await _just(tx, visit, found.id)), found.label
        elif client:
            chosen = await clients.client(tx, client)
            of = await clients.client_of(tx)
            mine = frozenset(one for one, whose in of.items() if whose == chosen.id)
            only, title = mine if only is None else mine & frozenset(only), chosen.name
    except NotFound as fault:
        only, problem = (), fault.says
    told = await changed.stories(tx, only=only, since=begins, until=ends, limit=MOST + 1)
    rows = tuple(stories.row(each) for each in told[:MOST])
    counts = {word: sum(each.word == word for each in rows) for word in dict.fromkeys(each.word for each in rows)}
    return Period(
        title, client, site, begins.date().isoformat(), until, (("", "All clients"), *((one.id, one.name) for one in known)), rows,
        tuple(counts.items()), len(told) > MOST, problem, now,
    )  # fmt: skip


async def _just(tx: Tx, visit: Visit, site: SiteId) -> tuple[SiteId, ...]:
    return ((await sight.site(tx, visit, site)).id,)
