"""Starts and ends servers on loopback, each in a process group of its own.

A web server counts as started only when it answers with the token that this start gave it, so a
stranger on the same port is never taken for it. Whoever starts one without a guard ends it.
"""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.commands import last_words
from lab.errors import LabError
from lab.guard import Guard, end_group, group_lives
from lab.php import Php

_READY_SECONDS = 60.0
TOKEN_PATH = "/.presswarden-lab-token"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def spawn(argv: list[str], log: Path, env: Mapping[str, str], guard: Guard | None, cwd: Path | None = None) -> int:
    """Start a program in a new process group; its number."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=cwd,
            env=dict(os.environ, **env),
            start_new_session=True,
        )
    _CHILDREN[process.pid] = process
    if guard is not None:
        guard.say("group", process.pid)
    return process.pid


# Children of this very process must be waited for, or they stay as zombies and keep their group alive.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


def alive(pid: int) -> bool:
    """Whether the group that a spawned program leads still has a member that runs."""
    child = _CHILDREN.get(pid)
    if child is not None and child.poll() is not None:
        return False
    return group_lives(pid)


def end(pid: int, guard: Guard | None = None) -> None:
    """End a program that `spawn` started, and everything in its group."""
    end_group(pid)
    child = _CHILDREN.pop(pid, None)
    if child is not None:
        child.wait(timeout=5)
    if guard is not None:
        guard.say("forget", pid)


def birth(pid: int) -> str:
    """When a process began, as the kernel counts; with the number it names a process for good."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@dataclass(frozen=True)
class Web:
    """A running web server."""

    pid: int
    port: int


def _token(port: int) -> str:
    """What the server on that port answers for its token, or "" while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", TOKEN_PATH)
        return connection.getresponse().read(200).decode("latin-1")
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def serve(
    php: Php,
    *,
    root: Path,
    state: Path,
    router: Path,
    port: int,
    workers: int,
    env: Mapping[str, str],
    guard: Guard | None,
) -> Web:
    """Start PHP's own server and return once it answers as the one that was started here."""
    token = secrets.token_hex(16)
    (state / "token").write_text(token)
    (state / "tmp").mkdir(exist_ok=True)
    log = state / "server.log"
    environment = {**env, "PRESSWARDEN_LAB_STATE": str(state)}
    if workers > 1:
        environment["PHP_CLI_SERVER_WORKERS"] = str(workers)
    argv = php.server(port, root, router, {"sys_temp_dir": str(state / "tmp")})
    pid = spawn(argv, log, environment, guard)
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and alive(pid):
        if _token(port) == token:
            return Web(pid, port)
        time.sleep(0.03)
    end(pid, guard)
    raise LabError(
        f"the web server on port {port} did not start",
        last_words(log.read_text(errors="replace")),
        "choose another port, or look at what listens there",
    )
