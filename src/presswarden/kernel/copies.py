"""Copies of whole databases: of a SQLite file while it is used, of a PostgreSQL database by PostgreSQL's own programs.

Limits: the workflow engine's books are left out, they may be lost; roles and rights are the cluster's, not the database's.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from presswarden.kernel.errors import PresswardenError

PAGES: Final = 2_000
LEFT_OUT: Final = "dbos"
_DO: Final = {
    "pg_dump": "Connect as presswarden_backup (deploy/roles.sql), or as a superuser: others see one organisation at a time. See also the database's log.",
    "pg_restore": "Restore as the owner of an empty database, and look at the database's own log.",
}


class CopyFailed(PresswardenError):
    code = "backup.database"


def copy_sqlite(source: Path, to: Path) -> None:
    """One moment of the database, while others read and write it."""
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live, closing(sqlite3.connect(to)) as copy:
            live.backup(copy, pages=PAGES, sleep=0.01)
            copy.execute("PRAGMA journal_mode=DELETE")
            _require_whole(copy)
    except sqlite3.Error as fault:
        raise CopyFailed(f"The database can't be copied ({fault}).", do="Check the space on the disk and the database's rights.") from fault


def require_whole_sqlite(path: Path) -> None:
    """Raises `CopyFailed` unless the file is a database that SQLite finds no fault with."""
    try:
        with closing(sqlite3.connect(path)) as found:
            _require_whole(found)
    except sqlite3.Error as fault:
        raise CopyFailed(f"The database in it can't be used ({fault}).", do="Take another backup.") from fault


def _require_whole(found: sqlite3.Connection) -> None:
    (said,) = found.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise CopyFailed(f"The database is damaged: {said}", do="Restore it from an older backup.")


def dump_postgres(url: URL, to: Path) -> None:
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--exclude-schema={LEFT_OUT}", f"--file={to}")


def load_postgres(url: URL, source: Path) -> None:
    """All of it in one transaction, or nothing."""
    _run(
        "pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={url.database}", str(source)
    )  # fmt: skip


def _run(program: str, url: URL, *words: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise CopyFailed(f"{program} is not installed.", do="Install PostgreSQL's client programs, of the server's version or newer.")
    told = {
        "PGHOST": url.host,
        "PGPORT": url.port and str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    told |= {"PGHOST": str(url.query["host"])} if "host" in url.query else {}
    environment = {"PATH": os.defpath, "LC_ALL": "C", **{name: str(value) for name, value in told.items() if value}}
    # Words of ours alone, and the password in the environment: a list of arguments can be read by everybody on the machine.
    done = subprocess.run([found, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - see above
    if done.returncode != 0:
        says = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CopyFailed(f"{program} failed: {says[-1][:300] if says else done.returncode}", do=_DO[program])
