"""One MariaDB server for a lab, without installing anything: socket only, data in the lab's folder.

Uses an installed mariadbd, else Debian's packages unpacked in the cache. Durability is the
server's default, so that measurements and crash tests mean something.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lab import debs, server
from lab.commands import attempt, last_words, run
from lab.config import Database
from lab.errors import LabError
from lab.guard import Guard

_PACKAGES = ("mariadb-server", "mariadb-server-core", "mariadb-client", "mariadb-client-core", "mariadb-common")
_LIBRARIES = {"bookworm": ("libmariadb3", "libaio1", "liburing2"), "trixie": ("libmariadb3", "libaio1t64", "liburing2")}
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Programs:
    """Where the server's programs are; `base` is empty for an installed server."""

    mariadbd: Path
    install: Path
    client: Path
    base: Path | None
    env: dict[str, str]


def programs() -> Programs:
    """An installed server, or Debian's unpacked."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    found = [shutil.which(name, path=search) for name in ("mariadbd", "mariadb-install-db", "mariadb")]
    if all(found):
        daemon, install, client = (Path(str(path)) for path in found)
        return Programs(daemon, install, client, None, {})
    try:
        suite = debs.host_suite()
        tree = debs.unpacked(suite, (*_PACKAGES, *_LIBRARIES.get(suite, ("libmariadb3",))), "debs/mariadb")
    except LabError as refusal:
        raise LabError(
            "no MariaDB server was found",
            f"none is installed; {refusal.what}: {refusal.why}",
            "apt-get install -y --no-install-recommends mariadb-server-core mariadb-client",
        ) from refusal
    libraries = ":".join(str(path) for path in sorted((tree / "usr/lib").glob("*-linux-gnu*")))
    return Programs(
        tree / "usr/sbin/mariadbd",
        tree / "usr/bin/mariadb-install-db",
        tree / "usr/bin/mariadb",
        tree / "usr",
        {"LD_LIBRARY_PATH": libraries},
    )


@dataclass
class MariaDb:
    """A running server."""

    pid: int
    socket: Path
    user: str
    tools: Programs
    guard: Guard | None
    socket_room: Path

    @classmethod
    def start(cls, home: Path, guard: Guard | None) -> MariaDb:
        """Make a fresh data folder and a server on it."""
        tools = programs()
        home.mkdir(parents=True)
        # A socket's path may have 107 characters; the lab's folder may be deeper than that.
        room = Path(tempfile.mkdtemp(prefix="pw-db-"))
        if guard is not None:
            guard.say("remove", room)
        basedir = [] if tools.base is None else [f"--basedir={tools.base}"]
        as_root = ["--user=root"] if os.geteuid() == 0 else []
        run(
            [
                *(["bash"] if tools.base else []),
                tools.install,
                "--no-defaults",
                *basedir,
                f"--datadir={home / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *as_root,
            ],
            what="making MariaDB's data folder failed",
            do=f"look at {home}",
            env=tools.env,
        )
        socket, log = room / "sock", home / "server.log"
        messages = [] if tools.base is None else [f"--lc-messages-dir={tools.base}/share/mysql"]
        argv = [
            str(tools.mariadbd),
            "--no-defaults",
            *basedir,
            *messages,
            *as_root,
            f"--datadir={home / 'data'}",
            f"--socket={socket}",
            f"--pid-file={home / 'pid'}",
            f"--tmpdir={room}",
            "--skip-networking",
            "--skip-log-bin",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=16M",
            "--character-set-server=utf8mb4",
        ]
        database = cls(server.spawn(argv, log, tools.env, guard), socket, "root", tools, guard, room)
        database._await(log)
        return database

    def _await(self, log: Path) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and server.alive(self.pid):
            if self.socket.exists() and self._say("SELECT 1") == "":
                return
            time.sleep(0.1)
        self.stop()
        raise LabError("MariaDB did not start", last_words(log.read_text(errors="replace")), f"look at {log}")

    def _say(self, sql: str) -> str:
        """Run a statement; "" when it worked, else what the client said."""
        argv: list[str | Path] = [self.tools.client, "--no-defaults", f"--socket={self.socket}", f"--user={self.user}", "-e", sql]
        ran = attempt(argv, env=self.tools.env, seconds=30)
        return "" if ran.code == 0 else ran.stderr or f"exit code {ran.code}"

    def create(self, name: str) -> Database:
        """A fresh database of that name; one that exists is emptied."""
        fault = self._say(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4")
        if fault:
            raise LabError(f"creating the database {name} failed", last_words(fault), "look at the server's log")
        return Database("mariadb", name, host=f"localhost:{self.socket}", user=self.user)

    def stop(self) -> None:
        """End the server; its data stays until the lab's folder goes."""
        server.end(self.pid, self.guard)
        shutil.rmtree(self.socket_room, ignore_errors=True)
