"""A paired site whose components are updated by signed calls of plans, against the lab's update server."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from lab.packages import Kind, write_plugin, write_theme
from lab.site import Lab, Site
from lab.updates import UpdateServer
from tests.connector.conftest import Paired, install, pair
from tests.connector.peer import Peer
from tests.connector.plans import Plan, Planned
from tests.connector.wire import Answer, send

LIAR = Path(__file__).with_name("liar.php")
SLOW = httpx.Timeout(180.0)
TINY = "plugin:tiny/tiny.php"
THEME = "theme:labtheme"
ZERO = "0" * 64


@dataclass
class Changed:
    """One site, what its update server offers, and the ids of what was done to it."""

    paired: Paired
    updates: UpdateServer
    changes: list[str] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)
    fence: int = 1

    @property
    def site(self) -> Site:
        return self.paired.site

    def act(self, tool: str, args: dict[str, Any], before: dict[str, Any] | None = None, package: str = "") -> Answer:
        """One call of a plan of its own; the answer's receipt must hold."""
        plan = Plan(self.paired.here.home, (Planned(tool, args, before or {}, package),))
        message = self.paired.here.planned(plan, fence=self.fence)
        answer = send(self.site.url, message, timeout=SLOW)
        assert self.paired.here.receipt_holds(message, answer), (answer.status, answer.body[:400])
        return answer

    def snapshot(self, component: str) -> str:
        """Made and verified; its id."""
        name = str(uuid.uuid4())
        for tool, args in (
            ("wp.snapshot.create", {"component": component, "database": False, "seconds": 20, "snapshot": name}),
            ("wp.snapshot.verify", {"seconds": 20, "snapshot": name}),
        ):
            step, done = 0, False
            for _ in range(60):
                result = self.paired.call(tool, {**args, "step": step}).result
                step, done = result["next"], result["done"]
                if done:
                    break
            assert done, result
        self.snapshots.append(name)
        return name

    def update(
        self,
        component: str,
        version: str,
        *,
        package: str = "",
        before: dict[str, Any] | None = None,
        snapshot: str | None = None,
        deadline: int = 300,
    ) -> Answer:
        """`before` is what the site shows now and the snapshot a fresh one, unless a test says otherwise."""
        kind = component.partition(":")[0]
        found = self.before(component) if before is None else before
        args = {
            "change": str(uuid.uuid4()),
            "component": component,
            "deadline": deadline,
            "snapshot": self.snapshot(component) if snapshot is None else snapshot,
            "version": version,
        }
        self.changes.append(args["change"])
        return self.act(f"wp.{kind}.update", args, found, package)

    def close(self, change: str | None = None) -> Answer:
        return self.act("wp.change.close", {"change": change or self.changes[-1]})

    # Looking ---------------------------------------------------------------------------------

    def inventory(self) -> dict[str, Any]:
        found: dict[str, Any] = self.paired.call("wp.site.inventory").result["inventory"]
        return found

    def before(self, component: str) -> dict[str, Any]:
        kind = component.partition(":")[0]
        facts = self.inventory().get(component, {"revised": ""})
        names = {"core": ("version",), "translation": ("revised",)}.get(kind, ("active", "version"))
        return {name: facts[name] for name in names}

    def state(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.paired.call("wp.site.health").result["change"]
        return found

    def served(self) -> str:
        """Version that the plugin says over REST; '' when the site does not answer with one."""
        answer = httpx.get(self.site.url + "/wp-json/tiny/v1/version", timeout=60)
        return str(answer.json()["version"]) if answer.status_code == 200 else ""

    def on_disk(self, folder: str) -> dict[str, bytes]:
        room = self.site.content / folder
        return {str(path.relative_to(room)): path.read_bytes() for path in sorted(room.rglob("*")) if path.is_file()}

    @staticmethod
    def now(shifted: int = 0) -> int:
        return int(time.time()) + shifted

    def clean(self) -> bool:
        """Nothing of an upgrader stays behind."""
        locks = [self.site.option(name) for name in ("auto_updater.lock", "core_updater.lock")]
        working = [path.name for path in (self.site.content / "upgrade").glob("*") if path.name != "index.php"]
        zips = list((self.site.state / "tmp").glob("*.tmp")) + list((self.site.state / "tmp").glob("*.zip"))
        return not (self.site.root / ".maintenance").exists() and locks == [None, None] and working == [] and zips == []

    # Neighbours ------------------------------------------------------------------------------

    def neighbour(self, **does: Any) -> None:
        """Something else on the site gets in the way, as `liar.php` says; nothing takes it away again."""
        shutil.copy(LIAR, self.site.content / "mu-plugins" / "05-liar.php")
        (self.site.state / "liar.json").write_text(json.dumps(does))

    # Making ----------------------------------------------------------------------------------

    def reset(self) -> None:
        """No change open, `tiny` 1.0 on and `labtheme` 1.0 there, nothing offered."""
        self.neighbour()
        state = self.state()
        if state is not None and state["state"] == "confirm":
            assert self.close(state["id"]).status == 200
        room = self.site.state / "good" / str(time.monotonic_ns())
        self.site.install_plugin(write_plugin(room, "tiny", "1.0"))
        copy_theme(write_theme(room, "labtheme", "1.0"), self.site.content / "themes" / "labtheme")
        for slug in ("tiny", "labtheme"):
            self.updates.withdraw(slug)

    def offer(self, version: str = "1.1", kind: Kind = Kind.GOOD, **how: Any) -> str:
        """`tiny` in that version; its hash."""
        self.updates.offer("tiny", version, kind, **how)
        return self.updates.sha256("tiny")


def copy_theme(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def changed_site(lab: Lab, peer: Peer, updates: UpdateServer, name: str, **how: Any) -> Changed:
    """A new paired site that asks that server for updates."""
    constants = {"PRESSWARDEN_LIMIT_INSTALLATION": 5000, "PRESSWARDEN_LIMIT_ADDRESS": 5000}
    site = install(lab.site(name.rsplit(".", 1)[-1].replace("_", "-").lower(), constants=constants, **how))
    site.use_updates(updates.url)
    return Changed(pair(site, peer), updates)
