"""A site whose administrator asked for HMAC is read and heard like any other; it just has no keys to replace."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.site import Site
from tests.stories.scene import Observed, pair_by_page

pytestmark = [pytest.mark.site, pytest.mark.req("W2", "P1")]


def test_an_hmac_pairing_works_for_reads_heartbeats_and_pauses(control: Observed, new_site: Callable[..., Site]) -> None:
    old, page = pair_by_page(control, new_site(), "old", presswarden_hmac="1")
    assert old.status()["algorithm"] == "hmac-sha256"
    assert old.status()["words"] in page.text
    assert old.read("wp.site.get_environment")
    old.beat()
    assert old.show()["components"]["core"]["version"] == old.site.version
    old.ask("pause")
    assert old.status()["paused"] == "control"
    old.ask("resume")
    refused = old.refused("rotate")
    assert (refused.exit, refused.code) == (3, "sites.rotation")
    assert old.read()["paused"] == ""
    assert old.incidents() == {}
