"""Proposals, a change under way and incidents to look at and to answer, with hostile text in every place where a site or a person may put one."""

from dataclasses import dataclass
from typing import cast

from presswarden.approvals import consent
from presswarden.approvals.model import SignedIn
from presswarden.identity.model import Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import ChangeId, IncidentId
from presswarden.proposals.model import Proposal
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from tests.console.rig import House
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import ANALYST, Office

HOSTILE = '<img src=x onerror=alert(1)><b hx-get="/x">\u202egnp\u200b"\'>'


@dataclass(frozen=True)
class Desk:
    medium: Proposal
    high: Proposal
    recommended: Proposal
    change: ChangeId
    over: ChangeId
    incident: IncidentId


def office_of(house: House) -> Office:
    return Office(house.database, cast(FrozenClock, house.clock), house.org, house.owner.id)


async def fill(house: House) -> Desk:
    office, operator = office_of(house), house.people[Role.OPERATOR].id
    shop, blog, news, club = [await office.site(label) for label in ("shop", "blog", f"news {HOSTILE}", "club")]
    medium, _ = await office.submit(office.item(shop), by=operator, title=f"Update Tiny 1.0.0 to 1.0.1 on shop {HOSTILE}")
    high, _ = await office.submit(office.item(blog, package=""), by=operator, title="Update Tiny 1.0.0 to 1.0.1 on blog")
    recommended, _ = await office.submit(office.item(news), by=ANALYST, confidence=0.819, title="Update Tiny 1.0.0 to 1.0.1 on news")
    changes = []
    for at in (news, club):
        filed, _ = await office.submit(office.item(at), by=operator, title=f"Update Tiny on {at.home}")
        async with house.transaction() as tx:
            await consent.say_yes(
                tx, filed.id, house.people[Role.APPROVER].id, digest=filed.plan.digest, evidence=SignedIn("passkey", house.clock.now()),
                release=rollouts.release, now=house.clock.now(), reason="I read the changelog.", read_seconds=42,
            )  # fmt: skip
            (change,) = await rollouts.changes(tx, proposal=filed.id)
            await rollouts.begin(tx, change, now=house.clock.now())
            for step in ("snapshot", "verify", "act", "check"):
                await rollouts.note(
                    tx, change.id, step, says=HOSTILE if step == "act" else "", seen={"version": "1.0.1"}, now=house.clock.now()
                )
        changes.append(change.id)
    async with house.transaction() as tx:
        says = f"The home page answers 500. {HOSTILE}"
        seen = {"pages": HOSTILE, "version": "1.0.0"}
        await rollouts.end(tx, changes[1], Result.ROLLED_BACK, code="page.status", says=says, seen=seen, now=house.clock.now())
        incident = await incidents.raise_signal(tx, SignalKind.CLONE, shop.site, {"url": HOSTILE}, house.clock.now())
    return Desk(medium, high, recommended, changes[0], changes[1], incident)
