"""An update that does a site no good is taken back by itself, and the person who asked for it is told so; never that it was updated."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.death import PLUGIN, await_deaths, die_at, nobody_dies
from lab.packages import Kind, plugin_files, write_plugin, zipped
from lab.updates import UpdateServer
from tests.stories.changing import ask_for_updates, at_a_terminal, newest_change
from tests.stories.scene import Paired

pytestmark = [pytest.mark.site, pytest.mark.req("W15", "N6", "W17")]

ANOTHER_TITLE = "add_filter( 'pre_get_document_title', static function () { return 'It works!'; }, 99 );"
WRITES_A_POST = (
    "add_action( 'init', static function () { if ( add_option( 'lab_wrote_once', 1 ) ) {"
    " wp_insert_post( array( 'post_title' => 'Written meanwhile', 'post_status' => 'publish' ) ); } } );"
)
NOT_FOUND = "add_action( 'template_redirect', static function () { status_header( 404 ); } );"


def served(shop: Paired, slug: str) -> str:
    with urllib.request.urlopen(f"{shop.site.url}/wp-json/{slug}/v1/version", timeout=30) as answer:
        return str(json.load(answer)["version"])


def is_as_before(shop: Paired, slug: str) -> bool:
    """The old version is served, and nothing of the update is left behind."""
    assert served(shop, slug) == "1.0"
    assert not (shop.site.root / ".maintenance").exists()
    with urllib.request.urlopen(shop.site.url, timeout=30) as answer:
        assert answer.status == 200
    health = shop.read()
    return health["maintenance"] == "" and health["change"]["state"] == "restored"


def update(shop: Paired, slug: str) -> dict[str, object]:
    """The update is asked for and agreed to; the change that came of it. The command must not say that it worked."""
    ask_for_updates(shop)
    said = at_a_terminal(shop.control, "site", "update", shop.label, f"plugin:{slug}/{slug}.php")
    assert said.code != 0, said.text
    assert "Updated:" not in said.text
    return newest_change(shop)


@pytest.mark.parametrize("kind", [Kind.FATAL, Kind.PARSE_ERROR])
def test_a_version_that_dies_on_load_is_taken_back_by_the_site_and_seen_to_be(
    changing: Paired, updates: UpdateServer, tmp_path: Path, kind: Kind
) -> None:
    slug = f"dies-{kind.name.lower().replace('_', '-')}"
    changing.site.install_plugin(write_plugin(tmp_path, slug, "1.0"))
    updates.offer(slug, "1.1", kind)
    change = update(changing, slug)
    assert (change["result"], change["code"]) == ("rolled_back", "watchdog.fatal-here")
    assert is_as_before(changing, slug)
    assert changing.incidents()["change_taken_back"] == "detected"


@pytest.mark.parametrize(("body", "code"), [(ANOTHER_TITLE, "page.title"), (NOT_FOUND, "page.status")])
def test_a_version_that_runs_and_changes_the_pages_is_taken_back_by_us(
    changing: Paired, updates: UpdateServer, tmp_path: Path, body: str, code: str
) -> None:
    slug = f"wrong-{code.rpartition('.')[2]}"
    changing.site.install_plugin(write_plugin(tmp_path, slug, "1.0"))
    updates.offer(slug, "1.1", package=zipped(plugin_files(slug, "1.1", body)))
    change = update(changing, slug)
    assert (change["result"], change["code"]) == ("rolled_back", code)
    assert is_as_before(changing, slug)


def test_what_was_written_meanwhile_stays_and_is_counted(changing: Paired, updates: UpdateServer, tmp_path: Path) -> None:
    changing.site.install_plugin(write_plugin(tmp_path, "writes", "1.0"))
    updates.offer("writes", "1.1", package=zipped(plugin_files("writes", "1.1", ANOTHER_TITLE + WRITES_A_POST)))
    change = update(changing, "writes")
    assert change["result"] == "rolled_back"
    assert is_as_before(changing, "writes")
    titles = changing.site.query("SELECT post_title FROM wp_posts WHERE post_title = 'Written meanwhile' AND post_status = 'publish'")
    assert len(titles) == 1
    seen = change["seen"]
    assert isinstance(seen, dict)
    assert int(seen["lost_posts"]) >= 1, "a restore of the tables would have lost it, and what else was written in that second"


@pytest.fixture
def mortal(changing: Paired) -> Iterator[Paired]:
    changing.site.clear_events()
    yield changing
    (changing.site.content / "mu-plugins" / PLUGIN).unlink(missing_ok=True)
    changing.site.stop()
    changing.site.start()


def test_an_updater_that_is_killed_between_deleting_and_copying_leaves_the_old_version(
    mortal: Paired, updates: UpdateServer, tmp_path: Path
) -> None:
    mortal.site.install_plugin(write_plugin(tmp_path, "killed", "1.0"))
    updates.offer("killed", "1.1")
    die_at(mortal.site, "upgrader_clear_destination")
    change = update(mortal, "killed")
    await_deaths(mortal.site, 1)
    nobody_dies(mortal.site)
    assert (change["result"], change["code"]) == ("rolled_back", "watchdog.updater-died")
    assert is_as_before(mortal, "killed")
