"""A site with a small plugin on it whose changes are opened by the driver beside this file: any body, any file, killed at any point.

The real update actions have suites of their own; here the new version is what a test says it is. Everything asked of the site afterwards goes the
public way: pages, REST, signed calls, signed headers.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from lab.packages import write_plugin
from lab.site import Site
from tests.connector.conftest import Paired
from tests.connector.plans import Plan, Planned
from tests.connector.wire import Answer, ControlKey, hkdf

DRIVER = Path(__file__).with_name("driver.php")
LIVE = "wp-content/plugins/tiny"
COMPONENT = "plugin:tiny/tiny.php"
PAGES = ("/", "/wp-json/", "/wp-admin/")


@dataclass(frozen=True)
class Healed:
    """From the first failing hit to the first good answer."""

    failed: int
    seconds: float


@dataclass
class Watched:
    """A paired site with the plugin `tiny` 1.0."""

    paired: Paired
    fence: int = 1
    """What the site has seen of our writes."""
    changes: list[str] = field(default_factory=list)

    @classmethod
    def on(cls, paired: Paired, fence: int = 1) -> Watched:
        shutil.copy(DRIVER, paired.site.content / "mu-plugins" / "04-driver.php")
        found = cls(paired, fence)
        paired.site.install_plugin(write_plugin(found.room("good"), "tiny", "1.0"))
        return found

    @property
    def site(self) -> Site:
        return self.paired.site

    @property
    def folder(self) -> Path:
        return self.site.content / "presswarden-snapshots"

    def room(self, name: str) -> Path:
        return self.site.state / "versions" / name

    def get(self, path: str, headers: Mapping[str, str] | None = None, timeout: float = 60) -> httpx.Response:
        return httpx.get(self.site.url + path, headers=dict(headers or {}), timeout=timeout)

    def put_back(self) -> None:
        """The site as it was before the first test."""
        state = self.state()
        if state is not None and state["state"] in ("applying", "confirm", "restoring"):
            assert self.close(state["id"]).status == 200
        shutil.rmtree(self.site.root / LIVE, ignore_errors=True)
        shutil.copytree(self.room("good") / "tiny", self.site.root / LIVE)

    # Opening ---------------------------------------------------------------------------------

    def version(self, body: str = "", *, number: str = "1.1", before: bytes = b"") -> Path:
        """The files of a version of `tiny`, beside the site; `before` stands before its first byte."""
        room = write_plugin(self.room(uuid.uuid4().hex), "tiny", number, body)
        main = room / "tiny.php"
        main.write_bytes(before + main.read_bytes())
        return room

    def open(self, body: str = "", *, source: Path | None = None, said: str = "confirm", deadline: int = 300, **more: Any) -> str:
        """A change to that version; its id."""
        change = str(uuid.uuid4())
        order: dict[str, Any] = {
            "change": change,
            "component": COMPONENT,
            "items": [{"live": LIVE, "kind": "dir"}],
            "delete": [LIVE],
            "copy": {LIVE: str(source or self.version(body))},
            "deadline": deadline,
            **more,
        }
        (self.site.state / "change.json").write_text(json.dumps(order))
        try:
            answer = self.get("/?presswarden-test=1")
        except httpx.RemoteProtocolError:
            assert said == "died"  # PHP's own server hangs up without a word
        else:
            assert (said == "died" and answer.status_code in (500, 502)) or answer.json() == {"said": said}, (
                answer.status_code,
                answer.text[:500],
            )
        self.changes.append(change)
        return change

    # Looking ---------------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        return self.paired.call("wp.site.health").result

    def state(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.health()["change"]
        return found

    def installed(self) -> str:
        """What the disk says."""
        main = self.site.root / LIVE / "tiny.php"
        return main.read_text(errors="replace").partition("Version: ")[2].partition("\n")[0] if main.exists() else ""

    def answers(self) -> str:
        """The version that answers, '' while none does."""
        try:
            answer = self.get("/wp-json/tiny/v1/version")
            return str(answer.json()["version"]) if answer.status_code == 200 else ""
        except (httpx.HTTPError, ValueError, KeyError):
            return ""

    def heals(self, path: str, *, good: tuple[int, ...] = (200, 302), seconds: float = 20, timeout: float = 60) -> Healed:
        """Asks for a page until it is good and the old version answers."""
        began, failed = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            try:
                status = self.get(path, timeout=timeout).status_code
            except httpx.HTTPError:
                status = 0
            if status in good and self.answers() == "1.0":
                return Healed(failed, time.monotonic() - began)
            failed += status not in good
            time.sleep(0.05)
        raise AssertionError(f"{path} was not healed after {seconds} s; {self.state()}")

    def is_whole(self) -> None:
        """Old version on the disk, every kind of page answers, nothing is left lying about."""
        assert self.installed() == "1.0"
        assert [self.get(path).status_code for path in PAGES] == [200, 200, 302]
        assert not (self.site.root / ".maintenance").exists()
        assert [path.name for path in self.folder.iterdir() if path.name.startswith(("stage-", "flight-"))] == []
        assert not (self.folder / "open.php").exists()

    # Speaking --------------------------------------------------------------------------------

    def header(self, purpose: str, change: str, *, at: int | None = None, key: ControlKey | None = None, installation: str = "") -> str:
        """The value of X-Presswarden-Probe or X-Presswarden-Recover."""
        here = self.paired.here
        when = int(time.time()) if at is None else at
        text = f"presswarden-{purpose}\n{installation or here.installation}\n{change}\n{when}".encode()
        key = key or here.key
        if key.alg == "hmac-sha256":
            key = ControlKey(hkdf(key.secret, b"", b"presswarden-recover-1"), "hmac-sha256")
        return f"{change}.{when}.{base64.urlsafe_b64encode(key.sign(text)).decode().rstrip('=')}"

    def probe(self, change: str, path: str = "/") -> httpx.Response:
        return self.get(f"{path}?presswarden={uuid.uuid4().hex}", {"X-Presswarden-Probe": self.header("probe", change)})

    def recover(self, change: str, path: str = "/", **sign: Any) -> httpx.Response:
        return self.get(f"{path}?presswarden={uuid.uuid4().hex}", {"X-Presswarden-Recover": self.header("recover", change, **sign)})

    def close(self, change: str) -> Answer:
        here = self.paired.here
        return self.paired.send(here.planned(Plan(here.home, (Planned("wp.change.close", {"change": change}),)), fence=self.fence))


def tree_hash(root: Path, *parts: str) -> dict[str, str]:
    """SHA-256 of every file below these parts of a WordPress."""
    found = {}
    for part in parts:
        base = root / part
        for path in [base] if base.is_file() else sorted(base.rglob("*")):
            if path.is_file():
                found[path.relative_to(root).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
