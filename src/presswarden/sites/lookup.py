"""Finding sites and installations, and the one way sites writes its record. Limits: changes nothing."""

from collections.abc import Collection, Mapping
from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, Everyone, InstallationId, SiteId, new_id
from presswarden.sites import store
from presswarden.sites.model import Algorithm, Installation, InstallationState, Site, SiteNotPaired, SiteUnknown


async def installation_of(everyone: Everyone, tx: Tx, installation: InstallationId) -> Installation | None:
    return await store.find_installation(everyone, tx, installation)


async def installation(tx: Tx, wanted: InstallationId) -> Installation:
    """Raises `SiteUnknown`; another organisation's is unknown too."""
    found = await store.installation(tx.org, tx, wanted)
    if found is None:
        raise SiteUnknown("There is no such installation.", do="List the sites and use the id shown.")
    return found


async def in_state(tx: Tx, wanted: InstallationId, state: InstallationState) -> Installation:
    """The installation, which must be in `state`. Raises `SiteNotPaired`, `SiteUnknown`."""
    found = await installation(tx, wanted)
    if found.state is not state:
        raise SiteNotPaired(f"The installation is {found.state}, not {state}.", do="Look at the site's state, then pair it if need be.")
    return found


async def installations_to_serve(everyone: Everyone, tx: Tx) -> tuple[Installation, ...]:
    """All that need standing orders: the paired, and the revoked that were not told yet (revocation by poll)."""
    return await store.to_be_served(everyone, tx)


async def list_sites(tx: Tx) -> tuple[Site, ...]:
    return await store.sites(tx.org, tx)


async def some_sites(tx: Tx, wanted: Collection[SiteId]) -> tuple[Site, ...]:
    """Those of `wanted` that are the organisation's."""
    return await store.some_sites(tx.org, tx, wanted)


async def page(tx: Tx, *, after: SiteId | None = None, limit: int) -> tuple[Site, ...]:
    """By id; `after` is the last one of the page before."""
    return await store.page(tx.org, tx, after=after, limit=limit)


async def paired_count(tx: Tx) -> int:
    """How many sites have a working pairing."""
    return await store.paired_count(tx.org, tx)


async def paired_by_algorithm(tx: Tx) -> Mapping[Algorithm, int]:
    """Working pairings, by how their messages are signed."""
    return await store.paired_by_algorithm(tx.org, tx)


async def site_of(tx: Tx, site: SiteId) -> Site:
    """Raises `SiteUnknown`; another organisation's is unknown too."""
    for found in await store.sites(tx.org, tx, site):
        return found
    raise SiteUnknown("There is no such site.", do="List the sites and use the id, label or address shown.")


async def find_site(tx: Tx, text: str) -> Site:
    """By id, label or home URL. Raises `SiteUnknown`."""
    wanted = text.strip().rstrip("/")
    for found in await store.sites(tx.org, tx):
        if wanted and wanted in (found.id, found.label, found.home):
            return found
    raise SiteUnknown("There is no such site.", do="List the sites and use the id, label or address shown.")


def plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:200]


async def record(
    tx: Tx, kind: str, actor: Actor, site: SiteId, payload: dict[str, Json], now: datetime, correlation: CorrelationId | None = None
) -> None:
    entry = Entry(kind=kind, actor=actor, subject=f"site:{site}", correlation=correlation or CorrelationId(new_id()), payload=payload)
    await audit.record(tx, entry, now=now)
