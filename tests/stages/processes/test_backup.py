"""A backup and what comes of it: everything is there again, nothing is written over, and what does not fit is refused before a byte is written."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from presswarden.kernel import strongbox
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId
from presswarden.kernel.sealing import Kek
from presswarden.kernel.store import org_key
from presswarden.kernel.strongbox import BackupBroken, PassphraseWeak
from presswarden.migrations.current import is_current, known, newest
from presswarden.processes import backup, home, restore, serve, upgrade
from presswarden.processes.backup import BackupRefused
from presswarden.processes.restore import RestoreRefused
from presswarden.processes.settings import DeskSettings, Settings
from presswarden.sites import service as sites
from tests.support.older import age
from tests.support.shop import open_shop

pytestmark = pytest.mark.req("N16")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = "seven copper otters hum"


async def _installed(where: Path, url: str, org: OrgId) -> DeskSettings:
    """A home folder with keys, settings, one organisation and its paired site."""
    home.make_home(where, lambda _: None)
    (where / "settings.toml").write_text('url = "http://127.0.0.1:8700"\ndatabase = "sqlite:////old/place.sqlite"\n')
    settings = DeskSettings(url, where, "http://127.0.0.1:8700")
    database = Database(url)
    await open_shop(database, org, NOW)
    async with database.transaction(org) as tx:
        await org_key(org, tx, _kek(where))
    await database.dispose()
    home.made(where)
    return settings


def _kek(where: Path) -> Kek:
    return home.kek("dispatcher", where / "keys" / "dispatcher.kek")


@pytest.fixture
async def installed(tmp_path: Path, sqlite_template: Path, org: OrgId) -> DeskSettings:
    where = tmp_path / "home"
    where.mkdir()
    shutil.copyfile(sqlite_template, where / "presswarden.sqlite")
    return await _installed(where, f"sqlite:///{where / 'presswarden.sqlite'}", org)


def _left_behind(*folders: Path) -> list[Path]:
    return [path for folder in folders for pattern in (".*", "backup-*") for path in folder.glob(pattern)]


def _empty(settings: DeskSettings, where: Path) -> DeskSettings:
    return replace(settings, home=where, database=f"sqlite:///{where / 'presswarden.sqlite'}")


async def test_a_backup_is_restored_into_an_empty_home_with_every_site_held(installed: DeskSettings, tmp_path: Path, org: OrgId) -> None:
    file, fresh = tmp_path / "backup", _empty(installed, tmp_path / "fresh")
    told = await backup.run(installed, file, WORDS, now=NOW)
    assert (told["schema"], told["database"], file.stat().st_mode & 0o777) == (newest(), "sqlite", 0o600)
    done = await restore.run(fresh, file, WORDS, now=NOW + timedelta(hours=1))
    assert (done.organisations, done.held, done.given_up) == (1, 1, 0)
    for owner in home.OWNERS:
        key = fresh.home / "keys" / f"{owner}.kek"
        assert key.read_text() == (installed.home / "keys" / f"{owner}.kek").read_text()
        assert key.stat().st_mode & 0o777 == 0o600
    assert "/old/place" not in (fresh.home / "settings.toml").read_text(), "the old database may still be in use"
    assert 'url = "http://127.0.0.1:8700"' in (fresh.home / "settings.toml").read_text()
    database = await home.open_database(fresh.database)
    await home.require_fitting(database, _kek(fresh.home))
    async with database.reading(EVERYONE) as tx:
        (one,) = await sites.installations_to_serve(EVERYONE, tx)
    await database.dispose()
    assert one.restored_at == NOW + timedelta(hours=1)
    assert _left_behind(tmp_path, installed.home) == [], "no copy in the clear is left behind"


async def test_a_backup_is_one_moment_of_a_database_that_is_written_to(installed: DeskSettings, tmp_path: Path) -> None:
    place = installed.database.removeprefix("sqlite:///")
    writer = sqlite3.connect(place)
    writer.execute("CREATE TABLE half (x)")
    writer.commit()
    writer.execute("INSERT INTO half VALUES (1)")  # not committed
    await backup.run(installed, tmp_path / "backup", WORDS, now=NOW)
    writer.rollback()
    writer.close()
    fresh = _empty(installed, tmp_path / "fresh")
    await restore.run(fresh, tmp_path / "backup", WORDS, now=NOW)
    with sqlite3.connect(fresh.database.removeprefix("sqlite:///")) as found:
        assert found.execute("SELECT count(*) FROM half").fetchone() == (0,)
    found.close()


async def test_a_backup_overwrites_nothing_and_a_weak_passphrase_makes_none(installed: DeskSettings, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(BackupRefused):
        await backup.run(installed, tmp_path / "there", WORDS, now=NOW)
    assert (tmp_path / "there").read_text() == "mine"
    with pytest.raises(BackupRefused):
        await backup.run(installed, tmp_path / "nowhere" / "backup", WORDS, now=NOW)
    with pytest.raises(PassphraseWeak):
        await backup.run(installed, tmp_path / "weak", "secret", now=NOW)
    assert not (tmp_path / "weak").exists()


async def test_nothing_is_restored_over_another_installation(installed: DeskSettings, tmp_path: Path) -> None:
    await backup.run(installed, tmp_path / "backup", WORDS, now=NOW)
    before = sorted(path.name for path in installed.home.rglob("*"))
    with pytest.raises(RestoreRefused, match="not empty"):
        await restore.run(installed, tmp_path / "backup", WORDS, now=NOW)
    with pytest.raises(RestoreRefused, match="database already"):
        await restore.run(replace(installed, home=tmp_path / "fresh"), tmp_path / "backup", WORDS, now=NOW)
    assert sorted(path.name for path in installed.home.rglob("*")) == before
    assert not (tmp_path / "fresh").exists()


def _forged(file: Path, *members: tuple[str, bytes], schema: str = "", kind: str = "sqlite") -> Path:
    """A file that somebody who knows the passphrase made."""
    told = {"database": kind, "made_at": "2026-11-20", "program": "9.9", "schema": schema or newest()}
    lines = [json.dumps({"name": name, "size": len(content)}).encode() + b"\n" + content for name, content in members]
    with file.open("wb") as out:
        strongbox.write(out, WORDS, told, lines, cost=1 << 4)
    return file


async def _refused(installed: DeskSettings, tmp_path: Path, file: Path, words: str = WORDS) -> str:
    fresh = _empty(installed, tmp_path / "deeper" / "fresh")
    with pytest.raises((RestoreRefused, BackupBroken, home.KekStrange)) as refused:
        await restore.run(fresh, file, words, now=NOW)
    assert not fresh.home.exists()
    assert not (tmp_path / "deeper").exists() or not any((tmp_path / "deeper").iterdir())
    return refused.value.says


async def test_what_is_no_whole_backup_is_refused_before_the_first_byte_is_written(installed: DeskSettings, tmp_path: Path) -> None:
    good = tmp_path / "backup"
    await backup.run(installed, good, WORDS, now=NOW)
    short = tmp_path / "short"
    short.write_bytes(good.read_bytes()[:-1])
    assert "can't be opened" in await _refused(installed, tmp_path, short)
    assert "can't be opened" in await _refused(installed, tmp_path, good, "seven copper otters hun")
    assert "can't be read" in await _refused(installed, tmp_path, tmp_path / "nothing")
    assert "newer program" in await _refused(installed, tmp_path, _forged(tmp_path / "a", ("database", b""), schema="20991231_01"))
    assert "postgresql database" in await _refused(installed, tmp_path, _forged(tmp_path / "b", ("database", b""), kind="postgresql"))
    assert "one database" in await _refused(installed, tmp_path, _forged(tmp_path / "c", ("keys/web.kek", b"")))
    for strange in ("../escape", "keys/../../escape", "/etc/passwd", "keys/.kek", "wake"):
        assert "another form" in await _refused(installed, tmp_path, _forged(tmp_path / "d", (strange, b"x"), ("database", b"")))
    assert not (tmp_path / "escape").exists()


async def test_a_database_that_was_sealed_under_other_keys_is_not_put_in_place(installed: DeskSettings, tmp_path: Path) -> None:
    (installed.home / "keys" / "dispatcher.kek").write_text("ab" * 32)
    await backup.run(installed, tmp_path / "backup", WORDS, now=NOW)
    assert "not the one" in await _refused(installed, tmp_path, tmp_path / "backup")


async def _older(settings: DeskSettings) -> None:
    """The database as it was one step ago."""
    await age(Path(settings.database.removeprefix("sqlite:///")), 1)


async def test_no_process_migrates_by_itself_what_holds_something(installed: DeskSettings) -> None:
    await _older(installed)
    before = await upgrade.steps(installed)
    with pytest.raises(home.SchemaOld) as old:
        await serve.run(Settings.load(installed.home, {"PRESSWARDEN_DATABASE": installed.database}).serve(), asyncio.Event(), print)
    assert "presswarden upgrade --backup" in old.value.do
    assert await upgrade.steps(installed) == before
    assert len(before.missing) == 1


async def test_an_upgrade_says_what_it_does_and_takes_a_backup_first(installed: DeskSettings, tmp_path: Path) -> None:
    await _older(installed)
    with pytest.raises(home.SchemaOld) as old:
        await home.open_database(installed.database)
    assert "presswarden upgrade" in old.value.do
    ahead = await upgrade.steps(installed)
    assert list(known().values())[-1] in ahead.says()
    with pytest.raises(PassphraseWeak):
        await upgrade.run(installed, tmp_path / "before", "weak", print, now=NOW)
    assert (await upgrade.steps(installed)).missing == ahead.missing, "without its backup nothing was changed"
    said: list[str] = []
    await upgrade.run(installed, tmp_path / "before", WORDS, said.append, now=NOW)
    assert len(said) == 2
    assert (await upgrade.steps(installed)).missing == ()
    fresh = _empty(installed, tmp_path / "fresh")
    assert (await restore.run(fresh, tmp_path / "before", WORDS, now=NOW)).held == 1, "an older backup is brought to this schema"


async def test_a_database_of_a_newer_program_is_left_alone(installed: DeskSettings) -> None:
    with sqlite3.connect(installed.database.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE alembic_version SET version_num = '20991231_01'")
    database.close()
    for look in (upgrade.steps(installed), home.open_database(installed.database)):
        with pytest.raises(home.SchemaNewer):
            await look


@pytest.mark.postgres
async def test_a_postgresql_database_goes_the_same_way(
    tmp_path: Path, postgres_cluster: str, org: OrgId, make_database: Callable[[bool], str]
) -> None:
    installed = await _installed(tmp_path / "home", make_database(True), org)
    await backup.run(installed, tmp_path / "backup", WORDS, now=NOW)
    assert os.fspath(tmp_path).encode() not in (tmp_path / "backup").read_bytes()
    fresh = replace(installed, home=tmp_path / "fresh", database=make_database(False))
    assert (await restore.run(fresh, tmp_path / "backup", WORDS, now=NOW)).held == 1
    database = await home.open_database(fresh.database)
    assert await is_current(database)
    await home.require_fitting(database, _kek(fresh.home))
    await database.dispose()
    with pytest.raises(RestoreRefused, match="not empty"):
        await restore.run(replace(fresh, home=tmp_path / "third"), tmp_path / "backup", WORDS, now=NOW)


@pytest.fixture
async def make_database(postgres_cluster: str) -> Callable[[bool], str]:
    """A database of the cluster: migrated, or empty."""
    names: list[str] = []
    connection = await asyncpg.connect(f"{postgres_cluster}/postgres")
    for place in range(2):
        names.append(f"backup_{os.getpid()}_{place}")
        template = " TEMPLATE template_presswarden" if place == 0 else ""
        await connection.execute(f"CREATE DATABASE {names[-1]}{template}")
    await connection.close()
    return lambda migrated: f"{postgres_cluster}/{names[0 if migrated else 1]}"
