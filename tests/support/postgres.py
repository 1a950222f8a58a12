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
from pathlib import Path


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


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster; yields its URL up to the database name: `postgresql://postgres@127.0.0.1:PORT`."""
    binaries, identity = _binaries(), _as_nobody()
    folder = Path(tempfile.mkdtemp(prefix="presswarden-pg-"))
    if identity:
        os.chown(folder, identity["user"], identity["group"])  # type: ignore[arg-type]  # ints, from pwd
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    options = {"cwd": folder, "env": environment, "check": True, "capture_output": True, **identity}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        subprocess.run([binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"], **options)  # type: ignore[call-overload]
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200"
        subprocess.run([binaries / "pg_ctl", "-D", folder / "data", "-w", "-o", settings, "-l", folder / "log", "start"], **options)  # type: ignore[call-overload]
        try:
            served = subprocess.run(
                ["psql", f"postgresql://postgres@127.0.0.1:{port}/postgres", "-Atc", "show data_directory"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            if Path(served) != folder / "data":
                raise RuntimeError(f"port {port} is another server's: {re.sub(r'[^ -~]', '?', served)}")
            yield f"postgresql://postgres@127.0.0.1:{port}"
        finally:
            subprocess.run([binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], **{**options, "check": False})  # type: ignore[call-overload]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
