"""What `presswarden doctor` finds: each thing that is missing, when it is missing, and nothing when nothing is."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.kernel.sealing import Kek, make_kek
from presswarden.kernel.store import org_key
from presswarden.processes import doctor
from presswarden.processes.doctor import PROCESSES, Finding, State
from presswarden.processes.home import OWNERS
from presswarden.processes.settings import DeskSettings
from presswarden.reports.pulse import service as pulse
from tests.fakes.clock import FrozenClock
from tests.support.roles import apart, say, url_as

pytestmark = pytest.mark.req("N8")
URL = "https://control.example"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home folder as `serve` makes it."""
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    for owner in OWNERS:
        make_kek(owner, made / "keys" / f"{owner}.kek")
    return made


async def everything_runs(database: Database, *, packages: bool = True) -> None:
    async with database.transaction(EVERYONE) as tx:
        for name in PROCESSES:
            await pulse.beat(EVERYONE, tx, name, {"packages": packages} if name == "courier" else {}, SystemClock().now())


async def look(url: str, folder: Path, address: str = URL) -> dict[str, Finding]:
    return {each.what: each for each in await doctor.look(DeskSettings(url, folder, address), SystemClock())}


def bad(found: dict[str, Finding]) -> list[str]:
    return [what for what, each in found.items() if each.state is State.BAD]


async def test_a_whole_installation_lacks_nothing(database: Database, database_url: str, folder: Path) -> None:
    await everything_runs(database)
    found = await look(database_url, folder)
    assert bad(found) == []
    assert {"home", "disk", "url", "database", "schema", "wake-ups", "key of web", *PROCESSES} <= set(found)
    assert [each.what for each in found.values() if each.state is State.NOTE] == ([] if database.is_sqlite else ["role"])


async def test_what_does_not_run_is_named(database: Database, database_url: str, folder: Path) -> None:
    await everything_runs(database, packages=False)
    async with database.transaction(EVERYONE) as tx:
        await pulse.beat(EVERYONE, tx, "janitor", {}, SystemClock().now() - timedelta(minutes=5))
    found = await look(database_url, folder, "http://localhost:8700")
    assert bad(found) == ["janitor"]
    assert found["janitor"].says.startswith("Last heard of at")
    assert (found["url"].state, found["package hosts"].state) == (State.NOTE, State.NOTE)


async def test_keys_that_are_missing_open_or_strange_are_named(database: Database, database_url: str, folder: Path) -> None:
    org = OrgId(new_id())
    async with database.transaction(org) as tx:
        await org_key(org, tx, Kek("janitor", b"k" * 32))
    await everything_runs(database)
    (folder / "keys" / "web.kek").unlink()
    (folder / "keys" / "dispatcher.kek").chmod(0o640)
    found = await look(database_url, folder)
    assert bad(found) == ["key of web", "key of dispatcher", "key of janitor"]
    assert "does not exist" in found["key of web"].says
    assert "chmod 600" in found["key of dispatcher"].do
    assert "not the one" in found["key of janitor"].says


async def test_a_folder_that_others_can_open_is_named(database: Database, database_url: str, folder: Path) -> None:
    await everything_runs(database)
    await asyncio.to_thread(folder.chmod, 0o755)
    assert bad(await look(database_url, folder)) == ["home"]


async def test_a_database_that_is_gone_or_empty_is_named(folder: Path, tmp_path: Path) -> None:
    assert bad(await look("postgresql://nobody@127.0.0.1:1/none", folder)) == ["database"]
    assert bad(await look(f"sqlite:///{tmp_path}/none.sqlite", folder)) == ["database"]
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    assert bad(await look(f"sqlite:///{empty}", folder)) == ["schema"]


@pytest.fixture(scope="module")
def installed(postgres_cluster: str) -> Iterator[str]:
    with apart(postgres_cluster) as url:
        yield url


@pytest.mark.postgres
async def test_apart_a_process_needs_its_own_role_and_key_and_no_other(installed: str, folder: Path) -> None:
    database = Database(url_as("analyst", installed))
    await everything_runs(database)
    await database.dispose()
    found = await look(url_as("dispatcher", installed), folder)
    assert bad(found) == ["key of web", "key of janitor", "key of courier"]
    assert found["role"] == Finding("role", State.OK, "Logged in as presswarden_dispatcher; row-level security holds it.")
    for other in ("web", "janitor", "courier"):
        (folder / "keys" / f"{other}.kek").unlink()
    assert bad(await look(url_as("dispatcher", installed), folder)) == []
    assert bad(await look(url_as("analyst", installed), folder)) == ["key of dispatcher"]


@pytest.mark.postgres
async def test_rights_that_were_not_given_and_security_that_is_off_are_named(installed: str, folder: Path) -> None:
    for other in ("web", "janitor", "courier"):
        (folder / "keys" / f"{other}.kek").unlink()
    owner = url_as("owner", installed)
    await say(owner, "CREATE TABLE public.later (id int)")
    found = await look(url_as("dispatcher", installed), folder)
    assert (bad(found), "later" in found["role"].says) == (["role"], True)
    await say(owner, "DROP TABLE public.later", "ALTER TABLE sites NO FORCE ROW LEVEL SECURITY")
    found = await look(url_as("dispatcher", installed), folder)
    assert (bad(found), "sites" in found["role"].says) == (["role"], True)
    await say(owner, "ALTER TABLE sites FORCE ROW LEVEL SECURITY")
    assert (await look(installed, folder))["role"].state is State.NOTE


@pytest.mark.postgres
async def test_a_clock_that_is_off_is_named(installed: str, folder: Path, frozen: FrozenClock) -> None:
    settings = DeskSettings(url_as("dispatcher", installed), folder, URL)
    found = {each.what: each for each in await doctor.look(settings, frozen)}
    assert found["clock"].state is State.BAD


def test_for_a_terminal_each_finding_is_a_line_with_what_to_do_below() -> None:
    text = doctor.told([Finding("disk", State.OK, "Room."), Finding("home", State.BAD, "Open \x1b[2J.", "Close it.")])
    assert text.splitlines() == [
        "ok    disk                Room.",
        "bad   home                Open <U+001B>[2J.",
        "                          Next: Close it.",
    ]
