"""A pooler (pgbouncer) before the tests' cluster, in transaction mode: each transaction gets whatever connection is free, so nothing of a session lasts.

Limits: Debian's package pgbouncer; loopback, an unprivileged user, and nobody is asked for a password, as in the cluster itself.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from lab.server import free_port

CONNECTIONS = 3
"""Of each login and database: fewer than the processes ask for at once, so that they have to share them."""


def _program() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def pooler(server: str, logins: Sequence[str]) -> Iterator[str]:
    """Start one before the cluster at `server` (`postgresql://postgres@127.0.0.1:PORT`) for these logins; yields its HOST:PORT."""
    program = _program()
    assert program is not None, "pgbouncer is not installed"
    behind, port = urlsplit(server), free_port()
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="presswarden-pooler-") as made:
        folder = Path(made)
        (folder / "users").write_text("".join(f'"{name}" ""\n' for name in logins))
        (folder / "ini").write_text(
            f"[databases]\n* = host={behind.hostname} port={behind.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder / 'users'}\npool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\n"
            "max_client_conn = 500\nlog_connections = 0\nlog_disconnections = 0\n"
        )
        if nobody is not None:
            for path in (folder, *folder.iterdir()):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [program, folder / "ini"],
                stdout=log,
                stderr=log,
                user=nobody and nobody.pw_uid,
                group=nobody and nobody.pw_gid,
                extra_groups=[] if nobody else None,
            )
        try:
            _until_it_listens(running, port, folder / "log")
            yield f"127.0.0.1:{port}"
        finally:
            running.kill()
            running.wait()


def through(place: str, database: str) -> str:
    """The same database's address, as somebody has it who goes through the pooler there."""
    login, _, server = database.partition("@")
    return f"{login}@{place}/{server.partition('/')[2]}?direct={server.partition('/')[0]}"


def _until_it_listens(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        assert running.poll() is None, log.read_text(errors="replace")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.02)
        else:
            return
