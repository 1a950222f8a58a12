"""Approved proposals without the people: filed and moved, so that work can be released from them."""

from datetime import timedelta

from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, InstallationId, SiteId, new_id
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Item, Proposal, ProposalState, Source
from tests.fakes.clock import FrozenClock

PLUGIN = "plugin:shop/shop.php"
PERSON = Actor("person", new_id())


def item(version: str = "1.1", was: str = "1.0", component: str = PLUGIN) -> Item:
    site = SiteId(new_id())
    before = {"active": True, "version": was}
    return Item(site, InstallationId(new_id()), "https://shop.example", "wp.plugin.update", component, version, before, "ab" * 32)


async def filed(tx: Tx, clock: FrozenClock, *items: Item) -> Proposal:
    draft = Draft(Source.PERSON, PERSON, "Update Shop", items or (item(),), (), None)
    return await proposals.file(
        tx, draft, risk=Risk.MEDIUM, approvals=1, approve_by=clock.now() + timedelta(hours=72), execute_by=clock.now() + timedelta(hours=96),
        correlation=CorrelationId(new_id()), now=clock.now(),
    )  # fmt: skip


async def approved(tx: Tx, clock: FrozenClock, *items: Item) -> Proposal:
    found = await filed(tx, clock, *items)
    return await proposals.move(tx, found.id, ProposalState.APPROVED, by=PERSON, why="everybody said yes", now=clock.now())
