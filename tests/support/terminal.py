"""A person at a terminal: the program with a real pseudo-terminal as its standard input, output and error."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WITHIN = 60.0


@dataclass(frozen=True)
class Sat:
    code: int
    screen: str


def sit(words: Sequence[str], env: Mapping[str, str], *, prompt: str = "", answer: str = "") -> Sat:
    """Run, and when `prompt` (a pattern) shows, type `answer`, in which `{0}` is the pattern's first group."""
    mine, theirs = pty.openpty()
    running = subprocess.Popen(list(words), env=dict(env), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    screen, typed, until = "", not prompt, time.monotonic() + WITHIN
    try:
        while time.monotonic() < until:
            ready, _, _ = select.select([mine], [], [], 0.5)
            part = b""
            with contextlib.suppress(OSError):  # the other side is closed: the program ended
                part = os.read(mine, 65_536) if ready else b""
            if ready and not part:
                break
            screen += part.decode("utf-8", "replace")
            found = None if typed else re.search(prompt, screen)
            if found is not None:
                os.write(mine, (answer.format(*found.groups()) + "\n").encode())
                typed = True
        return Sat(running.wait(10), screen.replace("\r\n", "\n"))
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()
        os.close(mine)
