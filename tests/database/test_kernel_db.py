"""The database session: narrowed to one organisation, one writer, clear words when the database is gone."""

import asyncio
import shutil
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from presswarden.kernel import sealing
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.kernel.sealing import Kek, SealBroken
from presswarden.kernel.store import OrgKeyRow, org_key, require_opening


@pytest.mark.req("W4")
async def test_a_query_in_one_organisation_sees_only_its_rows(database: Database) -> None:
    ours, theirs = OrgId(new_id()), OrgId(new_id())
    kek = Kek("web", sealing.new_key())
    for each in (ours, theirs):
        async with database.transaction(each) as tx:
            await org_key(each, tx, kek)
    async with database.reading(ours) as tx:
        assert {row.org for row in await tx.scalars(select(OrgKeyRow))} == {ours}
    async with database.reading(EVERYONE) as tx:
        assert {row.org for row in await tx.scalars(select(OrgKeyRow))} == {ours, theirs}


@pytest.mark.req("W4")
async def test_a_row_of_another_organisation_is_not_written(database: Database) -> None:
    ours, theirs = OrgId(new_id()), OrgId(new_id())
    with pytest.raises(RuntimeError, match="another organisation"):
        async with database.transaction(ours) as tx:
            await org_key(theirs, tx, Kek("web", sealing.new_key()))
    async with database.reading(EVERYONE) as tx:
        assert (await tx.scalars(select(OrgKeyRow))).all() == []


@pytest.mark.req("W4")
async def test_a_statement_built_once_that_names_no_organisation_is_not_run(database: Database, org: OrgId) -> None:
    async with database.transaction(org) as tx:
        with pytest.raises(RuntimeError, match="does not name its organisation"):
            await tx.rows(select(OrgKeyRow.org))
        with pytest.raises(RuntimeError, match="does not name its organisation"):
            await tx.change(delete(OrgKeyRow))
        with pytest.raises(RuntimeError, match="another organisation"):
            await tx.change(insert(OrgKeyRow), org=new_id())


@pytest.mark.req("W4")
async def test_a_statement_that_names_another_organisation_is_not_sent_however_it_is_run(database: Database, org: OrgId) -> None:
    """Also past the narrowing, and among many rows of one insert."""
    theirs = OrgId(new_id())
    row = {"org": theirs, "owner": "web", "wrapped": b"x"}
    for statement, values in (
        (insert(OrgKeyRow), row), (insert(OrgKeyRow.__table__).values(row), None), (insert(OrgKeyRow), [{**row, "org": org}, row]),
        (select(OrgKeyRow.__table__).where(OrgKeyRow.org == theirs), None), (delete(OrgKeyRow).where(OrgKeyRow.org == theirs), None),
    ):  # fmt: skip
        async with database.transaction(org) as tx:
            for run in (tx.direct.execute, tx.execute):
                with pytest.raises(RuntimeError, match="another organisation"):
                    await run(statement, values)
    async with database.transaction(EVERYONE) as tx:
        assert (await tx.direct.execute(insert(OrgKeyRow.__table__).values(row))).rowcount == 1


async def test_a_block_that_raises_changes_nothing(database: Database, org: OrgId) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org) as tx:
            await org_key(org, tx, Kek("web", sealing.new_key()))
            raise ZeroDivisionError
    async with database.reading(EVERYONE) as tx:
        assert (await tx.scalars(select(OrgKeyRow))).all() == []


@pytest.mark.req("W9")
async def test_an_organisation_key_opens_only_under_the_kek_that_wrapped_it(database: Database, org: OrgId) -> None:
    async with database.transaction(org) as tx:
        await org_key(org, tx, Kek("web", sealing.new_key()))
    with pytest.raises(SealBroken):
        async with database.transaction(org) as tx:
            await org_key(org, tx, Kek("web", sealing.new_key()))


