"""A dispatcher with its executor, a scripted site that can be changed, two people, and everything that is known of the site: on a real clock.

`propose` files what a person wants and has another one approve it, as the command line does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import AtTerminal
from presswarden.audit.model import Actor
from presswarden.dispatch.service import Dispatcher
from presswarden.flows.checking import Checks
from presswarden.flows.execute import Executor
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock, SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, InstallationId, OrgId, PersonId, ProposalId, SiteId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import PipeWake
from presswarden.mailbox import service as mailbox
from presswarden.outside.wire import HttpWire
from presswarden.processes.dispatcher import Acting
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Item, Proposal, Source
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry
from tests.fakes.changing import PLUGIN, ChangingSite
from tests.stages.dispatch.conftest import CONTROL, LOOPBACK
from tests.stages.telemetry import reports

CHECKS = Checks(seconds=0.2)
KEK = b"d" * 32


@dataclass
class House:
    database: Database
    wake: PipeWake
    org: OrgId
    asker: PersonId
    approver: PersonId
    site: ChangingSite
    site_id: SiteId
    installation: InstallationId
    running: asyncio.Task[None] | None = None
    clock = SystemClock()

    async def file(self, version: str) -> Proposal:
        """File an update that a person wants."""
        before: dict[str, Json] = {"active": True, "version": "1.0"}
        item = Item(self.site_id, self.installation, self.site.home, "wp.plugin.update", PLUGIN, version, before, "ab" * 32)
        draft = Draft(Source.PERSON, Actor("person", self.asker), f"Update Shop to {version}", (item,), (), None)
        async with self.database.transaction(self.org) as tx:
            filed, _ = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=self.clock.now())
        return filed

    async def propose(self, version: str) -> Proposal:
        """File it, and have another person approve it: its work is released."""
        filed = await self.file(version)
        await self.approve(filed)
        return filed

    async def approve(self, filed: Proposal) -> None:
        async with self.database.transaction(self.org) as tx:
            seen = AtTerminal(local=True, tty=True, typed=consent.typed_confirmation(filed))
            await consent.say_yes(
                tx, filed.id, self.approver, digest=filed.plan.digest, evidence=seen, release=rollouts.release, now=self.clock.now()
            )
        await self.wake.ring(mailbox.DISPATCH)

    async def change(self, proposal: ProposalId) -> Change:
        async with self.database.reading(self.org) as tx:
            (found,) = await rollouts.changes(tx, proposal=proposal)
        return found

    async def proposal(self, proposal: ProposalId) -> Proposal:
        async with self.database.reading(self.org) as tx:
            return await proposals.proposal(tx, proposal)

    async def until(self, holds: Callable[[], object], *, seconds: float = 60.0) -> None:
        """Wait until `holds()`, a condition or a coroutine of one, is true."""
        for _ in range(int(seconds * 20)):
            assert self.running is None or not self.running.done(), "what should do it has ended"
            found = holds()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("it never came to that")

    async def until_ended(self, proposal: ProposalId, *, seconds: float = 60.0) -> Change:
        async def ended() -> bool:
            return (await self.proposal(proposal)).state == "ended"

        await self.until(ended, seconds=seconds)
        return await self.change(proposal)

    def dispatcher(self, name: str = "one") -> Dispatcher:
        wire = HttpWire(LOOPBACK, connect_seconds=2, total_seconds=10)
        return Dispatcher(self.database, self.clock, Kek("dispatcher", KEK), wire, self.wake, LOOPBACK, everyone=EVERYONE, name=name)

    @asynccontextmanager
    async def acting(self, name: str = "one", clock: Clock | None = None) -> AsyncIterator[Executor]:
        """Run a dispatcher and its executor in this process."""
        dispatcher, stop = self.dispatcher(name), asyncio.Event()
        executor = Executor(self.database, clock or self.clock, self.wake, dispatcher, name, everyone=EVERYONE, checks=CHECKS)
        self.running = asyncio.create_task(Acting(dispatcher, executor).run(stop))
        try:
            yield executor
        finally:
            stop.set()
            await self.running


async def people(database: Database, org: OrgId) -> tuple[PersonId, PersonId]:
    """An organisation of two: who asks, and who approves."""
    now = SystemClock().now()
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, name="Agency", owner_name="Olga", owner_mail="o@example.org", now=now)
        (owner,) = await identity.people(tx)
        asker = await identity.add_person(tx, name="Otto", mail="otto@example.org", grant=Grant(Role.OPERATOR), by=owner.id, now=now)
    return asker.id, owner.id


async def furnish(database: Database, folder: Path, site: ChangingSite, org: OrgId, both: tuple[PersonId, PersonId] | None = None) -> House:
    """A paired site of which everything is known that a change needs; with people of its own unless there are some."""
    clock, wake = SystemClock(), PipeWake(folder / "wake")
    asker, approver = both or await people(database, org)
    house = House(database, wake, org, asker, approver, site, SiteId(""), InstallationId(""))
    await house.dispatcher().fill_pool()
    async with database.transaction(org) as tx:
        text, found, installation = await sites.begin_pairing(
            tx, home_label=site.home, control_url=CONTROL, requested_by=approver, now=clock.now()
        )
    house.site_id, house.installation = found.id, installation.id
    async with database.transaction(org) as tx:
        assert await sites.accept_pairing(tx, site.redeem(text), "127.0.0.1", Kek("web", b"w" * 32), now=clock.now()) is None
    dispatcher = house.dispatcher()
    await dispatcher.confirm_due()
    await dispatcher.serve_waiting()
    await _get_known(house, dispatcher)
    site.ran.clear()
    return house


async def _get_known(house: House, dispatcher: Dispatcher) -> None:
    """A heartbeat with the inventory, and a signed look at the site's health: what the policy asks for."""
    reporter = reports.Installed(house.org, house.installation, house.site_id)
    async with house.database.transaction(house.org) as tx:
        await telemetry.take_heartbeat(
            tx, reporter, reports.full(1, house.clock.now(), house.site.inventory(), home=house.site.home), house.clock.now()
        )
        await mailbox.ask(
            tx, house.site_id, "wp.site.health", {}, by=Actor("person", house.approver), correlation=CorrelationId(new_id()),
            now=house.clock.now(),
        )  # fmt: skip
    await dispatcher.serve_waiting()
