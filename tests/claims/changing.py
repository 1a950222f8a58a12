"""A site of the attacks on which `tiny` is changed: really, from an update server, or by the driver of the recovery tests.

`weakened(site, ...)` lays a connector with checks taken out into it for a while, and the watchdog's own copies with it. Limits: one site for all; each test
finds `tiny` 1.0 on it and no change open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from lab.site import Site
from tests.claims import victims
from tests.claims.victims import Change
from tests.recovery.acting import Changed
from tests.recovery.opened import Watched

_ARM = "Presswarden\\Connector\\Site\\Watchdog::arm();"


@contextmanager
def weakened(site: Site, *changes: Change) -> Iterator[None]:
    put_connector(site, *changes)
    try:
        yield
    finally:
        put_connector(site)


def put_connector(site: Site, *changes: Change) -> None:
    victims.put_connector(site, *changes)
    site.php(_ARM)
    victims._stamp += 1
    for path in (site.content / "mu-plugins" / "presswarden-watchdog").glob("*.php"):
        os.utime(path, (victims._stamp, victims._stamp))


def is_on(site: Site) -> bool:
    return "tiny/tiny.php" in str(site.option("active_plugins"))


def state_of(found: Changed | Watched) -> tuple[str, str]:
    """Id and state of the newest change, as the site signs it."""
    told = found.state()
    return ("", "") if told is None else (told["id"], told["state"])
