"""The home folder of an installation: made once, checked at every start.

The embedded default makes its key-encryption keys on first start and says once to keep them apart from the database's backups (ARCHITECTURE "Storage");
after that a missing key stops the start: nothing else could open what it sealed. Limits: one machine's folder; `deploy/` sets paths of its own.
"""

import asyncio
import contextlib
import fcntl
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Box, Kek, SealBroken, make_kek, read_kek
from presswarden.kernel.store import box as open_box
from presswarden.kernel.store import box_made, require_box, require_opening
from presswarden.kernel.wake import PipeWake, PostgresWake
from presswarden.migrations.current import known, newest, standing

_UNFINISHED = "first-start"
MOST_EXECUTORS = 32
OWNERS = ("web", "dispatcher", "janitor", "courier")
BOXES = frozenset({"courier"})
"""Whose key wraps a box, and no key of an organisation."""


class NotSetUp(PresswardenError):
    """There is no installation in this home folder."""

    code = "home.not_set_up"


class DatabaseLost(PresswardenError):
    """There are keys here, but the embedded database they belong to is not."""

    code = "database.lost"


class SchemaOld(PresswardenError):
    code = "database.schema"


class SchemaNewer(PresswardenError):
    """A program can't go back below the database it finds."""

    code = "database.newer"


class ExecutorsFull(PresswardenError):
    code = "home.executors"


class KekStrange(PresswardenError):
    """A KEK of another installation, or one that was made anew after the right one was lost."""

    code = "kek.strange"


def is_first_start(home: Path) -> bool:
    """True while nothing of an installation exists, neither a key nor a database, and as long as a first start has not come to its end."""
    return (home / _UNFINISHED).exists() or not (any((home / "keys").glob("*.kek")) or (home / "presswarden.sqlite").exists())


def make_home(home: Path, say: Callable[[str], None]) -> None:
    """Make the folder and one KEK for each process; what an interrupted first start made is kept. `made` ends it, once there is a database."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)  # a folder that was there already may be open to others
    (home / _UNFINISHED).touch(mode=0o600)
    for owner in OWNERS:
        path = home / "keys" / f"{owner}.kek"
        if not path.exists():
            make_kek(owner, path)
    say(f"Made the key-encryption keys in {home / 'keys'} (mode 0600).")
    say(
        "Keep a copy of them apart from the database's backups: together they open every stored secret, and without them none can be opened."
    )


def made(home: Path) -> None:
    """The first start is over: from now on a key or a database that is missing is lost."""
    (home / _UNFINISHED).unlink(missing_ok=True)


def require_database(where: Path, database: str) -> None:
    """Raises `DatabaseLost`: a fresh, empty database in the place of a lost one would look as if no site had ever been paired."""
    if _is_absent(database):
        raise DatabaseLost(
            "The database of this installation is gone; its keys are still there.",
            where=database.removeprefix("sqlite:///"),
            do=f"Put the database back from a backup. To start with an empty one, move {where / 'keys'} away first.",
        )


def require_set_up(where: Path, database: str) -> None:
    """Raises `NotSetUp` when an embedded database would have to be made: only `serve` makes one."""
    if any((where / "keys").glob("*.kek")):
        require_database(where, database)
    if _is_absent(database):
        raise NotSetUp(f"There is no installation in {where}.", do="Start one with `presswarden serve`, or name its folder with --home.")


def kek(owner: str, path: Path) -> Kek:
    return read_kek(owner, path)


async def require_fitting(database: Database, *keks: Kek) -> None:
    """Raises `KekStrange`, before anything is sealed under a KEK that is not the one this database's secrets lie under."""
    async with database.reading(EVERYONE) as tx:
        for each in keks:
            try:
                await require_opening(EVERYONE, tx, each)
            except SealBroken:
                raise _strange(each) from None


async def require_each_fitting(database: Database, *keks: Kek) -> None:
    """The same of any process's, a box's too: for who looks after the whole installation. Raises `KekStrange`."""
    await require_fitting(database, *(each for each in keks if each.owner not in BOXES))
    async with database.reading(EVERYONE) as tx:
        for each in keks:
            try:
                if each.owner in BOXES:
                    await require_box(EVERYONE, tx, each)
            except SealBroken:
                raise _strange(each) from None


async def box(owner: str, path: Path, database: Database) -> Box:
    """What this process alone opens. Its key is made with it where there is neither: in an installation from before there was one.

    Raises `KekStrange`, `KekMissing`, `KekInvalid`.
    """
    async with database.reading(EVERYONE) as tx:
        made = await box_made(EVERYONE, tx, owner)
    if not made and not await asyncio.to_thread(path.exists):
        with contextlib.suppress(FileExistsError, PermissionError):
            make_kek(owner, path)
    own = read_kek(owner, path)
    try:
        async with database.transaction(EVERYONE) as tx:
            return await open_box(EVERYONE, tx, own)
    except SealBroken:
        raise _strange(own) from None


def _strange(of: Kek) -> KekStrange:
    return KekStrange(
        f"The key-encryption key of {of.owner} is not the one that this database's secrets were sealed under.",
        do="Put back the keys folder that belongs to this database. Nothing was changed.",
    )


async def open_database(url: str) -> Database:
    """The database, at this program's schema. Raises `SchemaOld` when it is at another, `DatabaseGone` when it can't be opened."""
    database = Database(url)
    try:
        await database.check()
        await require_schema(database)
    except BaseException:
        await database.dispose()
        raise
    return database


async def require_schema(database: Database, *, or_none: bool = False) -> None:
    """Raises `SchemaOld`, `SchemaNewer`. `or_none`: one that was never migrated will do, it is about to be. What holds something is never migrated unasked."""
    found = await require_not_newer(database)
    if found != newest() and (found or not or_none):
        raise SchemaOld(
            f"The database is at {found or 'no schema'}; this program needs {newest()}.",
            do="Stop every process and run `presswarden upgrade --backup FILE`: it takes a backup first. Nothing was changed.",
        )


async def require_not_newer(database: Database) -> str:
    """The revision that the database is at. Raises `SchemaNewer`: this program does not know what a newer one made of it."""
    found = await standing(database)
    if found and found not in known():
        raise SchemaNewer(
            f"The database is at {found}, made by a newer program; this one knows up to {newest()}.",
            do="Use the newer program. Going back is restoring the backup that its upgrade took.",
        )
    return found


def wake_for(database: Database, home: Path) -> PipeWake | PostgresWake:
    if database.is_sqlite:
        return PipeWake(home / "wake")
    return PostgresWake(database.direct.set(drivername="postgresql").render_as_string(hide_password=False))


@contextmanager
def executor(home: Path) -> Iterator[str]:
    """A name for a process that runs workflows: no other process has it while this one runs, and after a restart it gets the same one back.

    It is the number of the first lock in the home folder that nobody holds, with the folder's own id and the machine's name before it.
    """
    folder = home / "executors"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = folder / "id"
    with contextlib.suppress(FileExistsError), own.open("x") as made:
        made.write(uuid4().hex[:12])
    for number in range(1, MOST_EXECUTORS + 1):
        with (folder / f"{number}.lock").open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            machine = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:60]
            yield f"{machine}-{own.read_text()}-{number}"
            return
    raise ExecutorsFull(f"{MOST_EXECUTORS} dispatchers run from {home} already.", do="Stop one of them.")


def _is_absent(database: str) -> bool:
    """True for an embedded database without its file; a server's is asked, not looked for."""
    return database.startswith("sqlite") and not Path(database.removeprefix("sqlite:///")).exists()
