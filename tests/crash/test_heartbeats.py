"""kill -9 of what takes heartbeats, with two of them under way: one not taken yet, one taken and its answer on its way. Three times on each form.

The site counts every number up before it uses it and keeps telling a change until the control plane says that it knows it, so what was cut off comes with
the next heartbeat. On PostgreSQL the first one is cut off in the middle of its transaction: the process waits for a lock with half of it written.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import pytest

from lab.commands import Ran
from lab.gate import Answer, Held
from lab.packages import write_plugin
from tests.crash.plane import Plane
from tests.crash.shops import HEARTBEAT, Shop, known, pair_all, part_all, together
from tests.crash.stalls import stalled
from tests.crash.table import Tell

pytestmark = [pytest.mark.site, pytest.mark.req("N8", "X3")]

ROUNDS = 3


@pytest.mark.parametrize(("form", "dies"), [("serve", "serve"), pytest.param("apart", "web", marks=pytest.mark.postgres)])
def test_what_a_heartbeat_told_is_known_after_the_next_one_whenever_its_taker_was_killed(
    form: str, dies: str, rested: tuple[Shop, ...], tell: Tell, request: pytest.FixtureRequest
) -> None:
    plane: Plane = request.getfixturevalue(form)
    taken, untaken = rested[:2]
    offers = pair_all(plane, [taken, untaken], f"beats-{form}")
    for shop in offers:
        assert shop.beat().code == 0
    accepted = dict.fromkeys(offers, 1)
    lost = dict.fromkeys(offers, 0)
    for number in range(ROUNDS):
        news = f"news-{number}"
        for shop in offers:
            write_plugin(shop.site.content / "plugins", news, "1.0")
        cut_off(plane, dies, taken, untaken)
        plane.start(dies)
        for again in together(Shop.beat, list(offers)):
            assert again.code == 0, (again, plane.log(dies))
        for shop, offer in offers.items():
            accepted[shop] += 1
            lost[shop] += not any(news in component for component in known(plane, offer))
        accepted[taken] += 1
    for shop, point in ((untaken, "not taken yet"), (taken, "taken, answer on its way")):
        numbers = [seq for (seq,) in plane.rows(f"SELECT seq FROM telemetry_heartbeats WHERE installation = '{offers[shop].installation}'")]
        where = "in its transaction" if form == "apart" and shop is untaken else ""
        tell(
            dies, "heartbeat", f"{point} {where}".strip(), times=ROUNDS, asked=ROUNDS, ran=ROUNDS - lost[shop], lost=lost[shop],
            twice=len(numbers) - len(set(numbers)),
        )  # fmt: skip
        assert len(numbers) >= accepted[shop]
    plane.audit_holds()
    part_all(plane, offers)


def cut_off(plane: Plane, dies: str, taken: Shop, untaken: Shop) -> None:
    """Both heartbeats are sent; one is answered, and the answer is kept from the site; the other one is not taken when the process dies."""
    stall: AbstractContextManager[object] = nullcontext()
    with plane.gate.hold(HEARTBEAT) as gate, ThreadPoolExecutor(max_workers=4) as threads:
        commands: list[Future[Ran]] = [threads.submit(taken.beat)]
        [first] = gate.wait(1)
        answer = first.deliver()
        assert answer is not None
        assert answer.status == 200, answer
        commands.append(threads.submit(untaken.beat))
        second = gate.wait(2)[1]
        if plane.on_postgres:
            stall = stalled(plane, "telemetry_heartbeats")
        with stall as waiting:
            arriving = arrive(plane, dies, second, threads)
            if callable(waiting):
                waiting()
            plane.kill(dies)
        assert arriving.result() is None
        first.drop()
        second.drop()
        told = [command.result() for command in commands]
    assert [each.code for each in told] == [1, 1], told


def arrive(plane: Plane, dies: str, held: Held, threads: ThreadPoolExecutor) -> Future[Answer | None]:
    """The bytes reach the process; without a lock to wait for, it is stopped before it can read them."""
    if not plane.on_postgres:
        plane.freeze(dies)
    return threads.submit(held.deliver)
