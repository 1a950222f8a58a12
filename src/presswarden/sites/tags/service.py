"""Verbs of tags: put one on sites, take it off. Limits: whoever may ask sites may tag them; one entry in the record for each site and tag."""

import re
from datetime import datetime
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import PersonId, SiteId, new_id
from presswarden.sites.tags import store

_TAG: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}\Z")
MOST_OF_A_SITE: Final = 20


class TagRefused(PresswardenError):
    code = "sites.tag"


async def tags(tx: Tx) -> tuple[str, ...]:
    """All that are in use."""
    return await store.in_use(tx.org, tx)


async def tags_of(tx: Tx, site: SiteId) -> tuple[str, ...]:
    return await store.of_site(tx.org, tx, site)


def tag_from(text: str) -> str:
    """As it is kept: small letters. Raises `TagRefused`."""
    tag = "-".join(text.strip().lower().split())
    if not _TAG.match(tag):
        raise TagRefused(
            "A tag is up to 40 of a-z, 0-9, dot, dash and underscore, and begins with a letter or number.", do="Choose another word."
        )
    return tag


async def add(tx: Tx, site: SiteId, text: str, *, by: PersonId, now: datetime) -> bool:
    """False when the site had it. Raises `Forbidden`, `TagRefused`."""
    await identity.require(tx, by, Permission.SITE_READ, site=site)
    tag, known = tag_from(text), await store.of_site(tx.org, tx, site)
    if tag in known:
        return False
    if len(known) >= MOST_OF_A_SITE:
        raise TagRefused(f"The site has {MOST_OF_A_SITE} tags already.", do="Take one off first.")
    await store.add(tx.org, tx, [site], tag)
    await _record(tx, "site.tagged", site, tag, by, now)
    return True


async def drop(tx: Tx, site: SiteId, text: str, *, by: PersonId, now: datetime) -> bool:
    """False when the site did not have it. Raises `Forbidden`, `TagRefused`."""
    await identity.require(tx, by, Permission.SITE_READ, site=site)
    tag = tag_from(text)
    if tag not in await store.of_site(tx.org, tx, site):
        return False
    await store.drop(tx.org, tx, [site], tag)
    await _record(tx, "site.untagged", site, tag, by, now)
    return True


async def _record(tx: Tx, kind: str, site: SiteId, tag: str, by: PersonId, now: datetime) -> None:
    await audit.record(tx, Entry(kind, Actor("person", by), f"site:{site}", new_id(), {"tag": tag}), now=now)
