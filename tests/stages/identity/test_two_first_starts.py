"""Two processes of web that start at the same moment, while nobody can sign in yet."""

import asyncio

import pytest

from presswarden.identity import service as identity
from presswarden.identity.accounts import codes, store
from presswarden.identity.accounts import service as accounts
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("N8")


async def test_both_print_a_code_and_the_later_one_counts(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Ada", "ada@agency.example", frozen.now())

    async def start() -> str:
        async with database.transaction(org) as tx:
            return await accounts.make_setup_code(tx, now=frozen.now())

    async with database.transaction(org) as tx:
        await accounts.make_setup_code(tx, now=frozen.now())
        others = [asyncio.create_task(start()) for _ in range(2)]
        await asyncio.wait(others, timeout=0.5)  # until they wait for this one's end
        assert not any(each.done() for each in others)
    printed = await asyncio.gather(*others)
    async with database.reading(org) as tx:
        kept = await store.setup_code(org, tx)
    assert kept is not None
    assert kept[0] in {codes.setup_digest(org, code) for code in printed}