async def test_a_database_that_is_gone_says_so(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/missing/folder/x.sqlite", "postgresql://postgres@127.0.0.1:9/nothing"):
        gone = Database(url)
        with pytest.raises(DatabaseGone, match="can't be opened"):
            async with gone.transaction(EVERYONE):
                pass
        await gone.dispose()


@pytest.mark.req("W9")
async def test_two_processes_that_seal_first_at_once_share_one_key(database: Database, org: OrgId) -> None:
    kek, both_look = Kek("web", sealing.new_key()), asyncio.Barrier(2)

    async def first() -> bytes:
        async with database.transaction(org) as tx:
            if not database.is_sqlite:  # SQLite has one writer: the second one begins when the first one has ended
                assert (await tx.scalars(select(OrgKeyRow))).all() == []
                await both_look.wait()
            return (await org_key(org, tx, kek)).seal(b"secret", table="t", row="r", column="c")

    sealed = await asyncio.gather(first(), first())
    async with database.reading(org) as tx:
        key = await org_key(org, tx, kek)
    assert [key.open(each, table="t", row="r", column="c") for each in sealed] == [b"secret", b"secret"]


@pytest.mark.req("W9")
async def test_a_swapped_kek_is_told_before_anything_is_sealed_under_it(database: Database, org: OrgId) -> None:
    kek = Kek("web", sealing.new_key())
    async with database.reading(EVERYONE) as tx:
        await require_opening(EVERYONE, tx, kek)
    async with database.transaction(org) as tx:
        await org_key(org, tx, kek)
    async with database.reading(EVERYONE) as tx:
        await require_opening(EVERYONE, tx, kek)
        await require_opening(EVERYONE, tx, Kek("janitor", sealing.new_key()))
        with pytest.raises(SealBroken):
            await require_opening(EVERYONE, tx, Kek("web", sealing.new_key()))


@pytest.mark.req("W20")
async def test_a_statement_that_fails_does_not_repeat_what_it_carried(database: Database, org: OrgId) -> None:
    row = {"org": org, "owner": "canary-of-a-secret", "wrapped": b""}
    with pytest.raises(DBAPIError) as failed:
        async with database.transaction(org) as tx:
            await tx.execute(insert(OrgKeyRow), row)
            await tx.execute(insert(OrgKeyRow), row)
    assert "canary" not in f"{failed.value} {failed.value!r}"


@pytest.mark.postgres
@pytest.mark.req("N8")
async def test_a_connection_that_is_lost_in_a_transaction_says_so(postgres_cluster: str) -> None:
    database = Database(f"{postgres_cluster}/template_presswarden")
    with pytest.raises(DatabaseGone, match="was lost"):
        async with database.transaction(EVERYONE) as tx:
            pid = await tx.scalar(text("SELECT pg_backend_pid()"))
            other = await asyncpg.connect(f"{postgres_cluster}/postgres")
            await other.execute("SELECT pg_terminate_backend($1)", pid)
            await other.close()
            await tx.execute(select(OrgKeyRow))
    await database.dispose()


def test_a_kek_that_was_begun_and_never_finished_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "web.kek.begun").write_text("half of a k")
    made = sealing.make_kek("web", tmp_path / "web.kek")
    assert sealing.read_kek("web", tmp_path / "web.kek") == made
    assert [path.name for path in tmp_path.iterdir()] == ["web.kek"]
    with pytest.raises(FileExistsError):
        sealing.make_kek("web", tmp_path / "web.kek")
    assert sealing.read_kek("web", tmp_path / "web.kek") == made


@pytest.mark.req("W9", "W20")
async def test_what_was_deleted_is_gone_from_every_file_of_sqlite_once_its_log_is_folded(tmp_path: Path) -> None:
    canary = "canary-" + new_id()
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    try:
        async with database.transaction(EVERYONE) as tx:
            await tx.execute(text("CREATE TABLE spent (n INTEGER PRIMARY KEY, secret TEXT)"))
            await tx.execute(text("INSERT INTO spent (secret) VALUES (:secret), (:secret)"), {"secret": canary * 3})
        async with database.transaction(EVERYONE) as tx:
            await tx.execute(text("UPDATE spent SET secret = NULL WHERE n = 1"))
            await tx.execute(text("DELETE FROM spent WHERE n = 2"))
        assert _held(tmp_path, canary), "SQLite's log still holds it"
        await database.fold()
        assert not _held(tmp_path, canary)
    finally:
        await database.dispose()


def _held(folder: Path, canary: str) -> bool:
    return any(canary.encode() in path.read_bytes() for path in folder.iterdir())


async def test_folding_keeps_what_stands(database: Database, org: OrgId) -> None:
    async with database.transaction(org) as tx:
        await org_key(org, tx, Kek("web", sealing.new_key()))
    await database.fold()
    async with database.reading(org) as tx:
        assert len((await tx.scalars(select(OrgKeyRow))).all()) == 1


@pytest.mark.req("N8")
@pytest.mark.parametrize("out_of_order", ["PRAGMA query_only=ON", "PRAGMA max_page_count=1"], ids=["read-only", "full"])
async def test_a_database_file_that_takes_no_write_says_so(tmp_path: Path, sqlite_template: Path, org: OrgId, out_of_order: str) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "x.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}", pool_size=1)
    async with database.reading(EVERYONE) as tx:
        await tx.execute(text(out_of_order))
    with pytest.raises(DatabaseGone, match="can't be"):
        async with database.transaction(org) as tx:
            for owner in range(2_000):
                await tx.execute(insert(OrgKeyRow), {"org": org, "owner": f"{owner:032d}", "wrapped": bytes(1_000)})
    await database.dispose()
