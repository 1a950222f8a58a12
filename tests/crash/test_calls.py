"""kill -9 of the process that sends, with three calls under way at once: one on its way, one that arrives after the death, one whose answer is on its way.

`serve` on SQLite, the dispatcher alone on PostgreSQL; three times each. Every call was written down before it was sent, so the process that comes after
sends the same bytes again, and the site answers those it knows with what it said before.
"""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest

from presswarden.mailbox.model import RequestState
from tests.crash.plane import Plane
from tests.crash.shops import CALL, Shop, pair_all, part_all, times, twice
from tests.crash.table import Tell

pytestmark = [pytest.mark.site, pytest.mark.req("N8", "P3")]

READS = ("wp.site.get_environment", "wp.site.inventory", "wp.site.health")
POINTS = ("written down, not arrived", "arrives after the death", "answered, answer not stored")
ROUNDS = 3


@pytest.mark.parametrize(("form", "dies"), [("serve", "serve"), pytest.param("apart", "dispatcher", marks=pytest.mark.postgres)])
def test_calls_under_way_when_the_sender_is_killed_run_exactly_once(
    form: str, dies: str, rested: tuple[Shop, ...], tell: Tell, request: pytest.FixtureRequest
) -> None:
    plane: Plane = request.getfixturevalue(form)
    shop = rested[0]
    offers = pair_all(plane, [shop], f"calls-{form}")
    calls: dict[str, list[str]] = {point: [] for point in POINTS}
    for _ in range(ROUNDS):
        with shop.gate.hold(CALL, most=len(READS)) as gate:
            asked = plane.ask(offers[shop].site, *READS)
            under_way = gate.wait(len(READS))
            on_its_way, late, answered = under_way
            answered.deliver()
            plane.kill(dies)
            answered.drop()
            late.deliver()
            late.drop()
            on_its_way.drop()
        for point, held in zip(POINTS, under_way, strict=True):
            calls[point].append(held.header("X-WP-Agent-ToolCallId"))
        plane.leases_end()
        plane.start(dies)
        for each in plane.settled(asked):
            assert each.state is RequestState.DONE, each
    ran = times([shop], "wp.")
    for point, sent in calls.items():
        here = Counter({call: ran[call] for call in sent})
        tell(
            dies,
            "call",
            point,
            times=ROUNDS,
            asked=ROUNDS,
            ran=sum(here.values()),
            lost=sum(not here[call] for call in sent),
            twice=twice(here),
        )
    assert (len(ran), sum(ran.values())) == (ROUNDS * len(READS), ROUNDS * len(READS))
    plane.nothing_open()
    plane.audit_holds()
    part_all(plane, offers)


def test_calls_run_exactly_once_whenever_serve_is_killed(serve: Plane, rested: tuple[Shop, ...], tell: Tell) -> None:
    shops = rested[:2]
    offers = pair_all(serve, shops, "random")
    asked_for, lost, seeds = 0, 0, [random.randrange(10_000) for _ in range(ROUNDS)]
    print(f"seeds {seeds}")
    for seed in seeds:
        asked = [request for shop in shops for request in serve.ask(offers[shop].site, *READS, *READS[:2])]
        threading.Event().wait(random.Random(seed).uniform(0.0, 1.0))
        serve.kill("serve")
        serve.leases_end()
        serve.start("serve")
        found = serve.settled(asked)
        asked_for += len(found)
        lost += sum(each.state is not RequestState.DONE for each in found)
    ran = times(shops, "wp.")
    tell(
        "serve", "call", "at any moment", times=ROUNDS, asked=asked_for, ran=sum(ran.values()), lost=lost, twice=twice(ran),
        seeds=" ".join(map(str, seeds)),
    )  # fmt: skip
    assert sum(ran.values()) == asked_for
    serve.nothing_open()
    serve.audit_holds()
    part_all(serve, offers)
