"""Both keys are replaced while calls and heartbeats go on."""

from __future__ import annotations

import pytest

from tests.stories.scene import Paired

pytestmark = [pytest.mark.site, pytest.mark.req("P6")]


def test_our_key_is_replaced_and_the_site_takes_calls_under_the_new_one(shop: Paired) -> None:
    before = shop.status()
    told = shop.ask("rotate")["result"]
    assert told["epoch"] == before["control_epoch"] + 1
    assert shop.status()["control_epoch"] == told["epoch"]
    assert shop.read()["database_answers"] is True
    shop.beat()
    assert len(shop.audited("site.control_key_rotated")) >= 1


def test_the_sites_key_is_replaced_and_it_signs_with_the_new_one(shop: Paired) -> None:
    before = shop.status()
    told = shop.ask("rotate", "--site-key")["result"]
    assert told["epoch"] == before["site_epoch"] + 1
    after = shop.status()
    assert (after["site_epoch"], after["site_key"] != before["site_key"]) == (told["epoch"], True)
    shop.beat()
    assert shop.read()["database_answers"] is True
    assert shop.show()["facts"]["site.epoch"]["value"] == told["epoch"]
    assert "receipt_invalid" not in shop.incidents()
