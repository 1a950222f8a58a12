"""An agency whose sites, record and policies have something on every page: for pages of one site, of the record and of policies."""

from dataclasses import dataclass
from datetime import timedelta

from presswarden.approvals import service as approvals
from presswarden.approvals.wanting import want_update
from presswarden.audit import service as audit
from presswarden.audit.checks import service as checks
from presswarden.audit.model import Actor
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import EVERYONE, EventId, KeyId, SiteId, new_id
from presswarden.kernel.sealing import Kek, new_key
from presswarden.processes.checking import Checker
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from presswarden.sites import service as sites
from tests.console.rig import House
from tests.console.test_policies import document
from tests.console.test_sites_snapshots import keeping
from tests.support.shop import AKISMET, HEALTH, Shop, add_shop, offered

JANITOR = Kek("janitor", new_key())


@dataclass(frozen=True)
class Agency:
    well: SiteId
    failing: SiteId
    snapshot: str
    entry: EventId


async def fill(house: House) -> Agency:
    now = house.clock.now()
    well, snapshot = await keeping(house, "Alder Bakery")
    failing = await add_shop(house.database, house.org, house.owner.id, now, label="Kite Studio")
    await failing.report(offered(), now, health={**HEALTH, "file_mods": False})
    async with house.transaction() as tx:
        await incidents.raise_signal(tx, SignalKind.CLONE, failing.site, {}, now)
        held = {"component": AKISMET, "version": "9.*", "until": "2099-01-05", "reason": "breaks the form"}
        await approvals.activate_policy(tx, document(house, holds=[held]), by=house.owner.id, now=now)
    await _changed(house, well)
    async with house.database.transaction(EVERYONE) as tx:
        made = [(KeyId(new_id().replace("-", "")[:16]), bytes([number + 1]) * 32) for number in range(9)]
        await sites.add_pooled_keys(EVERYONE, tx, made, now=now)
    await sign(house)
    async with house.transaction() as tx:
        await checks.ask(tx, by=Actor("person", house.owner.id), now=now)
    await check(house)
    async with house.database.reading(house.org) as tx:
        entry, *_ = await audit.events(tx, kind="change.ended")
    return Agency(well.site, failing.site, snapshot, entry.id)


async def sign(house: House) -> None:
    """As the janitor does each second."""
    async with house.transaction() as tx:
        await audit.integrate(tx, JANITOR, log_host="log.example.test", now=house.clock.now())


async def check(house: House) -> int:
    """As the janitor does when somebody asked."""
    return await Checker(house.database, house.clock, everyone=EVERYONE).run((house.org,))


async def _changed(house: House, shop: Shop) -> None:
    now = house.clock.now()
    async with house.transaction() as tx:
        proposal, _ = await want_update(tx, shop.site, AKISMET, by=house.owner.id, now=now)
        await proposals.move(tx, proposal.id, ProposalState.APPROVED, by=Actor("process", "policy"), why="an example", now=now)
        await rollouts.release(tx, await proposals.proposal(tx, proposal.id), delay=timedelta(), now=now)
        (change,) = await rollouts.changes(tx, proposal=proposal.id)
        await rollouts.begin(tx, change, now=now)
        await rollouts.end(tx, change.id, Result.SUCCEEDED, seen={"version": "5.7.3"}, now=now)
