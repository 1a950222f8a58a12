"""One login for each process: what each tries that is not on the list of deploy/grants.sql, PostgreSQL itself denies."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from tests.support.roles import PROCESSES, VERBS, apart, psql, rights, url_as

pytestmark = [pytest.mark.postgres, pytest.mark.req("N8", "W5")]

RELATIONS = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') ORDER BY relname"
RECORD = ("audit_events", "audit_leaves", "audit_nodes", "audit_checkpoints", "audit_logs")
NEVER = {
    "web": {
        "a c d": ("standing_orders", "call_keys", "control_keys", "fences", "site_locks", "audit_checkpoints", "executors", "contacts"),
        "r a c d": ("control_keys", "call_keys"),
        "a d": ("mailbox_envelopes",),
    },
    "analyst": {
        "a c d": (
            "consents", "consent_rounds", "consent_tickets", "passkeys", "policy_documents", "policy_activations", "work", "changes", "mailbox_requests",
            "mailbox_envelopes", "gate_stops", "gate_permits", "standing_orders", "people", "role_grants", "sessions", "sites", "installations",
        ),
        "r a c d": (
            "control_keys", "call_keys", "org_keys", "accounts", "recovery_codes", "sessions", "api_tokens", "site_keys", "mailbox_envelopes",
            "mailbox_requests", "login_passkeys", "setup_codes", "notice_webhooks",
        ),
    },
    "dispatcher": {
        "a c d": (
            "consents", "consent_tickets", "passkeys", "passkey_enrolments", "policy_documents", "policy_activations", "role_grants", "people", "gate_stops",
        ),
        "a": ("proposals", "proposal_items"),
        "r a c d": ("accounts", "recovery_codes", "sessions", "api_tokens", "login_passkeys", "setup_codes", "invitations"),
    },
    "janitor": {
        "a c d": ("consents", "work", "changes", "policy_documents", "role_grants", "sites"),
        "a": ("mailbox_requests", "mailbox_envelopes", "standing_orders", "proposals"),
        "r a c d": ("control_keys", "call_keys", "accounts", "api_tokens", "site_keys"),
    },
    "courier": {
        "a c d": ("proposals", "consents", "work", "mailbox_requests", "people", "role_grants", "sites"),
        "r a c d": ("control_keys", "call_keys", "org_keys", "accounts", "sessions", "api_tokens", "site_keys", "mailbox_envelopes", "login_passkeys"),
    },
}  # fmt: skip
"""What ARCHITECTURE's table of processes comes down to, said apart from the list that is tried."""


@pytest.fixture(scope="module")
def installed(postgres_cluster: str) -> Iterator[str]:
    with apart(postgres_cluster) as url:
        yield url


