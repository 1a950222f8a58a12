"""The real control plane (`presswarden serve`, all processes) with a real site paired to it, for attacks where both halves play a part.

Limits: driven through its command line alone; its database is read as a file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.demo.control import Control
from lab.site import Lab, Site
from tests.claims.victims import CONNECTOR, FOLDER, GENEROUS

LABEL = "shop"


@dataclass
class Served:
    """A running control plane, the site it is paired with, and the pairing string that did it."""

    control: Control
    site: Site
    text: str
    at_pairing: dict[str, bytes] = field(default_factory=dict)
    """The files of the control plane right after the pairing."""

    @property
    def string(self) -> dict[str, Any]:
        """What stands in the pairing string."""
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(self.text.split(".")[1] + "=="))
        return found

    def read(self, tool: str) -> dict[str, Any]:
        told: dict[str, Any] = self.control.ask("site", "read", LABEL, tool)
        return told

    def heartbeat(self) -> None:
        ran = self.site.wp("presswarden", "heartbeat")
        assert ran.code == 0, (ran, self.control.log())

    def files(self) -> dict[str, bytes]:
        """Every file of the control plane's home but its key files, by name."""
        return {str(path.relative_to(self.control.home)): path.read_bytes() for path in self.control.home.rglob("*")
                if path.is_file() and path.parent.name != "keys"}  # fmt: skip


class CopiedControl(Control):
    """The same program, run from a copy of the package."""

    def __init__(self, home: Path, source: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(home, settings)
        self._source = source

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PYTHONPATH": str(self._source)}


def serve(lab: Lab, home: Path, name: str, *options: str, source: Path | None = None, settings: Mapping[str, str] | None = None) -> Served:
    """Starts a control plane in `home` (from a copy of the package, if one is named) and pairs a new site with it."""
    control = Control(home, settings) if source is None else CopiedControl(home, source, settings)
    control.start()
    try:
        site = lab.site(name, constants=GENEROUS)
        site.install_plugin(CONNECTOR, folder=FOLDER)
        text = control.ask("site", "pair", LABEL, "--no-wait")["pairing"]
        done = site.wp("presswarden", "pair", text, "--wait=30", *options)
        assert done.code == 0, (done, control.log())
        served = Served(control, site, text)
        served.at_pairing |= served.files()
        return served
    except BaseException:
        control.stop()
        raise
