"""`presswarden doctor`: says what is missing, one line for each thing that an installation needs. It changes nothing.

It looks from where it runs: with a process's home folder and settings it tells what that process would find. Limits: what only the others' settings say
(package hosts, mail) is known from what they tell while they run.
"""

import asyncio
import shutil
import stat
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import read_kek
from presswarden.kernel.wake import PostgresWake
from presswarden.migrations.current import newest, standing
from presswarden.migrations.rights import Login, login
from presswarden.processes import home
from presswarden.processes.settings import DeskSettings
from presswarden.reports.pulse import service as pulse
from presswarden.reports.pulse.model import Pulse
from presswarden.telemetry.model import shown

PROCESSES: Final = ("web", "dispatcher", "janitor", "analyst", "courier")
ROLE: Final = "presswarden_"
ROOM_BAD, ROOM_LOW = 100 * 2**20, 2**30
CLOCK_LOW, CLOCK_BAD = timedelta(seconds=5), timedelta(seconds=60)
RUNG_WITHIN: Final = 3.0


class State(StrEnum):
    OK = "ok"
    NOTE = "note"
    """It runs, with less than it could."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    state: State
    says: str
    do: str = ""

    def plain(self) -> dict[str, Json]:
        return {"what": self.what, "state": self.state.value, "says": self.says, "do": self.do}


def told(found: Sequence[Finding]) -> str:
    """For a terminal: one line each, and what to do about it below."""
    lines = []
    for each in found:
        lines.append(f"{each.state.value:4}  {each.what:18}  {shown(each.says)}")
        lines += [f"{'':26}Next: {shown(each.do)}"] if each.do else []
    return "\n".join(lines)


async def look(settings: DeskSettings, clock: Clock) -> tuple[Finding, ...]:
    """All findings, in the order in which they are best put right."""
    found = [_home(settings.home), _disk(settings.home), _url(settings.url)]
    try:
        home.require_set_up(settings.home, settings.database)
        database = Database(settings.database)
    except PresswardenError as fault:
        return (*found, Finding("database", State.BAD, fault.says, fault.do))
    try:
        found += [each async for each in _of_database(settings, database, clock)]
    finally:
        await database.dispose()
    return tuple(found)


async def _of_database(settings: DeskSettings, database: Database, clock: Clock) -> AsyncIterator[Finding]:
    try:
        await database.check()
    except PresswardenError as fault:
        yield Finding("database", State.BAD, fault.says, fault.do)
        return
    yield Finding("database", State.OK, f"{database.url.get_backend_name()} answers.")
    at = await standing(database)
    if at != newest():
        yield Finding(
            "schema", State.BAD, f"The database is at {at or 'no version'}, this program at {newest()}.", "Run: presswarden upgrade"
        )
        return
    yield Finding("schema", State.OK, f"At {at}, as this program.")
    told = None if database.is_sqlite else await login(database)
    process = _whose(told)
    if told is not None:
        for each in (_role(told, process), _clock(told, clock)):
            yield each
    async for each in _keys(settings.home, database, process):
        yield each
    yield await _wake(settings.home, database)
    async with database.reading(EVERYONE) as tx:
        pulses = {one.name: one for one in await pulse.pulses(EVERYONE, tx)}
    for name in PROCESSES:
        yield _pulse(name, pulses.get(name), clock)
    yield _packages(pulses.get("courier"))


def _home(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding("home", State.BAD, f"{folder} is no folder.", "Name the right one with --home or PRESSWARDEN_HOME.")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return Finding("home", State.BAD, f"{folder} is open to others (mode {mode:04o}).", f"Run: chmod 700 {folder}")
    return Finding("home", State.OK, f"{folder} is its owner's alone.")


def _disk(folder: Path) -> Finding:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(there).free
    says = f"{free / 2**30:.1f} GiB are free below {there}."
    state = State.BAD if free < ROOM_BAD else State.NOTE if free < ROOM_LOW else State.OK
    return Finding("disk", state, says, "" if state is State.OK else "Make room: when it is full, what can't be written is refused.")


def _url(url: str) -> Finding:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return Finding("url", State.OK, f"Sites and people reach it at {url}.")
    return Finding(
        "url", State.NOTE, f"{url} is for this machine alone.", "Set `url` to an https:// address; a proxy in front has the certificate."
    )


def _whose(told: Login | None) -> str:
    """Which process's login this is; empty for an installation in one process."""
    name = "" if told is None else told.name.removeprefix(ROLE)
    return name if name in PROCESSES else ""


