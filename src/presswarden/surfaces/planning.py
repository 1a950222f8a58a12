"""Updates of many sites at once, for whoever stands before a surface: each becomes a proposal of its own, and each site says what came of it.

Nothing is agreed to here: what a policy asks people about waits for them, one plan at a time. Limits: so many at once; one that is refused holds none of the
others up. A site that was not read lately is read first, and asked for again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from presswarden.approvals.wanting import BeingFetched, UpdateStands, want_update
from presswarden.gate import service as gate
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone, Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import Everyone, OrgId, PersonId, ProposalId, SiteId
from presswarden.kernel.wake import Wake
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.proposals import service as proposals
from presswarden.proposals.packages import service as packages
from presswarden.reports.pulse import service as pulse

MOST_AT_ONCE: Final = 200
"""Updates. What more match is said, so that a list is narrowed and not cut."""


class Outcome(StrEnum):
    MADE = "made"
    WAITS = "waits"
    """For the site, for its package, or for the people who are at the same update already: nothing new was filed."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Wanted:
    site: SiteId
    component: str


@dataclass(frozen=True, slots=True)
class Planned:
    site: SiteId
    component: str
    outcome: Outcome
    code: str
    """Stable; "" for what was made."""
    says: str
    proposal: ProposalId | None = None
    """The one that was made, or the one that stands."""
    again: bool = False
    """What it waits for passes by itself, and then it is to be asked for again."""


class Place(Protocol):
    """What a surface works at, as far as this needs it."""

    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def wake(self) -> Wake: ...
    @property
    def everyone(self) -> Everyone: ...


async def plan(place: Place, org: OrgId, person: PersonId, wanted: Sequence[Wanted]) -> tuple[Planned, ...]:
    """File each of them in a transaction of its own, in the order given, and ring whoever goes on with it. Beyond `MOST_AT_ONCE` nothing is looked at."""
    async with place.database.reading(place.everyone) as tx:
        fetches = await pulse.fetches(place.everyone, tx, place.clock.now())
    told = [await _told(place, org, person, one, fetches=fetches) for one in tuple(dict.fromkeys(wanted))[:MOST_AT_ONCE]]
    codes = {one.code for one in told}
    if "update.being_read" in codes:
        await place.wake.ring(mailbox.DISPATCH)
    if "update.fetching" in codes:
        await place.wake.ring(packages.COURIER)
    if any(one.outcome is Outcome.MADE for one in told):
        await place.wake.ring(proposals.RELEASE)
    return tuple(told)


async def _told(place: Place, org: OrgId, person: PersonId, one: Wanted, *, fetches: bool) -> Planned:
    try:
        async with place.database.transaction(org) as tx:
            return await _one(tx, person, one, fetches=fetches, now=place.clock.now())
    except UpdateStands as stands:
        return Planned(one.site, one.component, Outcome.WAITS, stands.code, stands.says, stands.standing)
    except BeingFetched as fetching:
        return Planned(one.site, one.component, Outcome.WAITS, fetching.code, fetching.says, again=True)
    except DatabaseGone:
        raise
    except PresswardenError as fault:
        return Planned(one.site, one.component, Outcome.REFUSED, fault.code, fault.says)


async def _one(tx: Tx, person: PersonId, wanted: Wanted, *, fetches: bool, now: datetime) -> Planned:
    site, component = wanted.site, wanted.component
    await identity.require(tx, person, Permission.PROPOSE, site=site)
    await gate.require_running(tx, (site,), now=now)
    due = await wishes.due_reads(tx, site, now=now)
    if due:
        asked = {each.tool for each in await mailbox.requests(tx, site) if not each.is_settled}
        for tool in due:
            if tool not in asked:
                await wishes.read(tx, site, tool, by=person, now=now)
        says = "The site is read first: a plan is made from what is there now."
        return Planned(site, component, Outcome.WAITS, "update.being_read", says, again=True)
    filed, decision = await want_update(tx, site, component, by=person, fetches=fetches, now=now)
    return Planned(site, component, Outcome.MADE, "", _goes_on(decision.needs.people), filed.id)


def _goes_on(people: int) -> str:
    if not people:
        return "The policy asks nobody: it goes on by itself once nothing holds it."
    return f"It waits for {'one yes' if people == 1 else f'{people} people'}."


def counted(told: Sequence[Planned]) -> Mapping[Outcome, int]:
    return {outcome: sum(one.outcome is outcome for one in told) for outcome in Outcome}
