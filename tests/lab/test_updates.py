"""Real updates against the loopback server: good, broken and hostile packages.

What WordPress does with a bad package is written down here as it is, also where it lies: the
product's own checks are measured against these facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from lab import core, packages, trees
from lab.errors import LabError
from lab.packages import SLIPPED, Kind, write_plugin, write_theme
from lab.site import Lab, Site
from lab.updates import UpdateServer
from tests.lab.web import get

pytestmark = pytest.mark.site

_UPGRADE = """
foreach ( array( 'file', 'plugin', 'theme', 'misc', 'update', 'class-wp-upgrader' ) as $part ) {
	require_once ABSPATH . "wp-admin/includes/$part.php";
}
wp_set_current_user( 1 );
delete_site_transient( 'update_plugins' );
delete_site_transient( 'update_themes' );
wp_update_plugins();
wp_update_themes();
$skin = new Automatic_Upgrader_Skin();
if ( 'theme' === $argv[1] ) {
	$result = ( new Theme_Upgrader( $skin ) )->bulk_upgrade( array( $argv[2] ) );
} elseif ( 'core' === $argv[1] ) {
	wp_version_check( array(), true );
	$result = ( new Core_Upgrader( $skin ) )->upgrade( get_core_updates()[0] );
} elseif ( 'language' === $argv[1] ) {
	update_option( 'WPLANG', 'de_DE' );
	$result = ( new Language_Pack_Upgrader( $skin ) )->bulk_upgrade();
} elseif ( 'single' === $argv[1] ) {
	$result = ( new Plugin_Upgrader( $skin ) )->upgrade( $argv[2] );
} else {
	$result = ( new Plugin_Upgrader( $skin ) )->bulk_upgrade( array( $argv[2] ) );
}
$one = is_array( $result ) ? reset( $result ) : $result;
$failed = is_wp_error( $one );
echo "\\n", json_encode( $failed ? array( 'error' => $one->get_error_code() ) : array( 'ok' => (bool) $one ) );
"""


@pytest.fixture
def updates() -> Iterator[UpdateServer]:
    with UpdateServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def updated(lab: Lab) -> Iterator[Site]:
    found = lab.site("updated", workers=1)
    yield found
    found.delete()


@pytest.fixture
def site(updated: Site, updates: UpdateServer, tmp_path: Path) -> Site:
    """The module's site with version 1.0 of the plugin, whatever an earlier test left."""
    updated.use_updates(updates.url)
    updated.install_plugin(write_plugin(tmp_path, "tiny", "1.0"))
    return updated


def _upgrade(site: Site, kind: str = "plugin", name: str = "tiny/tiny.php") -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(site.php(_UPGRADE, kind, name).rpartition("\n")[2])
    return answer


def _installed(site: Site) -> str | None:
    main = site.content / "plugins" / "tiny" / "tiny.php"
    return next((line[9:] for line in main.read_text().splitlines() if line.startswith("Version: ")), None) if main.exists() else None


def test_a_good_update_is_installed_and_the_oracle_saw_it(site: Site, updates: UpdateServer) -> None:
    offer = updates.offer("tiny", "1.1")
    site.clear_events()
    assert _upgrade(site)["ok"] is True
    assert json.loads(get(site.url + "/wp-json/tiny/v1/version").text) == {"version": "1.1"}
    assert (_installed(site), updates.downloads("tiny")) == ("1.1", 1)
    done = site.events("upgrader_process_complete")
    assert [(one["extra"]["type"], one["extra"]["plugins"]) for one in done] == [("plugin", ["tiny/tiny.php"])]
    assert offer.path in [one.path for one in updates.asked]


@pytest.mark.parametrize("kind", [Kind.CUT_ZIP, Kind.HTML, Kind.CUT_DOWNLOAD, Kind.MISSING])
def test_a_package_that_does_not_arrive_leaves_the_old_version(site: Site, updates: UpdateServer, kind: Kind) -> None:
    updates.offer("tiny", "1.2", kind)
    assert _upgrade(site).get("ok") is not True
    assert _installed(site) == "1.0"


@pytest.mark.parametrize("kind", [Kind.FATAL, Kind.PARSE_ERROR])
def test_a_version_that_breaks_is_reported_as_updated_and_every_page_dies(site: Site, updates: UpdateServer, kind: Kind) -> None:
    updates.offer("tiny", "1.3", kind)
    assert _upgrade(site)["ok"] is True
    assert get(site.url + "/").status == 500
    assert site.await_events("request")[-1]["fatal"]


def test_a_zip_without_the_plugin_is_refused_by_the_bulk_updater(site: Site, updates: UpdateServer) -> None:
    updates.offer("tiny", "1.4", Kind.NO_PLUGIN_FILE)
    assert _upgrade(site)["error"] == "incompatible_archive_no_plugins"
    assert _installed(site) == "1.0"


