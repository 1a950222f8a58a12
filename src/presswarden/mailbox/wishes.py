"""What a person wants of one site: a read, a pause, its end, other keys. Checks who may, writes the wish down, and asks for the call that carries it.

One transaction for both, so that a wish without its call and a call without its wish can't be; a site that can't be reached takes the wish from the
standing order. Ring `DISPATCH` after the commit. Limits: nothing here sends; what came of a request is looked up by its id.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from presswarden.actions.catalogue import action_of, readable
from presswarden.actions.model import Klass
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import CorrelationId, InstallationId, PersonId, SiteId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import store
from presswarden.mailbox.model import Request
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry

FRESH: Final = timedelta(minutes=5)
_LONGEST: Final = 200


class NoRead(PresswardenError):
    """The tool is in the catalogue, but it does more than read."""

    code = "usage.no_read"


async def read(tx: Tx, site: SiteId, tool: str, *, by: PersonId, now: datetime) -> Request:
    """Ask the site with a signed read. Raises `NoRead`, `Forbidden`, `SiteNotPaired`, `MailboxFull`."""
    await identity.require(tx, by, Permission.SITE_READ, site=site)
    if action_of(tool).klass is not Klass.READ:
        raise NoRead(f"{tool} does not only read.", do=f"Tools that read: {', '.join(readable())}.")
    return await _ask(tx, site, tool, {}, by, now)


async def newest_answers(tx: Tx, tool: str) -> Mapping[SiteId, Request]:
    """What each site answered last to this read, as long as answers are kept (a week)."""
    return {one.site: one for one in reversed(await store.newest_done(tx.org, tx, tool))}


async def due_reads(tx: Tx, site: SiteId, *, now: datetime) -> tuple[str, ...]:
    """What has to be read from the site before a plan is made of it: a plan is made from what is there now."""
    due = []
    health = (await telemetry.facts(tx, site)).get("health.watchdog")
    if health is None or health.age(now) >= FRESH:
        due.append("wp.site.health")
    known = await telemetry.inventory(tx, site)
    if known is None or now - known.confirmed_at >= FRESH:
        due.append("wp.site.inventory")
    return tuple(due)


async def pause(tx: Tx, site: SiteId, reason: str, *, by: PersonId, now: datetime) -> Request:
    await identity.require(tx, by, Permission.SITE_PAUSE, site=site)
    await sites.pause(tx, site, reason, by=Actor("person", by), now=now)
    return await _ask(tx, site, "control.pause", {"reason": reason[:_LONGEST]}, by, now)


async def resume(tx: Tx, site: SiteId, reason: str, *, by: PersonId, now: datetime) -> Request:
    """Our own pause ends; one that the site's admin set stays."""
    await identity.require(tx, by, Permission.SITE_RESUME, site=site)
    await sites.resume(tx, site, reason, by=Actor("person", by), now=now)
    return await _ask(tx, site, "control.resume", {}, by, now)


async def revoke(tx: Tx, site: SiteId, reason: str, *, by: PersonId, now: datetime) -> Request | None:
    """The pairing ends here and now; None where only a pairing string was out, which no site has to hear of. Raises `SiteNotPaired`."""
    await identity.require(tx, by, Permission.SITE_REVOKE, site=site)
    ended = await sites.revoke(tx, site, by=Actor("person", by), reason=reason, now=now)
    if ended.paired_at is None:
        return None
    return await _ask(tx, site, "control.revoke", {"reason": reason[:_LONGEST]}, by, now, ended.id)


async def rotate(tx: Tx, site: SiteId, *, site_key: bool, by: PersonId, now: datetime) -> Request:
    """Replace our key, or the site's own; the old one stays valid for at most 24 hours."""
    await identity.require(tx, by, Permission.SITE_REVOKE, site=site)
    return await _ask(tx, site, "control.rotate_site" if site_key else "control.rotate", {}, by, now)


async def _ask(
    tx: Tx, site: SiteId, tool: str, args: Mapping[str, Json], by: PersonId, now: datetime, installation: InstallationId | None = None
) -> Request:
    wanted = CorrelationId(new_id())
    return await mailbox.ask(tx, site, tool, args, by=Actor("person", by), correlation=wanted, now=now, installation=installation)
