"""Row-level security on PostgreSQL, with logins of the processes: whatever the program asks, and however, no row of another organisation comes or goes."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from presswarden.identity import service as identity
from presswarden.identity.store import ClientRow, ClientSiteRow, PersonRow
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.kernel.store import org_key
from tests.support.roles import PROCESSES, apart, rights, url_as

pytestmark = [pytest.mark.postgres, pytest.mark.req("W4")]

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OF_NO_ORGANISATION = {
    "alembic_version", "process_pulses", "executors", "control_keys", "control_key_pool", "gate_stop_all", "login_tries", "pairing_sources",
    "process_boxes",
}  # fmt: skip
"""What belongs to the installation: its schema, its processes, keys that no site has yet, the stop of everything, and counts of strangers' tries."""
TABLES = "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"


@pytest.fixture(scope="module")
def installed(postgres_cluster: str) -> Iterator[str]:
    with apart(postgres_cluster) as url:
        yield url


@pytest.fixture
async def two(installed: str) -> tuple[OrgId, OrgId]:
    """Two organisations, with a client each."""
    owner = Database(url_as("owner", installed))
    orgs = OrgId(new_id()), OrgId(new_id())
    for org in orgs:
        async with owner.transaction(org) as tx:
            await identity.create_organisation(tx, f"Agency {org}", "Owner", f"{org}@agency.example", NOW)
            tx.add(ClientRow(org=org, client=org, name="A client", created_at=NOW))
    await owner.dispose()
    return orgs


@pytest.fixture
async def web(installed: str) -> AsyncIterator[Database]:
    database = Database(url_as("web", installed))
    yield database
    await database.dispose()


async def test_every_table_with_an_organisation_forces_row_level_security(installed: str) -> None:
    connection = await asyncpg.connect(installed)
    try:
        without = {row["relname"] for row in await connection.fetch(TABLES) if not (row["relrowsecurity"] and row["relforcerowsecurity"])}
        views = await connection.fetch(
            "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'"
        )
    finally:
        await connection.close()
    assert without == OF_NO_ORGANISATION
    assert len(views) >= 9
    for view in views:
        assert "security_invoker=true" in (view["reloptions"] or []), view["relname"]


async def test_a_table_without_an_organisation_gives_no_right_across_organisations() -> None:
    for table in OF_NO_ORGANISATION:
        assert all(each == each.lower() for each in rights()[table].values()), table


async def test_core_text_and_the_bare_connection_read_one_organisation_alone(web: Database, two: tuple[OrgId, OrgId]) -> None:
    mine, others = two
    async with web.reading(mine) as tx:
        connection = await tx.connection()
        assert {row.org for row in await connection.execute(select(PersonRow.__table__))} == {mine}
        assert {row.org for row in await tx.execute(text("SELECT org FROM people"))} == {mine}
        assert {row[0] for row in await connection.exec_driver_sql("SELECT org FROM people UNION SELECT org FROM organisations")} == {mine}
        assert (await connection.exec_driver_sql("SELECT count(*) FROM people WHERE org = $1", (others,))).scalar() == 0
        assert {row[0] for row in await connection.exec_driver_sql("SELECT org FROM console_counts")} == {mine}


async def test_rows_for_another_organisation_are_not_taken(web: Database, two: tuple[OrgId, OrgId]) -> None:
    mine, others = two
    rows = [{"org": org, "client": new_id(), "name": new_id(), "created_at": NOW} for org in (mine, others)]
    for statement in (insert(ClientRow), insert(ClientRow.__table__)):
        with pytest.raises(RuntimeError, match="another organisation"):  # our own last look; what follows goes past it
            async with web.transaction(mine) as tx:
                await (await tx.connection()).execute(statement, rows)
    with pytest.raises(DBAPIError, match="row-level security"):
        async with web.transaction(mine) as tx:
            theirs = tuple(rows[1].values())
            await tx.direct.exec_driver_sql("INSERT INTO clients (org, client, name, created_at) VALUES ($1, $2, $3, $4)", theirs)
    with pytest.raises(DBAPIError, match="row-level security"):
        async with web.transaction(mine) as tx:
            await tx.direct.exec_driver_sql("UPDATE clients SET org = $1", (others,))


async def test_rows_of_another_organisation_are_neither_changed_nor_deleted(web: Database, two: tuple[OrgId, OrgId]) -> None:
    mine, others = two
    async with web.transaction(mine) as tx:
        changed = await tx.direct.exec_driver_sql("UPDATE people SET name = 'Mallory' WHERE org = $1", (others,))
        assert changed.rowcount == 0
        assert (await tx.direct.exec_driver_sql("DELETE FROM role_grants WHERE org = $1", (others,))).rowcount == 0