def test_a_zip_without_the_plugin_is_reported_as_updated_by_the_single_updater_and_the_plugin_is_gone(
    site: Site, updates: UpdateServer
) -> None:
    updates.offer("tiny", "1.4", Kind.NO_PLUGIN_FILE)
    assert _upgrade(site, "single")["ok"] is True
    assert _installed(site) is None


def test_a_member_that_climbs_out_lands_nowhere(site: Site, updates: UpdateServer) -> None:
    updates.offer("tiny", "1.5", Kind.ZIP_SLIP)
    _upgrade(site)
    assert list(site.state.parent.rglob(SLIPPED)) == []


def test_a_symbolic_link_in_a_package_does_not_become_one(site: Site, updates: UpdateServer) -> None:
    updates.offer("tiny", "1.6", Kind.SYMLINK)
    _upgrade(site)
    assert not (site.content / "plugins" / "tiny" / "link.txt").is_symlink()


def test_a_redirected_package_is_followed(site: Site, updates: UpdateServer) -> None:
    updates.offer("tiny", "1.7", Kind.REDIRECT)
    assert _upgrade(site)["ok"] is True
    assert _installed(site) == "1.7"


def test_a_changed_package_has_another_hash_at_the_next_download(updates: UpdateServer) -> None:
    offer = updates.offer("tiny", "1.8", Kind.CHANGED)
    first, announced = get(updates.url + offer.path), updates.sha256("tiny")
    assert first.status == 200
    second = updates.package(offer.path)
    assert second is not None
    assert announced == sha256(second[1]).hexdigest()
    assert updates.sha256("tiny") != announced


def test_a_theme_and_a_language_pack_are_updated(site: Site, updates: UpdateServer, tmp_path: Path) -> None:
    write_theme(site.content / "themes", "lab", "1.0")
    updates.offer("lab", "2.0", theme=True)
    updates.offer_translation("tiny", "de_DE", {"Hello": "Hallo"})
    assert _upgrade(site, "theme", "lab")["ok"] is True
    assert "Version: 2.0" in (site.content / "themes" / "lab" / "style.css").read_text()
    _upgrade(site, "language")
    assert (site.content / "languages" / "plugins" / "tiny-de_DE.mo").exists()
    hello = "add_filter( 'locale', static function () { return 'de_DE'; } ); unload_textdomain( 'tiny', true ); echo __( 'Hello', 'tiny' );"
    assert site.php(hello) == "Hallo"


def test_a_closed_plugin_is_offered_no_more(site: Site, updates: UpdateServer) -> None:
    updates.offer("tiny", "1.1")
    updates.close_plugin("tiny")
    _upgrade(site)
    assert _installed(site) == "1.0"
    assert not any("/plugin/tiny" in one.path for one in updates.asked)
    assert json.loads(get(updates.url + "/api.wordpress.org/plugins/info/1.2/?slug=tiny").text)["error"] == "closed"


@pytest.mark.slow
def test_core_is_updated_and_the_cached_tree_is_not_touched(lab: Lab, updates: UpdateServer) -> None:
    newer, older = core.tree("6.5"), core.tree("6.2")
    updates.offer_core(newer.version, newer.path)
    site = lab.site("core", "6.2", workers=1)
    try:
        site.use_updates(updates.url)
        get(site.url + "/")
        site.clear_events()
        _upgrade(site, "core")
        assert core.version_of(site.root) == newer.version
        assert get(site.url + "/wp-json/").status in (200, 500)
        changed = site.await_events("core_version")
        assert [(one["from"], one["to"]) for one in changed] == [(older.version, newer.version)]
        assert core.tree("6.2") == older
        assert trees.intact(older.path.parent)
    finally:
        site.delete()


def test_without_a_server_no_question_leaves_the_site(shop: Site) -> None:
    said = shop.php("$a = wp_remote_get( 'https://api.wordpress.org/' ); echo is_wp_error( $a ) ? $a->get_error_message() : 'answered';")
    assert "no update server" in said


def test_a_stopped_server_has_no_address() -> None:
    server = UpdateServer.start()
    server.stop()
    with pytest.raises(LabError, match="does not run"):
        _ = server.url


def test_equal_packages_are_equal_bytes() -> None:
    made = [packages.component("tiny", "1.1", Kind.GOOD) for _ in range(2)]
    assert made[0] == made[1]
    assert len({packages.component("tiny", "1.1", kind) for kind in (Kind.GOOD, Kind.FATAL, Kind.SYMLINK, Kind.CUT_ZIP)}) == 4
