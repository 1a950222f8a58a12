"""Copies, moves and restored databases: a site that is not what was paired gets quieter until a person decides."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lab.site import Site
from tests.connector.conftest import Paired
from tests.connector.test_control import rotate
from tests.connector.wire import ControlKey, send

pytestmark = pytest.mark.site


def status(site: Site) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(site.wp("presswarden", "status", "--format=json").stdout)
    return value


def move_to(site: Site, home: str) -> None:
    """Give the site another address in its wp-config.php, as an administrator would."""
    config = site.root / "wp-config.php"
    config.write_text(config.read_text().replace("<?php", f"<?php\ndefine('PW_TEST_HOME', '{home}');", 1))
    text = config.read_text()
    for name in ("WP_HOME", "WP_SITEURL"):
        text = text.replace(f"define( '{name}',", f"define( 'OLD_{name}',").replace(f"define('{name}',", f"define('OLD_{name}',")
    config.write_text(text.replace("<?php", f"<?php\ndefine('WP_HOME', '{home}'); define('WP_SITEURL', '{home}');", 1))


def database(paired: Paired) -> Path:
    file = paired.site.database.file
    assert file is not None
    return Path(file)


def backup(paired: Paired, to: Path) -> None:
    with closing(sqlite3.connect(database(paired))) as live, closing(sqlite3.connect(to)) as copy:
        live.backup(copy)


def restore(paired: Paired, source: Path) -> None:
    paired.site.stop()
    for rest in database(paired).parent.glob(database(paired).name + "-*"):
        rest.unlink()
    shutil.copy(source, database(paired))
    paired.site.start()


@pytest.mark.req("W17")
def test_a_copy_under_another_address_answers_for_nobody_and_may_forget_the_original(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    elsewhere = paired.site.url.replace("127.0.0.1", "localhost")
    move_to(paired.site, elsewhere)
    ran = len(paired.ran())
    for home in (paired.site.url, elsewhere):
        answer = send(home, paired.here.message("wp.site.health"))
        assert (answer.status, answer.code) == (403, "call.clone")
    paired.here.home = elsewhere
    answer = paired.call("wp.site.health")
    assert (answer.status, answer.code) == (403, "call.audience")
    assert len(paired.ran()) == ran
    assert status(paired.site)["quiet"] == "clone"
    assert paired.site.wp("presswarden", "copy").code == 0
    assert paired.call("wp.site.health").code == "rest_no_route"


@pytest.mark.req("P1")
def test_a_move_is_told_signed_and_finished_by_a_call_at_the_new_address(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    old, new = paired.here.home, paired.here.home.replace("127.0.0.1", "localhost")
    move_to(paired.site, new)
    assert paired.site.wp("presswarden", "moved").code == 0
    told = paired.peer.moved[-1].body
    assert (told["home"], told["old_home"], told["bind"]["dir"]) == (new, old, "moved")
    assert paired.call("wp.site.health").code == "call.clone"
    paired.here.home = new
    wrong = paired.call("control.moved", {"home": "http://localhost:1"})
    assert wrong.code == "call.args"
    assert paired.call("control.moved", {"home": new}).result == {"home": new}
    assert paired.call("wp.site.health").result["quiet"] == ""


def test_a_changed_folder_or_database_is_quiet_until_a_person_says_it_moved(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    config = paired.site.root / "wp-config.php"
    config.write_text(config.read_text().replace("<?php", "<?php\ndefine('DB_HOST', 'elsewhere');", 1))
    assert status(paired.site)["quiet"] == "clone"
    assert paired.call("wp.site.health").result["quiet"] == "clone"
    assert paired.site.wp("presswarden", "moved").code == 0
    assert paired.call("wp.site.health").result["quiet"] == ""


@pytest.mark.req("P3")
def test_a_database_put_back_to_before_a_call_does_not_let_the_call_run_again(new_pair: Callable[..., Paired], tmp_path: Path) -> None:
    paired = new_pair()
    paired.call("wp.site.health")
    backup(paired, tmp_path / "before.sqlite")
    message = paired.here.message("wp.site.inventory")
    assert paired.send(message).status == 200
    ran = len(paired.ran())
    restore(paired, tmp_path / "before.sqlite")
    for again in (message, paired.here.resigned(message), message):
        answer = paired.send(again)
        assert answer.code in {"call.store", "call.duplicate"}
    assert len(paired.ran()) == ran
    assert status(paired.site)["repair"] == "restored"


@pytest.mark.req("P6")
def test_a_database_put_back_to_before_a_revocation_does_not_bring_the_keys_back(new_pair: Callable[..., Paired], tmp_path: Path) -> None:
    paired = new_pair()
    backup(paired, tmp_path / "before.sqlite")
    assert paired.call("control.revoke", {"reason": "stolen"}).status == 200
    restore(paired, tmp_path / "before.sqlite")
    assert paired.call("wp.site.health").code == "call.revoked"
    assert paired.call("wp.site.health").code == "call.revoked"


def test_a_database_put_back_to_before_a_pause_stays_paused_and_the_administrator_ends_it(
    new_pair: Callable[..., Paired], tmp_path: Path
) -> None:
    paired = new_pair()
    backup(paired, tmp_path / "before.sqlite")
    assert paired.site.wp("presswarden", "pause").code == 0
    restore(paired, tmp_path / "before.sqlite")
    facts = paired.site.wp("presswarden", "heartbeat")
    assert facts.code == 0
    said = paired.peer.heartbeats[-1].body
    assert (said["repair"], said["paused"]) == ("restored", "local")
    assert paired.site.wp("presswarden", "restored").code == 0
    assert paired.site.wp("presswarden", "resume").code == 0
    shown = status(paired.site)
    assert (shown["repair"], shown["quiet"], shown["paused"]) == ("", "", "")


def test_an_honest_site_is_never_taken_for_a_restored_one(shared: Paired) -> None:
    for _ in range(3):
        assert shared.call("control.pause", {"reason": "x"}).status == 200
        assert shared.call("control.resume").status == 200
        assert shared.site.wp("presswarden", "heartbeat").code == 0
        assert shared.call("wp.site.health").result["repair"] == ""


@pytest.mark.req("P6", "P3")
def test_a_key_that_was_rotated_out_does_not_speak_again_on_a_restored_database(new_pair: Callable[..., Paired], tmp_path: Path) -> None:
    paired = new_pair()
    old, fresh = paired.here.key, ControlKey.new()
    backup(paired, tmp_path / "before.sqlite")
    assert rotate(paired, fresh, 2).status == 200
    restore(paired, tmp_path / "before.sqlite")
    ran = len(paired.ran())
    for _ in range(2):
        assert paired.call("wp.site.inventory").code == "call.signature"
        assert rotate(paired, ControlKey.new(), 2).code == "call.signature"
    paired.here.key = fresh
    assert paired.call("wp.site.inventory").code == "call.signature"
    assert len(paired.ran()) == ran
    assert status(paired.site)["repair"] == "restored"
    paired.here.key = old
    assert paired.site.wp("presswarden", "heartbeat").code == 0, "the site still tells that it needs repair"
    assert paired.peer.heartbeats[-1].body["repair"] == "restored"


@pytest.mark.req("P6")
def test_keys_are_not_changed_on_a_restored_database_or_a_copy_until_a_person_decides(
    new_pair: Callable[..., Paired], tmp_path: Path
) -> None:
    paired = new_pair()
    backup(paired, tmp_path / "before.sqlite")
    assert paired.call("control.pause", {"reason": "x"}).status == 200
    assert paired.call("control.resume").status == 200
    restore(paired, tmp_path / "before.sqlite")
    paired.site.wp("presswarden", "heartbeat")
    paired.site.shift_clock(60)  # past the moment up to which calls may have been used before the restore
    moment = int(time.time()) + 60
    config = paired.site.root / "wp-config.php"
    honest = config.read_text()

    def asked(tool: str) -> str:
        return paired.send(paired.here.message(tool, timestamp=moment)).code

    assert status(paired.site)["quiet"] == "restored"
    assert (asked("control.rotate_site"), asked("wp.site.health")) == ("call.quiet", "")
    assert paired.site.wp("presswarden", "restored").code == 0
    config.write_text(honest.replace("<?php", "<?php\ndefine('DB_HOST', 'elsewhere');", 1))
    assert status(paired.site)["quiet"] == "clone"
    assert (asked("control.rotate_site"), asked("wp.site.health")) == ("call.quiet", "")
    config.write_text(honest)
    assert asked("control.rotate_site") == ""


def test_a_copy_that_is_unpaired_says_no_goodbye_for_the_original(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    config = paired.site.root / "wp-config.php"
    config.write_text(config.read_text().replace("<?php", "<?php\ndefine('DB_HOST', 'elsewhere');", 1))
    told = len(paired.peer.heartbeats)
    assert paired.site.wp("presswarden", "unpair").code == 0
    assert len(paired.peer.heartbeats) == told
    assert status(paired.site)["state"] == "unpaired"


def test_the_home_is_the_same_for_every_request_and_language(shared: Paired) -> None:
    seen = shared.site.php(
        "$_SERVER['HTTPS'] = 'on'; add_filter( 'home_url', function ( $url ) { return $url . '/de'; } );"
        r" echo \Presswarden\Connector\Site\Place::home();"
    )
    assert seen == shared.here.home
    assert status(shared.site)["quiet"] == ""


def test_a_site_that_is_not_paired_has_no_move_to_tell(new_site: Callable[..., Site]) -> None:
    site = new_site()
    told = site.wp("presswarden", "moved")
    assert (told.code, "here.unpaired" in told.stderr) == (1, True)
    assert site.query("SELECT * FROM wp_options WHERE option_name = 'presswarden_record'") == []
