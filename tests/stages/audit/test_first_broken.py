"""The database compared with its own leaves: what lists are made from must be what was signed."""

import pytest

from presswarden.audit import service
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from tests.stages.audit.conftest import Fill, Integrate

pytestmark = pytest.mark.req("N9", "W19")

CHANGES = {
    "UPDATE audit_events SET kind = 'site.forged' WHERE id = '{event}'": "in other words",
    "UPDATE audit_events SET correlation = 'x' WHERE id = '{event}'": "in other words",
    "UPDATE audit_events SET subject = 'site:forged' WHERE id = '{event}'": "in other words",
    "UPDATE audit_events SET actor_id = 'somebody' WHERE id = '{event}'": "in other words",
    "UPDATE audit_events SET leaf = CAST('[]' AS BLOB) WHERE id = '{event}'": "in other words",
    "UPDATE audit_payloads SET document = CAST('{{}}' AS BLOB) WHERE event = '{event}'": "in other words",
    "DELETE FROM audit_leaves WHERE event = '{event}'": "missing",
    "DELETE FROM audit_leaves WHERE position >= 280": "missing",
}


async def broken(database: Database, org: OrgId) -> tuple[int, str] | None:
    async with database.reading(org) as tx:
        return await service.first_broken(tx)


async def test_an_untouched_log_has_no_broken_entry_with_its_payloads_and_without(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate
) -> None:
    assert await broken(database, org) is None
    await fill(300)
    await integrate()
    assert await broken(database, org) is None
    async with database.transaction(org) as tx:
        await (await tx.connection()).exec_driver_sql("DELETE FROM audit_payloads")
    assert await broken(database, org) is None


@pytest.mark.parametrize("change", CHANGES)
async def test_the_first_changed_or_lost_entry_is_named(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate, change: str
) -> None:
    if not database.is_sqlite:
        pytest.skip("the triggers are dropped as SQLite's owner can drop them")
    await fill(300)
    await integrate()
    async with database.reading(org) as tx:
        event = next(one.id for one in await service.events(tx, limit=300) if one.index == 280)
    async with database.transaction(org) as tx:
        connection = await tx.connection()
        for (name,) in (await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            await connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        await connection.exec_driver_sql(change.format(event=event))
    found = await broken(database, org)
    assert found is not None
    assert found[0] == 280
    assert CHANGES[change] in found[1]


async def test_a_payload_that_is_no_document_is_shown_as_broken_and_stops_no_list(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate
) -> None:
    if not database.is_sqlite:
        pytest.skip("the triggers are dropped as SQLite's owner can drop them")
    (event,) = await fill(1)
    async with database.transaction(org) as tx:
        connection = await tx.connection()
        for (name,) in (await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            await connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        await connection.exec_driver_sql("UPDATE audit_payloads SET document = CAST('7' AS BLOB)")
    async with database.reading(org) as tx:
        (listed,) = await service.events(tx)
        shown = await service.event(tx, event)
    assert (listed.intact, shown.intact, shown.payload) == (False, False, None)
