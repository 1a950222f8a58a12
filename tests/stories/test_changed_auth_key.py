"""AUTH_KEY of a site changes, so its own keys can't be opened: both sides say so, nothing is lost, and the old value makes it whole again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from lab.site import Site
from tests.stories.scene import PAGE, Observed, at_the_page, pair

pytestmark = [pytest.mark.site, pytest.mark.req("W9", "W17")]


def test_a_changed_auth_key_needs_repair_on_both_sides_and_is_over_when_it_is_put_back(
    control: Observed, new_site: Callable[..., Site]
) -> None:
    site = new_site()
    paired = pair(control, site, "salted")
    paired.beat()
    config = site.root / "wp-config.php"
    before = config.read_text()
    config.write_text(re.sub(r"(define\( 'AUTH_KEY', ')[^']*", r"\g<1>somebody pasted a fresh set of keys over the old one", before))

    refused = paired.refused("read")
    assert (refused.exit, refused.code) == (4, "call.store")
    assert "AUTH_KEY" in refused.says
    assert site.wp("presswarden", "heartbeat").code == 1
    assert paired.status()["repair"] == "sealed_mac"
    assert "Needs repair." in at_the_page(site).get(PAGE).text
    assert paired.incidents() == {"needs_repair": "contained"}

    config.write_text(before)
    assert paired.read()["repair"] == ""
    paired.beat()
    assert paired.status()["repair"] == ""
    assert paired.incidents() == {"needs_repair": "recovered"}
