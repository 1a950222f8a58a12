"""A paired site whose snapshots are made, verified and put back by signed calls, step by step as a control plane does."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lab.packages import write_plugin
from lab.site import Lab, Site
from tests.connector.conftest import Paired, install, pair
from tests.connector.peer import Peer
from tests.connector.plans import Plan, Planned
from tests.connector.wire import Answer, send

SLOW = httpx.Timeout(240.0)
TINY = "plugin:tiny/tiny.php"
STEPS = 200


@dataclass(frozen=True)
class Made:
    """A snapshot and the last answer of making it."""

    id: str
    result: dict[str, Any]
    steps: int


@dataclass
class Snapped:
    """One paired site."""

    paired: Paired

    @property
    def site(self) -> Site:
        return self.paired.site

    @property
    def folder(self) -> Path:
        return self.site.content / "presswarden-snapshots"

    # Calls -----------------------------------------------------------------------------------

    def call(self, tool: str, args: dict[str, Any]) -> Answer:
        message = self.paired.here.message(tool, args)
        answer = send(self.site.url, message, timeout=SLOW)
        assert self.paired.here.receipt_holds(message, answer), (answer.status, answer.body[:400])
        return answer

    def act(self, tool: str, args: dict[str, Any]) -> Answer:
        """One call of a plan of its own."""
        message = self.paired.here.planned(Plan(self.paired.here.home, (Planned(tool, args),)))
        answer = send(self.site.url, message, timeout=SLOW)
        assert self.paired.here.receipt_holds(message, answer), (answer.status, answer.body[:400])
        return answer

    def create(self, name: str, component: str = TINY, *, database: bool = False, seconds: int = 20, step: int = 0) -> Answer:
        args = {"component": component, "database": database, "seconds": seconds, "snapshot": name, "step": step}
        return self.call("wp.snapshot.create", args)

    def make(self, component: str = TINY, *, database: bool = False, seconds: int = 20, name: str = "", step: int = 0) -> Made:
        """Step by step to its end."""
        name = name or str(uuid.uuid4())
        for turn in range(STEPS):
            result = self.create(name, component, database=database, seconds=seconds, step=step).result
            if result["done"]:
                return Made(name, result, turn + 1)
            step = result["next"]
        raise AssertionError(f"no end after {STEPS} steps: {result}")

    def verify(self, name: str, seconds: int = 20) -> dict[str, Any]:
        """Step by step to its end; the last answer."""
        step = 0
        for _ in range(STEPS):
            result = self.call("wp.snapshot.verify", {"seconds": seconds, "snapshot": name, "step": step}).result
            if result["done"]:
                return result
            step = result["next"]
        raise AssertionError(f"no end after {STEPS} steps: {result}")

    def kept(self, component: str = TINY, *, database: bool = False, seconds: int = 20) -> str:
        """Made and verified; its id."""
        made = self.make(component, database=database, seconds=seconds)
        told = self.verify(made.id)
        assert told["verified"], told
        return made.id

    def restore(self, name: str, scope: str = "files", change: str = "") -> Answer:
        return self.act("wp.snapshot.restore", {"change": change, "scope": scope, "snapshot": name})

    def delete(self, name: str) -> Answer:
        return self.act("wp.snapshot.delete", {"snapshot": name})

    def listed(self) -> dict[str, dict[str, Any]]:
        rows = self.call("wp.snapshot.list", {}).result["snapshots"]
        return {row["id"]: row for row in rows}

    # Looking and making ----------------------------------------------------------------------

    def parts(self, name: str, pack: str = "files") -> list[Path]:
        return sorted(path for path in (self.folder / name / pack).glob("*.php") if path.name != "index.php")

    def install(self, version: str = "1.0", more: int = 0) -> None:
        """`tiny`, with as many bytes more as are wanted."""
        room = self.site.state / "made" / str(uuid.uuid4())
        folder = write_plugin(room, "tiny", version)
        for number, size in enumerate(pieces(more)):
            (folder / f"more-{number}.bin").write_bytes(number.to_bytes(4, "big") * (size // 4))
        self.site.install_plugin(folder)


@contextmanager
def snapped(lab: Lab, peer: Peer, name: str, *, version: str = "7.1", database: str = "sqlite") -> Iterator[Snapped]:
    """A paired site with the plugin `tiny` 1.0."""
    limits = {"PRESSWARDEN_LIMIT_INSTALLATION": 5000, "PRESSWARDEN_LIMIT_ADDRESS": 5000}
    site = install(lab.site(name, version=version, database=database, constants=limits))
    found = Snapped(pair(site, peer))
    found.install()
    yield found
    site.delete()


def pieces(total: int) -> Iterator[int]:
    """Files of at most 20 MB, larger than a part."""
    while total > 0:
        yield min(total, 20_000_000)
        total -= 20_000_000


def digests(folder: Path) -> dict[str, str]:
    """The same for many bytes: what is in the files, hashed."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            found[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder below it, with mode and content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (path.lstat().st_mode & 0o777, content)
    return found
