"""Single sites: what they answer, what the oracle counts, what is refused."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from lab import server
from lab.errors import LabError
from lab.packages import write_plugin
from lab.site import Lab, Site
from tests.lab.web import get

pytestmark = pytest.mark.site


def test_the_oracle_writes_each_request_down_once_with_status_and_queries(shop: Site) -> None:
    shop.clear_events()
    assert get(shop.url + "/").status == 200
    assert get(shop.url + "/?p=999999").status == 404
    seen = shop.await_events("request", 2)
    assert [(one["method"], one["path"], one["status"]) for one in seen] == [("GET", "/", 200), ("GET", "/?p=999999", 404)]
    assert all(one["queries"] > 0 for one in seen)


def test_the_oracle_counts_each_executed_action_with_its_call(shop: Site) -> None:
    shop.clear_events()
    shop.php("do_action( 'presswarden_action_ran', 'wp.site.health', 'call-1' );")
    shop.php("do_action( 'presswarden_action_ran', 'wp.site.health', 'call-1' );")
    assert [(one["tool"], one["tool_call_id"]) for one in shop.events("action_ran")] == [("wp.site.health", "call-1")] * 2


def test_the_oracle_sees_plugins_themes_users_logins_and_mails(shop: Site, tmp_path: Path) -> None:
    shop.clear_events()
    shop.install_plugin(write_plugin(tmp_path, "seen", "1.0"))
    shop.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins( 'seen/seen.php' );")
    shop.php(
        "require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/file.php';"
        "delete_plugins( array( 'seen/seen.php' ) );"
    )
    shop.php("$id = wp_create_user( 'newcomer', 'pass', 'n@example.test' ); ( new WP_User( $id ) )->set_role( 'editor' );")
    shop.php("wp_mail( 'a@example.test', 'Hello', 'Text' );")
    get(shop.url + "/wp-login.php", form={"log": "admin", "pwd": shop.admin[1], "testcookie": "1"})
    shop.await_events("wp_login")
    assert [one["plugin"] for one in shop.events("activated_plugin")] == ["seen/seen.php"]
    assert [one["plugin"] for one in shop.events("deactivated_plugin")] == ["seen/seen.php"]
    assert [(one["plugin"], one["deleted"]) for one in shop.events("deleted_plugin")] == [("seen/seen.php", True)]
    assert [one["login"] for one in shop.events("user_register")] == ["newcomer"]
    assert shop.events("set_user_role")[-1]["role"] == "editor"
    assert [one["subject"] for one in shop.events("mail")] == ["Hello"]
    assert [one["login"] for one in shop.events("wp_login")] == ["admin"]
    shop.php("require_once ABSPATH . 'wp-admin/includes/user.php'; wp_delete_user( get_user_by( 'login', 'newcomer' )->ID );")


def test_a_request_that_dies_is_written_down_as_fatal(shop: Site) -> None:
    boom = shop.content / "mu-plugins" / "zz-boom.php"
    boom.write_text("<?php if ( isset( $_GET['boom'] ) ) { throw new Error( 'the boom' ); }")
    shop.clear_events()
    try:
        assert get(shop.url + "/?boom=1").status == 500
        seen = shop.await_events("request")
        assert (seen[0]["status"], "the boom" in seen[0]["fatal"]) == (500, True)
    finally:
        boom.unlink()


def test_the_database_is_read_past_wordpress(shop: Site) -> None:
    assert shop.option("siteurl") == shop.url
    assert shop.option("there is no such 'option'") is None
    assert shop.query("SELECT user_login FROM wp_users WHERE ID = 1") == [{"user_login": "admin"}]


def test_php_code_that_fails_is_an_error_with_its_words(shop: Site) -> None:
    with pytest.raises(LabError, match="no_such_function"):
        shop.php("no_such_function();")
    with pytest.raises(LabError, match="not like this"):
        shop.php("wp_die( 'not like this' );")


def test_php_code_gets_its_arguments_and_may_be_a_file(shop: Site, tmp_path: Path) -> None:
    script = tmp_path / "script.php"
    script.write_text("<?php echo get_bloginfo( 'name' ), '/', $argv[1], '/', $argc;")
    assert shop.php(script, "a b") == "Lab site/a b/2"


def test_two_sites_share_no_keys_and_no_address(lab: Lab, shop: Site) -> None:
    other = lab.site("other", workers=1)
    try:
        assert other.port != shop.port
        key = "echo AUTH_KEY, AUTH_SALT;"
        assert other.php(key) != shop.php(key)
        other.php("update_option( 'blogname', 'Other' );")
        assert shop.option("blogname") == "Lab site"
        (other.root / "wp-includes" / "version.php").write_text("<?php $wp_version = 'altered';")
        assert "altered" not in (shop.root / "wp-includes" / "version.php").read_text()
    finally:
        other.delete()


def test_constants_and_environment_reach_the_site(lab: Lab) -> None:
    site = lab.site(
        "set", workers=1, constants={"DISALLOW_FILE_MODS": True, "WP_DEBUG": None, "AUTH_KEY": "it's"}, env={"LAB_WORD": "here"}
    )
    try:
        told = site.php("echo json_encode( array( DISALLOW_FILE_MODS, WP_DEBUG, AUTH_KEY, getenv( 'LAB_WORD' ) ) );")
        assert json.loads(told) == [True, False, "it's", "here"]
    finally:
        site.delete()


def test_a_network_has_subsites(lab: Lab) -> None:
    site = lab.site("network", workers=1, multisite=True)
    try:
        host = site.url.removeprefix("http://")
        site.php(f"echo wpmu_create_blog( '{host}', '/second/', 'Second', 1 );")
        assert json.loads(get(f"{site.url}/second/wp-json/").text)["name"] == "Second"
        assert site.php("echo is_multisite() ? 'network' : 'single';") == "network"
    finally:
        site.delete()


def test_a_stopped_site_leaves_no_process_and_starts_again_at_its_address(lab: Lab) -> None:
    site = lab.site("pause", workers=3)
    try:
        pid = site.pid
        assert pid is not None
        site.stop()
        assert not server.alive(pid)
        with pytest.raises(OSError, match="refused"):
            get(site.url)
        site.start(workers=1)
        assert get(site.url + "/wp-json/").status == 200
    finally:
        site.delete()
    assert not site.root.exists()


def test_a_site_can_see_another_time_and_comes_back(lab: Lab) -> None:
    site = lab.site("clock", workers=1)
    try:
        site.shift_clock(-7200)
        assert abs(int(site.php("echo time();")) - (time.time() - 7200)) < 30
        site.clear_events()
        get(site.url + "/wp-json/")
        assert abs(site.await_events("request")[0]["at"] - (time.time() - 7200)) < 30
        site.shift_clock(0)
        assert abs(int(site.php("echo time();")) - time.time()) < 30
    finally:
        site.delete()


def test_a_port_that_somebody_else_serves_is_never_taken_for_the_site(lab: Lab, shop: Site) -> None:
    with pytest.raises(LabError, match="did not start"):
        lab.site("thief", port=shop.port)
    assert get(shop.url + "/wp-json/").status == 200


@pytest.mark.parametrize("name", ["", "Shop", "a/b", "a b", "ä", ".."])
def test_a_name_that_is_no_plain_word_is_refused(lab: Lab, name: str) -> None:
    with pytest.raises(LabError, match="is no name for a site"):
        lab.site(name)


def test_a_name_that_is_taken_is_refused(lab: Lab, shop: Site) -> None:
    with pytest.raises(LabError, match="the site shop exists"):
        lab.site(shop.name)


def test_an_unknown_database_is_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match="no database 'oracle'"):
        lab.site("db", database="oracle")


def test_a_lab_inside_a_checkout_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(LabError, match="is a checkout"):
        Lab(workdir=tmp_path / "below" / "it")
