"""WordPress is offered an update; the control plane shows it after the next heartbeat, and no longer once it is withdrawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.packages import write_plugin, write_theme
from lab.updates import UpdateServer
from tests.stories.scene import Paired

pytestmark = [pytest.mark.site, pytest.mark.req("S1", "N13")]


@pytest.fixture
def offers(shop: Paired, tmp_path: Path) -> Iterator[UpdateServer]:
    """The update server, and a plugin and a theme in the shop that it can offer something for."""
    shop.site.install_plugin(write_plugin(tmp_path, "tiny", "1.0"))
    theme = write_theme(shop.site.content / "themes", "plain", "1.0")
    with UpdateServer.start() as server:
        shop.site.use_updates(server.url)
        yield server
        shop.site.use_updates(None)
    assert theme.is_dir()


def ask_for_updates(shop: Paired) -> None:
    """What WordPress does twice a day."""
    shop.site.php(
        "delete_site_transient('update_plugins'); delete_site_transient('update_themes'); wp_update_plugins(); wp_update_themes();"
    )


def test_an_update_shows_as_available_after_the_next_heartbeat(shop: Paired, offers: UpdateServer) -> None:
    shop.beat()
    assert not [key for key in shop.show()["components"] if key.startswith(("update:plugin:", "update:theme:"))]
    offers.offer("tiny", "1.1")
    offers.offer("plain", "2.0", theme=True)
    ask_for_updates(shop)
    shop.beat()
    components = shop.show()["components"]
    assert components["plugin:tiny/tiny.php"]["version"] == "1.0"
    assert components["update:plugin:tiny/tiny.php"]["version"] == "1.1"
    assert components["update:theme:plain"]["version"] == "2.0"
    text = shop.control.run("site", "show", "shop")
    assert re.search(r"^plugin:tiny/tiny\.php +1\.0 +yes +1\.1$", text, re.M)

    offers.withdraw("tiny")
    ask_for_updates(shop)
    shop.beat()
    after = shop.show()["components"]
    assert "update:plugin:tiny/tiny.php" not in after
    assert after["update:theme:plain"]["version"] == "2.0"


def test_nothing_was_downloaded_by_looking(shop: Paired, offers: UpdateServer) -> None:
    offers.offer("tiny", "1.2")
    ask_for_updates(shop)
    shop.beat()
    shop.read("wp.site.inventory")
    assert offers.downloads("tiny") == 0
    assert shop.show()["components"]["update:plugin:tiny/tiny.php"]["version"] == "1.2"
