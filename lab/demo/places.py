"""The sites of the demo and how they are looked at: a paired WordPress with its label, its update server and its oracle."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.demo.control import Control
from lab.demo.stage import DemoFailed
from lab.site import Site

CONNECTOR = Path(__file__).parents[2] / "connector"
_ASKS_FOR_UPDATES = (
    "foreach (array('plugins', 'themes', 'core') as $what) { delete_site_transient('update_' . $what); }"
    " wp_update_plugins(); wp_update_themes(); wp_version_check(array(), true);"
)


@dataclass
class Place:
    """One site of the demo."""

    control: Control
    site: Site
    label: str
    url: str

    def pair(self) -> None:
        """Paired on the site's own machine, by WP-CLI."""
        made = self.control.ask("site", "pair", self.label, "--no-wait")
        done = self.site.wp("presswarden", "pair", made["pairing"], "--wait=60")
        if done.code != 0:
            raise DemoFailed(f"{self.label} could not be paired: {done.stdout}{done.stderr}")

    def hear_of_updates(self) -> None:
        """What WordPress does twice a day, and the heartbeat that tells us."""
        self.site.php(_ASKS_FOR_UPDATES)
        done = self.site.wp("presswarden", "heartbeat")
        if done.code != 0:
            raise DemoFailed(f"{self.label} could not send its heartbeat: {done.stdout}{done.stderr}")

    def served(self, slug: str) -> str:
        """The version of a plugin that a visitor gets."""
        with urllib.request.urlopen(f"{self.url}/wp-json/{slug}/v1/version", timeout=30) as answer:
            return str(json.load(answer)["version"])

    def core(self) -> str:
        """The version of WordPress on disk."""
        text = (self.site.root / "wp-includes" / "version.php").read_text()
        return text.split("$wp_version = '", 1)[1].split("'", 1)[0]

    def is_whole(self) -> bool:
        """The front page answers, and no `.maintenance` was left."""
        with urllib.request.urlopen(self.url, timeout=30) as answer:
            return bool(answer.status == 200) and not (self.site.root / ".maintenance").exists()

    def changes(self) -> list[dict[str, Any]]:
        """What the control plane says changed here, newest first."""
        return list(self.control.ask("site", "changes", self.label))
