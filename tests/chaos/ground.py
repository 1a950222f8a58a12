"""What faults are made with: small disks, a network of one's own, a clock that can be set. All of it ends with the processes that use it.

Mounts lie in a name space of this program (`apart` starts it there), the network belongs to a sleeping process that the guard knows. Limits: root on
Linux; where something is not permitted or not installed, `Ground.missing` says why, and its faults are skipped by name.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab import server
from lab.guard import Guard

CLOCK = "PRESSWARDEN_CHAOS_CLOCK"
_APART = "PRESSWARDEN_CHAOS_APART"
HERE = Path(__file__).parent


def apart(arguments: Sequence[str]) -> None:
    """Become this program in a name space of mounts of its own, if that is permitted: whatever ends it, its mounts end too."""
    unshare = shutil.which("unshare")
    if os.environ.get(_APART) or unshare is None:
        return
    into = [unshare, "--mount", "--propagation", "private"]
    if subprocess.run([*into, "true"], check=False, capture_output=True).returncode == 0:
        os.environ[_APART] = "1"
        os.execv(unshare, [*into, sys.executable, "-m", "tests.chaos", *arguments])


@dataclass
class Clock:
    """The wall clock of whoever was started with `environment`."""

    library: Path | None
    file: Path

    @property
    def environment(self) -> dict[str, str]:
        return {} if self.library is None else {"LD_PRELOAD": str(self.library), CLOCK: str(self.file)}

    def set(self, ahead: int) -> None:
        """Seconds between it and the real time, from now on."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("q", ahead))


@dataclass
class Wire:
    """A network of two ends: ours, and the one of whatever is started `through` it."""

    ours: str
    theirs: str
    through: tuple[str, ...]
    _end: str
    _ground: Ground

    def carry(self, *ports: int) -> None:
        """These ports of our end are the same ports of the loopback in there."""
        argv = [*self.through, sys.executable, "-m", "tests.chaos.relay", self.ours, *map(str, ports)]
        server.spawn(argv, self._ground.room / "relay.log", {}, self._ground.guard, cwd=HERE.parents[1])

    def cut(self, *, silent: bool) -> None:
        """Nothing passes any more: `silent`, so that what is sent is never answered; else the sender is told that there is no way."""
        if silent:
            self._do("ip", "neigh", "replace", self.ours, "lladdr", "02:00:00:00:00:01", "dev", self._end, "nud", "permanent")
        else:
            self._do("ip", "link", "set", self._end, "down")

    def mend(self) -> None:
        self._do("ip", "link", "set", self._end, "up")
        subprocess.run([*self.through, "ip", "neigh", "del", self.ours, "dev", self._end], check=False, capture_output=True)

    def _do(self, *words: str) -> None:
        subprocess.run([*self.through, *words], check=True, capture_output=True)


@dataclass
class Ground:
    """One for a run of the program."""

    room: Path
    missing: dict[str, str] = field(default_factory=dict)
    """What can't be made here, and why."""
    guard: Guard = field(default_factory=Guard)
    _library: Path | None = None
    _wires: int = 0
    _disks: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not os.environ.get(_APART):
            self.missing["disk"] = "mounts need root (unshare --mount)"
        compiler = shutil.which("cc")
        if compiler is None:
            self.missing["clock"] = "no C compiler for the clock that can be set"
        else:
            self._library = self.room / "clock.so"
            subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self._library, HERE / "clock.c"], check=True)

    def close(self) -> None:
        """Once nobody stands on a disk any more: what was mounted last goes first, so that the room can be removed."""
        self.guard.close()
        for folder in reversed(self._disks):
            subprocess.run(["umount", "-l", folder], check=False, capture_output=True)

    def clock(self, name: str) -> Clock:
        file = self.room / f"{name}.clock"
        file.write_bytes(struct.pack("q", 0))
        return Clock(self._library, file)

    def disk(self, folder: Path, size: str) -> None:
        """A file system of that size in place of the folder, where that is permitted."""
        folder.mkdir(parents=True, exist_ok=True)
        if "disk" not in self.missing:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", folder], check=True)
            self._disks.append(folder)

    def wire(self) -> Wire | None:
        """None where networks can't be made."""
        self._wires += 1
        number = (os.getpid() + self._wires) % 16_384
        net = f"198.18.{number // 64}.{number % 64 * 4}"
        ours, theirs = (net.rpartition(".")[0] + f".{number % 64 * 4 + end}" for end in (1, 2))
        near, far = f"pwn{number}", f"pwf{number}"
        holder = server.spawn(["unshare", "--net", "sleep", "infinity"], self.room / "wire.log", {}, self.guard)
        inside = ("nsenter", f"--net=/proc/{holder}/ns/net")
        steps = (
            ("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", str(holder)),
            ("ip", "addr", "add", f"{ours}/30", "dev", near),
            ("ip", "link", "set", near, "up"),
            (*inside, "ip", "addr", "add", f"{theirs}/30", "dev", far),
            (*inside, "ip", "link", "set", far, "up"),
            (*inside, "ip", "link", "set", "lo", "up"),
        )
        if os.environ.get(_APART) is None or not _has_its_own_network(holder):
            self.missing["network"] = "network name spaces need root (unshare --net)"
            return None
        for step in steps:
            done = subprocess.run(step, check=False, capture_output=True, text=True)
            if done.returncode != 0:
                self.missing["network"] = f"{' '.join(step)}: {done.stderr.strip()}"
                return None
        return Wire(ours, theirs, inside, far, self)


def _has_its_own_network(holder: int) -> bool:
    """Once the process has left ours: `unshare` takes a moment."""
    ours = Path("/proc/self/ns/net").readlink()
    for _ in range(100):
        try:
            if Path(f"/proc/{holder}/ns/net").readlink() != ours:
                return True
        except OSError:
            return False
        if not server.alive(holder):
            return False
        time.sleep(0.05)
    return False
