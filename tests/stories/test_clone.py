"""A copy of a paired site carries the keys along: it goes quiet by itself, and here it is a clone incident until a person decides."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from lab.site import Site
from tests.stories.scene import Observed, pair, press, status

pytestmark = [pytest.mark.site, pytest.mark.req("W17", "X1")]


def copy_onto(original: Site, copy: Site, home: str) -> None:
    """Files, database and configuration of one site on another server, answering as `home`."""
    copy.stop()
    config = (original.root / "wp-config.php").read_text()
    (copy.root / "wp-config.php").write_text(config.replace(str(original.state), str(copy.state)).replace(original.url, home))
    shutil.copytree(original.content / "presswarden-state", copy.content / "presswarden-state", dirs_exist_ok=True)
    assert original.database.file is not None
    assert copy.database.file is not None
    with closing(sqlite3.connect(original.database.file)) as source, closing(sqlite3.connect(copy.database.file)) as target:
        source.backup(target)
    copy.start()


def test_a_copy_under_another_address_goes_quiet_and_raises_a_clone_incident(control: Observed, new_site: Callable[..., Site]) -> None:
    site, staging = new_site(), new_site()
    original = pair(control, site, "original")
    original.beat()
    copy_onto(site, staging, staging.url)

    assert (status(staging)["state"], status(staging)["quiet"]) == ("paired", "clone")
    heard = staging.wp("presswarden", "heartbeat")
    assert (heard.code, "ingest.home" in heard.stderr) == (1, True)
    assert original.incidents() == {"clone": "contained"}
    assert original.read()["quiet"] == ""
    original.beat()

    said = press(staging, "copy")
    assert "forgotten" in said.text
    assert status(staging)["state"] == "unpaired"
    assert original.status()["state"] == "paired"
    assert original.read()["quiet"] == ""


def test_a_copy_that_speaks_under_the_same_address_is_told_by_its_numbering(control: Observed, new_site: Callable[..., Site]) -> None:
    site, twin = new_site(), new_site()
    original = pair(control, site, "twinned")
    original.beat()
    copy_onto(site, twin, site.url)
    original.beat()
    original.beat()

    assert status(twin)["quiet"] == "clone"
    heard = twin.wp("presswarden", "heartbeat")
    assert (heard.code, "ingest.sequence" in heard.stderr) == (1, True)
    assert original.incidents() == {"clone": "contained"}
    original.beat()