async def test_a_key_into_another_organisation_is_refused(web: Database, two: tuple[OrgId, OrgId]) -> None:
    """`others` is also the id of the other organisation's client."""
    mine, others = two
    with pytest.raises(DBAPIError, match="foreign key"):
        async with web.transaction(mine) as tx:
            tx.add(ClientSiteRow(org=mine, client=others, site=new_id()))


@pytest.mark.parametrize("process", [*PROCESSES, "owner"])
async def test_a_connection_that_named_no_organisation_sees_nothing(process: str, installed: str, two: tuple[OrgId, OrgId]) -> None:
    connection = await asyncpg.connect(url_as(process, installed))
    try:
        for table in ("organisations", "incidents", "audit_events"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    finally:
        await connection.close()
    async with connection_in(installed, process, two[0]) as named:
        assert await named.fetchval("SELECT count(*) FROM organisations") == 1
        assert await named.fetchval("SELECT count(*) FROM audit_events") > 0


async def test_what_a_transaction_named_ends_with_it(installed: str, two: tuple[OrgId, OrgId]) -> None:
    """So that behind a pooler the next client on the connection sees nothing of it."""
    database = Database(url_as("web", installed), pool_size=1)
    for scope in (two[0], EVERYONE):
        async with database.reading(scope) as tx:
            assert await tx.scalar(text("SELECT count(*) FROM people")) != 0
        async with database.engine.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM people")) == 0
    await database.dispose()


@pytest.mark.parametrize("process", PROCESSES)
async def test_across_organisations_a_process_reads_what_its_duties_need_and_nothing_else(
    process: str, installed: str, two: tuple[OrgId, OrgId]
) -> None:
    """By saying so, every process sees all organisations, and each table that the list has in a capital letter; of the others not one row."""
    listed = rights()
    async with connection_in(installed, process, EVERYONE) as connection:
        assert {*two} <= {row[0] for row in await connection.fetch("SELECT org FROM organisations")}
        for table, read in (("people", "web"), ("audit_queue", "janitor")):
            if "r" in listed[table][process].lower():
                assert (await connection.fetchval(f"SELECT count(*) FROM {table}") > 0) is (process == read)
        assert await connection.fetchval("SELECT count(*) FROM audit_events") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(
                "INSERT INTO incidents (org, id, site, kind, state, opened_at, last_at, signals) VALUES ($1, $1, $1, 'x', 'x', now(), now(), 1)", two[0]
            )  # fmt: skip


async def test_every_right_across_organisations_has_its_policy_and_no_other_has_one(installed: str) -> None:
    verbs = {"R": "SELECT", "A": "INSERT", "C": "UPDATE", "D": "DELETE"}
    wanted = {
        (table, f"presswarden_{process}", verbs[letter])
        for table, each in rights().items()
        for process, letters in each.items()
        for letter in letters
        if letter in verbs
    }
    connection = await asyncpg.connect(installed)
    try:
        found = await connection.fetch(
            "SELECT tablename, roles, cmd, policyname FROM pg_policies WHERE policyname !~ '^(tenant|whole|own_)'"
        )
        whole = await connection.fetch("SELECT DISTINCT roles FROM pg_policies WHERE policyname = 'whole'")
    finally:
        await connection.close()
    assert {(row["tablename"], *row["roles"], row["cmd"]) for row in found} == wanted
    assert [row["roles"] for row in whole] == [["presswarden_owner"]]


@pytest.mark.req("N8")
async def test_a_process_sees_no_wrapped_key_of_another(installed: str, two: tuple[OrgId, OrgId]) -> None:
    for process in ("web", "dispatcher", "janitor"):
        database = Database(url_as(process, installed))
        async with database.transaction(two[0]) as tx:
            await org_key(two[0], tx, Kek(process, b"k" * 32))
        async with database.reading(EVERYONE) as tx:
            assert {row[0] for row in await tx.execute(text("SELECT owner FROM org_keys"))} == {process}
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.transaction(two[1]) as tx:
                await org_key(two[1], tx, Kek("courier", b"k" * 32))
        await database.dispose()


class connection_in:
    """A bare connection of a process, inside a transaction that named its scope as the program does."""

    def __init__(self, url: str, process: str, scope: object) -> None:
        self._url, self._scope = url_as(process, url), scope

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await asyncpg.connect(self._url)
        await self._connection.execute("BEGIN")
        named = ("", "yes") if self._scope is EVERYONE else (self._scope, "")
        await self._connection.execute(
            "SELECT set_config('presswarden.org', $1, true), set_config('presswarden.everyone', $2, true)", *named
        )
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()
