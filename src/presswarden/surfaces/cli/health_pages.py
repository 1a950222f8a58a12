"""`presswarden site health-urls`: the pages that are looked at after a change, of one site. Limits: the settings' own are the dispatcher's to know."""

from collections.abc import Sequence

from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.sites import service as sites
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import document, pairs


async def health_urls(desk: Desk, name: str, urls: Sequence[str] | None, *, default: bool) -> int:
    """Show them where `urls` is None and the default is not asked for; else choose."""
    async with desk.database.transaction(desk.org) as tx:
        site = await sites.find_site(tx, name)
        await identity.require(tx, desk.person.id, Permission.SITE_SEE, site=site.id)
        if urls is not None or default:
            await identity.require(tx, desk.person.id, Permission.SITE_MODE, site=site.id)
            await sites.set_health_pages(tx, site.id, urls, by=Actor("person", desk.person.id), now=desk.clock.now())
        chosen = await sites.health_pages(tx, site.id)
    if desk.json:
        print(document({"site": site.id, "home": site.home, "chosen": None if chosen is None else [site.home + path for path in chosen]}))
        return 0
    beside = "those of the setting health_paths" if chosen is None else ", ".join(site.home + path for path in chosen) or "none"
    print(pairs({"site": site.label, "always": site.home or "not paired yet", "beside it": beside}))
    return 0
