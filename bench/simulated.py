"""Ten thousand heartbeats of a thousand simulated sites, taken by the whole ingest application, with the record's upkeep at the end; on SQLite and PostgreSQL.

The sites are the tests' second implementation of the wire: real keys and signatures, no WordPress and no network. Sixteen are under way at any moment, as
behind a proxy. Limits: signing happens before the clock starts; one process of web; PostgreSQL without fsync.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from functools import partial
from pathlib import Path

from bench import heartbeat
from bench.heartbeat import Rig
from presswarden.kernel.db import Database
from presswarden.kernel.sealing import Kek, new_key
from presswarden.processes.janitor import Janitor
from tests.fakes.connector import Message

SITES = 1_000
HEARTBEATS = 10_000
AT_ONCE = 16


async def measure(url: str, folder: Path) -> dict[str, float]:
    database = Database(url, pool_size=AT_ONCE)
    try:
        began = time.monotonic()
        rig = await heartbeat.rigged(database, folder, SITES)
        paired = time.monotonic() - began
        took: list[float] = []
        seconds = cpu = 0.0
        for _ in range(HEARTBEATS // SITES):  # each site once in two minutes
            messages = rig.signed(SITES)
            began, spent = time.monotonic(), time.process_time()
            await _all(rig, messages, took)
            seconds, cpu = seconds + time.monotonic() - began, cpu + time.process_time() - spent
        began = time.monotonic()
        janitor = Janitor(database, rig.clock, Kek("janitor", new_key()), "control.example", 30)
        placed = await janitor.integrate()
        kept = time.monotonic() - began
    finally:
        await database.dispose()
    took.sort()
    return {
        "sites": SITES, "heartbeats": len(took), "paired_in": paired, "seconds": seconds, "rate": len(took) / seconds,
        "cpu_ms": cpu / len(took) * 1000, "p50_ms": statistics.median(took) * 1000, "p99_ms": took[int(len(took) * 0.99)] * 1000,
        "placed": placed, "placed_in": kept, "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


async def _all(rig: Rig, messages: list[Message], took: list[float]) -> None:
    waiting = iter(messages)

    async def hand() -> None:
        for message in waiting:
            began = time.perf_counter()
            if await heartbeat.post(rig.app, message) != 200:
                raise RuntimeError("a heartbeat was refused; the figure would be worth nothing")
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(hand() for _ in range(AT_ONCE)))


def run(url: str, folder: Path) -> dict[str, float]:
    return asyncio.run(partial(measure, url, folder)())
