"""Every WordPress, database and PHP that is supported, each alone: `make matrix` (PRESSWARDEN_MATRIX=1) runs all of it, a plain run the oldest PHP only.

Limits: PHP in WebAssembly serves one request at a time and has no sodium extension, so those sites are paired and read, and not changed.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from lab import php
from lab.site import Lab
from lab.updates import UpdateServer
from tests.connector.conftest import Paired, install
from tests.connector.peer import Peer
from tests.recovery.acting import changed_site
from tests.recovery.courses import READS, is_changed_and_healed, is_read_and_heard

ALL = bool(os.environ.get("PRESSWARDEN_MATRIX"))
whole = pytest.mark.skipif(not ALL, reason="the whole matrix: make matrix")
VERSIONS = ("6.2", "6.5", "6.8", "7.1")
PHPS = ("7.4", "8.0", "8.1", "8.2", "8.3", "8.4", "8.5")
SITES = [
    *[pytest.param({"version": version}, id=f"{version}-sqlite") for version in VERSIONS],
    *[
        pytest.param({"version": version, "database": "mariadb"}, id=f"{version}-mariadb", marks=pytest.mark.mariadb)
        for version in VERSIONS
    ],
    *[pytest.param({"version": version, "multisite": True}, id=f"{version}-network", marks=pytest.mark.req("N17")) for version in VERSIONS],
]

pytestmark = [pytest.mark.site, pytest.mark.req("N20")]


@whole
@pytest.mark.parametrize("how", SITES)
def test_it_is_paired_read_heard_changed_and_healed(how: dict[str, Any], lab: Lab, peer: Peer, updates: UpdateServer) -> None:
    name = f"matrix-{how['version'].replace('.', '')}-{how.get('database', 'network' if how.get('multisite') else 'sqlite')}"
    changed = changed_site(lab, peer, updates, name, **how)
    try:
        changed.reset()
        is_read_and_heard(changed)
        is_changed_and_healed(changed)
    finally:
        changed.site.delete()


@pytest.mark.wasm
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize("version", [pytest.param(one, marks=() if one == PHPS[0] else whole) for one in PHPS])
def test_it_is_paired_and_read_on_this_php(version: str, peer: Peer, on_disk: Path) -> None:
    found = php.wasm(version)
    with Lab(on_disk / "lab", php=found) as lab:
        site = install(lab.site("wasm"))
        offer = peer.offer()
        paired = site.wp("presswarden", "pair", offer.text, "--wait=0")
        assert paired.code == 0, paired
        deadline = time.monotonic() + 60
        while (offer.installation not in peer.sites or not peer.sites[offer.installation].words) and time.monotonic() < deadline:
            time.sleep(0.05)
        here = Paired(site, peer, peer.sites[offer.installation], offer)
        for tool in READS:
            answer = here.call(tool)
            assert (answer.status, answer.json["status"]) == (200, "done"), (tool, answer.body[:300])
        assert here.call("wp.site.get_environment").result["php"]["version"] == found.version
        assert not site.log.exists() or "plugins/presswarden-connector" not in site.log.read_text()
