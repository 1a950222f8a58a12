"""Behind a pooler in transaction mode: the same transactions, each perhaps on another connection; what needs a session goes past the pooler."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from presswarden.identity import service as identity
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.processes import home
from tests.support.pooler import CONNECTIONS, pooler, through
from tests.support.roles import apart, url_as

pytestmark = [pytest.mark.postgres, pytest.mark.req("N8")]

AT_ONCE = 12


@pytest.fixture(scope="module")
def installed(postgres_cluster: str) -> Iterator[str]:
    with apart(postgres_cluster) as database:
        yield database


@pytest.fixture(scope="module")
def pooled(postgres_cluster: str, installed: str) -> Iterator[str]:
    """The address of a database whose transactions go through the pooler, as web's login."""
    with pooler(postgres_cluster, ["presswarden_web"]) as place:
        yield url_as("web", f"{through(place, installed)}")


async def _organisations(installed: str) -> list[OrgId]:
    made = [OrgId(new_id()) for _ in range(AT_ONCE)]
    database = Database(installed)
    try:
        for org in made:
            async with database.transaction(org) as tx:
                await identity.create_organisation(tx, f"Org {org}", "Ada", f"{org}@agency.example", SystemClock().now())
    finally:
        await database.dispose()
    return made


async def test_transactions_share_connections_and_none_sees_what_another_named(installed: str, pooled: str) -> None:
    database = Database(pooled, pool_size=AT_ONCE)
    seen: Counter[int] = Counter()

    async def one(org: OrgId) -> None:
        for turn in range(8):
            async with database.transaction(org) as tx:
                seen[await tx.scalar(text("SELECT pg_backend_pid()")) or 0] += 1
                await identity.rename_organisation(tx, f"Org {turn}", by=(await identity.owner(tx)).id, now=SystemClock().now())
            async with database.reading(org) as tx:
                assert (await tx.scalars(text("SELECT org FROM organisations"))).all() == [org]

    try:
        made = await _organisations(installed)
        await asyncio.gather(*(one(org) for org in made))
        async with database.reading(EVERYONE) as tx:
            found = {each.id: each.name for each in await identity.organisations(EVERYONE, tx)}
        assert {found[org] for org in made} == {"Org 7"}
    finally:
        await database.dispose()
    assert 1 < len(seen) <= CONNECTIONS, "many of ours on few of the server's"


async def test_a_ring_is_heard_because_the_listener_goes_past_the_pooler(pooled: str, tmp_path: Path) -> None:
    database = Database(pooled)
    wake = home.wake_for(database, tmp_path)
    try:
        async with wake.listen("pooled") as bell:
            await wake.ring("pooled")
            assert await bell.wait(5)
    finally:
        await wake.close()  # type: ignore[union-attr]  # a server's has connections
        await database.dispose()
