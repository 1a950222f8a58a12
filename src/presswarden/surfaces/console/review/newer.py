"""What took the place of a proposal that nobody can answer any more: the newer one for the same component, and in what the two plans differ.

Limits: reads and words. A plan never changes once it is filed, so what "changed" is always another proposal; an answer to one is none to the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import SiteId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Item, Proposal, ProposalState
from presswarden.proposals.updates import TOOLS
from presswarden.surfaces.console import sight
from presswarden.surfaces.console.visit import Visit

_GONE: Final = (ProposalState.EXPIRED, ProposalState.REJECTED, ProposalState.REPLACED)
_STANDS: Final = (ProposalState.RECOMMENDED, ProposalState.WAITING, ProposalState.APPROVED)


@dataclass(frozen=True, slots=True)
class Difference:
    what: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Newer:
    proposal: Proposal
    differs: tuple[Difference, ...]


async def newer_of(tx: Tx, visit: Visit, old: Proposal) -> Newer | None:
    """The newest that was filed after `old` for its first component and that this person may see; None while `old` can still be answered."""
    if old.state not in _GONE or not old.items:
        return None
    first = old.items[0]
    for found in await proposals.listed(tx, states=_STANDS, site=first.site, component=first.component, limit=10):
        if found.filed_at >= old.filed_at and found.id != old.id and all(visit.may(Permission.SITE_SEE, site) for site in found.sites):
            return Newer(found, tuple(differences(old, found)))
    return None


def differences(old: Proposal, new: Proposal) -> Iterator[Difference]:
    """What a reviewer of the old one has to look at again. The digests always differ: each plan carries an id of its own."""
    before, after = _by_place(old), _by_place(new)
    for place in dict.fromkeys((*before, *after)):
        was, now = before.get(place), after.get(place)
        for what, one, other in (
            ("From version", was and was.was, now and now.was),
            ("To version", was and was.version, now and now.version),
            ("Package (SHA-256)", was and was.package, now and now.package),
        ):
            if one != other:
                yield Difference(f"{what} of {place[1]}" if len(before) > 1 else what, one or "-", other or "-")
    if len(old.sites) != len(new.sites):
        yield Difference("Sites", str(len(old.sites)), str(len(new.sites)))
    if old.risk is not new.risk:
        yield Difference("Risk", old.risk.value, new.risk.value)
    yield Difference("Plan digest", old.plan.digest, new.plan.digest)


def ask_again(visit: Visit, asked: Proposal) -> str:
    """Where this person asks for the same once more; empty where they can't, or where it is no single update."""
    if len(asked.items) != 1 or asked.items[0].tool not in TOOLS.values() or not visit.may(Permission.PROPOSE, asked.items[0].site):
        return ""
    return sight.link(f"/sites/{asked.items[0].site}/update", component=asked.items[0].component)


def _by_place(asked: Proposal) -> dict[tuple[SiteId, str], Item]:
    return {(item.site, item.component): item for item in asked.items}
