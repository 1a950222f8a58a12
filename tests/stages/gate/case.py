"""An office with one approved and released plan, and the door to ask."""

from dataclasses import dataclass

from presswarden.gate import service as gate
from presswarden.gate.model import Ask, Rate, Refusal
from presswarden.gate.permit import Permit
from presswarden.kernel.ids import PersonId
from presswarden.proposals.model import LeafRole, Proposal
from presswarden.rollouts import service as rollouts
from tests.stages.approvals.office import Office, Paired
from tests.stages.gate.plans import ask, leaf


@dataclass
class Case:
    """An office with one approved and released plan."""

    office: Office
    site: Paired
    anna: PersonId
    berta: PersonId
    plan: Proposal

    async def admit(self, asked: Ask, rate: Rate | None = None) -> Permit | Refusal:
        async with self.office.database.transaction(self.office.org) as tx:
            return await gate.admit(tx, asked, now=self.office.clock.now(), rate=rate)

    async def codes(self, asked: Ask) -> list[str]:
        found = await self.admit(asked)
        return [reason.code for reason in found.reasons] if isinstance(found, Refusal) else []

    def call(self, role: LeafRole = LeafRole.ACT) -> Ask:
        return ask(self.plan, leaf(self.plan, role))

    async def verified(self) -> None:
        await self.office.verified(self.site, leaf(self.plan).snapshot)

    async def begun(self) -> None:
        """The snapshot is verified and the change is on its way."""
        await self.verified()
        async with self.office.database.transaction(self.office.org) as tx:
            (change,) = await rollouts.changes(tx, proposal=self.plan.id)
            await rollouts.begin(tx, change, now=self.office.clock.now())


async def approved(office: Office, *, package: str = "a" * 64) -> Case:
    site, anna, berta = await office.site(), await office.person("Anna"), await office.person("Berta")
    filed, asked = await office.submit(office.item(site, package=package))
    for person in (anna, berta)[: asked.needs.people]:
        await office.yes(filed, person)
    return Case(office, site, anna, berta, await office.look(filed.id))
