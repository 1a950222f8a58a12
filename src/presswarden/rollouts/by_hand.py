"""A person takes an open change back: filed as a proposal of its own, with its own snapshot, and released at once where the policy lets one word be enough.

Limits: what runs at the site already ends first; a change that has its result by then is no longer anybody's to end, and the gate says so.
"""

from datetime import datetime

from presswarden.approvals import service as approvals
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import CorrelationId, PersonId, new_id
from presswarden.policy.model import Decision
from presswarden.proposals.model import Draft, Evidence, Item, Proposal, Source
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.sites import service as sites
from presswarden.sites.model import SiteNotPaired

_TOOL = "wp.snapshot.restore"


class NotOpen(PresswardenError):
    """There is nothing to take back: it never began, it is over, or it has no snapshot."""

    code = "change.not_open"


async def take_back(tx: Tx, change: Change, *, by: PersonId, now: datetime) -> tuple[Proposal, Decision]:
    """One operator's word is enough, also of whoever asked for the change. Ring `DISPATCH` after the commit. Raises `NotOpen`, `SiteNotPaired`, `Forbidden`."""
    await identity.require(tx, by, Permission.PROPOSE, site=change.site)
    if change.began_at is None or change.result is not None or change.snapshot is None:
        raise NotOpen("This change is not open, or has no snapshot to go back to.", do="Ask for its snapshot to be put back instead.")
    found = await sites.site_of(tx, change.site)
    if found.installation is None:
        raise SiteNotPaired("The site is not paired.", do="Pair it first.")
    args: dict[str, Json] = {"change": change.id, "scope": "files", "snapshot": change.snapshot}
    wanted = Item(found.id, found.installation, found.home, _TOOL, change.component, change.was, {}, "", args)
    title = f"Take back {change.component} {change.version} on {found.label} by hand"[:200]
    early = Evidence("asked", "A person takes it back before the checks have come to their own end.", against=True)
    draft = Draft(Source.PERSON, Actor("person", by), title, (wanted,), (early,), None)
    filed, _ = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=now)
    return filed, await approvals.by_itself(tx, filed.id, release=rollouts.release, now=now)
