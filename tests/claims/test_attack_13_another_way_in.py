"""Attack 13: reach the route by another verb, another spelling of its path, or from inside another request; or use its name to open what others closed.

Layers: the verb of the connection itself is looked at, no parameter or header changes it; the route counts only as WordPress took it from the request,
compared as a whole (never as a part of the address); a call that does not come over HTTP by itself (a batch, another plugin's dispatch) has no body here.
Several spellings do name the one route; they bring the same call to the same checks, and nothing more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.doors import PLAIN, PRETTY
from tests.claims.raw import exchange, request
from tests.claims.victims import Paired, Swap
from tests.connector.wire import Answer, Message

pytestmark = [pytest.mark.site, pytest.mark.req("S2", "W11", "P5")]

ROUTE = "src/Rest/CallRoute.php"
ANY_VERB = Swap(ROUTE, "return isset( $_SERVER['REQUEST_METHOD'] ) && 'POST' ===", "return true || 'POST' ===")
PART_OF_THE_ADDRESS = Swap(
    ROUTE,
    "return $wp instanceof \\WP && isset( $wp->query_vars['rest_route'] ) && self::ROUTE === $wp->query_vars['rest_route'];",
    "return false !== strpos( (string) $_SERVER['REQUEST_URI'], self::ROUTE );",
)
CLOSED = """<?php add_filter( 'rest_authentication_errors', function () {
    return is_user_logged_in() ? null : new WP_Error( 'closed', 'closed', array( 'status' => 401 ) );
} );
add_action( 'rest_api_init', function () {
    register_rest_route( 'shop/v1', '/orders', array( 'permission_callback' => '__return_true', 'callback' => function () { return 'an order'; } ) );
} );"""

ELSEWHERE = (
    "/wp-json/presswarden/v1/call/x", "/wp-json/presswarden/v1/Call", "/wp-json/PRESSWARDEN/v1/call",
    "/wp-json/presswarden/v1//call", "/wp-json/presswarden/v1/x/../call", "/wp-json/presswarden/v1/call%252f", "/wp-json/presswarden%252fv1%252fcall",
    "/wp-json/presswarden/v1/call%00", "/wp-json/presswarden/v1/call%20", "/wp-json/presswarden/v1/call.php", "/wp-json/presswarden/v1/call;x",
    "/wp-json/presswarden/v1", "/wp-json/presswarden", "/wp-json/presswarden/v2/call", "/wp-json/our/presswarden/v1/call",
    "/wp-json/wp/v2/types?x=/wp-json/presswarden/v1/call", "/wp-json/wp/v2/types?/presswarden/v1/call", "/presswarden/v1/call", "/call",
    "/wp-content/plugins/presswarden-connector/src/Rest/CallRoute.php", "/wp-content/plugins/presswarden-connector/presswarden-connector.php",
    "/wp-admin/admin-ajax.php?rest_route=/presswarden/v1/call", "/wp-admin/admin-ajax.php?action=presswarden", "/wp-login.php?rest_route=/presswarden/v1/call",
    "/xmlrpc.php?rest_route=/presswarden/v1/call", "/wp-cron.php?rest_route=/presswarden/v1/call", "/wp-comments-post.php?rest_route=/presswarden/v1/call",
    "/?rest_route=/presswarden/v1/call/", "/?rest_route=presswarden/v1/call", "/?rest_route=//presswarden/v1/call", "/?rest_route[]=/presswarden/v1/call",
    "/?rest_route=%252Fpresswarden%252Fv1%252Fcall", "/?rest_route=/presswarden/v1/call%00", "/?rest_route=/presswarden/v1/call&rest_route=/wp/v2/types",
    "/?rest_route=/wp/v2/types&x=/presswarden/v1/call", "/?REST_ROUTE=/presswarden/v1/call", "/?x=rest_route=/presswarden/v1/call",
    "/?p=/presswarden/v1/call", "/#/wp-json/presswarden/v1/call",
)  # fmt: skip
SAME = (
    PRETTY, PLAIN, PRETTY + "/", "/" + PRETTY, "/index.php" + PRETTY, "/index.php" + PLAIN[1:], "/any/page" + PLAIN[1:],
    "/?rest_route=%2Fpresswarden%2Fv1%2Fcall",
    "/?rest_route=/wp/v2/types&rest_route=/presswarden/v1/call", PRETTY + "?_envelope=1", PRETTY + "?_jsonp=alert", PRETTY + "?_fields=x&_embed=1",
    PRETTY + "?_locale=user&_wpnonce=0", PRETTY + "?tool=control.revoke&args[reason]=x", "/wp-json/presswarden/v1%2Fcall",
    "/wp-json/presswarden/v1/c%61ll", "/2026/../wp-json/presswarden/v1/call",
)  # fmt: skip


@pytest.fixture
def closed(paired_site: Paired) -> Iterator[Paired]:
    """Another plugin has closed the REST interface to strangers."""
    lock = paired_site.site.content / "mu-plugins" / "closed.php"
    lock.write_text(CLOSED)
    yield paired_site
    lock.unlink()


def knock(site: Site, message: Message, path: str = PRETTY, method: str = "POST", *extra: tuple[str, str]) -> Answer:
    return exchange(request(site.url, path, message, extra, method))


def is_signed(answer: Answer) -> bool:
    return "X-WP-Agent-ReceiptSignature" in answer.headers


def test_only_the_verb_of_the_connection_counts(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    message = paired_site.here.message("wp.site.health")
    for path in (PRETTY, PLAIN):
        for verb in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "POST_", "CALL"):
            for extra in ((), (("X-HTTP-Method-Override", "POST"),), (("X-Method-Override", "POST"),), (("X-HTTP-Method", "POST"),)):
                answer = knock(paired_site.site, message, path, verb, *extra)
                attack.repelled(f"{verb} {path} {extra}", not is_signed(answer) and b'"done"' not in answer.body, answer.body[:200])
            asked = f"{path}{'&' if '?' in path else '?'}_method=POST"
            attack.repelled(f"{verb} {asked}", not is_signed(knock(paired_site.site, message, asked, verb)))
        for verb in ("GET", "DELETE", "POST"):
            asked = f"{path}{'&' if '?' in path else '?'}_method={verb}"
            attack.refused(f"POST {asked}", knock(paired_site.site, message, asked), "call.shape", "rest_no_route")
            attack.refused(
                f"POST as {verb}", knock(paired_site.site, message, path, "POST", ("X-HTTP-Method-Override", verb)), "call.shape"
            )
    attack.repelled("what ran", paired_site.ran() == [], paired_site.ran())
    assert knock(paired_site.site, message).status == 200


def test_no_other_path_is_the_route(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    message = paired_site.here.message("wp.site.health")
    for path in ELSEWHERE:
        answer = knock(paired_site.site, message, path)
        attack.repelled(path, not is_signed(answer) and b'"status":"done"' not in answer.body, (answer.status, answer.body[:200]))
    for header in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri"):
        answer = knock(paired_site.site, message, "/", "POST", (header, PRETTY))
        attack.repelled(f"{header} on the front page", not is_signed(answer), answer.status)
    attack.repelled("what ran", paired_site.ran() == [], paired_site.ran())
    assert knock(paired_site.site, message).status == 200


def test_other_spellings_of_the_route_bring_the_same_call_and_no_other(paired_site: Paired, attack: Attack) -> None:
    for path in SAME:
        paired_site.site.clear_events()
        message = paired_site.here.message("wp.site.health")
        answer = knock(paired_site.site, message, path)
        ran = [event["tool"] for event in paired_site.ran()]
        held = (ran == ["wp.site.health"] and paired_site.here.receipt_holds(message, answer)) or (ran == [] and not is_signed(answer))
        attack.repelled(path, held, (answer.status, ran, answer.body[:200]))
        if path in {PRETTY, PLAIN}:
            assert ran == ["wp.site.health"]


def test_a_batch_of_requests_can_not_carry_a_call(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    message = paired_site.here.message("wp.site.health")
    for inner in ("/presswarden/v1/call", "/wp-json/presswarden/v1/call", "presswarden/v1/call"):
        for verb in ("POST", "PUT", "PATCH", "DELETE"):
            asked = {"requests": [{"method": verb, "path": inner, "headers": message.headers, "body": json.loads(message.body)}]}
            for path in ("/wp-json/batch/v1", "/?rest_route=/batch/v1"):
                got = httpx.post(paired_site.site.url + path, json=asked, headers=message.headers, timeout=30)
                attack.repelled(
                    f"{verb} {inner} in {path}", "ReceiptSignature" not in str(got.headers) and '"done"' not in got.text, got.text[:200]
                )
    ran = paired_site.site.php(
        "$r = new WP_REST_Request( 'POST', '/presswarden/v1/call' ); $r->set_body( $argv[1] );"
        "foreach ( json_decode( $argv[2], true ) as $n => $v ) { $r->set_header( $n, $v ); }"
        "echo wp_json_encode( rest_do_request( $r )->get_data() );",
        message.body.decode(),
        json.dumps(message.headers),
    )
    attack.repelled("another plugin's dispatch", json.loads(ran)["code"] == "presswarden_not_here", ran)
    attack.repelled("what ran", paired_site.ran() == [], paired_site.ran())


ORDERS = "/wp-json/shop/v1/orders"
BY_NAME = (
    ORDERS, ORDERS + "?x=/presswarden/v1/call", ORDERS + "?x=/wp-json/presswarden/v1/call", ORDERS + "?/presswarden/v1/call",
    "/?rest_route=/shop/v1/orders&x=/presswarden/v1/call", "/?x=/presswarden/v1/call&rest_route=/shop/v1/orders",
    "/?rest_route=/presswarden/v1/call&rest_route=/shop/v1/orders", ORDERS + "#/presswarden/v1/call",
    ORDERS + "/presswarden/v1/call", "/wp-json/presswarden/v1/call/../../../shop/v1/orders",
)  # fmt: skip


def shows_orders(site: Site, path: str) -> bool:
    got = exchange(request(site.url, path, Message(b"", {}), (("X-Original-URL", PRETTY), ("X-Rewrite-URL", PRETTY)), "GET"))
    return b"an order" in got.body


def test_the_name_of_the_route_opens_nothing_that_another_plugin_closed(closed: Paired, attack: Attack) -> None:
    for path in BY_NAME:
        attack.repelled(path, not shows_orders(closed.site, path))
    assert knock(closed.site, closed.here.message("wp.site.health")).status == 200
    lock = closed.site.content / "mu-plugins" / "closed.php"
    lock.write_text(CLOSED.replace("is_user_logged_in()", "true"))
    assert shows_orders(closed.site, ORDERS), "the list is there to be closed"


def test_a_post_to_the_route_is_answered_in_both_of_its_spellings(paired_site: Paired) -> None:
    for path in (PRETTY, PLAIN):
        assert exchange(request(paired_site.site.url, path, paired_site.here.message("wp.site.health"))).status == 200


def test_without_the_look_at_the_verb_a_get_runs_a_call(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(ANY_VERB)
    assert knock(paired.site, paired.here.message("wp.site.inventory"), PRETTY, "GET").status == 200
    assert knock(paired.site, paired.here.message("wp.site.inventory"), PRETTY + "?_method=DELETE").status == 200


def test_if_a_part_of_the_address_were_enough_the_closed_interface_would_be_open(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(PART_OF_THE_ADDRESS)
    lock = paired.site.content / "mu-plugins" / "closed.php"
    lock.write_text(CLOSED)
    shown = [path for path in BY_NAME if shows_orders(paired.site, path)]
    lock.unlink()
    assert ORDERS not in shown
    assert ORDERS + "?x=/presswarden/v1/call" in shown
