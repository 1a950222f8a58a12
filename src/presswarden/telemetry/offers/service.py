"""Verbs of offers: note what an inventory offers, and tell what a site is offered and since when.

The first day is the one on which this site's own report first named exactly that version: waits of the policy count from it. An offer that vanishes for a
while (WordPress forgets all of them at each update and asks anew) keeps its first day until the retention. Limits: a site may lie about what it is offered;
what is installed is compared by hash and version when it is done.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from presswarden.kernel.db import Tx
from presswarden.kernel.ids import SiteId
from presswarden.telemetry.model import Components, Inventory
from presswarden.telemetry.offers import store
from presswarden.telemetry.offers.model import MOST_OFFERS, Named, Offer, Wanted, named

MOST_WANTED = 5_000


async def seen(tx: Tx, site: SiteId, components: Components, now: datetime) -> None:
    """A changed inventory came in: what is new in it starts its days, what is not in it any more is gone."""
    offered: dict[tuple[str, str], Named] = {(each.component, each.version): each for each in named(components)}
    known = await store.standing(tx.org, tx, site)
    fresh = [each for key, each in offered.items() if key not in known or known[key][1] != each.url]
    await store.put(tx.org, tx, site, fresh, now)
    past = known.keys() - offered.keys()
    if past:
        await store.gone(tx.org, tx, site, sorted(past), now)
        await store.drop_gone_beyond(tx.org, tx, site, MOST_OFFERS)


async def offers(tx: Tx, inventory: Inventory | None) -> Mapping[str, Offer]:
    """What the site of this inventory is offered now, by component. Empty without an inventory."""
    if inventory is None:
        return MappingProxyType({})
    known = await store.standing(tx.org, tx, inventory.site)
    # An inventory that was taken before offers were written down has shown it at least since then.
    return MappingProxyType(
        {
            each.component: Offer(each, known.get((each.component, each.version), (inventory.taken_at, ""))[0])
            for each in named(inventory.components)
        }
    )


async def wanted(tx: Tx) -> tuple[Wanted, ...]:
    """Every package that some site of the organisation is offered and tells the address of; at most 5,000."""
    return await store.wanted(tx.org, tx, MOST_WANTED)


async def expire(tx: Tx, horizon: datetime) -> None:
    await store.expire(tx.org, tx, horizon)
