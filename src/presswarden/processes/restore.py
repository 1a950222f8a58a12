"""`presswarden restore`: a backup into an empty home folder, checked to its last byte before the first one is written.

It is built beside the home folder and moved there whole; the keys come last, so nothing that is half there can sign. Then nothing goes out: what was under way
is ended, and every site is held until it was heard and its fence compared (N16). Limits: what happened after the backup is known to sites and people alone.
"""

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.flows import journal
from presswarden.identity import service as identity
from presswarden.identity.invitations import service as invitations
from presswarden.identity.sessions import service as sessions
from presswarden.kernel import strongbox
from presswarden.kernel.canonical import Json
from presswarden.kernel.copies import load_postgres, require_whole_sqlite
from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, new_id
from presswarden.kernel.sealing import read_kek
from presswarden.mailbox import restoring as letters
from presswarden.migrations.current import known, newest, standing
from presswarden.migrations.runner import upgrade
from presswarden.processes import home
from presswarden.processes.backup import DATABASE, SETTINGS
from presswarden.processes.settings import DeskSettings
from presswarden.reports.notices import service as notices
from presswarden.rollouts import service as rollouts
from presswarden.sites import restoring as installations

OPERATOR: Final = Actor("process", "operator")
_SAYS: Final = "The control plane was restored from a backup; what became of this change since stands on the site."
_MEMBER: Final = re.compile(r"keys/[a-z]{1,32}\.kek\Z")
_LONGEST_LINE: Final = 300
_NAMES_DATABASE: Final = re.compile(r"^\s*database\s*=.*$", re.MULTILINE)


class RestoreRefused(PresswardenError):
    code = "restore.refused"


@dataclass(frozen=True, slots=True)
class Restored:
    made_at: str
    organisations: int
    held: int
    """Installations that wait for their site to be heard."""
    given_up: int
    """Requests and changes that were under way in the backup."""


async def run(settings: DeskSettings, source: Path, passphrase: str, *, now: datetime) -> Restored:
    """Raises `RestoreRefused`, `BackupBroken`, `CopyFailed`, and what a database that does not fit its keys raises."""
    if settings.home.exists() and (not settings.home.is_dir() or any(settings.home.iterdir())):
        raise RestoreRefused(
            f"{settings.home} is not empty.", do="Name an empty or a new folder with --home: nothing is restored over another installation."
        )
    told = await asyncio.to_thread(_prove, source, passphrase)
    _require_fitting(told, settings)
    settings.home.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{settings.home.name}.restoring-", dir=settings.home.parent))
    try:
        await asyncio.to_thread(_lay_out, source, passphrase, staged)
        return await _put_in_place(settings, staged, str(told["made_at"]), now)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _prove(source: Path, passphrase: str) -> Mapping[str, Json]:
    """Read all of it once, and write nothing: every chunk's tag, every name, every key."""
    with _open(source) as file:
        opened = strongbox.read(file, passphrase)
        names = [name for name, _ in _members(opened.parts)]
    if names.count(DATABASE) != 1 or names[-1] != DATABASE or len(set(names)) != len(names):
        raise RestoreRefused("The backup does not hold one database.", do="Take another backup.")
    return opened.told


def _require_fitting(told: Mapping[str, Json], settings: DeskSettings) -> None:
    if told.get("schema") not in known():
        raise RestoreRefused(
            f"The backup was made by a newer program ({told.get('program')}, at {told.get('schema')}); this one knows up to {newest()}.",
            do="Restore it with that program.",
        )
    kind = "sqlite" if settings.database.startswith("sqlite") else "postgresql"
    if told.get("database") != kind:
        raise RestoreRefused(
            f"The backup holds a {told.get('database')} database, and a {kind} one is set.",
            do="Set PRESSWARDEN_DATABASE to an empty PostgreSQL database, or leave it unset for SQLite.",
        )
    if kind == "sqlite" and Path(settings.database.removeprefix("sqlite:///")).exists():
        raise RestoreRefused("There is a database already where this one belongs.", where=settings.database, do="Move it away first.")


async def _put_in_place(settings: DeskSettings, staged: Path, made_at: str, now: datetime) -> Restored:
    is_sqlite = settings.database.startswith("sqlite")
    copied, place = staged / DATABASE, Path(settings.database.removeprefix("sqlite:///"))
    if is_sqlite:
        require_whole_sqlite(copied)
    database = Database(f"sqlite:///{copied}" if is_sqlite else settings.database)
    try:
        if not is_sqlite:
            if await standing(database):
                raise RestoreRefused("The database is not empty.", do="Name an empty one: nothing is restored over another installation.")
            await asyncio.to_thread(load_postgres, database.direct, copied)
            copied.unlink()
        await upgrade(database)
        await home.require_each_fitting(database, *(read_kek(path.stem, path) for path in sorted((staged / "keys").glob("*.kek"))))
        done = await hold_everything(database, made_at, now=now)
        await database.fold()
    finally:
        await database.dispose()
    _move(settings, staged, copied, place if is_sqlite else None)
    return done


