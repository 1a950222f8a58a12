"""Where tests write: memory, where there is plenty of it. They wait for the disk's flushes more than for anything else, and prove nothing by that.

Limits: a folder that somebody named in TMPDIR stands; nothing here is tested for what a disk does when the power fails.
"""

import os
import shutil
from pathlib import Path
from typing import Final

SHARED: Final = Path("/dev/shm")  # the system's own place for files in memory
ROOM: Final = 6 * 2**30
"""What must be free there, and half as much more in memory: a whole run at its widest needs a third of it."""


def folder() -> Path | None:
    """The folder in memory; None where there is none, or too little, or nothing may be executed in it."""
    try:
        if os.statvfs(SHARED).f_flag & (os.ST_NOEXEC | os.ST_RDONLY) or not os.access(SHARED, os.W_OK | os.X_OK):
            return None
        fits = shutil.disk_usage(SHARED).free >= ROOM and _available() >= ROOM * 3 // 2
    except OSError:
        return None
    return SHARED if fits else None


def _available() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * 1024
    return 0