@pytest.fixture
async def admin(installed: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(installed)
    yield connection
    await connection.close()


@pytest.mark.parametrize("process", PROCESSES)
async def test_what_a_process_may_not_do_postgresql_itself_denies(process: str, installed: str, admin: asyncpg.Connection) -> None:
    """Every table and view with every verb, tried. What is listed goes through, what is not is denied."""
    listed, tried = rights(), 0
    connection = await asyncpg.connect(url_as(process, installed))
    try:
        for relation in [row[0] for row in await admin.fetch(RELATIONS)]:
            may = listed[relation][process].lower()
            for letter, verb in VERBS.items():
                tried += 1
                assert await _is_denied(connection, verb, relation, await _column(admin, relation)) is (letter not in may), (relation, verb)
            assert await _is_denied(connection, "TRUNCATE", relation, ""), relation
    finally:
        await connection.close()
    assert tried >= 4 * 80


async def _column(admin: asyncpg.Connection, relation: str) -> str:
    return str(await admin.fetchval("SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1", relation))


async def _is_denied(connection: asyncpg.Connection, verb: str, relation: str, column: str) -> bool:
    statement = {
        "SELECT": f"SELECT * FROM {relation}",
        "INSERT": f"INSERT INTO {relation} SELECT (NULL::{relation}).* WHERE false",
        "UPDATE": f'UPDATE {relation} SET "{column}" = DEFAULT',
        "DELETE": f"DELETE FROM {relation}",
        "TRUNCATE": f"TRUNCATE {relation}",
    }[verb]
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    except (asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.WrongObjectTypeError, asyncpg.FeatureNotSupportedError):
        return verb == "TRUNCATE" or relation.startswith(("fleet", "console_"))  # a view, which nobody writes to
    finally:
        await attempt.rollback()
    return False


@pytest.mark.parametrize("process", PROCESSES)
def test_the_list_gives_nobody_what_its_duties_forbid(process: str) -> None:
    listed = rights()
    for letters, tables in NEVER[process].items():
        for table in tables:
            assert not set(letters.split()) & set(listed[table][process].lower()), (process, table, letters)


@pytest.mark.req("W9")
@pytest.mark.parametrize("process", PROCESSES)
def test_nobody_changes_or_deletes_the_record_and_everybody_adds_to_it(process: str) -> None:
    listed = rights()
    for table in RECORD:
        assert not set("cd") & set(listed[table][process].lower()), table
    assert "c" not in listed["audit_payloads"][process]
    assert ("d" in listed["audit_payloads"][process]) is (process == "janitor")
    for table in ("audit_events", "audit_payloads", "audit_queue", "incident_signals"):
        assert "a" in listed[table][process].lower(), table


async def test_no_process_is_more_than_its_role(installed: str, admin: asyncpg.Connection) -> None:
    rows = await admin.fetch("SELECT * FROM pg_roles WHERE rolname ~ '^presswarden_' AND rolname <> 'presswarden_backup'")
    assert len(rows) == 1 + len(PROCESSES)
    for row in rows:
        assert not any(row[power] for power in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")), row[
            "rolname"
        ]
    assert not await admin.fetch("SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname ~ '^presswarden_'")


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE sites DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON sites",
        "CREATE POLICY mine ON sites USING (true)",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "SET ROLE presswarden_owner",
        "SET SESSION AUTHORIZATION presswarden_owner",
        "CREATE TABLE public.mine (id int)",
        "ALTER TABLE control_keys OWNER TO CURRENT_USER",
        "CREATE ROLE mine",
        "COPY sites TO PROGRAM 'true'",
    ],
)
async def test_no_process_can_take_more(process: str, statement: str, installed: str) -> None:
    connection = await asyncpg.connect(url_as(process, installed))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_granting_again_takes_back_what_was_given_by_hand_and_changes_nothing_else(installed: str, admin: asyncpg.Connection) -> None:
    before = await _everything(admin)
    await admin.execute("GRANT SELECT ON control_keys TO presswarden_web; GRANT DELETE ON audit_events TO PUBLIC")
    await admin.execute("CREATE POLICY across_web_select ON call_keys FOR SELECT TO presswarden_web USING (true)")
    assert await _everything(admin) != before
    psql(installed, "roles.sql")
    psql(url_as("owner", installed), "grants.sql")
    assert await _everything(admin) == before


async def _everything(admin: asyncpg.Connection) -> list[Any]:
    told = await admin.fetch(
        "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relacl IS NOT NULL"
    )
    acls = sorted((row[0], tuple(sorted(row[1].strip("{}").split(",")))) for row in told)
    policies = await admin.fetch("SELECT * FROM pg_policies ORDER BY tablename, policyname")
    return [acls, [tuple(row) for row in policies]]


async def test_a_list_that_forgets_a_table_is_refused(installed: str, admin: asyncpg.Connection) -> None:
    await admin.execute("CREATE TABLE public.forgotten (id int)")
    try:
        with pytest.raises(AssertionError, match="do not name the same tables: forgotten"):
            psql(url_as("owner", installed), "grants.sql")
    finally:
        await admin.execute("DROP TABLE public.forgotten")
