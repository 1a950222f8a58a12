"""What every story is told with: the installed `presswarden` program, a WordPress from the lab with the connector in it, and the two introduced.

Everything is asked as a person asks it: the control plane through its command line, the site through its admin page or WP-CLI. Limits: one control plane
on SQLite for the suite (`test_processes_apart` has its own); between the sites and it stands a recorder, so that a story can weigh what passed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lab.browser import Browser, Page
from lab.demo.control import Control
from lab.recorder import Recorder
from lab.site import Site

CONNECTOR = Path(__file__).parents[2] / "connector"
FOLDER = "presswarden-connector"
PAGE = "/wp-admin/tools.php?page=presswarden"


class Observed(Control):
    """A control plane whose address is a recorder's."""

    def __init__(self, home: Path, wire: Recorder) -> None:
        super().__init__(home)
        self.wire = wire
        wire.target = int(self.url.rpartition(":")[2])

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PRESSWARDEN_URL": self.wire.url}


@dataclass(frozen=True)
class Refused:
    """How a command that did not do what was asked ended, as `--json` tells it."""

    exit: int
    code: str
    says: str
    do: str


@dataclass
class Paired:
    """A site and the control plane that knows it under `label`."""

    control: Control
    site: Site
    label: str

    @property
    def url(self) -> str:
        """Where sites reach the control plane."""
        return self.control.environment()["PRESSWARDEN_URL"]

    @cached_property
    def id(self) -> str:
        return str(self.show()["id"])

    def ask(self, command: str, *words: str) -> Any:
        """`presswarden site COMMAND LABEL ...`, which must succeed; its document."""
        return self.control.ask("site", command, self.label, *words)

    def show(self) -> dict[str, Any]:
        return dict(self.ask("show"))

    def read(self, tool: str = "wp.site.health") -> dict[str, Any]:
        return dict(self.ask("read", tool)["result"])

    def refused(self, command: str, *words: str) -> Refused:
        """The same command, which must not succeed."""
        ran = self.control.attempt("--json", "site", command, self.label, *words)
        assert ran.code != 0, ran
        told = json.loads(ran.stderr)
        return Refused(ran.code, told["code"], told["says"], told["do"])

    def incidents(self) -> dict[str, str]:
        """Kind and state of the site's incidents."""
        return {each["kind"]: each["state"] for each in self.control.ask("incident", "list", "--site", self.label)}

    def audited(self, kind: str) -> list[dict[str, Any]]:
        """Entries of the record about this site, newest first."""
        return [each for each in self.control.ask("audit", "list", "--kind", kind) if each["subject"] == f"site:{self.id}"]

    def status(self) -> dict[str, Any]:
        return status(self.site)

    def beat(self) -> None:
        """The site sends a heartbeat, which must be accepted."""
        done = self.site.wp("presswarden", "heartbeat")
        assert done.code == 0, (done, self.control.log())


def status(site: Site) -> dict[str, Any]:
    """What the site says of itself."""
    done = site.wp("presswarden", "status", "--format=json")
    assert done.code == 0, done
    return dict(json.loads(done.stdout))


def install(site: Site) -> Site:
    site.install_plugin(CONNECTOR, folder=FOLDER)
    return site


def string_for(control: Control, label: str) -> str:
    return str(control.ask("site", "pair", label, "--no-wait")["pairing"])


def pair(control: Control, site: Site, label: str, *options: str) -> Paired:
    """Paired on the site's own machine."""
    done = site.wp("presswarden", "pair", string_for(control, label), "--wait=60", *options)
    assert done.code == 0, (done, control.log())
    return when_paired(Paired(control, site, label))


def pair_by_page(control: Control, site: Site, label: str, **ticked: str) -> tuple[Paired, Page]:
    """Paired by the site's administrator on the plugin's page; and the page as it looks then."""
    admin = at_the_page(site)
    page = admin.get(PAGE)
    admin.submit(page, page.form_with("presswarden_string"), {"presswarden_string": string_for(control, label), **ticked})
    found = when_paired(Paired(control, site, label))
    return found, admin.get(PAGE)


def when_paired(found: Paired) -> Paired:
    """Once both sides say so."""
    until(lambda: found.status()["state"] == "paired" and found.show()["state"] == "paired", f"{found.label} paired on both sides")
    return found


def at_the_page(site: Site) -> Browser:
    browser = Browser(site.url)
    browser.log_in(*site.admin)
    return browser


def press(site: Site, verb: str) -> Page:
    """The administrator presses one of the page's buttons."""
    admin = at_the_page(site)
    page = admin.get(PAGE)
    form = next(form for form in page.forms if form.fields.get("presswarden_do") == verb)
    return admin.submit(page, form)


def until(holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Look until it holds. Raises AssertionError when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.1)
