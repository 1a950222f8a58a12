"""`presswarden proposal plan`: what many sites are offered, each filed as a proposal of its own. Limits: agrees to nothing, and waits for no site."""

from collections.abc import Sequence

from presswarden.identity import service as identity
from presswarden.identity.model import Permission, reach
from presswarden.kernel.errors import PresswardenError
from presswarden.reports.fleet import service as fleet
from presswarden.sites import service as sites
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import document, table
from presswarden.surfaces.planning import MOST_AT_ONCE, Outcome, Planned, Wanted, counted, plan
from presswarden.surfaces.problems import DONE, REFUSED_BY_US


class NothingOffered(PresswardenError):
    code = "update.no_offer"


class TooMany(PresswardenError):
    code = "usage.too_many"


async def plan_many(desk: Desk, names: Sequence[str], components: Sequence[str]) -> int:
    """0 when any was made or waits; refused by us when all were."""
    async with desk.database.reading(desk.org) as tx:
        if reach(desk.person, Permission.PROPOSE) == frozenset():
            await identity.require(tx, desk.person.id, Permission.PROPOSE)
        chosen = tuple([(await sites.find_site(tx, name)).id for name in names]) or None
        found = await fleet.offered(tx, desk.person, sites=chosen, components=tuple(components), most=MOST_AT_ONCE + 1)
    if not found:
        raise NothingOffered("No update is offered there.", do="Read the sites first: presswarden site read SITE wp.site.inventory.")
    if len(found) > MOST_AT_ONCE:
        raise TooMany(f"These are more than {MOST_AT_ONCE} updates.", do="Name fewer sites, or one component.")
    told = await plan(desk, desk.org, desk.person.id, [Wanted(one.site, one.component) for one in found])
    labels = {one.site: one.label for one in found}
    number = counted(told)
    if desk.json:
        print(document([_plain(one) for one in told]))
    else:
        rows = [(labels[one.site], one.component, one.outcome.value, one.proposal or one.code, one.says) for one in told]
        print(table(("SITE", "COMPONENT", "OUTCOME", "PROPOSAL OR CODE", "SAYS"), rows))
        print(f"{number[Outcome.MADE]} made, {number[Outcome.WAITS]} not yet, {number[Outcome.REFUSED]} refused. Nothing was agreed to.")
        if any(one.again for one in told):
            print("What waits for a site or a package: give the same command again in a moment.")
    return REFUSED_BY_US if number[Outcome.REFUSED] == len(told) else DONE


def _plain(one: Planned) -> dict[str, str | bool | None]:
    return {
        "site": one.site, "component": one.component, "outcome": one.outcome.value, "code": one.code, "says": one.says, "proposal": one.proposal,
        "again": one.again,
    }  # fmt: skip
