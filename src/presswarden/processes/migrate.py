"""Brings the database to this program's schema and makes the first organisation. Limits: forward only; take a backup before."""

from presswarden.identity import service as identity
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.migrations.runner import upgrade
from presswarden.processes import home
from presswarden.processes.settings import DeskSettings


async def run(settings: DeskSettings) -> None:
    """Migrate, and end."""
    database = Database(settings.database)
    try:
        await migrate(database)
    finally:
        await database.dispose()


async def migrate(database: Database) -> bool:
    """True when this made the first organisation. Raises `DatabaseGone`, `SchemaNewer`."""
    await database.check()
    await home.require_not_newer(database)
    await upgrade(database)
    async with database.reading(EVERYONE) as tx:
        if await identity.organisations(EVERYONE, tx):
            return False
    async with database.transaction(OrgId(new_id())) as tx:
        await identity.create_organisation(tx, "Default organisation", "Owner", "owner@localhost", SystemClock().now())
    return True
