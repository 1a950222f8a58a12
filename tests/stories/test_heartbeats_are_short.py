"""An unchanged site costs one short message; a change costs what changed."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from lab.recorder import Exchange
from tests.stories.scene import Observed, Paired

pytestmark = [pytest.mark.site, pytest.mark.req("N4", "X3")]

KIB = 1024


def heard(control: Observed, shop: Paired) -> list[Exchange]:
    """What passed for one heartbeat of the site."""
    before = len(control.wire.kept)
    shop.beat()
    return [each for each in list(control.wire.kept)[before:] if each.path == "/ingest/v1/heartbeat"]


def body_of(exchange: Exchange) -> dict[str, Any]:
    packed = exchange.header("Content-Encoding") == "gzip"
    return dict(json.loads(gzip.decompress(exchange.body) if packed else exchange.body))


def test_a_heartbeat_of_an_unchanged_site_is_one_message_of_at_most_a_kilobyte_each_way(control: Observed, shop: Paired) -> None:
    heard(control, shop)
    passed = heard(control, shop)
    assert len(passed) == 1
    (only,) = passed
    assert only.status == 200
    assert not {"inventory", "delta"} & body_of(only).keys()
    print(f"unchanged heartbeat: {len(only.body)} bytes to the control plane, {len(only.answer)} bytes back")
    assert len(only.body) <= KIB
    assert len(only.answer) <= KIB


def test_after_a_plugin_was_activated_only_that_is_told(control: Observed, shop: Paired) -> None:
    heard(control, shop)
    before = shop.show()
    shop.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin( 'akismet/akismet.php' );")
    try:
        (only,) = heard(control, shop)
        told = body_of(only)
        assert "inventory" not in told
        assert told["delta"]["base"] == before["inventory_hash"]
        assert (list(told["delta"]["set"]), told["delta"]["unset"]) == (["plugin:akismet/akismet.php"], [])
        after = shop.show()
        assert after["components"]["plugin:akismet/akismet.php"]["active"] is True
        assert after["inventory_hash"] == told["inventory_hash"] != before["inventory_hash"]
    finally:
        shop.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins( 'akismet/akismet.php' );")
    heard(control, shop)
    assert shop.show()["inventory_hash"] == before["inventory_hash"]