def _role(told: Login, process: str) -> Finding:
    if told.open:
        return Finding("role", State.BAD, f"Tables without row-level security: {', '.join(told.open)}.", "Run: presswarden migrate")
    if told.sees_all:
        return Finding(
            "role", State.NOTE, f"{told.name} sees past row-level security.", "Use roles of deploy/roles.sql, one for each process."
        )
    if told.ungranted and not told.owns:
        return Finding("role", State.BAD, f"Never granted to anybody: {', '.join(told.ungranted)}.", "Run deploy/grants.sql as the owner.")
    if not process:
        return Finding("role", State.NOTE, f"{told.name} is no process's own role.", "To keep processes apart: deploy/README.md.")
    return Finding("role", State.OK, f"Logged in as {told.name}; row-level security holds it.")


def _clock(told: Login, clock: Clock) -> Finding:
    off = abs(told.moment - clock.now())
    state = State.BAD if off > CLOCK_BAD else State.NOTE if off > CLOCK_LOW else State.OK
    says = f"{off.total_seconds():.1f} s apart from the database's."
    return Finding("clock", state, says, "" if state is State.OK else "Set both by NTP: signatures live for minutes.")


async def _keys(folder: Path, database: Database, process: str) -> AsyncIterator[Finding]:
    wanted = [owner for owner in home.OWNERS if process in ("", owner)]
    for owner in home.OWNERS:
        path = folder / "keys" / f"{owner}.kek"
        if owner in wanted:
            try:
                await home.require_each_fitting(database, read_kek(owner, path))
            except PresswardenError as fault:
                yield Finding(f"key of {owner}", State.BAD, fault.says, fault.do)
            else:
                yield Finding(f"key of {owner}", State.OK, "There, its owner's alone, and the one this database was sealed under.")
        elif path.exists():
            yield Finding(
                f"key of {owner}",
                State.BAD,
                f"{path} does not belong to {process}.",
                "Keep each key where its process runs, and nowhere else.",
            )


async def _wake(folder: Path, database: Database) -> Finding:
    """Rings a bell of its own: so a server's is heard through whatever lies between."""
    wake = home.wake_for(database, folder)
    try:
        async with wake.listen("doctor") as bell:
            await wake.ring("doctor")
            heard = await bell.wait(RUNG_WITHIN)
    except Exception as fault:  # whatever keeps it from listening is what is told
        return Finding(
            "wake-ups", State.BAD, f"Can't be listened for ({type(fault).__name__}).", "Check the home folder's rights, or the server's."
        )
    finally:
        if isinstance(wake, PostgresWake):
            await asyncio.shield(wake.close())
    if heard:
        return Finding("wake-ups", State.OK, "Heard.")
    return Finding(
        "wake-ups",
        State.BAD,
        "Not heard.",
        "A pooler in transaction mode swallows LISTEN: add ?direct=HOST:PORT of the server to `database`.",
    )


def _pulse(name: str, last: Pulse | None, clock: Clock) -> Finding:
    if last is None:
        return Finding(name, State.BAD, "Never ran.", f"Start it: presswarden {name}, or presswarden serve for all.")
    if not last.is_alive(clock.now()):
        return Finding(
            name, State.BAD, f"Last heard of at {last.seen_at:%Y-%m-%d %H:%M:%S} UTC.", "Start it again; its log says why it ended."
        )
    return Finding(name, State.OK, "Runs.")


def _packages(courier: Pulse | None) -> Finding:
    if courier is not None and courier.told.get("packages") is True:
        return Finding("package hosts", State.OK, "Zips are hashed before they are approved.")
    return Finding(
        "package hosts", State.NOTE, "None named: no zip's hash is known, so every update counts one level graver.", "Set `package_hosts`."
    )
