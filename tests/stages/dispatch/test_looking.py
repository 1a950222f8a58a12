"""A look from outside goes to the site's own pages where it has some, else to those of the settings; always to its home page."""

import pytest

from presswarden.audit.model import Actor
from presswarden.dispatch.lane import Bench
from presswarden.dispatch.looking import Looking
from presswarden.dispatch.model import Page, Visit
from presswarden.dispatch.signing import sign
from presswarden.gate.permit import Permit
from presswarden.kernel.ids import CorrelationId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.sites import service as sites
from tests.stages.dispatch.conftest import Room

pytestmark = pytest.mark.req("N6")


class Eyes:
    """A wire that only tells where it was sent."""

    def __init__(self) -> None:
        self.went: list[tuple[str, ...]] = []

    async def look(self, visit: Visit, permit: Permit) -> tuple[Page, ...]:
        _ = permit
        self.went.append(visit.paths)
        return ()


async def test_a_sites_own_pages_come_before_those_of_the_settings(room: Room) -> None:
    eyes = Eyes()
    looking = Looking(room.database, room.clock, Bench(Kek("dispatcher", b"d" * 32), sign, lambda: None), eyes, ("", "/set/"))  # type: ignore[arg-type]  # it only looks
    for urls in (None, ["/cart/", "/contact/"], []):
        async with room.database.transaction(room.org) as tx:
            await sites.set_health_pages(tx, room.site_id, urls, by=Actor("person", room.person), now=room.clock.now())
        await looking.pages(room.org, room.site_id, room.installation, None, CorrelationId(new_id()))
    assert eyes.went == [("", "/set/"), ("", "/cart/", "/contact/"), ("",)]
