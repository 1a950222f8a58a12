"""The verb of the roll: note what an inventory says. Limits: called when an inventory changed, so an unchanged site costs nothing."""

from presswarden.kernel.db import Tx
from presswarden.kernel.ids import SiteId
from presswarden.telemetry.model import Components
from presswarden.telemetry.roll import store
from presswarden.telemetry.roll.model import roll_of, running


async def seen(tx: Tx, site: SiteId, components: Components) -> None:
    found, known = running(components), await store.components(tx.org, tx, site)
    await store.put_roll(tx.org, tx, site, roll_of(components))
    await store.put_components(tx.org, tx, site, [one for key, one in found.items() if known.get(key) != one])
    gone = known.keys() - found.keys()
    if gone:
        await store.drop_components(tx.org, tx, site, sorted(gone))


async def expire(tx: Tx) -> None:
    await store.expire(tx.org, tx)
