"""Two dispatchers on one PostgreSQL: what one takes the other leaves alone, until the one is killed and its minute is over.

Counted by what arrived at the gates before the sites and by the oracle behind them. That the minute ends by itself is shown in `tests/stages/dispatch`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from presswarden.dispatch.service import PER_SITE
from presswarden.kernel.ids import RequestId
from presswarden.mailbox.model import RequestState
from tests.crash.plane import Offer, Plane
from tests.crash.shops import CALL, Shop, pair_all, part_all, times, twice
from tests.crash.table import Tell
from tests.crash.waiting import until

pytestmark = [pytest.mark.site, pytest.mark.postgres, pytest.mark.req("N8", "P3")]

READS = ("wp.site.get_environment", "wp.site.health")
REQUESTS = 60


@pytest.fixture
def two(apart: Plane) -> Iterator[Plane]:
    apart.start("dispatcher-2")
    yield apart
    apart.kill("dispatcher-2")


def ask(plane: Plane, offers: dict[Shop, Offer]) -> dict[Shop, list[RequestId]]:
    """Sixty requests, as many for each site."""
    of_each = REQUESTS // len(READS) // len(offers)
    return {shop: plane.ask(offer.site, *READS * of_each) for shop, offer in offers.items()}


def all_of(asked: dict[Shop, list[RequestId]]) -> list[RequestId]:
    return [request for each in asked.values() for request in each]


def test_two_dispatchers_send_none_of_sixty_requests_twice(two: Plane, rested: tuple[Shop, ...], tell: Tell) -> None:
    shops = rested[:3]
    offers = pair_all(two, shops, "two")
    asked = all_of(ask(two, offers))
    found = two.settled(asked)
    arrived = Counter(call.header("X-WP-Agent-ToolCallId") for shop in shops for call in shop.gate.calls())
    ran = times(shops, "wp.")
    lost = sum(each.state is not RequestState.DONE for each in found)
    tell("nobody", "call", "two dispatchers", times=0, asked=len(asked), ran=ran.total(), lost=lost, twice=twice(ran))
    assert all(arrived[call] == 1 for call in ran), "sent once, not only run once"
    assert ran.total() == REQUESTS
    part_all(two, offers)


def test_the_other_dispatcher_finishes_what_a_killed_one_had_taken(two: Plane, rested: tuple[Shop, ...], tell: Tell) -> None:
    """Each holds four calls of the first site when one is killed; the two other sites are served. Until its minute is over nobody touches what it held."""
    shops = rested[:3]
    offers = pair_all(two, shops, "one-of-two")
    with shops[0].gate.hold(CALL, most=2 * PER_SITE) as gate:
        by_shop = ask(two, offers)
        asked = all_of(by_shop)
        two.settled(by_shop[shops[1]] + by_shop[shops[2]])
        held = {each.header("X-WP-Agent-ToolCallId"): each for each in gate.wait(2 * PER_SITE)}
        two.kill("dispatcher")
        for each in held.values():
            each.drop()
    until(lambda: len(two.still_open(asked)) <= PER_SITE, "the other one finishes its own")
    left = two.still_open(asked)
    assert len(left) == PER_SITE
    assert all(each.state is RequestState.SENT for each in left)
    assert len(set(held) & set(shops[0].ran())) == PER_SITE
    two.leases_end()
    found = two.settled(asked)
    ran = times(shops, "wp.")
    lost = sum(each.state is not RequestState.DONE for each in found)
    tell("dispatcher", "call", "of two, half way", times=1, asked=len(asked), ran=ran.total(), lost=lost, twice=twice(ran))
    assert set(held) <= set(ran), "the same calls, by the other one"
    assert ran.total() == REQUESTS
    two.start("dispatcher")
    two.nothing_open()
    two.audit_holds()
    part_all(two, offers)
