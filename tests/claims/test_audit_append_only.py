"""Claim: what stands in the record neither changes nor goes by any statement; only payloads can be deleted, and then the rest still verifies.

Limits: tamper-evident, not untouchable. Who owns the database can drop a trigger; the tree and the checkpoints kept elsewhere are for that.
"""

import pytest
from sqlalchemy.exc import DBAPIError

from presswarden.audit import service
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.kernel.sealing import Kek, new_key
from tests.fakes.clock import FrozenClock

TABLES = {
    "audit_events": ("org, id, at, kind, actor_kind, actor_id, subject, correlation, leaf, leaf_hash", "kind", "org, id"),
    "audit_leaves": ("org, position, event, leaf_hash", "event", "org, position"),
    "audit_nodes": ("org, level, position, node_hash", "node_hash", "org, level, position"),
    "audit_logs": ("org, origin, public, sealed_seed, made_at", "origin", "org"),
    "audit_checkpoints": ("org, size, at, root, text", "text", "org, size"),
}


@pytest.fixture
async def recorded(database: Database, org: OrgId, frozen: FrozenClock) -> Database:
    """300 entries in the tree: every append-only table has a row."""
    async with database.transaction(org) as tx:
        entries = [Entry("site.paired", Actor("process", "dispatcher"), f"site:{n}", f"run-{n}", {"n": n}) for n in range(300)]
        await service.record_many(tx, entries, now=frozen.now())
    async with database.transaction(org) as tx:
        assert await service.integrate(tx, Kek("janitor", new_key()), log_host="log.test", now=frozen.now()) == 300
    return database


async def _rows(database: Database, org: OrgId, table: str) -> list[tuple[object, ...]]:
    async with database.reading(org) as tx:
        return [tuple(row) for row in await (await tx.connection()).exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]


async def _refused(database: Database, org: OrgId, *statements: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction(org) as tx:
            connection = await tx.connection()
            for statement in statements:
                await connection.exec_driver_sql(statement)


@pytest.mark.req("W19", "N9")
@pytest.mark.parametrize("table", TABLES)
async def test_no_row_is_changed_deleted_or_written_over(recorded: Database, org: OrgId, table: str) -> None:
    columns, changed, key = TABLES[table]
    before = await _rows(recorded, org, table)
    assert before
    again = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE true LIMIT 1"
    attacks = [
        f"UPDATE {table} SET {changed} = {changed}",
        f"DELETE FROM {table}",
        f"{again} ON CONFLICT ({key}) DO UPDATE SET {changed} = excluded.{changed}",
    ]
    if recorded.is_sqlite:
        replace = again.replace("INSERT", "INSERT OR REPLACE", 1)
        attacks += [f"UPDATE OR REPLACE {table} SET {changed} = {changed}", replace, again.replace("INSERT", "REPLACE", 1)]
    else:
        attacks += [f"TRUNCATE {table} CASCADE"]
    for attack in attacks:
        await _refused(recorded, org, attack)
    assert await _rows(recorded, org, table) == before


@pytest.mark.req("W19")
async def test_replace_is_refused_even_where_triggers_do_not_recurse(recorded: Database, org: OrgId) -> None:
    if not recorded.is_sqlite:
        pytest.skip("REPLACE is SQLite's")
    async with recorded.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        cursor = await raw.driver_connection.execute("PRAGMA recursive_triggers=OFF")  # type: ignore[union-attr]  # the driver's own connection
        await cursor.close()
        for table, (columns, *_) in TABLES.items():
            with pytest.raises(DBAPIError, match="append-only"):
                await connection.exec_driver_sql(f"REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table} LIMIT 1")
        with pytest.raises(DBAPIError, match="append-only"):
            await connection.exec_driver_sql(
                "REPLACE INTO audit_leaves (org, position, event, leaf_hash) SELECT org, 999, event, leaf_hash FROM audit_leaves LIMIT 1"
            )
        await connection.invalidate()


@pytest.mark.req("W19")
async def test_a_session_in_replica_mode_does_not_pass_by(recorded: Database, org: OrgId) -> None:
    if recorded.is_sqlite:
        pytest.skip("replica mode is PostgreSQL's")
    for table in TABLES:
        await _refused(recorded, org, "SET LOCAL session_replication_role = replica", f"DELETE FROM {table}")
        await _refused(recorded, org, "SET LOCAL session_replication_role = replica", f"TRUNCATE {table} CASCADE")
    # The queue's own trigger fires there too: no event without its place.
    async with recorded.transaction(org) as tx:
        connection = await tx.connection()
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await service.record(tx, Entry("site.paired", Actor("process", "web"), "site:1", "c", {}), now=FrozenClock().now())
        assert (await connection.exec_driver_sql("SELECT count(*) FROM audit_queue")).scalar_one() == 1


@pytest.mark.req("W19")
async def test_a_payload_is_never_changed_but_can_be_deleted(recorded: Database, org: OrgId) -> None:
    await _refused(recorded, org, "UPDATE audit_payloads SET salt = salt")
    columns = "org, event, salt, document, members"
    again = f"INSERT INTO audit_payloads ({columns}) SELECT {columns} FROM audit_payloads WHERE true LIMIT 1"
    await _refused(recorded, org, f"{again} ON CONFLICT (org, event) DO UPDATE SET salt = excluded.salt")
    async with recorded.transaction(org) as tx:
        await (await tx.connection()).exec_driver_sql("DELETE FROM audit_payloads")
    assert await _rows(recorded, org, "audit_payloads") == []
    assert len(await _rows(recorded, org, "audit_events")) == 300
