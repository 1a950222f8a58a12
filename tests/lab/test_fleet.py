"""Many sites on one core tree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab import server
from lab.errors import LabError
from lab.packages import write_plugin
from lab.site import Lab
from tests.lab.web import get

pytestmark = pytest.mark.site


def test_fifty_sites_answer_as_themselves_and_share_no_data(lab: Lab, tmp_path: Path) -> None:
    fleet = lab.fleet(50, plugins=(write_plugin(tmp_path, "shared", "1.0"),))
    try:
        for site in fleet.sites:
            assert json.loads(get(f"{site.url}/wp-json/?_fields=home").text)["home"] == site.url
        first, last = fleet.site(0), fleet.site(49)
        assert json.loads(get(f"{last.url}/wp-json/shared/v1/version").text) == {"version": "1.0"}
        last.php("update_option( 'blogname', 'The last' );")
        assert (first.option("blogname"), last.option("blogname")) == ("Lab site", "The last")
        assert len({site.php("echo AUTH_KEY;") for site in (first, last)}) == 2
        named = get(f"http://127.0.0.1:{fleet.port}/wp-json/?_fields=name", host="s0049.localhost")
        assert json.loads(named.text) == {"name": "The last"}
        assert len(last.await_events("request", 3)) == 3
        assert len(first.events("request")) == 1
        assert get(f"http://127.0.0.1:{fleet.port}/s0050/wp-json/").status == 404
        assert get(f"{first.url}/state/wp.sqlite").status == 404
        assert "text/css" in get(f"{first.url}/wp-admin/css/login.css").kind
        pid = fleet.pid
    finally:
        fleet.stop()
    assert pid is not None
    assert not server.alive(pid)


@pytest.mark.parametrize("count", [0, -1, 10_000])
def test_a_fleet_of_no_size_is_refused(lab: Lab, count: int) -> None:
    with pytest.raises(LabError, match="a fleet can't have"):
        lab.fleet(count)
