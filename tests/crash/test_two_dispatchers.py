"""Two dispatchers on one PostgreSQL: what one takes the other leaves alone, until the one is killed and its minute is over.

Counted by what arrived at the gates before the sites and by the oracle behind them. Here the lease is waited for as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from presswarden.kernel.ids import RequestId
from presswarden.mailbox.model import LEASE, RequestState
from tests.crash.plane import Offer, Plane
from tests.crash.shops import CALL, Shop, pair_all, part_all, times, twice
from tests.crash.table import Tell

pytestmark = [pytest.mark.site, pytest.mark.postgres, pytest.mark.req("N8", "P3")]

READS = ("wp.site.get_environment", "wp.site.health")
REQUESTS = 60


@pytest.fixture
def two(apart: Plane) -> Iterator[Plane]:
    apart.start("dispatcher-2")
    yield apart
    apart.kill("dispatcher-2")


def ask(plane: Plane, offers: dict[Shop, Offer]) -> list[RequestId]:
    """Sixty requests, as many for each site."""
    of_each = REQUESTS // len(READS) // len(offers)
    return [request for offer in offers.values() for request in plane.ask(offer.site, *READS * of_each)]


def test_two_dispatchers_send_none_of_sixty_requests_twice(two: Plane, rested: tuple[Shop, ...], tell: Tell) -> None:
    shops = rested[:3]
    offers = pair_all(two, shops, "two")
    asked = ask(two, offers)
    found = two.settled(asked)
    arrived = Counter(call.header("X-WP-Agent-ToolCallId") for shop in shops for call in shop.gate.calls())
    ran = times(shops, "wp.")
    lost = sum(each.state is not RequestState.DONE for each in found)
    tell("nobody", "call", "two dispatchers", times=0, asked=len(asked), ran=ran.total(), lost=lost, twice=twice(ran))
    assert all(arrived[call] == 1 for call in ran), "sent once, not only run once"
    assert ran.total() == REQUESTS
    part_all(two, offers)


def test_the_other_dispatcher_finishes_what_a_killed_one_had_taken(two: Plane, rested: tuple[Shop, ...], tell: Tell) -> None:
    """Each holds four calls of the first site when one is killed; nothing of them arrived."""
    shops = rested[:3]
    offers = pair_all(two, shops, "one-of-two")
    with shops[0].gate.hold(CALL, most=8) as gate:
        asked = ask(two, offers)
        held = gate.wait(8)
        two.kill("dispatcher")
        for each in held:
            each.drop()
    found = two.settled(asked, seconds=LEASE.total_seconds() + 90)
    ran = times(shops, "wp.")
    lost = sum(each.state is not RequestState.DONE for each in found)
    tell("dispatcher", "call", "of two, half way", times=1, asked=len(asked), ran=ran.total(), lost=lost, twice=twice(ran))
    assert {each.header("X-WP-Agent-ToolCallId") for each in held} <= set(ran)
    assert ran.total() == REQUESTS
    two.start("dispatcher")
    two.nothing_open()
    two.audit_holds()
    part_all(two, offers)
