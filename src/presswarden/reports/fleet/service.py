"""Reads the fleet for one person: only what they may see, a page at a time. Limits: reads; what is done to sites is asked of the stages."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from presswarden.identity.clients import service as clients
from presswarden.identity.model import Permission, Person, reach
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import ClientId, SiteId
from presswarden.reports.fleet import store
from presswarden.reports.fleet.model import PAGE, Counts, Fleet, Listed, Offered, Tab, Used, Version, Wish
from presswarden.reports.fleet.offers import store as offers
from presswarden.telemetry.model import HEARTBEAT_LATE

MOST_AT_ONCE: Final = 10_000
"""Sites that one export or one choice of "all that match" may mean."""
_PARTS: Final = re.compile(r"\d+|[^\d.]+")


class ComponentUnknown(NotFound):
    code = "fleet.component_unknown"


async def fleet(tx: Tx, person: Person, wish: Wish, now: datetime) -> Fleet:
    """One page of what was wished for, how many there are, and how many stand under each tab."""
    seen, late = reach(person, Permission.SITE_SEE), now - HEARTBEAT_LATE
    tabs = await store.tabs(tx.org, tx, seen, late)
    of_tab = {Tab.ALL: tabs.all, Tab.UPDATES: tabs.updates, Tab.ATTENTION: tabs.attention}[wish.tab]
    whose = await _named(tx, wish.text)
    total = await store.count(tx.org, tx, seen, wish, late, whose) if wish.narrows else of_tab
    found = await store.page(tx.org, tx, seen, wish, late, whose, size=PAGE, skip=(wish.page - 1) * PAGE)
    return Fleet(await _with_tags(tx, found), total, tabs)


async def everything(tx: Tx, person: Person, wish: Wish, now: datetime) -> tuple[Listed, ...]:
    """All that match, at most `MOST_AT_ONCE`: for an export."""
    late, whose = now - HEARTBEAT_LATE, await _named(tx, wish.text)
    found = await store.page(tx.org, tx, reach(person, Permission.SITE_SEE), wish, late, whose, size=MOST_AT_ONCE, skip=0)
    return await _with_tags(tx, found)


async def matching(tx: Tx, person: Person, wish: Wish, now: datetime) -> tuple[SiteId, ...]:
    whose = await _named(tx, wish.text)
    return await store.matching(tx.org, tx, reach(person, Permission.SITE_SEE), wish, now - HEARTBEAT_LATE, whose, MOST_AT_ONCE)


async def named(tx: Tx, person: Person, wanted: tuple[SiteId, ...]) -> tuple[tuple[SiteId, str], ...]:
    """Id and label of those of `wanted` that the person may see; others are left out as if they were not there."""
    found: list[tuple[SiteId, str]] = []
    for start in range(0, len(wanted), 500):
        found += await store.within(tx.org, tx, reach(person, Permission.SITE_SEE), wanted[start : start + 500])
    return tuple(found)


async def counts(tx: Tx, person: Person) -> Counts:
    """What stands beside the navigation. Who sees a part of the fleet is told how much of it is theirs, and nothing of the rest."""
    seen = reach(person, Permission.SITE_SEE)
    return await store.counts(tx.org, tx) if seen is None else Counts(len(seen), 0, 0, 0)


async def components(tx: Tx, person: Person, text: str, page: int) -> tuple[tuple[Used, ...], int]:
    return await store.components(tx.org, tx, reach(person, Permission.SITE_SEE), text, size=PAGE, skip=(page - 1) * PAGE)


async def versions(tx: Tx, person: Person, component: str) -> tuple[str, tuple[Version, ...], int]:
    """The newest version first. Raises `ComponentUnknown` when no site that the person may see runs it."""
    name, found, offered = await store.versions(tx.org, tx, reach(person, Permission.SITE_SEE), component)
    if not found:
        raise ComponentUnknown("No site reports this component.", do="Look at the list of components.")
    return name, tuple(sorted(found, key=lambda one: as_version(one.version), reverse=True)), offered


async def offered(
    tx: Tx, person: Person, *, sites: tuple[SiteId, ...] | None = None, components: tuple[str, ...] = (), family: str = "", most: int
) -> tuple[Offered, ...]:
    """What sites that the person may see are offered, by the sites' names: of these sites, of these components, of one family; at most `most`."""
    return await offers.offered(tx.org, tx, reach(person, Permission.SITE_SEE), sites, components, family, most)


def as_version(text: str) -> tuple[tuple[int, int, str], ...]:
    """For sorting: `10.2` after `9.9`. Words (beta, rc) come before the number they lead to."""
    return (*((1, int(part), "") if part.isdigit() and len(part) < 10 else (-1, 0, part) for part in _PARTS.findall(text)), (0, 0, ""))


async def _named(tx: Tx, text: str) -> frozenset[ClientId]:
    """Clients whose names hold the text: there are few of them, and ten thousand sites are not asked for theirs."""
    return frozenset(one.id for one in await clients.clients(tx) if text.casefold() in one.name.casefold()) if text else frozenset()


async def _with_tags(tx: Tx, found: tuple[Listed, ...]) -> tuple[Listed, ...]:
    tags: dict[str, list[str]] = {}
    for start in range(0, len(found), 500):
        tags |= await store.tags_of(tx.org, tx, [one.site for one in found[start : start + 500]])
    return tuple(replace(one, tags=tuple(tags.get(one.site, ()))) for one in found)
