"""The one login that sees past row-level security: `presswarden backup` copies everything with it, and it can do nothing else."""

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from presswarden.identity import service as identity
from presswarden.kernel.copies import CopyFailed
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.processes import backup, home, restore
from presswarden.processes.settings import DeskSettings
from tests.support.roles import DEPLOY, apart, psql, rights, say, url_as

pytestmark = [pytest.mark.postgres, pytest.mark.req("N16", "N8")]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = "seven copper otters hum"
URL = "https://control.example"


@pytest.fixture(scope="module")
def installed(postgres_cluster: str) -> Iterator[str]:
    with apart(postgres_cluster) as database:
        yield database


@pytest.fixture
async def empty(postgres_cluster: str) -> AsyncIterator[str]:
    """A database with the roles and nothing else, as one that a backup is restored into."""
    name = f"restored_{new_id().replace('-', '')}"
    await say(f"{postgres_cluster}/postgres", f"CREATE DATABASE {name}")
    psql(f"{postgres_cluster}/{name}", "roles.sql")
    yield f"{postgres_cluster}/{name}"
    await say(f"{postgres_cluster}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home folder with links to the keys, each of which lies with its process, as deploy/README.md makes it."""
    apart_, here = tmp_path / "apart", tmp_path / "backup"
    home.make_home(apart_, lambda _: None)
    (here / "keys").mkdir(parents=True, mode=0o700)
    for owner in home.OWNERS:
        (here / "keys" / f"{owner}.kek").symlink_to(apart_ / "keys" / f"{owner}.kek")
    return here


async def test_a_backup_by_its_own_login_holds_every_organisation_and_the_owner_restores_it(
    installed: str, empty: str, folder: Path, tmp_path: Path
) -> None:
    orgs = [OrgId(new_id()) for _ in range(2)]
    owner = Database(url_as("owner", installed))
    try:
        for number, org in enumerate(orgs):
            async with owner.transaction(org) as tx:
                await identity.create_organisation(tx, f"Agency {number}", "Ada", f"ada{number}@agency.example", NOW)
    finally:
        await owner.dispose()
    file = tmp_path / "file"
    with pytest.raises(CopyFailed, match="pg_dump failed") as narrowed:
        await backup.run(DeskSettings(url_as("web", installed), folder, URL), file, WORDS, now=NOW)
    assert "presswarden_backup" in narrowed.value.do
    await backup.run(DeskSettings(url_as("backup", installed), folder, URL), file, WORDS, now=NOW)
    fresh = DeskSettings(url_as("owner", empty), tmp_path / "fresh", URL)
    assert (await restore.run(fresh, file, WORDS, now=NOW)).organisations == 2
    assert sorted(path.name for path in (fresh.home / "keys").iterdir()) == sorted(f"{owner}.kek" for owner in home.OWNERS)
    psql(url_as("owner", empty), "grants.sql")
    web = Database(url_as("web", empty))
    try:
        async with web.reading(EVERYONE) as tx:
            assert {one.id for one in await identity.organisations(EVERYONE, tx)} == {*orgs}
        async with web.reading(orgs[0]) as tx:
            assert [one.mail for one in await identity.people(tx)] == ["ada0@agency.example"]
    finally:
        await web.dispose()


async def test_the_backups_login_reads_everything_and_writes_nothing(installed: str) -> None:
    connection = await asyncpg.connect(url_as("backup", installed))
    try:
        for table in rights():
            await connection.execute(f"SELECT 1 FROM {table} LIMIT 1")
        await connection.execute("SET default_transaction_read_only = off")
        for statement in ("DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} DISABLE ROW LEVEL SECURITY"):
            for table in ("sites", "audit_events", "control_keys"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement.format(table))
        for statement in (
            "CREATE TABLE public.mine (id int)",
            "SET ROLE presswarden_owner",
            "SELECT * FROM dbos.workflow_status",
            "CREATE ROLE mine",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


def test_no_process_is_given_the_backups_login() -> None:
    named = [path.relative_to(DEPLOY) for path in DEPLOY.rglob("*.*") if path.is_file() and "presswarden_backup" in path.read_text()]
    assert {path.name for path in named} == {"backup.env", "roles.sql", "grants.sql", "README.md"}
    assert shutil.which("pg_dump"), "the copies are pg_dump's"
