"""A site gets a new address: it is quiet until its administrator says that it moved and a person confirms it here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.browser import Browser
from lab.site import Site
from tests.stories.scene import PAGE, Observed, pair, until

pytestmark = [pytest.mark.site, pytest.mark.req("X1", "W17")]


def test_a_site_that_moved_is_called_at_its_new_address_after_both_sides_said_so(control: Observed, new_site: Callable[..., Site]) -> None:
    site = new_site()
    paired = pair(control, site, "nomad")
    old, new = site.url, site.url.replace("127.0.0.1", "localhost")
    config = site.root / "wp-config.php"
    config.write_text(config.read_text().replace(old, new))
    site.url = new

    assert paired.status()["quiet"] == "clone"
    refused = paired.refused("moved")
    assert (refused.exit, refused.code) == (1, "sites.no_move")

    admin = Browser(new)
    admin.log_in(*site.admin)
    page = admin.get(PAGE)
    said = admin.submit(page, next(form for form in page.forms if form.fields.get("presswarden_do") == "moved"))
    assert "A person confirms the move" in said.text
    assert (paired.show()["home"], paired.status()["quiet"]) == (old, "moved")

    told = paired.ask("moved")
    assert (told["old_home"], told["new_home"]) == (old, new)
    until(lambda: paired.show()["home"] == new, "the new address is pinned")
    assert paired.status()["quiet"] == ""
    assert paired.read()["quiet"] == ""
    paired.beat()
    assert len(paired.audited("site.moved")) == 1
