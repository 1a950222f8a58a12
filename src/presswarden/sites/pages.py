"""Which public pages of a site are looked at, beside its home page, when a change is judged (N6). Limits: looks at none of them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import SiteId
from presswarden.sites import store
from presswarden.sites.lookup import record, site_of

MOST_PAGES: Final = 5
_PATH: Final = re.compile(r"/[A-Za-z0-9._~/%-]{1,200}")


class PagesRefused(PresswardenError):
    """An address that can't be looked at."""

    code = "sites.pages"


async def health_pages(tx: Tx, site: SiteId) -> tuple[str, ...] | None:
    """Paths below the site's home. None: nobody chose any for this site, so the settings' count."""
    kept = await store.health_pages(tx.org, tx, site)
    return None if kept is None else tuple(kept.split())


async def set_health_pages(tx: Tx, site: SiteId, urls: Sequence[str] | None, *, by: Actor, now: datetime) -> tuple[str, ...] | None:
    """Choose them; none is the home page alone, None gives the choice back to the settings. Raises `PagesRefused`, `SiteUnknown`."""
    found = await site_of(tx, site)
    chosen = None if urls is None else tuple(dict.fromkeys(path_below(found.home, url) for url in urls))
    if chosen is not None and len(chosen) > MOST_PAGES:
        raise PagesRefused(f"At most {MOST_PAGES} pages are looked at beside the home page.", do="Name those that earn the site's money.")
    await store.set_site(tx.org, tx, site, health_pages=None if chosen is None else " ".join(chosen))
    told: dict[str, Json] = {"pages": None if chosen is None else list(chosen)}
    await record(tx, "site.health_pages", by, site, told, now)
    return chosen


def path_below(home: str, url: str) -> str:
    """The page as a path below `home`. Raises `PagesRefused` for another site's, and for what is no plain address."""
    if not home:
        raise PagesRefused("The site has no address yet.", do="Pair it first.")
    path = url.strip().removeprefix(home)
    if not path.startswith("/") or path.startswith("//"):
        raise PagesRefused(
            "That is no page of this site.", do=f"Name addresses that begin with {home}/, or paths such as /shop/.", where=url[:200]
        )
    plain = _PATH.fullmatch(path) and not any(piece in {".", ".."} for piece in path.replace("%2e", ".").replace("%2E", ".").split("/"))
    if not plain:
        raise PagesRefused("A page is named by a plain path, without query and fragment.", do="Write it as /shop/.", where=url[:200])
    return path
