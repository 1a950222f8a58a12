"""Attack 20: log in through the connector: with a captured link or answer, or as the user that its calls run as.

There is no login link: no tool makes one, no answer sets a cookie or opens a session, and the source names no function that would. The agent user can't come
in by password, mail address, cookie, application password, REST, XML-RPC or a reset link, even where its secrets are known or forged: two filters refuse it
wherever WordPress would name it as the current user, two more keep application passwords and resets from being made. The proofs take these filters out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import httpx
import pytest

from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.victims import CONNECTOR, Paired, Swap, put_connector

pytestmark = [pytest.mark.site, pytest.mark.req("W10", "W11")]

NAME, WORD = "presswarden-agent", "known-password-1"
PLUGIN = "src/Plugin.php"
NO_REFUSAL_AT_LOGIN = Swap(PLUGIN, "add_filter( 'authenticate', array( AgentDoors::class, 'authenticate' ), PHP_INT_MAX );")
NO_REFUSAL_OF_COOKIES = Swap(PLUGIN, "add_filter( 'determine_current_user', array( AgentDoors::class, 'current_user' ), PHP_INT_MAX );")
NO_REFUSAL_OF_RESETS = Swap(PLUGIN, "add_filter( 'allow_password_reset', array( AgentDoors::class, 'password_reset' ), PHP_INT_MAX, 2 );")
NO_BAN_ON_APPLICATION_PASSWORDS = (
    Swap(
        PLUGIN,
        "add_filter( 'wp_is_application_passwords_available_for_user', array( AgentDoors::class, 'application_passwords' ), PHP_INT_MAX, 2 );",
    ),
    Swap(
        PLUGIN,
        "add_action( 'wp_authenticate_application_password_errors', array( AgentDoors::class, 'application_password_errors' ), 10, 2 );",
    ),
)
OPEN = (NO_REFUSAL_AT_LOGIN, NO_REFUSAL_OF_COOKIES, NO_REFUSAL_OF_RESETS, *NO_BAN_ON_APPLICATION_PASSWORDS)
WAYS_IN = (
    "wp_set_auth_cookie",
    "wp_signon",
    "wp_generate_auth_cookie",
    "WP_Session_Tokens",
    "create_new_application_password",
    "get_password_reset_key",
)


def know_its_secrets(site: Site) -> dict[str, str]:
    """As if all of it had leaked: a password, a sound cookie, an application password, a reset key."""
    told = site.php(
        "$u = get_user_by( 'login', $argv[1] ); wp_set_password( $argv[2], $u->ID );"
        "wp_update_user( array( 'ID' => $u->ID, 'user_email' => 'agent@lab.test' ) );"
        "$end = time() + 3600; $t = WP_Session_Tokens::get_instance( $u->ID )->create( $end );"
        "[ $app ] = WP_Application_Passwords::create_new_application_password( $u->ID, array( 'name' => 'x' ) );"
        "$hash = function_exists( 'wp_fast_hash' ) ? wp_fast_hash( 'resetkey' ) : wp_hash_password( 'resetkey' ); global $wpdb;"
        "$wpdb->update( $wpdb->users, array( 'user_activation_key' => time() . ':' . $hash ), array( 'ID' => $u->ID ) );"
        "echo json_encode( array( 'id' => (string) $u->ID, 'app' => $app, 'logged_in' => LOGGED_IN_COOKIE, 'auth' => AUTH_COOKIE,"
        "'cookie' => wp_generate_auth_cookie( $u->ID, $end, 'logged_in', $t ), 'admin' => wp_generate_auth_cookie( $u->ID, $end, 'auth', $t ) ) );",
        NAME,
        WORD,
    )
    return {name: str(value) for name, value in json.loads(told).items()}


def by_form(site: Site, user: str, password: str) -> bool:
    with httpx.Client(base_url=site.url, cookies={"wordpress_test_cookie": "WP Cookie check"}, timeout=30) as client:
        client.post("/wp-login.php", data={"log": user, "pwd": password, "testcookie": "1"})
        return client.get("/wp-admin/profile.php").status_code == 200


def by_cookie(site: Site, secret: dict[str, str]) -> bool:
    with httpx.Client(
        base_url=site.url, cookies={secret["logged_in"]: secret["cookie"], secret["auth"]: secret["admin"]}, timeout=30
    ) as client:
        return client.get("/wp-admin/profile.php").status_code == 200


def by_rest(site: Site, password: str) -> bool:
    return httpx.get(site.url + "/wp-json/wp/v2/users/me", auth=(NAME, password), timeout=30).status_code == 200


def by_xml_rpc(site: Site, password: str, method: str) -> bool:
    values = "".join(
        f"<param><value>{value}</value></param>" for value in (("1", NAME, password) if method != "wp.getUsersBlogs" else (NAME, password))
    )
    asked = f"<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params>{values}</params></methodCall>"
    told = httpx.post(site.url + "/xmlrpc.php", content=asked, timeout=30).text
    return "<methodResponse>" in told and "<fault>" not in told


def by_reset_link(site: Site, key: str = "resetkey") -> bool:
    """Opens the link, sets a password of one's own, logs in with it."""
    with httpx.Client(base_url=site.url, follow_redirects=True, timeout=30) as client:
        page = client.get("/wp-login.php", params={"action": "rp", "key": key, "login": NAME}).text
        found = re.search(r'name="rp_key" value="([^"]*)"', page)
        chosen = "chosen-by-the-attacker-9"
        client.post("/wp-login.php?action=resetpass", data={"pass1": chosen, "pass2": chosen, "rp_key": found.group(1) if found else ""})
    return by_form(site, NAME, chosen)


