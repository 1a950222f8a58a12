"""kill -9 of what puts entries into the audit's tree: before a place was written, after the places and before the checkpoint, before the queue is emptied.

Each three times, on PostgreSQL by a lock the janitor waits for in the middle of its transaction, on SQLite between two batches of a long queue and at any
moment. Afterwards there is no gap, no entry has two places, and what was signed before the death is a beginning of what is signed after it.
"""

from __future__ import annotations

import random
import threading

import pytest

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import new_id
from tests.crash.plane import Plane
from tests.crash.stalls import stalled
from tests.crash.table import Tell
from tests.crash.waiting import until

pytestmark = [pytest.mark.req("N8", "N9", "W19")]

ROUNDS = 3
MANY = 2_500
"""Three batches."""


def record(plane: Plane, count: int) -> None:
    async def add(tx: Tx) -> None:
        entries = [Entry("crash.told", Actor("process", "test"), "org", new_id(), {"number": number}) for number in range(count)]
        await audit.record_many(tx, entries, now=plane.now())

    plane.write(add)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("table", "point"),
    [
        ("audit_leaves", "before the first place"),
        ("audit_checkpoints", "after the places, unsigned"),
        ("audit_queue", "signed, still in the queue"),
    ],
)
def test_the_record_has_no_gap_and_no_entry_twice_when_the_janitor_is_killed(apart: Plane, tell: Tell, table: str, point: str) -> None:
    before = apart.audit_holds()
    recorded = 0
    for number in range(1, ROUNDS + 1):
        until(lambda: apart.rows("SELECT event FROM audit_queue") == [], "the janitor is at rest")
        apart.freeze("janitor")
        record(apart, number)
        recorded += number
        signed = newest(apart)
        with stalled(apart, table) as somebody_waits:
            apart.thaw("janitor")
            somebody_waits()
            apart.kill("janitor")
        assert newest(apart) == signed, "nothing of a batch that was cut off stays"
        apart.start("janitor")
    told(apart, tell, "janitor", point, before, recorded)


def test_the_record_has_no_gap_and_no_entry_twice_when_serve_is_killed_between_batches(serve: Plane, tell: Tell) -> None:
    before = serve.audit_holds()
    signed = before
    for _ in range(ROUNDS):
        record(serve, MANY)
        until(lambda signed=signed: newest(serve) > signed, "a batch is signed", pause=0.001)
        serve.kill("serve")
        signed = newest(serve)
        assert serve.rows("SELECT event FROM audit_queue LIMIT 1"), "more was waiting"
        serve.keep_checkpoint()
        serve.start("serve")
    told(serve, tell, "serve", "between batches", before, ROUNDS * MANY)


def test_the_record_has_no_gap_and_no_entry_twice_whenever_serve_is_killed(serve: Plane, tell: Tell) -> None:
    before, seeds = serve.audit_holds(), [random.randrange(10_000) for _ in range(ROUNDS)]
    print(f"seeds {seeds}")
    for seed in seeds:
        record(serve, MANY)
        threading.Event().wait(random.Random(seed).uniform(0.0, 2.0))
        serve.kill("serve")
        serve.keep_checkpoint()
        serve.start("serve")
    told(serve, tell, "serve", "at any moment", before, ROUNDS * MANY, " ".join(map(str, seeds)))


def newest(plane: Plane) -> int:
    """The size that was signed last."""
    return int(plane.rows("SELECT MAX(size) FROM audit_checkpoints")[0][0])


def told(plane: Plane, tell: Tell, dies: str, point: str, before: int, recorded: int, seeds: str = "") -> None:
    placed = plane.audit_holds() - before
    tell(
        dies,
        "integration",
        point,
        times=ROUNDS,
        asked=recorded,
        ran=placed,
        lost=recorded - placed,
        twice=plane.places_twice(),
        seeds=seeds,
    )
