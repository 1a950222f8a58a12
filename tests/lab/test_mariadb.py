"""Sites on MariaDB, from a server that was never installed."""

from __future__ import annotations

import json

import pytest

from lab.errors import LabError
from lab.site import Lab
from tests.lab.web import get


@pytest.mark.site
@pytest.mark.mariadb
def test_a_site_runs_on_mariadb_and_its_rows_are_read_past_wordpress(lab: Lab) -> None:
    site = lab.site("maria", database="mariadb", workers=2)
    try:
        assert json.loads(get(site.url + "/wp-json/").text)["name"] == "Lab site"
        assert "MariaDB" in site.query("SELECT VERSION() AS v")[0]["v"]
        site.php("update_option( 'written', 'über' );")
        assert site.option("written") == "über"
        site.query("UPDATE wp_options SET option_value = 'past it' WHERE option_name = 'written'")
        assert site.php("echo get_option( 'written' );") == "past it"
        with pytest.raises(LabError, match="no_such_table"):
            site.query("SELECT * FROM no_such_table")
    finally:
        site.delete()
