"""A small process that ends what a lab started when the lab itself can't do so any more.

It reads `group PGID`, `forget PGID` and `remove DIR` from its input. When the input ends, however
its writer died, it kills every process group and removes every folder it still knows. It stays in
a session of its own, so that Ctrl-C does not reach it first.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE = 50


def group_lives(group: int) -> bool:
    """Whether any process of the group still runs; what only waits to be reaped does not."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, member = stat.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(member) == group and state not in ("Z", "X"):
            return True
    return False


def end_group(group: int) -> None:
    """Ask the group to end, then make it end."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(group, sign)
        except ProcessLookupError:
            return
        for _ in range(_PATIENCE):
            if not group_lives(group):
                return
            time.sleep(0.05)


class Guard:
    """The lab's end of the pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.guard"],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def say(self, word: str, what: object) -> None:
        """Tell the guard one thing."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word} {what}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End the guard, and with it whatever it still knows."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait(timeout=60)


def _watch() -> None:
    groups: set[int] = set()
    folders: set[str] = set()
    for line in sys.stdin:
        word, _, what = line.rstrip("\n").partition(" ")
        match word:
            case "group":
                groups.add(int(what))
            case "forget":
                groups.discard(int(what))
            case "remove":
                folders.add(what)
    for group in groups:
        end_group(group)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _watch()
