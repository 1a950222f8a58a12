"""A house whose organisation has paired sites, offers for them, and proposals to answer. Limits: no site answers."""

import re

import httpx

from presswarden.identity.model import Person, Role
from presswarden.proposals.model import Proposal, ProposalState
from tests.console.rig import Browser, House
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import Office, Paired


def office_of(house: House) -> Office:
    """The same organisation, with the verbs of the stage tests."""
    assert isinstance(house.clock, FrozenClock)
    return Office(house.database, house.clock, house.org, house.owner.id)


async def proposed(house: House, label: str = "shop", *, by: Role = Role.OPERATOR, **more: object) -> Proposal:
    """A medium-risk update that the operator asks for; `package=""` makes it high."""
    office = office_of(house)
    filed, _ = await office.submit(office.item(await office.site(label), **more), by=house.people[by].id)
    return filed


async def critical(house: House, label: str = "core") -> Proposal:
    office = office_of(house)
    filed, _ = await office.submit(office.core(await office.site(label)), by=house.people[Role.OPERATOR].id)
    return filed


async def recommended(house: House, label: str = "rec", confidence: float = 0.9) -> Proposal:
    from tests.stages.approvals.office import ANALYST

    office = office_of(house)
    filed, _ = await office.submit(office.item(await office.site(label)), by=ANALYST, confidence=confidence)
    return filed


async def paired(house: House, label: str) -> Paired:
    return await office_of(house).site(label)


async def state_of(house: House, proposal: Proposal) -> ProposalState:
    return (await office_of(house).look(proposal.id)).state


async def answer(browser: Browser, proposal: Proposal, action: str, **more: str) -> httpx.Response:
    form = {"action": action, "digest": proposal.plan.digest, **more}
    return await browser.post(f"/proposals/{proposal.id}/decision", form)


def said(answer: httpx.Response) -> str:
    """What the page says of an answer that was not taken."""
    found = re.search(r'class="errs".*?</div>', answer.text, re.DOTALL)
    return "" if found is None else " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


async def alone(house: House) -> Person:
    """Leave the owner as the only one who may approve, and let a day pass."""
    from presswarden.identity import service as identity

    async with house.transaction() as tx:
        for role in (Role.ADMIN, Role.APPROVER):
            await identity.remove_person(tx, house.people[role].id, by=house.owner.id, now=house.clock.now())
    assert isinstance(house.clock, FrozenClock)
    house.clock.advance(hours=25)
    return house.owner