def _move(settings: DeskSettings, staged: Path, copied: Path, place: Path | None) -> None:
    """The database to its place, then all the rest in one move, with the keys. `place`: of an embedded database."""
    _set_database(staged / SETTINGS, settings.database)
    if place is not None and place.parent != settings.home:
        os.link(copied, place)
        copied.unlink()
    elif place is not None:
        copied.rename(staged / place.name)
    if settings.home.exists():
        settings.home.rmdir()  # it was empty; a folder that was filled meanwhile stays, and this fails
    staged.rename(settings.home)


async def hold_everything(database: Database, made_at: str, *, now: datetime) -> Restored:
    """Nothing that lay in the backup goes out by itself: letters, work, mails, sessions and links end, and every site is held."""
    async with database.reading(EVERYONE) as tx:
        organisations = await identity.organisations(EVERYONE, tx)
    held = given_up = 0
    for one in organisations:
        async with database.transaction(one.id) as tx:
            requests = await letters.settle_open(tx, by=OPERATOR, now=now)
            changes = await rollouts.give_up(tx, code="change.restored", says=_SAYS, now=now)
            await journal.forget_all(tx)
            waiting = await installations.hold_all(tx, now=now)
            signed_in, links = await sessions.end_everybody(tx), await invitations.withdraw_all(tx)
            told: dict[str, Json] = {
                "backup_made_at": made_at, "held": waiting, "requests": requests, "changes": changes, "sessions": signed_in, "links": links,
                "notices": await notices.drop_waiting(tx),
            }  # fmt: skip
            await audit.record(tx, _entry(one.id, told), now=now)
        held, given_up = held + waiting, given_up + requests + changes
    return Restored(made_at, len(organisations), held, given_up)


def _entry(org: OrgId, told: dict[str, Json]) -> Entry:
    return Entry("installation.restored", OPERATOR, f"organisation:{org}", CorrelationId(new_id()), told)


def _lay_out(source: Path, passphrase: str, staged: Path) -> None:
    (staged / "keys").mkdir(mode=0o700)
    with _open(source) as file:
        for name, parts in _members(strongbox.read(file, passphrase).parts):
            with os.fdopen(os.open(staged / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
                for part in parts:
                    made.write(part)
                made.flush()
                os.fsync(made.fileno())


def _members(parts: Iterator[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each member's name and bytes, in order; what a caller leaves of one is skipped. Names are known ones: nothing is written elsewhere."""
    kept = b""
    for part in parts:
        kept += part
        while kept:
            line, found, rest = kept.partition(b"\n")
            if not found:
                if len(line) > _LONGEST_LINE:
                    raise _strange()
                break
            name, left = _named(line)
            kept = b""
            inside = _Inside(parts, rest, left)
            yield name, iter(inside)
            for _ in inside:
                pass
            kept = inside.after
    if kept:
        raise _strange()


class _Inside:
    """The bytes of one member."""

    def __init__(self, parts: Iterator[bytes], begun: bytes, left: int) -> None:
        self._parts = parts
        self.after = begun
        self._left = left

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            part = self.after or next(self._parts, b"")
            if not part:
                raise _strange()
            mine, self.after = part[: self._left], part[self._left :]
            self._left -= len(mine)
            yield mine


def _named(line: bytes) -> tuple[str, int]:
    try:
        found = json.loads(line)
        name, size = found["name"], found["size"]
    except (ValueError, KeyError, TypeError):
        raise _strange() from None
    if not isinstance(size, int) or size < 0 or not isinstance(name, str) or not (name in {DATABASE, SETTINGS} or _MEMBER.match(name)):
        raise _strange()
    return name, size


def _set_database(settings: Path, url: str) -> None:
    """What was set stays, but for where the database is: the old one may still be in use."""
    if settings.exists():
        text = settings.read_text(encoding="utf-8")
        settings.write_text(_NAMES_DATABASE.sub(lambda _: f"database = {json.dumps(url)}", text), encoding="utf-8")


def _open(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except OSError as fault:
        raise RestoreRefused(f"{source} can't be read ({fault.strerror}).", do="Name the file that `presswarden backup` wrote.") from fault


def _strange() -> RestoreRefused:
    return RestoreRefused("The backup is of another form than this program's.", do="Restore it with the program that made it.")
