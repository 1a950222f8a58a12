"""`presswarden upgrade`: says what it will do to the database, takes a backup, then does it in one transaction.

A crash in the middle leaves the database as it was. Limits: forward only; every process has to be stopped before, and started anew as the new program after.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from presswarden.kernel.db import Database
from presswarden.migrations.current import known, newest
from presswarden.processes import backup, home, migrate
from presswarden.processes.settings import DeskSettings


@dataclass(frozen=True, slots=True)
class Steps:
    """What stands between the database and this program."""

    now_at: str
    missing: tuple[tuple[str, str], ...]
    """Revisions, oldest first, each with what it is about."""

    def says(self) -> str:
        lines = [f"The database is at {self.now_at}; this program needs {newest()}. {len(self.missing)} steps, in one transaction:"]
        return "\n".join([*lines, *(f"  {revision}  {about}" for revision, about in self.missing)])


async def steps(settings: DeskSettings) -> Steps:
    """Raises `SchemaNewer`, `NotSetUp`, `DatabaseGone`."""
    home.require_set_up(settings.home, settings.database)
    database = Database(settings.database)
    try:
        await database.check()
        found = await home.require_not_newer(database)
    finally:
        await database.dispose()
    return Steps(found or "nothing yet", tuple((revision, about) for revision, about in known().items() if revision > found))


async def run(settings: DeskSettings, to: Path, passphrase: str, say: Callable[[str], None], *, now: datetime) -> None:
    """Back up to `to`, then migrate. Without the backup nothing is changed."""
    await backup.run(settings, to, passphrase, now=now)
    say(f"Took a backup: {to}")
    await migrate.run(settings)
    say(f"The database is at {newest()}. Start the processes of this program now.")
