"""The same story on every WordPress that is supported, on MariaDB, and on a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.site import Site
from tests.stories.scene import Observed, pair

SITES = [
    pytest.param({"version": "6.2"}, id="6.2"),
    pytest.param({"version": "6.5"}, id="6.5"),
    pytest.param({"version": "6.8"}, id="6.8"),
    pytest.param({"version": "7.1", "database": "mariadb"}, id="7.1-mariadb", marks=pytest.mark.mariadb),
    pytest.param({"version": "7.1", "multisite": True}, id="7.1-network"),
]
"""7.1 on SQLite is what the other stories are told on."""


@pytest.mark.site
@pytest.mark.req("S1", "N17")
@pytest.mark.parametrize("how", SITES)
def test_it_pairs_is_read_and_is_heard(how: dict[str, Any], control: Observed, new_site: Callable[..., Site]) -> None:
    site = new_site(**how)
    paired = pair(control, site, site.name)
    assert paired.read()["database_answers"] is True
    paired.beat()
    seen = paired.show()
    assert seen["components"]["core"]["version"] == site.version
    assert seen["components"]["core"]["multisite"] is how.get("multisite", False)
    assert seen["facts"]["server.database"]["value"] == how.get("database", "sqlite")
    assert paired.incidents() == {}
    assert not site.log.exists() or "plugins/presswarden-connector" not in site.log.read_text()
