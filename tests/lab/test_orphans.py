"""However a lab ends, nothing that it started stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.guard import group_lives

_LAB = """
import signal, sys
from lab.site import Lab
signal.signal(signal.SIGINT, signal.default_int_handler)  # what is begun in the background ignores it
with Lab() as lab:
    site = lab.site("a", workers=2)
    print(site.pid, lab.room, flush=True)
    sys.stdin.read()
"""


def _gone(group: int, room: Path) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not group_lives(group) and not room.exists():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.site
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None])
def test_a_lab_that_ends_leaves_no_process_and_no_folder(ending: signal.Signals | None) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _LAB],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    group, room = process.stdout.readline().split()
    assert group_lives(int(group))
    if ending is None:
        process.stdin.close()
    else:
        process.send_signal(ending)
    process.wait(timeout=120)  # two suites share the machine, and a large folder takes its time to go
    process.stdout.close()
    process.stdin.close()
    assert _gone(int(group), Path(room))
