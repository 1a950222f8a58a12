"""The database session: narrowed to one organisation, one writer, clear words when the database is gone."""

from pathlib import Path

import pytest
from sqlalchemy import select

from presswarden.kernel import sealing
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.kernel.sealing import Kek, SealBroken
from presswarden.kernel.store import OrgKeyRow, org_key


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
