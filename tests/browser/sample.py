"""A small agency to look at: 130 sites with names, versions, offers, incidents, clients and tags. Limits: nothing answers at these addresses."""

from presswarden.mailbox.batches import service as batches
from tests.console.rig import House
from tests.support.fleet import make_fleet


async def fill(house: House) -> None:
    now = house.clock.now()
    sites = await make_fleet(house.database, house.org, 130, now)
    async with house.transaction() as tx:
        await batches.read_many(tx, sites[:12], "wp.site.inventory", by=house.owner.id, now=now)
