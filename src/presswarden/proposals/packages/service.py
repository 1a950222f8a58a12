"""Verbs of packages: want one, note what was fetched or why not, note what a site installed, and tell the hash that a plan binds.

Limits: a hash says that two zips are the same, not that either is good. A site compares before it unpacks; where no hash is known it only reports its own.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, SiteId, new_id
from presswarden.proposals.packages import store
from presswarden.proposals.packages.model import Origin, Package, differ, id_of, installed, wanted

COURIER: Final = "courier"
"""The channel that wakes the courier: something new is wanted."""
FETCHED: Final = "fetched"
"""The channel that wakes who waits for the courier: it looked for something."""
KEPT: Final = timedelta(days=365)
_STILL_WANTED: Final = timedelta(days=2)
_OURS: Final = Actor("process", "courier")


async def want(tx: Tx, packages: Iterable[tuple[str, str, str]], now: datetime) -> int:
    """Component, version and address of what is to be fetched; those that are new are due at once. How many were new."""
    asked = {id_of(*each): each for each in packages}
    fresh, worn = 0, []
    known = await store.known(tx.org, tx, asked)
    for id_, (component, version, url) in asked.items():
        if id_ not in known:
            await store.put(tx.org, tx, wanted(tx.org, component, version, url, now))
            fresh += 1
        elif now - known[id_] > timedelta(days=1):
            worn.append(id_)
    if worn:
        await store.touch(tx.org, tx, worn, now)
    return fresh


async def due(tx: Tx, now: datetime, *, most: int) -> tuple[Package, ...]:
    return await store.due(tx.org, tx, now, now - _STILL_WANTED, most)


async def found(tx: Tx, package: Package, sha256: str, size: int, now: datetime) -> Package:
    """The courier has the zip's hash."""
    before = await store.find(tx.org, tx, package.id) or package
    after = before.found(sha256, size, now)
    await store.put(tx.org, tx, after)
    if (before.sha256, before.code) != (after.sha256, after.code):
        await _record(tx, "package.fetched", after, {"sha256": sha256, "bytes": size}, now)
    if before.sha256 != after.sha256:
        await _note_difference(tx, after, now)
    return after


async def missed(tx: Tx, package: Package, code: str, says: str, now: datetime) -> Package:
    """The courier could not get it; recorded when the reason is a new one."""
    before = await store.find(tx.org, tx, package.id) or package
    after = before.missed(code, says, now)
    await store.put(tx.org, tx, after)
    if before.code != after.code:
        await _record(tx, "package.missed", after, {"code": after.code, "says": after.says}, now)
    return after


async def installed_at(tx: Tx, site: SiteId, component: str, version: str, sha256: str, now: datetime) -> None:
    """A site reported the hash of the zip it installed, under a leaf that bound none."""
    fresh = installed(tx.org, component, version, site, sha256, now)
    before = await store.find(tx.org, tx, fresh.id)
    after = fresh if before is None else before.found(sha256, 0, now)
    await store.put(tx.org, tx, after)
    if before is None or before.sha256 != sha256:
        await _record(tx, "package.installed", after, {"site": site, "sha256": sha256}, now)
        await _note_difference(tx, after, now)


async def known(tx: Tx, component: str, version: str) -> tuple[Package, ...]:
    """All that is known of this version, from every place."""
    return await store.of_version(tx.org, tx, component, version)


async def newest_look(everyone: Everyone, tx: Tx) -> datetime | None:
    """When any package was last fetched, or could not be."""
    return await store.newest_look(everyone, tx)


async def differs(tx: Tx, component: str, version: str) -> bool:
    """Not every site got the same zip for this version."""
    return differ(await known(tx, component, version))


async def expire(tx: Tx, now: datetime, keep: timedelta = KEPT) -> None:
    """What nobody was offered or installed for so long."""
    await store.expire(tx.org, tx, now - keep)


async def _note_difference(tx: Tx, package: Package, now: datetime) -> None:
    others = await known(tx, package.component, package.version)
    if differ(others):
        hashes = sorted({each.sha256 for each in others if each.sha256})
        await _record(tx, "package.differs", package, {"hashes": hashes, "changed": package.changed}, now)


async def _record(tx: Tx, kind: str, package: Package, told: dict[str, Json], now: datetime) -> None:
    payload: dict[str, Json] = {"component": package.component, "version": package.version, "origin": package.origin.value, **told}
    if package.origin is Origin.OFFER:
        payload["url"] = package.place
    await audit.record(tx, Entry(kind, _OURS, f"package:{package.id}", new_id(), payload), now=now)
