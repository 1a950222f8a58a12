"""A log with entries in it: what most tests of the record start from."""

from collections.abc import Callable, Coroutine
from datetime import timedelta

import pytest

from presswarden.audit import service
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EventId, OrgId
from presswarden.kernel.sealing import Kek, new_key
from tests.fakes.clock import FrozenClock

HOST = "log.example.test"
Fill = Callable[[int], Coroutine[None, None, tuple[EventId, ...]]]
Integrate = Callable[[], Coroutine[None, None, int]]


def entry(number: int, kind: str = "site.paired", **payload: str) -> Entry:
    return Entry(kind, Actor("process", "dispatcher"), f"site:{number}", f"run-{number}", {"number": number, **payload})


@pytest.fixture
def janitor_kek() -> Kek:
    return Kek("janitor", new_key())


@pytest.fixture
def fill(database: Database, org: OrgId, frozen: FrozenClock) -> Fill:
    """Records that many entries, a second apart in groups of 100, so that their order in time is known between groups."""

    async def filled(count: int) -> tuple[EventId, ...]:
        made: list[EventId] = []
        while len(made) < count:
            now = frozen.advance(seconds=1)
            async with database.transaction(org) as tx:
                entries = [entry(len(made) + i) for i in range(min(100, count - len(made)))]
                made += await service.record_many(tx, entries, now=now)
        return tuple(made)

    return filled


@pytest.fixture
def integrate(database: Database, org: OrgId, frozen: FrozenClock, janitor_kek: Kek) -> Integrate:
    """Integrates one batch, in a transaction of its own."""

    async def integrated() -> int:
        async with database.transaction(org) as tx:
            return await service.integrate(tx, janitor_kek, log_host=HOST, now=frozen.now() + timedelta(seconds=1))

    return integrated
