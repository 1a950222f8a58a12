"""Attack 47: steal the control plane's database, and sign for its sites.

The thief has every file beside the keys. What stops it: control keys are sealed under a key that lies apart from the database; passwords, sessions, tokens
and links are hashes. Every value that could be a key is tried as one; the program itself is started on the stolen files with a key of the thief's own.
The proof adds the key file of the dispatcher: then the sealed key opens, and it is the pinned one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import nacl.signing
import pytest

from lab.demo.control import Control
from lab.errors import LabError
from presswarden.dispatch import keyring
from presswarden.kernel.db import Database
from presswarden.kernel.ids import InstallationId, OrgId
from presswarden.kernel.sealing import read_kek
from tests.claims.attacks import Attack
from tests.claims.doors import record, status
from tests.claims.served import Served

pytestmark = [pytest.mark.site, pytest.mark.req("W9", "N8")]


@pytest.fixture
def stolen(served: Served, tmp_path: Path) -> Path:
    """The database as a copy of the disk has it, without the folder of the keys."""
    home = tmp_path / "stolen"
    home.mkdir()
    with (
        closing(sqlite3.connect(served.control.home / "presswarden.sqlite")) as old,
        closing(sqlite3.connect(home / "presswarden.sqlite")) as new,
    ):
        old.backup(new)
    return home


def values(home: Path) -> Iterator[bytes]:
    """Every value of every table, as bytes."""
    with closing(sqlite3.connect(home / "presswarden.sqlite")) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in row if value is not None)


def seeds(home: Path) -> set[bytes]:
    """Every 32 bytes that stand in it, raw or written in hex or base64."""
    found: set[bytes] = set()
    for value in set(values(home)):
        raws = [value] if len(value) < 200 else []
        raws += [bytes.fromhex(each.decode()) for each in re.findall(rb"\b[0-9a-f]{64}\b", value)]
        for each in re.findall(rb"[A-Za-z0-9+/_-]{43,88}={0,2}", value):
            try:
                raws.append(base64.b64decode(each.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/") + b"=="))
            except binascii.Error:
                continue
        found |= {raw[at : at + 32] for raw in raws for at in range(len(raw) - 31)}
    return found


def test_no_value_of_a_stolen_database_is_a_key_of_a_site(attack: Attack, served: Served, stolen: Path) -> None:
    pinned = json.dumps(record(served.site))
    public = {base64.b64encode(bytes(nacl.signing.SigningKey(seed).verify_key)).decode().rstrip("=") for seed in seeds(stolen)}
    assert len(public) > 500
    attack.repelled(f"{len(public)} values as a key", not any(each in pinned for each in public))


def test_the_program_signs_nothing_with_a_key_of_the_thiefs(attack: Attack, served: Served, stolen: Path) -> None:
    ran, before = len(served.site.events("action_ran")), status(served.site)["last_contact"]
    thief = Control(stolen)
    try:
        thief.start()
        told = thief.attempt("site", "read", "shop", "wp.site.health", "--seconds", "3")
        attack.repelled("a read", told.code != 0, told)
    except LabError as refused:
        attack.repelled("the program does not start on it", "kek" in str(refused).lower() or "key" in str(refused).lower(), refused)
    finally:
        thief.stop()
    attack.repelled(
        "nothing ran on the site", len(served.site.events("action_ran")) == ran and status(served.site)["last_contact"] == before
    )


def test_whoever_it_was_stolen_from_goes_on(served: Served) -> None:
    assert served.read("wp.site.health")


def test_with_the_dispatchers_key_file_the_control_key_opens(served: Served, stolen: Path) -> None:
    shutil.copytree(served.control.home / "keys", stolen / "keys")
    found = record(served.site)
    kek = read_kek("dispatcher", stolen / "keys" / "dispatcher.kek")

    async def opened() -> bytes:
        database = Database(f"sqlite:///{stolen / 'presswarden.sqlite'}")
        with closing(sqlite3.connect(stolen / "presswarden.sqlite")) as plain:
            (org,) = plain.execute("SELECT org FROM installations WHERE installation = ?", (found["installation"],)).fetchone()
        try:
            async with database.reading(OrgId(org)) as tx:
                key = await keyring.call_key(tx, kek, InstallationId(found["installation"]), now=datetime.now(UTC))
        finally:
            await database.dispose()
        return bytes(nacl.signing.SigningKey(key.secret).verify_key)

    public = asyncio.run(opened())
    assert base64.b64encode(public).decode() in json.dumps(found)
