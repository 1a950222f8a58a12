"""Stories in which a site is changed: a control plane that fetches packages from the lab's update server, and a person at a real terminal.

Limits: the minute after a change is seconds here; that three looks take a minute is shown elsewhere.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.demo.control import PROGRAM
from lab.recorder import Recorder
from lab.updates import UpdateServer
from tests.stories.scene import Observed, Paired

SECONDS = 3
_ASKED = re.compile(rb"Type (?:(\S+) to say yes|the organisation's name, (.+), to resume)")


class Changing(Observed):
    def __init__(self, home: Path, wire: Recorder, updates: UpdateServer) -> None:
        super().__init__(home, wire)
        self.updates = updates

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "PRESSWARDEN_HEALTH_SECONDS": str(SECONDS),
            "PRESSWARDEN_PACKAGE_HOSTS": f"downloads.wordpress.org={self.updates.url}/downloads.wordpress.org",
        }


@dataclass(frozen=True)
class Typed:
    code: int
    text: str


def at_a_terminal(control: Changing, *words: str, says_yes: bool = True, seconds: float = 240, folder: Path | None = None) -> Typed:
    """One command as a person at a terminal runs it; when it asks, they read the page and type what it asks for."""
    ours, theirs = pty.openpty()
    started = subprocess.Popen([PROGRAM, *words], env=control.environment(), stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder)
    os.close(theirs)
    told, answered, deadline = b"", False, time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                part = os.read(ours, 65_536)
            except OSError:  # the other end is closed: the command has ended
                break
            told += part
            asked = _ASKED.search(told)
            if asked is not None and not answered:
                answered = True
                os.write(ours, ((asked[1] or asked[2]) if says_yes else b"no") + b"\n")
        return Typed(started.wait(10), told.decode(errors="replace"))
    finally:
        if started.poll() is None:
            started.kill()
            started.wait()
        os.close(ours)


def ask_for_updates(shop: Paired) -> None:
    """What WordPress does twice a day; then the site tells us."""
    shop.site.php(
        "foreach (array('plugins', 'themes', 'core') as $what) delete_site_transient('update_' . $what); wp_update_plugins(); wp_update_themes();"
    )
    shop.beat()


def newest_change(shop: Paired) -> dict[str, Any]:
    listed = shop.ask("changes")
    return dict(shop.control.ask("change", "show", listed[0]["id"]))
