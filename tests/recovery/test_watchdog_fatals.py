"""A new version that dies of a fatal error is taken back by the first visitor who meets it, whatever page that is."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator

import pytest

from lab.packages import write_theme
from lab.site import Lab
from tests.connector.conftest import install, pair
from tests.connector.peer import Peer
from tests.recovery.opened import Watched

pytestmark = [pytest.mark.site, pytest.mark.req("W15")]
SECONDS: list[float] = []
MISSING = "presswarden_test_is_not_there();"
FATALS = {
    "a parse error": ("this is { no PHP", "/"),
    "an error thrown on load": ("throw new Error( 'new' );", "/"),
    "a file that is missing": ("require __DIR__ . '/gone.php';", "/"),
    "a fatal error on init": (f"add_action( 'init', static function () {{ {MISSING} }} );", "/"),
    "a fatal error in REST alone": (f"add_action( 'rest_api_init', static function () {{ {MISSING} }} );", "/wp-json/"),
    "a fatal error on pages alone": (f"add_action( 'template_redirect', static function () {{ {MISSING} }} );", "/"),
    "a fatal error in the admin area alone": (f"if ( is_admin() ) {{ {MISSING} }}", "/wp-admin/"),
    "memory that is used up": ("$all = array(); while ( true ) { $all[] = str_repeat( 'x', 1 << 20 ); }", "/"),
}


@pytest.fixture(scope="module", params=["7.1", "6.5"])
def watched(request: pytest.FixtureRequest, lab: Lab, peer: Peer) -> Iterator[Watched]:
    site = install(lab.site(f"fatals-{request.param.replace('.', '-')}", version=request.param))
    yield Watched.on(pair(site, peer))
    site.delete()
    print(f"\nWordPress {request.param}: first failing hit to good answer, median {statistics.median(SECONDS):.2f} s of {len(SECONDS)}")


@pytest.mark.parametrize("what", FATALS)
def test_a_fatal_error_of_the_new_version_takes_it_back_at_once(watched: Watched, what: str) -> None:
    watched.put_back()
    body, path = FATALS[what]
    change = watched.open(body)
    healed = watched.heals(path)
    assert healed.failed == 1
    state = watched.state()
    assert state is not None
    assert (state["id"], state["state"], state["why"]) == (change, "restored", "fatal-here")
    watched.is_whole()
    SECONDS.append(healed.seconds)
    assert statistics.median(SECONDS) <= 5


def test_a_theme_that_dies_is_taken_back(watched: Watched) -> None:
    watched.put_back()
    site, live = watched.site, "wp-content/themes/plain"
    shutil.copytree(write_theme(watched.room("theme"), "plain", "1.0"), site.root / live)
    was = site.php("$was = get_stylesheet(); switch_theme( 'plain' ); echo $was;")
    broken = write_theme(watched.room("theme-broken"), "plain", "1.1", MISSING)
    watched.open(component="theme:plain", items=[{"live": live, "kind": "dir"}], delete=[live], copy={live: str(broken)})
    assert watched.heals("/").failed == 1
    assert "Version: 1.0" in (site.root / live / "style.css").read_text()
    watched.is_whole()
    site.php("switch_theme( $argv[1] );", was)


def test_a_new_version_that_breaks_the_theme_is_taken_back_by_the_second_fatal_error(watched: Watched) -> None:
    watched.put_back()
    site, live = watched.site, "wp-content/themes/leans"
    help_of_old = write_theme(watched.room("leans"), "leans", "1.0", "if ( ! is_admin() ) { tiny_helps(); }")
    shutil.copytree(help_of_old, site.root / live)
    helper = watched.version("function tiny_helps() {}", number="1.0")
    shutil.copy(helper / "tiny.php", site.root / "wp-content/plugins/tiny/tiny.php")
    was = site.php("$was = get_stylesheet(); switch_theme( 'leans' ); echo $was;")
    watched.open("function tiny_helps_otherwise() {}")
    assert watched.heals("/").failed == 2
    state = watched.state()
    assert state is not None
    assert (state["state"], state["why"]) == ("restored", "fatal-elsewhere")
    site.php("switch_theme( $argv[1] );", was)
    watched.put_back()
    watched.is_whole()


@pytest.mark.parametrize("body", ["this is { no PHP", MISSING])
def test_a_must_use_plugin_that_dies_is_taken_back_before_it_is_loaded_again(watched: Watched, body: str) -> None:
    watched.put_back()
    live = "wp-content/mu-plugins/zz.php"
    (watched.site.root / live).write_text("<?php // 1.0\n")
    broken = watched.site.state / "zz.php"
    broken.write_text(f"<?php {body}\n")
    watched.open(component="plugin:zz.php", items=[{"live": live, "kind": "file"}], delete=[live], copy={live: str(broken)})
    assert watched.heals("/").failed == 1
    assert (watched.site.root / live).read_text() == "<?php // 1.0\n"
    watched.is_whole()


def test_a_fatal_error_that_the_site_had_before_says_nothing_about_the_change(watched: Watched) -> None:
    watched.put_back()
    old = f"if ( isset( $_GET['break'] ) ) {{ {MISSING} }}"
    shutil.copy(watched.version(old, number="1.0") / "tiny.php", watched.site.root / "wp-content/plugins/tiny/tiny.php")
    assert watched.get("/?break=1").status_code == 500
    known = watched.health()["fatals"][0]
    assert known["file"] == "wp-content/plugins/tiny/tiny.php"
    assert set(known) == {"at", "file", "line", "type"}
    # The ring counts in whole seconds, and what came in the second of the opening is not old.
    while int(watched.health()["site_time"]) <= known["at"]:
        pass
    change = watched.open(old)
    assert [watched.get("/?break=1").status_code for _ in range(3)] == [500, 500, 500]
    state = watched.state()
    assert state is not None
    assert (state["id"], state["state"], watched.answers()) == (change, "confirm", "1.1")


def test_fatal_errors_are_remembered_without_their_text(watched: Watched) -> None:
    watched.put_back()
    secret = "canary-of-a-visitor"
    watched.open(f"throw new Error( '{secret}' );")
    watched.heals("/")
    kept = b"".join(path.read_bytes() for path in watched.folder.rglob("*.php") if path.is_file() and not path.name.startswith("f0"))
    assert secret.encode() not in kept
    assert secret not in str(watched.health())
