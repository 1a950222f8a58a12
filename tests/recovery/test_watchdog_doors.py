"""Where the watchdog stands, what it leaves alone, and what it does with files that are not as they were left."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.site import Lab, Site
from tests.connector.conftest import install, pair
from tests.connector.peer import Peer
from tests.connector.wire import ControlKey
from tests.recovery.opened import LIVE, Watched

pytestmark = [pytest.mark.site, pytest.mark.req("W15")]
PLUGIN = "presswarden-connector/presswarden-connector.php"
BROKEN = "throw new Error( 'new' );"
FOREIGN = "<?php // somebody else's\nreturn new WP_Fatal_Error_Handler();\n"
OURS = ("fatal-error-handler.php", "mu-plugins/0-presswarden-watchdog.php", "mu-plugins/presswarden-watchdog/Watch.php")


@pytest.fixture(scope="module")
def shared(lab: Lab, peer: Peer) -> Iterator[Watched]:
    site = install(lab.site("doors"))
    yield Watched.on(pair(site, peer))
    site.delete()


@pytest.fixture
def watched(shared: Watched) -> Watched:
    shared.put_back()
    return shared


@pytest.fixture
def new(lab: Lab, peer: Peer, request: pytest.FixtureRequest) -> Iterator[Callable[..., Watched]]:
    """Sites of their own, for tests that change how they are built."""
    made: list[Site] = []

    def make(*options: str, before: Callable[[Path], object] | None = None, **how: object) -> Watched:
        site = lab.site(f"door-{len(made)}-{abs(hash(request.node.nodeid)) % 10**8}", **how)  # type: ignore[arg-type]  # words of Lab.site
        made.append(site)
        if before is not None:
            before(site.content)
        return Watched.on(pair(install(site), peer, *options))

    yield make
    for site in made:
        site.delete()


def doors(watched: Watched) -> tuple[bool, str]:
    found = watched.health()
    return found["watchdog"], found["watchdog_door"]


def ended(watched: Watched, change: str, state: str, why: str) -> None:
    found = watched.state()
    assert found is not None
    assert (found["id"], found["state"], found["why"]) == (change, state, why)


def test_a_damaged_snapshot_leaves_the_live_files_untouched_and_says_so(watched: Watched) -> None:
    change = watched.open(BROKEN)
    live = {path: path.read_bytes() for path in (watched.site.root / LIVE).rglob("*") if path.is_file()}
    part = watched.folder / f"{change}-0" / "f00000.php"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    assert watched.get("/").status_code == 500
    assert {path: path.read_bytes() for path in (watched.site.root / LIVE).rglob("*") if path.is_file()} == live
    (watched.site.root / LIVE / "tiny.php").write_bytes((watched.room("good") / "tiny/tiny.php").read_bytes())
    ended(watched, change, "failed", "fatal-here: snapshot damaged")
    assert not list(watched.folder.glob("stage-*"))


@pytest.mark.parametrize("how", ["another version", "deleted"])
def test_files_that_somebody_changed_since_are_left_alone(watched: Watched, how: str) -> None:
    change = watched.open()
    main = watched.site.root / LIVE / "tiny.php"
    if how == "deleted":
        main.unlink()
    else:
        main.write_text(main.read_text().replace("1.1", "1.2"))
    answer = watched.recover(change)
    assert (answer.status_code, answer.json()) == (200, {"restored": False, "state": "superseded"})
    assert watched.installed() == ("" if how == "deleted" else "1.2")
    ended(watched, change, "superseded", "recover-call")


def test_a_log_that_a_plugin_writes_beside_its_code_does_not_keep_it_from_being_taken_back(watched: Watched) -> None:
    change = watched.open(BROKEN)
    (watched.site.root / LIVE / "error_log").write_text("PHP Fatal error")
    assert watched.heals("/").failed == 1
    ended(watched, change, "restored", "fatal-here")


def test_a_place_that_became_a_link_is_not_followed(watched: Watched, tmp_path: Path) -> None:
    live = watched.site.root / LIVE
    change = watched.open()
    live.rename(tmp_path / "elsewhere")
    live.symlink_to(tmp_path / "elsewhere")
    watched.recover(change)
    assert live.is_symlink()
    assert "Version: 1.1" in (tmp_path / "elsewhere/tiny.php").read_text()
    live.unlink()
    found = watched.state()
    assert found is not None
    assert found["state"] in ("superseded", "failed")


def test_a_change_that_touched_nothing_is_as_if_it_had_never_been(watched: Watched) -> None:
    before = watched.state()
    watched.open(then="abandon", said="abandoned", delete=[], copy={})
    assert watched.state() == before
    watched.is_whole()


def test_an_update_that_fails_is_taken_back_in_its_own_process(watched: Watched) -> None:
    change = watched.open(BROKEN, then="take back", said="restored", maintenance=True)
    ended(watched, change, "restored", "asked")
    watched.is_whole()


def test_an_activation_is_undone_by_switching_the_plugin_off(watched: Watched) -> None:
    watched.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins( $argv[1] );", "tiny/tiny.php")
    main = watched.site.root / LIVE / "tiny.php"
    main.write_text(main.read_text().replace("add_action(", f"{BROKEN}\nadd_action(", 1))
    change = watched.open(items=[], delete=[], copy={}, undo="deactivate", activate=["tiny/tiny.php"])
    failed = 0
    while watched.get("/").status_code != 200:
        failed += 1
        assert failed < 3
    assert failed == 1
    ended(watched, change, "restored", "fatal-here")
    assert "tiny/tiny.php" not in str(watched.site.option("active_plugins"))
    watched.put_back()
    watched.site.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin( $argv[1] );", "tiny/tiny.php")


def test_the_watch_holds_while_the_connector_is_switched_off(watched: Watched) -> None:
    watched.open(BROKEN)
    active = str(watched.site.option("active_plugins"))
    watched.site.query("UPDATE wp_options SET option_value = 'a:1:{i:0;s:13:\"tiny/tiny.php\";}' WHERE option_name = 'active_plugins'")
    assert watched.heals("/").failed == 1
    watched.site.query(f"UPDATE wp_options SET option_value = '{active}' WHERE option_name = 'active_plugins'")
    watched.is_whole()


def test_a_copy_of_the_folder_on_another_site_does_nothing_there(watched: Watched, new: Callable[..., Watched]) -> None:
    change = watched.open(deadline=1)
    other = new()
    (other.folder / "open.php").write_bytes((watched.folder / "open.php").read_bytes())
    for _ in range(3):
        assert other.get("/").status_code == 200
    assert other.answers() == "1.0"
    assert watched.installed() == "1.1", "another site's visitors do not take this one's change back"
    other.open()
    assert watched.recover(change).json()["state"] == "restored"


def test_command_lines_never_take_back(watched: Watched) -> None:
    change = watched.open(deadline=-1)
    assert watched.site.php("echo get_option( 'blogname' );") != ""
    assert watched.installed() == "1.1"
    watched.site.php("echo Presswarden\\Connector\\Site\\OpenChange::named( $argv[1] )->take_back( 'by hand' );", change)
    assert watched.installed() == "1.1"
    assert watched.get("/").status_code == 200
    ended(watched, change, "restored", "by hand")


def test_a_key_that_was_rotated_while_a_change_is_open_takes_it_back(new: Callable[..., Watched]) -> None:
    watched = new()
    change = watched.open()
    here, fresh = watched.paired.here, ControlKey.new()
    public = _base64(fresh.public)
    signature = fresh.sign(f"presswarden-rotate-1\n{here.installation}\n2\n{public}".encode())
    assert watched.paired.call("control.rotate", {"epoch": 2, "public_key": public, "signature": _base64(signature)}).status == 200
    assert watched.recover(change, key=fresh).json()["state"] == "restored"


@pytest.mark.req("W9")
def test_an_hmac_pairing_recovers_with_a_key_of_its_own(new: Callable[..., Watched]) -> None:
    watched = new("--hmac")
    change = watched.open()
    raw = watched.header("recover", change).rpartition(".")[0]
    text = f"presswarden-recover\n{watched.paired.here.installation}\n{change}\n{raw.split('.')[1]}".encode()
    with_call_key = raw + "." + _base64(watched.paired.here.key.sign(text)).replace("+", "-").replace("/", "_").rstrip("=")
    assert watched.get("/", {"X-Presswarden-Recover": with_call_key}).status_code == 403
    assert watched.recover(change).json() == {"restored": True, "state": "restored"}
    assert '"mac":""' in (watched.folder / "last.php").read_text()


def test_where_another_plugin_has_the_first_door_the_second_one_watches(new: Callable[..., Watched]) -> None:
    watched = new(before=lambda content: (content / OURS[0]).write_text(FOREIGN))
    assert doors(watched) == (True, "mu")
    change = watched.open(BROKEN)
    assert watched.heals("/").failed == 1
    ended(watched, change, "restored", "fatal-here")
    change = watched.open("exit;")
    assert watched.recover(change).json()["state"] == "restored"
    watched.paired.site.wp("presswarden", "unpair")
    assert (watched.site.content / OURS[0]).read_text() == FOREIGN
    assert not (watched.site.content / OURS[1]).exists()


def test_where_wordpress_may_not_handle_fatal_errors_the_second_door_watches(new: Callable[..., Watched]) -> None:
    watched = new(constants={"WP_DISABLE_FATAL_ERROR_HANDLER": True})
    assert doors(watched) == (True, "mu")
    watched.open(BROKEN)
    assert watched.heals("/").failed == 1


def test_a_site_whose_watch_can_not_stand_opens_no_change(new: Callable[..., Watched]) -> None:
    def occupied(content: Path) -> None:
        (content / "mu-plugins" / "presswarden-watchdog").write_text("a file where the folder should be")

    watched = new(before=occupied)
    assert doors(watched) == (False, "")
    watched.open(said="action.files")
    assert watched.installed() == "1.0"
    assert watched.state() is None


def test_a_door_that_somebody_took_away_is_put_back_by_the_next_heartbeat(new: Callable[..., Watched]) -> None:
    watched = new()
    assert doors(watched) == (True, "dropin")
    (watched.site.content / OURS[0]).unlink()
    (watched.site.content / OURS[2]).write_text("<?php // edited\n")
    assert doors(watched) == (False, "mu")
    assert watched.site.wp("presswarden", "heartbeat").code == 0
    assert watched.get("/wp-cron.php").status_code == 200
    watched.site.php("do_action( 'presswarden_heartbeat' );")
    assert doors(watched) == (True, "dropin")


@pytest.mark.parametrize("way", ["unpair", "revoke", "copy"])
def test_the_end_of_a_pairing_takes_the_doors_away(new: Callable[..., Watched], way: str) -> None:
    watched = new()
    assert all((watched.site.content / name).exists() for name in OURS)
    if way == "revoke":
        assert watched.paired.call("control.revoke", {"reason": "x"}).status == 200
    else:
        assert watched.site.wp("presswarden", way).code == 0
    assert [name for name in OURS if (watched.site.content / name).exists()] == []
    assert watched.get("/").status_code == 200


def test_a_change_that_is_open_when_the_pairing_ends_is_still_taken_back(new: Callable[..., Watched]) -> None:
    watched = new()
    watched.open(BROKEN)
    # Through the database alone: the command would meet the broken version.
    code = "Presswarden\\Connector\\Site\\Watchdog::disarm();"
    (watched.site.root / LIVE / "tiny.php").rename(watched.site.root / LIVE / "tiny.off")
    watched.site.php(code)
    (watched.site.root / LIVE / "tiny.off").rename(watched.site.root / LIVE / "tiny.php")
    assert watched.heals("/").failed == 1
    watched.site.php(code)
    assert not (watched.site.content / OURS[0]).exists()


@pytest.mark.req("S4")
def test_uninstall_takes_the_doors_away_and_leaves_others_alone(new: Callable[..., Watched]) -> None:
    watched = new()
    watched.open()
    watched.site.php(
        "require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/file.php';"
        "deactivate_plugins( $argv[1] ); $done = delete_plugins( array( $argv[1] ) ); if ( true !== $done ) { exit( 1 ); }",
        PLUGIN,
    )
    assert [name for name in OURS if (watched.site.content / name).exists()] == []
    assert (watched.site.content / "mu-plugins" / "04-driver.php").exists()
    assert watched.get("/").status_code == 200


def test_the_marker_is_data_and_shows_nothing_over_http(watched: Watched) -> None:
    change = watched.open()
    for path in ("open.php", "apply-lock.php", "evidence.php", f"{change}-0/f00000.php", "flight"):
        assert watched.get(f"/wp-content/presswarden-snapshots/{path}").text in ("", watched.get("/nothing-is-here").text)
    for name in OURS:
        answer = watched.get(f"/wp-content/{name}")
        assert (answer.status_code, answer.text) == (200, "")
    assert json.loads(watched.recover(change).text)["restored"] is True


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
