"""A PostgreSQL cluster of the tests' own: initdb in a temporary folder, an unprivileged user, loopback only, gone at the end.

Limits: needs Debian's server binaries (`postgresql`); the machine's own service is never touched.
"""

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class PostgresMissing(RuntimeError):
    pass


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise PostgresMissing("no PostgreSQL server found; install the package postgresql (15 or newer)")
    return found[-1].parent


def _as_nobody() -> dict[str, object]:
    """initdb refuses root: run the cluster as `nobody` there."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@dataclass(frozen=True)
class Server:
    """A cluster that runs. `url` is up to the database name: `postgresql://postgres@127.0.0.1:PORT`."""

    url: str
    _control: tuple[str | Path, ...]
    _start: tuple[str | Path, ...]
    _options: dict[str, Any]

    @property
    def pid(self) -> int:
        """Of its first process, which leads the group of all of them."""
        return int((Path(self._options["cwd"]) / "data" / "postmaster.pid").read_text().split()[0])

    def crash(self) -> None:
        """Gone at once, as when its machine is: no session is ended, nothing is written any more."""
        subprocess.run([*self._control, "-m", "immediate", "-w", "stop"], **self._options)

    def start(self) -> None:
        """Again, with what it had written; returns when it answers."""
        subprocess.run([*self._control, "-w", *self._start, "start"], **self._options)


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster; yields its URL up to the database name."""
    with server() as running:
        yield running.url


@contextmanager
def server() -> Iterator[Server]:
    """Start a cluster that can be crashed and started again."""
    binaries, identity = _binaries(), _as_nobody()
    folder = Path(tempfile.mkdtemp(prefix="presswarden-pg-"))
    if identity:
        os.chown(folder, identity["user"], identity["group"])  # type: ignore[call-overload]  # ints, from pwd
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    options: dict[str, Any] = {"cwd": folder, "env": environment, "check": True, "capture_output": True, **identity}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        subprocess.run([binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"], **options)
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200"
        control = (binaries / "pg_ctl", "-D", folder / "data")
        running = Server(f"postgresql://postgres@127.0.0.1:{port}", control, ("-o", settings, "-l", folder / "log"), options)
        running.start()
        try:
            served = subprocess.run(
                ["psql", f"{running.url}/postgres", "-Atc", "show data_directory"], capture_output=True, text=True, check=True
            ).stdout.strip()
            if Path(served) != folder / "data":
                raise RuntimeError(f"port {port} is another server's: {re.sub(r'[^ -~]', '?', served)}")
            yield running
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **{**options, "check": False})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
