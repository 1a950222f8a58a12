"""What the connector costs a visitor, and what it leaves behind: nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import httpx
import pytest

from lab.site import Site
from tests.connector.conftest import Paired

pytestmark = pytest.mark.site
PLUGIN = "presswarden-connector/presswarden-connector.php"


def queries_of_a_visit(site: Site) -> list[int]:
    """Queries of the last three of five visits, when WordPress has filled what it fills."""
    site.clear_events()
    for _ in range(5):
        assert httpx.get(site.url + "/", timeout=30).status_code == 200
    return [event["queries"] for event in site.await_events("request", 5) if event["path"] == "/"][2:]


@pytest.mark.req("S2")
def test_a_visitors_page_costs_no_query_more_paired_or_not(new_site: Callable[..., Site], new_pair: Callable[..., Paired]) -> None:
    bare = new_site()
    bare.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins( $argv[1] );", PLUGIN)
    without = queries_of_a_visit(bare)
    bare.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin( $argv[1] );", PLUGIN)
    assert queries_of_a_visit(bare) == without
    assert queries_of_a_visit(new_pair().site) == without


def test_one_small_option_is_loaded_with_every_page(shared: Paired) -> None:
    shared.site.wp("presswarden", "heartbeat")
    rows = shared.site.query(
        "SELECT option_name, length(option_value) AS n FROM wp_options WHERE option_name LIKE 'presswarden%' AND autoload IN ('yes', 'on', 'auto', 'auto-on')"
    )
    assert [row["option_name"] for row in rows] == ["presswarden_flags"]
    assert rows[0]["n"] < 1024


def test_deactivating_pauses_and_keeps_the_keys(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    paired.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins( $argv[1] );", PLUGIN)
    assert paired.call("wp.site.health").code == "rest_no_route"
    assert "presswarden_heartbeat" not in str(paired.site.option("cron"))
    paired.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin( $argv[1] );", PLUGIN)
    assert paired.call("wp.site.inventory").code == "call.paused"
    assert paired.site.wp("presswarden", "resume").code == 0
    assert paired.call("wp.site.inventory").status == 200
    assert "presswarden_heartbeat" in str(paired.site.option("cron"))


OPEN = """
use Presswarden\\Connector\\Site\\OpenChange;
wp_set_current_user( 1 );
OpenChange::begin( '11111111-1111-4111-8111-111111111111', 'plugin:none/none.php', null, '1.0' )->confirm( 'wp-content/plugins/none', time() + 900 );
"""


@pytest.mark.req("N17")
@pytest.mark.parametrize("how", [{}, {"version": "6.5"}, {"multisite": True}])
def test_uninstall_leaves_nothing_of_ours(new_pair: Callable[..., Paired], how: dict[str, object]) -> None:
    paired = new_pair(**how)
    paired.call("wp.site.inventory")
    step = {"component": "plugin:" + PLUGIN, "database": not how.get("multisite"), "seconds": 20, "snapshot": str(uuid.uuid4()), "step": 0}
    assert paired.call("wp.snapshot.create", step).status == 200
    paired.site.wp("presswarden", "heartbeat")
    if how.get("multisite"):
        paired.site.php("wpmu_create_blog( wp_parse_url( home_url(), PHP_URL_HOST ), '/two/', 'Two', 1 );")
    paired.site.php(OPEN)
    paired.site.php(
        "require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/file.php';"
        "deactivate_plugins( $argv[1], false, is_multisite() ); $done = delete_plugins( array( $argv[1] ) ); if ( true !== $done ) { exit( 1 ); }",
        PLUGIN,
    )
    tables = [row["name"] for row in paired.site.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert not [name for name in tables if "presswarden" in name]
    left = []
    for table in tables:
        if table.startswith("wp_"):
            left += [(table, row) for row in paired.site.query(f'SELECT * FROM "{table}"') if "presswarden" in json.dumps(row, default=str)]
    assert [
        (table, row.get("option_name") or row.get("meta_key")) for table, row in left if row.get("option_name") != "recently_activated"
    ] == []
    files = [path for path in paired.site.content.rglob("*presswarden*") if "presswarden-lab" not in path.name]
    assert files == [], "the lab's own must-use plugins are not ours"