def doors(site: Site, secret: dict[str, str]) -> dict[str, bool]:
    """Each way in, and whether it opened."""
    tried = {
        "password": by_form(site, NAME, WORD),
        "password with the mail address": by_form(site, "agent@lab.test", WORD),
        "cookie": by_cookie(site, secret),
        "application password at REST": by_rest(site, secret["app"]),
        "password at REST": by_rest(site, WORD),
        "application password as password": by_form(site, NAME, secret["app"]),
    }
    for method in ("wp.getProfile", "wp.getUsersBlogs", "metaWeblog.getUsersBlogs"):
        tried[f"XML-RPC {method}"] = by_xml_rpc(site, WORD, method)
        tried[f"XML-RPC {method} with the application password"] = by_xml_rpc(site, secret["app"], method)
    return {**tried, "reset link": by_reset_link(site)}


def test_the_agent_user_comes_in_by_no_door_even_with_its_secrets_known(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    site = mutated_site().site
    for door, opened in doors(site, know_its_secrets(site)).items():
        attack.repelled(door, not opened)
    attack.repelled("WordPress saw no login", site.events("wp_login") == [], site.events("wp_login"))


def test_no_reset_mail_and_no_application_password_is_made_for_it(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    site = mutated_site().site
    for name in (NAME, "agent@lab.test"):
        httpx.post(site.url + "/wp-login.php?action=lostpassword", data={"user_login": name}, timeout=30)
        attack.repelled(f"reset asked for {name}", site.events("mail") == [], site.events("mail"))
    number = site.query(f"SELECT ID FROM wp_users WHERE user_login = '{NAME}'")[0]["ID"]
    made = httpx.post(
        f"{site.url}/wp-json/wp/v2/users/{number}/application-passwords",
        auth=(site.admin[0], site.app_password),
        json={"name": "x"},
        timeout=30,
    )
    attack.repelled("an application password by an administrator's REST call", made.status_code >= 400, made.text)


def test_no_answer_of_the_connector_opens_a_session(attack: Attack, paired_site: Paired) -> None:
    for tool in ("wp.site.health", "wp.site.inventory", "wp.site.get_environment", "control.resume", "wp.site.login", "control.login_link"):
        answer = paired_site.call(tool)
        attack.repelled(f"{tool} sets no cookie and names no link", "set-cookie" not in answer.headers and b"wp-login" not in answer.body)
    tokens = paired_site.site.query("SELECT * FROM wp_usermeta WHERE meta_key = 'session_tokens'")
    attack.repelled("no session was opened", tokens == [], tokens)
    message = paired_site.here.message("wp.site.health")
    with httpx.Client(base_url=paired_site.site.url, timeout=30) as client:
        client.post("/wp-json/presswarden/v1/call", content=message.body, headers=message.headers)
        attack.repelled("the same browser is nobody afterwards", client.get("/wp-admin/").status_code == 302)
        attack.repelled("and at REST", client.get("/wp-json/wp/v2/users/me").status_code == 401)


@pytest.mark.parametrize(
    "link", ["presswarden_login", "presswarden_token", "auto_login", "login_token", "username", "token", "access_token"]
)
def test_no_parameter_is_a_login_link(attack: Attack, paired_site: Paired, link: str) -> None:
    answer = paired_site.call("wp.site.health")
    for value in (answer.headers["X-WP-Agent-ReceiptSignature"], paired_site.offer.text, "1", NAME):
        with httpx.Client(base_url=paired_site.site.url, timeout=30) as client:
            for path in ("/", "/wp-login.php", "/wp-admin/admin-ajax.php", "/wp-json/"):
                client.get(path, params={link: value})
            attack.repelled(f"{link}={value[:12]}", client.get("/wp-admin/").status_code == 302)


def test_the_source_names_no_function_that_logs_anybody_in(attack: Attack) -> None:
    source = {path: path.read_text() for path in (CONNECTOR / "src").rglob("*.php")}
    assert len(source) > 50
    for name in WAYS_IN:
        attack.repelled(name, not [str(path) for path, text in source.items() if name in text])


def test_other_users_come_in_as_ever(mutated_site: Callable[..., Paired]) -> None:
    site = mutated_site().site
    assert by_form(site, *site.admin)
    assert httpx.get(site.url + "/wp-json/wp/v2/users/me", auth=(site.admin[0], site.app_password), timeout=30).status_code == 200
    httpx.post(site.url + "/wp-login.php?action=lostpassword", data={"user_login": site.admin[0]}, timeout=30)
    assert len(site.events("mail")) == 1


def test_without_the_filters_every_door_opens(mutated_site: Callable[..., Paired]) -> None:
    site = mutated_site(*OPEN).site
    opened = doors(site, know_its_secrets(site))
    know_its_secrets(site)
    opened["reset link"] = by_reset_link(site)  # a login before it makes WordPress drop the key
    shut_by_wordpress = {"password at REST", "application password as password"}
    assert {door for door, is_open in opened.items() if not is_open} <= shut_by_wordpress
    site.clear_events()
    httpx.post(site.url + "/wp-login.php?action=lostpassword", data={"user_login": NAME}, timeout=30)
    assert len(site.events("mail")) == 1


@pytest.mark.parametrize(("change", "door"), [(NO_REFUSAL_AT_LOGIN, "XML-RPC wp.getProfile"), (NO_REFUSAL_OF_COOKIES, "cookie")])
def test_each_of_the_two_filters_holds_a_door_alone(mutated_site: Callable[..., Paired], change: Swap, door: str) -> None:
    site = mutated_site(change).site
    secret = know_its_secrets(site)
    assert doors(site, secret)[door]
    put_connector(site)
    assert not doors(site, know_its_secrets(site))[door]
