"""Many that wait for people cost a round little, keep nothing new from being looked at, and are each looked at in their turn."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from presswarden.flows.releasing import Releasing
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId
from presswarden.proposals.model import Proposal
from tests.fakes.changing import ChangingSite
from tests.stages.flows.house import House, furnish

pytestmark = pytest.mark.req("W6")


@pytest.fixture
async def house(database: Database, tmp_path: Path, org: OrgId) -> AsyncIterator[House]:
    async with ChangingSite(SystemClock().now) as site:
        yield await furnish(database, tmp_path, site, org)


async def test_a_round_looks_at_what_is_new_and_then_at_what_was_seen_longest_ago(house: House) -> None:
    older, newer = await house.file("1.1"), await house.file("1.1")
    releasing = Releasing(house.database, house.clock, house.wake, everyone=EVERYONE, in_vain=1)
    looked = [await _looked_at(house, releasing) for _ in range(3)]
    assert looked == [[newer.id], [older.id], [newer.id]]
    newest: Proposal = await house.file("1.1")
    assert [await _looked_at(house, releasing) for _ in range(3)] == [[newest.id], [older.id], [newer.id]]


async def test_a_round_looks_at_all_where_they_are_few(house: House) -> None:
    older, newer = await house.file("1.1"), await house.file("1.1")
    releasing = Releasing(house.database, house.clock, house.wake, everyone=EVERYONE)
    assert await _looked_at(house, releasing) == [newer.id, older.id]
    assert await _looked_at(house, releasing) == [newer.id, older.id]


async def _looked_at(house: House, releasing: Releasing) -> list[str]:
    """The proposals that a round reads, as the database sees it."""
    read: list[str] = []

    def seen(_connection: object, _cursor: object, statement: str, _values: object, context: Any, _many: bool) -> None:
        if "FROM proposals" in statement and "proposals.leaves" in statement:
            read.extend(str(row["of"]) for row in context.compiled_parameters)

    event.listen(house.database.engine.sync_engine, "before_cursor_execute", seen)
    try:
        assert await releasing.round() == 0
    finally:
        event.remove(house.database.engine.sync_engine, "before_cursor_execute", seen)
    return read
