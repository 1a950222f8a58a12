"""Appending to the record against a plain insert of the same row, interleaved in one run, on SQLite and PostgreSQL.

The plain row holds the same columns in one table with the same key; the record writes event, payload and queue, commits to the payload and refuses secrets.
Limits: one writer, this machine's disk; PostgreSQL without fsync, where the record has to win the most.
"""

import json
import time
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, String, Table, insert

from bench.figures import Bar, Figure, in_turns
from presswarden.audit import service
from presswarden.audit.model import Actor, Entry, Sealed, seal
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EventId, OrgId, new_id
from presswarden.kernel.sealing import Kek, new_key
from presswarden.migrations.runner import upgrade
from presswarden.processes.janitor import integrate_all

BAR = Bar(0.5, at_most=False)
TURNS = {1: 300, 20: 60}
"""How many turns for so many entries in one transaction."""
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
    return {"org": org, "id": new_id(), "at": one.at, "kind": one.entry.kind, "actor_kind": one.entry.actor.kind, "actor_id": one.entry.actor.id,
            "subject": one.entry.subject, "correlation": one.entry.correlation, "leaf": one.leaf, "leaf_hash": one.leaf_hash,
            "salt": one.salt, "document": json.dumps(PAYLOAD).encode()}  # fmt: skip


async def measure(name: str, url: str) -> list[Figure]:
    database, org = Database(url), OrgId(new_id())
    try:
        await upgrade(database)
        async with database.engine.begin() as connection:
            await connection.run_sync(PLAIN.metadata.create_all)
        await in_turns(partial(_insert, database, org, 200), partial(_record, database, org, 200), count=2, warm=0)
        async with database.transaction(org) as tx:
            # What autovacuum does within a minute of a new table's life.
            await (await tx.connection()).exec_driver_sql("ANALYZE")
        told = []
        for together, count in TURNS.items():
            turns = await in_turns(
                partial(_insert, database, org, together), partial(_record, database, org, together), count=count, warm=5
            )
            plain, mine = (together * 1000 / usual for usual in turns.usual)
            told.append(
                Figure(f"audit append, {together} in a transaction, {name}", f"{mine:.0f}/s; plain insert {plain:.0f}/s", turns.pace, BAR)
            )
        start, kek, placed = time.perf_counter(), Kek("janitor", new_key()), 0
        while more := await integrate_all(database, kek, log_host="bench.test", now=NOW):
            placed += more
        told.append(Figure(f"audit integration, {name}", f"{placed / (time.perf_counter() - start):.0f} entries/s"))
    finally:
        await database.dispose()
    return told
