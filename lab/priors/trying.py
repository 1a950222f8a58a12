"""One try: the old version in use on a site, WordPress's own updater, then the product's judgement of what is seen from outside and inside.

The look at the pages is `outside.pages`, the comparison `flows.judging`: both the product's. Limits: there is no connector, no snapshot and no way
back here, so what a signed call would say is asked of a must-use plugin of the lab, and what PHP died of is read from the site's own error log.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shutil
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from lab import packages
from lab.errors import LabError
from lab.php import HERE
from lab.priors.sources import Real
from lab.site import Site
from lab.updates import UpdateServer
from presswarden.dispatch.model import Page
from presswarden.flows import judging
from presswarden.flows.ports import Task
from presswarden.flows.sight import Look, component_of, health_of
from presswarden.kernel.ids import ChangeId
from presswarden.outside import pages
from presswarden.outside.addresses import Target

PATHS = ("", "?p=1")
"""The home page, and the post that every WordPress begins with."""
_LOOKS = 4
_WANTED = 2
_FATAL = re.compile(r"^\[[^]]*\] PHP (?:Fatal|Parse) error:.* in (/\S+?)(?::| on line )(\d+)", re.M)


@dataclass(frozen=True)
class Told:
    """What came of one try."""

    passed: bool
    why: str
    """The codes of what was found, or what the updater said."""


@dataclass
class Bench:
    """One site that gets one component after the other, each time as it was at the beginning."""

    site: Site
    updates: UpdateServer
    kept: Path

    @classmethod
    def set_up(cls, site: Site, updates: UpdateServer) -> Bench:
        """Open the door for the lab, and keep the tables as they are now."""
        (site.state / "updating.key").write_text(secrets.token_hex(16))
        shutil.copy(HERE / "php" / "updating.php", site.content / "mu-plugins" / "03-presswarden-lab-updating.php")
        site.use_updates(updates.url)
        kept = site.state / "kept"
        shutil.copytree(site.state / "db", kept)
        shutil.copy(site.content / "db.php", kept / "db.php")
        return cls(site, updates, kept)

    def ask(self, what: str, component: str, version: str = "") -> Any:
        """The answer of the site's door; None when it gave no such answer."""
        kind, _, name = component.partition(":")
        key = (self.site.state / "updating.key").read_text()
        words = urllib.parse.urlencode({"lab-do": what, "lab-key": key, "kind": kind, "name": name, "version": version})
        try:
            with urllib.request.urlopen(f"{self.site.url}/?{words}", timeout=120) as answer:
                return json.load(answer)
        except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
            return None

    def install(self, old: Real) -> None:
        """Tables as at the beginning, the old version in its place and in use."""
        folder = self.site.content / f"{old.kind}s" / old.slug
        shutil.rmtree(folder, ignore_errors=True)
        (self.site.root / ".maintenance").unlink(missing_ok=True)
        shutil.copytree(old.folder, folder, ignore_dangling_symlinks=True)
        for name in ("wp.sqlite-wal", "wp.sqlite-shm", "wp.sqlite-journal"):
            (self.site.state / "db" / name).unlink(missing_ok=True)
        for path in self.kept.iterdir():
            shutil.copy(path, self.site.content if path.name == "db.php" else self.site.state / "db")
        if (folder / "db.copy").is_file():  # then WordPress runs on it, as where the plugin itself put its drop-in
            text = (folder / "db.copy").read_text().replace("{SQLITE_IMPLEMENTATION_FOLDER_PATH}", str(folder))
            (self.site.content / "db.php").write_text(text)
        _, _, name = old.component.partition(":")
        said = self.ask("switch-on", old.component)
        self.ask("tell", old.component)  # what a theme does at its first request, it does before two visitors come at once
        if said != name:
            raise LabError(f"{old.component} {old.version} can't be switched on in {self.site.name}", str(said), f"look at {self.site.log}")

    def remove(self, old: Real) -> None:
        """The site without it, on its own drop-in."""
        shutil.copy(self.kept / "db.php", self.site.content)
        shutil.rmtree(self.site.content / f"{old.kind}s" / old.slug, ignore_errors=True)

    def try_component(self, old: Real, new: Real) -> Told:
        """From one version to the other."""
        self.install(old)
        try:
            self.updates.offer(new.slug, new.version, theme=new.kind == "theme", package=packages.zipped_folder(new.folder, new.slug))
            return self._try(f"wp.{old.kind}.update", old.component, old.version, new.version)
        finally:
            self.updates.withdraw(new.slug)
            self.remove(old)

    def try_core(self, version: str, tree: Path) -> Told:
        """WordPress itself; the site stays what it became."""
        self.updates.offer_core(version, tree)
        return self._try("wp.core.update", "core", self.site.version, version)

    def _try(self, tool: str, component: str, was: str, version: str) -> Told:
        task = Task(ChangeId(str(uuid.uuid4())), None, tool, component, was, version, 1, 2, 3, 0, database=component == "core")
        since = self.site.log.stat().st_size if self.site.log.exists() else 0
        self.look(task, since)  # the first visitor of a version fills its caches
        before = self.look(task, since)
        speaks = judging.fits(task, before.component)
        if speaks is not None or before.health is None or judging.failed_before(before):
            raise LabError(
                f"{component} {was} is not well on {self.site.name} to begin with",
                speaks.says if speaks is not None else f"{before}",
                f"look at {self.site.log}",
            )
        said = self.ask("update", component, version)
        if said == "not offered":
            raise LabError(
                f"WordPress {self.site.version} is not offered {component} {version}",
                "its own question had no such answer",
                "correct the list",
            )
        if component == "core":
            self.ask("tables", component)
        return self._judged(task, before, since, said)

    def _judged(self, task: Task, before: Look, since: int, said: Any) -> Told:
        """Two good looks pass, two doubtful ones or a certain one do not: as `flows.checking` counts, without its waits."""
        good, doubts, codes = 0, 0, [] if said == "done" else [str(said or "the updater died")[:60]]
        look = before
        for _ in range(_LOOKS):
            look = self.look(task, since)
            found = judging.findings(task, before, look, known=frozenset())
            codes = list(dict.fromkeys([*codes, *(finding.code for finding in found)]))
            good, doubts = (good, doubts + 1) if found else (good + 1, doubts)
            if _WANTED in (good, doubts) or any(finding.certain for finding in found):
                break
        passed = good == _WANTED
        return Told(passed, ", ".join(codes))

    def look(self, task: Task, since: int) -> Look:
        """From outside and inside. That the change waits for its confirmation is said in the watchdog's place."""
        seen = asyncio.run(self._pages())
        told = self.ask("tell", task.component)
        if not isinstance(told, dict):
            return Look(None, "site.no_answer", None, seen)
        change = {"id": task.change, "component": task.component, "state": "confirm"}
        health = health_of({**told, "change": change, "fatals": self._fatals(since)})
        return Look(health, "", component_of({"inventory": {task.component: told["component"]}}, task.component), seen)

    async def _pages(self) -> tuple[Page, ...]:
        target = Target("http", "127.0.0.1", self.site.port, f"127.0.0.1:{self.site.port}", "", (IPv4Address("127.0.0.1"),))
        return await pages.look(target, PATHS, secrets.token_hex(8), {}, pages.Line(ssl.create_default_context(), 5))

    def _fatals(self, since: int) -> list[dict[str, Any]]:
        if not self.site.log.exists():
            return []
        with self.site.log.open("rb") as log:
            log.seek(since)
            text = log.read().decode(errors="replace")
        root = str(self.site.root.resolve()) + "/"
        places = {(file.removeprefix(root), int(line)) for file, line in _FATAL.findall(text)}
        return [{"file": file, "line": line, "at": int(time.time())} for file, line in sorted(places)]
