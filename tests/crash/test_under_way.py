"""kill -9 of the control plane with three calls and two heartbeats under way at once, each at another point; three times on each form.

Every call was written down before it was sent, so the process that comes after sends the same bytes again, and the site answers those it knows with what
it said before. A site counts every message up before it uses the number and keeps telling a change until the control plane says that it knows it, so what
was cut off comes with the next heartbeat. On PostgreSQL one heartbeat is cut off in the middle of its transaction: it waits for a lock, half written.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from lab.gate import Held
from lab.packages import write_plugin
from presswarden.kernel.ids import RequestId, SiteId
from presswarden.mailbox.model import RequestState
from tests.crash.plane import Plane
from tests.crash.shops import CALL, HEARTBEAT, Shop, known, pair_all, part_all, times, together, twice
from tests.crash.stalls import stalled
from tests.crash.table import Tell

pytestmark = [pytest.mark.site, pytest.mark.req("N8", "P3", "X3")]

READS = ("wp.site.get_environment", "wp.site.inventory", "wp.site.health")
POINTS = ("written down, not arrived", "arrives after the death", "answered, answer not stored")
ROUNDS = 3


@pytest.mark.parametrize(
    ("form", "dies"), [("serve", ("serve",)), pytest.param("apart", ("dispatcher", "web"), marks=pytest.mark.postgres)]
)
def test_calls_run_once_and_heartbeats_are_known_whatever_was_under_way_at_the_kill(
    form: str, dies: tuple[str, ...], rested: tuple[Shop, ...], tell: Tell, request: pytest.FixtureRequest
) -> None:
    plane: Plane = request.getfixturevalue(form)
    called, taken, untaken = rested[:3]
    offers = pair_all(plane, [called, taken, untaken], f"under-way-{form}")
    assert {done.code for done in together(Shop.beat, [taken, untaken])} == {0}
    calls: dict[str, list[str]] = {point: [] for point in POINTS}
    unknown = Counter[Shop]()
    for number in range(ROUNDS):
        for shop in (taken, untaken):
            write_plugin(shop.site.content / "plugins", f"news-{number}", "1.0")
        with calls_under_way(plane, called, offers[called].site) as (asked, held), heartbeats_under_way(plane, dies[-1], taken, untaken):
            plane.kill(*dies)
        for point, call in zip(POINTS, held, strict=True):
            calls[point].append(call.header("X-WP-Agent-ToolCallId"))
        plane.leases_end()
        plane.start(*dies)
        assert {done.code for done in together(Shop.beat, [taken, untaken])} == {0}
        for shop in (taken, untaken):
            unknown[shop] += not any(f"news-{number}" in component for component in known(plane, offers[shop]))
        assert {each.state for each in plane.settled(asked)} == {RequestState.DONE}
    ran = times([called], "wp.")
    for point, sent in calls.items():
        here = Counter({call: ran[call] for call in sent})
        lost = sum(not here[call] for call in sent)
        tell(dies[0], "call", point, times=ROUNDS, asked=ROUNDS, ran=here.total(), lost=lost, twice=twice(here))
    where = "in its transaction" if plane.on_postgres else "not read yet"
    for shop, point in ((untaken, f"not taken, {where}"), (taken, "taken, answer on its way")):
        seen = [seq for (seq,) in plane.rows(f"SELECT seq FROM telemetry_heartbeats WHERE installation = '{offers[shop].installation}'")]
        lost, again = unknown[shop], len(seen) - len(set(seen))
        tell(dies[-1], "heartbeat", point, times=ROUNDS, asked=ROUNDS, ran=ROUNDS - lost, lost=lost, twice=again)
    assert ran.total() == ROUNDS * len(READS)
    plane.nothing_open()
    plane.audit_holds()
    part_all(plane, offers)


@contextmanager
def calls_under_way(plane: Plane, shop: Shop, site: SiteId) -> Iterator[tuple[list[RequestId], list[Held]]]:
    """Three calls: one on its way, one that arrives when this is left, one whose answer is on its way."""
    with shop.gate.hold(CALL, most=len(READS)) as gate:
        asked = plane.ask(site, *READS)
        on_its_way, late, answered = gate.wait(len(READS))
        told = answered.deliver()
        assert told is not None
        assert told.status == 200
        yield asked, [on_its_way, late, answered]
        answered.drop()
        late.deliver()
        late.drop()
        on_its_way.drop()


@contextmanager
def heartbeats_under_way(plane: Plane, takes: str, taken: Shop, untaken: Shop) -> Iterator[None]:
    """Two heartbeats: the answer to one is on its way, the other has reached the process, which has not taken it."""
    with plane.gate.hold(HEARTBEAT) as gate, ThreadPoolExecutor(max_workers=3) as threads:
        commands = [threads.submit(taken.beat)]
        [first] = gate.wait(1)
        answer = first.deliver()
        assert answer is not None
        assert answer.status == 200
        commands.append(threads.submit(untaken.beat))
        second = gate.wait(2)[1]
        with not_taking(plane, takes) as reached:
            arriving = threads.submit(second.deliver)
            reached()
            yield
        assert arriving.result() is None
        first.drop()
        second.drop()
        assert [command.result().code for command in commands] == [1, 1]


@contextmanager
def not_taking(plane: Plane, takes: str) -> Iterator[Callable[[], None]]:
    """On PostgreSQL the process stops in its transaction, and `reached` waits for that. On SQLite it is stopped before it can read."""
    if plane.on_postgres:
        with stalled(plane, "telemetry_heartbeats") as somebody_waits:
            yield somebody_waits
    else:
        plane.freeze(takes)
        yield lambda: None


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
        "serve", "call", "at any moment", times=ROUNDS, asked=asked_for, ran=ran.total(), lost=lost, twice=twice(ran),
        seeds=" ".join(map(str, seeds)),
    )  # fmt: skip
    assert ran.total() == asked_for
    serve.nothing_open()
    serve.audit_holds()
    part_all(serve, offers)
