"""Appending to the record against a plain insert of the same row, interleaved in one run, on SQLite and PostgreSQL.

The plain row holds the same columns in one table with the same key; the record writes event, payload and queue, commits to the payload and refuses secrets.
Prints rates and the ratio of each round and their median; exit 1 when a median is below the bar. Limits: one writer, this machine's disk.

    python -m bench.audit [--seconds 2] [--rounds 5] [--durable]
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, String, Table, insert

from presswarden.audit import service
from presswarden.audit.model import Actor, Entry, Sealed, seal
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EventId, OrgId, new_id
from presswarden.kernel.sealing import Kek, new_key
from presswarden.migrations.runner import upgrade
from presswarden.processes.janitor import integrate_all
from tests.support.postgres import cluster

BAR = 0.5
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAYLOAD: dict[str, Json] = {
    "reason": "an update is waiting",
    "plugin": "akismet/akismet.php",
    "from": "5.3",
    "to": "5.3.1",
    "sites": [1, 2, 3],
    "ok": True,
}
PLAIN = Table(
    "bench_plain",
    MetaData(),
    Column("org", String(36), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("kind", String(64), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("correlation", String(64), nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
_INSERT = insert(PLAIN)
_SAMPLE = seal(
    Entry("site.paired", Actor("process", "dispatcher"), "site:1", new_id(), PAYLOAD), event=EventId(new_id()), salt=b"s" * 32, at=NOW
)
Write = Callable[[Database, OrgId, int], Awaitable[None]]


async def _record(database: Database, org: OrgId, together: int) -> None:
    async with database.transaction(org) as tx:
        for _ in range(together):
            entry = Entry("site.paired", Actor("process", "dispatcher"), "site:1", new_id(), PAYLOAD)
            await service.record(tx, entry, now=NOW)


async def _insert(database: Database, org: OrgId, together: int) -> None:
    async with database.transaction(org) as tx:
        for _ in range(together):
            connection = await tx.connection()
            await connection.execute(_INSERT, _plain(org, _SAMPLE))


def _plain(org: OrgId, one: Sealed) -> dict[str, object]:
    at = one.at if _plain_aware else one.at.replace(tzinfo=None)
    return {"org": org, "id": new_id(), "at": at, "kind": one.entry.kind, "actor_kind": one.entry.actor.kind, "actor_id": one.entry.actor.id,
            "subject": one.entry.subject, "correlation": one.entry.correlation, "leaf": one.leaf, "leaf_hash": one.leaf_hash,
            "salt": one.salt, "document": json.dumps(PAYLOAD).encode()}  # fmt: skip


_plain_aware = True


async def _round(database: Database, org: OrgId, together: int, seconds: float) -> dict[Write, float]:
    """Rates of both, turn by turn: whatever else the machine does, it does to both."""
    spent, turns = {_insert: 0.0, _record: 0.0}, 0
    while sum(spent.values()) < 2 * seconds:
        for write in (_insert, _record) if turns % 2 else (_record, _insert):
            start = time.perf_counter()
            await write(database, org, together)
            spent[write] += time.perf_counter() - start
        turns += 1
    return {write: turns * together / taken for write, taken in spent.items()}


async def measure(name: str, url: str, seconds: float, rounds: int) -> list[float]:
    """Medians of the ratio record / plain: one entry in each transaction, then 20."""
    global _plain_aware
    database, org, medians = Database(url), OrgId(new_id()), []
    _plain_aware = not database.is_sqlite
    try:
        await upgrade(database)
        async with database.engine.begin() as connection:
            await connection.run_sync(PLAIN.metadata.create_all)
        await _round(database, org, 200, 0.1)
        async with database.transaction(org) as tx:
            # What autovacuum does within a minute of a new table's life.
            await (await tx.connection()).exec_driver_sql("ANALYZE")
        for together in (1, 20):
            ratios = []
            for _ in range(rounds):
                rates = await _round(database, org, together, seconds)
                ratios.append(rates[_record] / rates[_insert])
                print(
                    f"{name:10} {together:2} a transaction: plain {rates[_insert]:7.0f}/s  record {rates[_record]:7.0f}/s  {ratios[-1]:.2f}"
                )
            medians.append(statistics.median(ratios))
            print(f"{name:10} {together:2} a transaction: median ratio {medians[-1]:.2f} (bar {BAR})")
        start, kek = time.perf_counter(), Kek("janitor", new_key())
        placed = 0
        while more := await integrate_all(database, kek, log_host="bench.test", now=NOW):
            placed += more
        print(f"{name:10} integrated {placed} entries at {placed / (time.perf_counter() - start):.0f}/s")
    finally:
        await database.dispose()
    return medians


async def _everything(seconds: float, rounds: int, durable: bool) -> list[float]:
    medians = []
    with tempfile.TemporaryDirectory() as folder:
        medians += await measure("sqlite", f"sqlite:///{Path(folder) / 'bench.sqlite'}", seconds, rounds)
    with cluster() as server:
        connection = await asyncpg.connect(f"{server}/postgres")
        await connection.execute("CREATE DATABASE bench")
        if durable:
            await connection.execute("ALTER SYSTEM SET fsync = on")
            await connection.execute("SELECT pg_reload_conf()")
        print(f"postgres   fsync {'on' if durable else 'off'}")
        await connection.close()
        medians += await measure("postgres", f"{server}/bench", seconds, rounds)
    return medians


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--durable", action="store_true", help="PostgreSQL with fsync on, as in production")
    given = parser.parse_args()
    medians = asyncio.run(_everything(given.seconds, given.rounds, given.durable))
    return 0 if min(medians) >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
