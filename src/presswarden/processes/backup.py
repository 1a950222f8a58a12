"""`presswarden backup`: one encrypted file with the database, the keys that open it and the settings, made while everything runs.

What is in it: `settings.toml`, `keys/*.kek`, `database`; each as a line of JSON with name and size, and its bytes. The file is read back before it counts.
Limits: the workflow engine's books are not in it, they may be lost; who has file and passphrase has everything.
"""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from presswarden.kernel import strongbox
from presswarden.kernel.canonical import Json
from presswarden.kernel.copies import copy_sqlite, dump_postgres
from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.migrations.current import standing
from presswarden.processes import home
from presswarden.processes.settings import DeskSettings

PART: Final = 1 << 20
DATABASE: Final = "database"
SETTINGS: Final = "settings.toml"


class BackupRefused(PresswardenError):
    code = "backup.refused"


async def run(settings: DeskSettings, to: Path, passphrase: str, *, now: datetime) -> dict[str, Json]:
    """Write the backup. What its header tells. Raises `BackupRefused`, `PassphraseWeak`, `CopyFailed`, `DatabaseGone`, `NotSetUp`."""
    strongbox.require_strong(passphrase)
    home.require_set_up(settings.home, settings.database)
    _require_room(to)
    database = Database(settings.database)
    scratch = Path(tempfile.mkdtemp(prefix="backup-", dir=settings.home if settings.home.is_dir() else None))
    try:
        await database.check()
        copied = scratch / DATABASE
        await asyncio.to_thread(_copy, database, copied)
        told: dict[str, Json] = {
            "database": "sqlite" if database.is_sqlite else "postgresql", "made_at": now.isoformat(timespec="seconds"),
            "program": version("presswarden"), "schema": await standing(database),
        }  # fmt: skip
        await asyncio.to_thread(_write, to, passphrase, told, [*_kept(settings.home), (DATABASE, copied)])
    finally:
        await database.dispose()
        shutil.rmtree(scratch, ignore_errors=True)
    return told


def _require_room(to: Path) -> None:
    if to.exists():
        raise BackupRefused(f"{to} exists already.", do="Name another file: a backup overwrites nothing.")
    if not to.absolute().parent.is_dir():
        raise BackupRefused(f"The folder of {to} does not exist.", do="Make it first.")


def _copy(database: Database, to: Path) -> None:
    if database.sqlite_path is not None:
        copy_sqlite(database.sqlite_path, to)
    else:
        dump_postgres(database.direct, to)


def _kept(where: Path) -> list[tuple[str, Path]]:
    """What of the home folder is no database: its keys and what was set."""
    found = [(f"keys/{path.name}", path) for path in sorted((where / "keys").glob("*.kek"))]
    return [*found, *([(SETTINGS, where / SETTINGS)] if (where / SETTINGS).exists() else [])]


def _write(to: Path, passphrase: str, told: dict[str, Json], members: Sequence[tuple[str, Path]]) -> None:
    """Whole and proved, or not at all."""
    begun = to.with_name(f"{to.name}.begun")
    begun.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(begun, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            strongbox.write(file, passphrase, told, _parts(members))
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            for _ in strongbox.read(file, passphrase).parts:
                pass
        os.link(begun, to)  # a rename would overwrite
    except OSError as fault:
        raise BackupRefused(
            f"{to} can't be written ({fault.strerror}).", do="Check the space on its disk and its folder's rights."
        ) from fault
    finally:
        begun.unlink(missing_ok=True)


def _parts(members: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    for name, path in members:
        with path.open("rb") as file:
            left = path.stat().st_size
            yield json.dumps({"name": name, "size": left}).encode() + b"\n"
            while left:
                part = file.read(min(PART, left))
                if not part:
                    raise BackupRefused(f"{path} became shorter while it was read.", do="Try again.")
                left -= len(part)
                yield part
