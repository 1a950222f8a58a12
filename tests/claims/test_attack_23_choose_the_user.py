"""Attack 23: choose the user that a call runs as: by header, parameter, cookie, or a name inside the signed message.

What stops it: nothing in a message names a user. Whoever is logged in, a call runs as the agent user or, for control calls, as nobody; unknown arguments and
unknown members are refused. Seen by the lab's oracle while the action runs. The proof reads a header, as other connectors did.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx
import pytest
import rfc8785

from tests.claims.attacks import Attack
from tests.claims.doors import logged_in
from tests.claims.replays import PLAIN, REST
from tests.claims.victims import Paired, Swap
from tests.connector.wire import Message

pytestmark = [pytest.mark.site, pytest.mark.req("W10", "P5")]

READS = ("wp.site.health", "wp.site.inventory", "wp.site.get_environment")
HEADERS = (
    "X-Alt-User",
    "X-WP-User",
    "X-User-Id",
    "X-WCPAY-PLATFORM-CHECKOUT-USER",
    "X-WP-Agent-User",
    "X-Forwarded-User",
    "Remote-User",
    "X-WP-Nonce",
)
PARAMETERS = ("user", "user_id", "alt_user", "username", "_user", "login", "u", "author")
CALLS = "src/Site/Calls.php"
FROM_A_HEADER = Swap(CALLS, "set_current_user( $agent->ID );", "set_current_user( (int) ( $_SERVER['HTTP_X_ALT_USER'] ?? $agent->ID ) );")
FROM_AN_ARGUMENT = (
    Swap(CALLS, "		Arguments::check( $call->args, $spec->args );\n"),
    Swap(
        CALLS, "self::become( $spec, $record );", "self::become( $spec, $record ); wp_set_current_user( (int) ( $call->args->user ?? 0 ) );"
    ),
)


def agent(paired: Paired) -> int:
    return int(paired.site.query("SELECT ID FROM wp_users WHERE user_login = 'presswarden-agent'")[0]["ID"])


def acted_as(paired: Paired, call: str) -> list[int]:
    return [event["acting_user"] for event in paired.ran() if event["tool_call_id"] == call]


def sent(paired: Paired, tool: str, *, args: dict[str, object] | None = None, path: str = REST, headers: dict[str, str] | None = None,
         cookies: dict[str, str] | None = None) -> tuple[int, list[int]]:  # fmt: skip
    """Status, and the users that the action ran as."""
    message = paired.here.message(tool, args)
    with httpx.Client(base_url=paired.site.url, cookies=cookies, timeout=30) as client:
        answer = client.post(path, content=message.body, headers={**message.headers, **(headers or {})})
    return answer.status_code, acted_as(paired, message.headers["X-WP-Agent-ToolCallId"])


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_chooses_the_user(attack: Attack, paired_site: Paired, header: str) -> None:
    for value in ("1", "admin", "0", "../1"):
        status, users = sent(paired_site, "wp.site.health", headers={header: value})
        # A header of our own family that is not in the contract is refused before anything runs.
        attack.repelled(f"{header}: {value}", users in ([agent(paired_site)], []) and (status == 200) == bool(users), (status, users))


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_no_parameter_of_the_address_chooses_the_user(attack: Attack, paired_site: Paired, parameter: str) -> None:
    for path in (f"{REST}?{parameter}=1", f"{PLAIN}&{parameter}=admin"):
        status, users = sent(paired_site, "wp.site.health", path=path)
        attack.repelled(path, users in ([agent(paired_site)], []) and (status == 200) == bool(users), (status, users))


@pytest.mark.parametrize("tool", READS)
def test_no_argument_chooses_the_user(attack: Attack, paired_site: Paired, tool: str) -> None:
    for name in PARAMETERS:
        for value in (1, "admin", None, {"ID": 1}):
            message = paired_site.here.message(tool, {name: value})
            attack.refused(f"{tool} {name}={value}", paired_site.send(message), "call.args")
            attack.repelled("nothing ran", acted_as(paired_site, message.headers["X-WP-Agent-ToolCallId"]) == [])


def test_no_member_of_the_signed_body_chooses_the_user(attack: Attack, paired_site: Paired) -> None:
    good = {"args": {}, "run_id": str(uuid.uuid4()), "tool": "wp.site.health"}
    bind = {"aud": paired_site.here.home, "dir": "call", "kid": paired_site.here.key.kid, "nonce": "0" * 32, "v": 1}
    for name in PARAMETERS:
        for body in ({**good, "bind": bind, name: 1}, {**good, "bind": {**bind, name: 1}}):
            raw = rfc8785.dumps(body)
            message = Message(raw, paired_site.here.headers(str(uuid.uuid4()), raw))
            attack.refused(f"member {name}", paired_site.send(message), "call.body", "call.shape", "call.bind")


def test_who_is_logged_in_does_not_matter(attack: Attack, paired_site: Paired) -> None:
    site = paired_site.site
    browser = logged_in(site, site.admin)
    cookies = {cookie.name: cookie.value or "" for handler in browser._open.handlers for cookie in getattr(handler, "cookiejar", ())}
    assert any(name.startswith("wordpress_logged_in") for name in cookies)
    nonce = site.php("wp_set_current_user( 1 ); echo wp_create_nonce( 'wp_rest' );")
    for headers in ({}, {"X-WP-Nonce": nonce}):
        status, users = sent(paired_site, "wp.site.health", headers=headers, cookies=cookies)
        attack.repelled(f"an administrator's cookies, {headers.keys()}", (status, users) == (200, [agent(paired_site)]), (status, users))
    status, users = sent(paired_site, "control.resume", cookies=cookies)
    attack.repelled("a control call runs as nobody", (status, users) == (200, [0]), (status, users))
    word = httpx.BasicAuth(site.admin[0], site.app_password)
    message = paired_site.here.message("wp.site.health")
    httpx.post(site.url + REST, content=message.body, headers=message.headers, auth=word, timeout=30)
    users = acted_as(paired_site, message.headers["X-WP-Agent-ToolCallId"])
    attack.repelled("an administrator's application password", users == [agent(paired_site)], users)


def test_an_agent_user_that_was_made_more_than_it_is_runs_nothing(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    paired.site.php("get_user_by( 'login', 'presswarden-agent' )->set_role( 'administrator' );")
    attack.refused("the agent as administrator", paired.call("wp.site.health"), "call.capability")
    paired.site.php("get_user_by( 'login', 'presswarden-agent' )->set_role( 'presswarden_agent' );")
    paired.site.query(
        "UPDATE wp_options SET option_value = replace( option_value, '\"agent\":2', '\"agent\":1' ) WHERE option_name = 'presswarden_record'"
    )
    attack.refused("user 1 written into the record", paired.call("wp.site.health"), "call.capability")
    attack.repelled("nothing ran", paired.ran() == [], paired.ran())


def test_a_plain_call_runs_as_the_agent(paired_site: Paired) -> None:
    assert sent(paired_site, "wp.site.health") == (200, [agent(paired_site)])
    assert agent(paired_site) > 1


def test_with_a_user_read_from_a_header_the_call_runs_as_the_administrator(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(FROM_A_HEADER)
    assert sent(paired, "wp.site.health", headers={"X-Alt-User": "1"}) == (200, [1])


def test_with_a_user_read_from_an_unchecked_argument_the_call_runs_as_the_administrator(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(*FROM_AN_ARGUMENT)
    assert sent(paired, "wp.site.health", args={"user": 1}) == (200, [1])
