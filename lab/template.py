"""Installs WordPress once per version and database, and fills further sites from that.

SQLite templates are files in the cache. MariaDB sites and networks (multisite) are installed each
time: the first because it costs as little as a copy, the second because their address stands in
many tables.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from lab import cache
from lab.commands import attempt, last_words
from lab.config import Database
from lab.core import Core
from lab.errors import LabError
from lab.php import HERE, Php

ADMIN = ("admin", "lab-admin-password")


def add_dropin(plugin: Path, content: Path) -> None:
    """WordPress on SQLite: the drop-in points at the cached plugin, so that no plugin list shows it."""
    text = (plugin / "db.copy").read_text().replace("{SQLITE_IMPLEMENTATION_FOLDER_PATH}", str(plugin))
    (content / "db.php").write_text(text)


def add_oracle(content: Path) -> None:
    """The lab's must-use plugins."""
    (content / "mu-plugins").mkdir(exist_ok=True)
    for path in sorted((HERE / "mu").glob("*.php")):
        shutil.copy(path, content / "mu-plugins" / path.name)
    (content / "mu-plugins" / "presswarden-lab").mkdir(exist_ok=True)
    shutil.copy(HERE / "php" / "record.php", content / "mu-plugins" / "presswarden-lab" / "record.php")


def fill(php: Php, tree: Core, root: Path, database: Database, url: str, multisite: bool, env: Mapping[str, str] | None = None) -> str:
    """Give the site its tables; the administrator's application password."""
    if database.file is None or multisite:
        return _install(php, root, url, multisite, env)
    stored = cache.entry(_key(php, tree))
    if stored is None:
        word = _install(php, root, url, multisite, env)
        stored = cache.keep(_key(php, tree), lambda scratch: _set_aside(database, scratch, word))
    shutil.copy(stored / "wp.sqlite", database.file)
    readdress(database.file, url)
    return (stored / "app_password").read_text()


def readdress(file: Path, url: str) -> None:
    """The copied tables name the copy's own address."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE wp_options SET option_value = ? WHERE option_name IN ('siteurl', 'home')", (url,))


def _key(php: Php, tree: Core) -> str:
    recipe = hashlib.sha256((HERE / "php" / "install.php").read_bytes() + "\0".join(ADMIN).encode()).hexdigest()[:12]
    return f"templates/{tree.version}-php{php.version.rpartition('.')[0]}-{recipe}"


def _set_aside(database: Database, scratch: Path, word: str) -> Path:
    kept = scratch / "template"
    kept.mkdir()
    assert database.file is not None
    # A copy by SQLite itself is whole even if a journal is still beside the file.
    with closing(sqlite3.connect(database.file)) as source, closing(sqlite3.connect(kept / "wp.sqlite")) as target:
        source.backup(target)
    (kept / "app_password").write_text(word)
    return kept


def _install(php: Php, root: Path, url: str, multisite: bool, env: Mapping[str, str] | None) -> str:
    host = url.removeprefix("http://")
    extra = ["multisite", host] if multisite else []
    ran = attempt(php.cli(HERE / "php" / "install.php", str(root), *ADMIN, *extra), env=env)
    try:
        answer = json.loads(ran.stdout.strip().splitlines()[-1])
        return str(answer["app_password"])
    except (ValueError, KeyError, IndexError, TypeError) as fault:
        raise LabError("installing WordPress failed", last_words(ran.stderr + ran.stdout), f"look at {root.parent / 'state'}") from fault
