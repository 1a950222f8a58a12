"""Ends PHP at a known point of its work, as a host's memory killer would: SIGKILL, without a last word.

A must-use plugin, laid into one site on demand, waits for a hook of WordPress or of a plugin. The product knows nothing of it.
Limits: one process dies for each time it is asked; the server must have workers left, or be started again.
"""

from __future__ import annotations

import json
import shutil
import time

from lab.errors import LabError
from lab.installed import Event, Installed
from lab.php import HERE

PLUGIN = "03-presswarden-lab-death.php"


def die_at(site: Installed, hook: str, matching: str = "", *, asked: str = "", priority: int = 1, times: int = 1) -> None:
    """From now on `times` processes of this site die at `hook`, when its arguments as JSON match the regular expression (PCRE, without delimiters).

    `asked`: only requests whose address has this in it.

    The oracle's own hooks have priority 10: below it, the death comes before the oracle saw anything.
    """
    folder = site.content / "mu-plugins"
    folder.mkdir(exist_ok=True)
    if not (folder / PLUGIN).exists():
        shutil.copy(HERE / "php" / "death.php", folder / PLUGIN)
    room = site.state / "deaths"
    room.mkdir(exist_ok=True)
    for number in range(times):
        order = {"hook": hook, "matching": f"~{matching}~", "asked": asked, "priority": priority}
        (room / f"{time.monotonic_ns()}-{number}.json").write_text(json.dumps(order))


def await_deaths(site: Installed, count: int, seconds: float = 60.0) -> list[Event]:
    """The deaths once there are `count`; each is written down just before."""
    return site.await_events("killed", count, seconds)


def nobody_dies(site: Installed) -> None:
    """Take back what was asked for and did not come about; that it had to is an error."""
    left = sorted((site.state / "deaths").glob("*.json"))
    for order in left:
        order.unlink(missing_ok=True)
    if left:
        raise LabError(
            f"{len(left)} deaths of {site.name} did not come about", "its work never came to that hook", "look at the hook's name"
        )
