"""The agent user: no way in, and not to be seen by visitors."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.connector.conftest import Paired

pytestmark = [pytest.mark.site, pytest.mark.req("W10")]
NAME = "presswarden-agent"


@pytest.fixture
def known(shared: Paired) -> str:
    """The user with a password that is known, as if somebody had set one."""
    shared.site.php("wp_set_password( 'known-password', get_user_by( 'login', 'presswarden-agent' )->ID );")
    return "known-password"


def profile_call(password: str) -> str:
    """An XML-RPC call that needs a login."""
    values = "".join(f"<param><value>{value}</value></param>" for value in ("1", NAME, password))
    return f"<?xml version='1.0'?><methodCall><methodName>wp.getProfile</methodName><params>{values}</params></methodCall>"


def agent_id(paired: Paired) -> int:
    return int(paired.site.query(f"SELECT ID FROM wp_users WHERE user_login = '{NAME}'")[0]["ID"])


HELD = ["activate_plugins", "install_languages", "presswarden_agent", "read", "update_core", "update_plugins", "update_themes"]


def test_it_is_not_user_one_and_holds_what_the_tools_need_and_no_more(shared: Paired) -> None:
    assert agent_id(shared) > 1
    said = shared.site.php("echo json_encode( array_keys( array_filter( get_user_by( 'login', 'presswarden-agent' )->allcaps ) ) );")
    assert sorted(json.loads(said)) == HELD


def test_a_right_password_does_not_log_it_in(shared: Paired, known: str) -> None:
    shared.site.clear_events()
    with httpx.Client(base_url=shared.site.url, cookies={"wordpress_test_cookie": "WP Cookie check"}, timeout=30) as client:
        got = client.post("/wp-login.php", data={"log": NAME, "pwd": known, "testcookie": "1"})
        assert not [name for name in client.cookies if name.startswith("wordpress_logged_in")]
    assert got.status_code == 200
    assert shared.site.events("wp_login") == []


def test_a_forged_cookie_does_not_log_it_in(shared: Paired) -> None:
    name, value = json.loads(
        shared.site.php(
            "$id = get_user_by( 'login', 'presswarden-agent' )->ID; $t = WP_Session_Tokens::get_instance( $id )->create( time() + 3600 );"
            "echo json_encode( array( LOGGED_IN_COOKIE, wp_generate_auth_cookie( $id, time() + 3600, 'logged_in', $t ) ) );"
        )
    )
    with httpx.Client(base_url=shared.site.url, cookies={name: value}, timeout=30) as client:
        assert client.get("/wp-admin/profile.php").status_code == 302
        assert shared.site.php("echo wp_validate_auth_cookie( $argv[1], 'logged_in' ) ? 'yes' : 'no';", value) == "yes", (
            "the cookie itself is sound"
        )


def test_an_application_password_does_not_open_rest_or_xml_rpc(shared: Paired) -> None:
    password = shared.site.php(
        "[ $p ] = WP_Application_Passwords::create_new_application_password( get_user_by( 'login', 'presswarden-agent' )->ID, array( 'name' => 'x' ) );"
        "echo $p;"
    )
    got = httpx.get(shared.site.url + "/wp-json/wp/v2/users/me", auth=(NAME, password), timeout=30)
    assert got.status_code == 401
    call = profile_call(password)
    answer = httpx.post(shared.site.url + "/xmlrpc.php", content=call, timeout=30)
    assert "<fault>" in answer.text


def test_xml_rpc_does_not_take_its_password(shared: Paired, known: str) -> None:
    call = profile_call(known)
    assert "<fault>" in httpx.post(shared.site.url + "/xmlrpc.php", content=call, timeout=30).text


def test_its_password_can_not_be_reset(shared: Paired) -> None:
    shared.site.clear_events()
    httpx.post(shared.site.url + "/wp-login.php?action=lostpassword", data={"user_login": NAME}, timeout=30)
    assert shared.site.events("mail") == []
    key = shared.site.php(
        "$k = get_password_reset_key( get_user_by( 'login', 'presswarden-agent' ) ); echo is_wp_error( $k ) ? $k->get_error_code() : 'key';"
    )
    assert key != "key"


def test_visitors_and_editors_do_not_see_it(shared: Paired) -> None:
    number = agent_id(shared)
    shared.site.php(
        "wp_insert_post( array( 'post_title' => 'x', 'post_status' => 'publish', 'post_author' => (int) $argv[1] ) );", str(number)
    )
    with httpx.Client(base_url=shared.site.url, timeout=30) as visitor:
        assert NAME not in visitor.get("/wp-json/wp/v2/users?per_page=100").text
        assert visitor.get(f"/wp-json/wp/v2/users/{number}").status_code == 404
        assert visitor.get(f"/?author={number}").status_code == 404
        assert visitor.get(f"/author/{NAME}/").status_code == 404
        assert NAME not in visitor.get("/wp-sitemap-users-1.xml").text
    signed_in = ("admin", shared.site.app_password)
    assert NAME not in httpx.get(shared.site.url + "/wp-json/wp/v2/users?context=edit&per_page=100", auth=signed_in, timeout=30).text


def test_other_users_still_come_in(shared: Paired) -> None:
    got = httpx.get(shared.site.url + "/wp-json/wp/v2/users/me", auth=("admin", shared.site.app_password), timeout=30)
    assert got.status_code == 200
    assert httpx.get(shared.site.url + "/?author=1", timeout=30, follow_redirects=True).status_code == 200
