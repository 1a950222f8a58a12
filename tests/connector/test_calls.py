"""Signed calls: what is answered, what is refused, and that nothing runs twice."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import rfc8785

from tests.connector.browser import logged_in
from tests.connector.conftest import Paired
from tests.connector.wire import Message, receipt_text, send

pytestmark = pytest.mark.site

READS = ["wp.site.get_environment", "wp.site.inventory", "wp.site.health"]


def refused(paired: Paired, message: Message, status: int, code: str, **how: Any) -> None:
    """The call is refused before the claim: unsigned, nothing ran."""
    before = len(paired.ran())
    answer = paired.send(message, **how)
    assert (answer.status, answer.code) == (status, code)
    assert "X-WP-Agent-ReceiptSignature" not in answer.headers
    assert set(answer.json) <= {"code", "says", "status", "v", "site_time"}
    assert len(paired.ran()) == before


@pytest.mark.req("S2", "N2", "P2")
@pytest.mark.parametrize("tool", READS)
def test_a_read_is_answered_with_a_receipt_over_request_and_answer(shared: Paired, tool: str) -> None:
    message = shared.here.message(tool)
    answer = shared.send(message)
    assert answer.status == 200
    assert shared.here.receipt_holds(message, answer)
    assert rfc8785.dumps(answer.json) == answer.body
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert not shared.here.site_signed(
        answer.headers["X-WP-Agent-ReceiptSignature"], receipt_text(shared.here.installation, message, answer.status, answer.body + b" ")
    )


@pytest.mark.parametrize(
    "path", ["/wp-json/presswarden/v1/call", "/?rest_route=/presswarden/v1/call", "/index.php?rest_route=/presswarden/v1/call"]
)
def test_both_forms_of_the_address_are_answered(shared: Paired, path: str) -> None:
    assert shared.send(shared.here.message("wp.site.health"), path=path).status == 200


@pytest.mark.req("P3")
def test_the_same_call_again_is_not_run_and_brings_the_stored_receipt(shared: Paired) -> None:
    message = shared.here.message("wp.site.health")
    first = shared.send(message)
    ran = len(shared.ran())
    for again in (message, shared.here.resigned(message)):
        second = shared.send(again)
        assert (second.status, second.code, second.json["state"]) == (409, "call.duplicate", "done")
        stored = second.json["stored"]
        assert (stored["status"], stored["body"].encode()) == (200, first.body)
        assert stored["signature"] == first.headers["X-WP-Agent-ReceiptSignature"]
        assert shared.here.receipt_holds(again, second)
    assert len(shared.ran()) == ran


@pytest.mark.req("P3")
def test_a_known_id_with_another_body_is_a_conflict(shared: Paired) -> None:
    message = shared.here.message("wp.site.health")
    shared.send(message)
    other = shared.here.message("wp.site.health", tool_call_id=message.headers["X-WP-Agent-ToolCallId"])
    answer = shared.send(other)
    assert (answer.status, answer.code) == (422, "call.conflict")
    assert shared.here.receipt_holds(other, answer)


@pytest.mark.req("P3", "W2")
def test_a_known_nonce_under_another_id_is_a_replay(shared: Paired) -> None:
    message = shared.here.message("wp.site.health")
    shared.send(message)
    ran = len(shared.ran())
    other = Message(message.body, shared.here.headers(str(uuid.uuid4()), message.body))
    answer = shared.send(other)
    assert (answer.status, answer.code) == (409, "call.replay")
    assert shared.here.receipt_holds(other, answer)
    assert len(shared.ran()) == ran


@pytest.mark.req("P3")
@pytest.mark.parametrize("database", ["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def test_of_fifty_identical_calls_in_parallel_one_runs(new_pair: Callable[..., Paired], database: str) -> None:
    paired = new_pair(database=database)
    paired.site.clear_events()
    message = paired.here.message("wp.site.inventory")
    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(lambda _: send(paired.site.url, message), range(50)))
    codes = sorted(answer.code or "done" for answer in answers)
    assert codes == ["call.duplicate"] * 49 + ["done"]
    assert len(paired.site.await_events("action_ran", 1)) == 1
    assert all(paired.here.receipt_holds(message, answer) for answer in answers)


def test_a_message_outside_its_window_is_refused_with_the_clock_of_the_site(shared: Paired) -> None:
    now = int(time.time())
    for sent, ttl in ((now - 120, 60), (now + 90, 180)):
        message = shared.here.message("wp.site.health", timestamp=sent, ttl=ttl)
        refused(shared, message, 401, "call.window")
        assert abs(shared.send(message).json["site_time"] - now) < 10
    refused(shared, shared.here.message("wp.site.health", ttl=301), 400, "call.ttl")


@pytest.mark.req("W1", "P2")
def test_a_changed_body_header_or_key_is_refused(shared: Paired) -> None:
    message = shared.here.message("wp.site.health")
    refused(shared, Message(message.body.replace(b"health", b"healtH"), message.headers), 401, "call.signature")
    refused(shared, message.with_header("X-WP-Agent-ToolCallId", str(uuid.uuid4())), 401, "call.signature")
    refused(shared, message.with_header("X-WP-Agent-TTL", "181"), 401, "call.signature")
    refused(shared, message.with_header("X-WP-Agent-Installation", str(uuid.uuid4())), 404, "call.installation")
    refused(shared, message.with_header("X-WP-Agent-SignatureAlg", "hmac-sha256"), 401, "call.algorithm")
    refused(shared, message.with_header("X-WP-Agent-Signature", ""), 400, "call.shape")
    refused(shared, message.with_header("Content-Encoding", "gzip"), 400, "call.shape")
    refused(shared, Message(b"", message.headers), 400, "call.shape")


def test_a_body_that_is_bound_elsewhere_is_refused(shared: Paired) -> None:
    for bind, code in (
        ({"aud": "https://other.example"}, "call.audience"),
        ({"dir": "heartbeat"}, "call.bind"),
        ({"kid": "0" * 16}, "call.bind"),
        ({"v": 2}, "call.bind"),
    ):
        body = shared.here.body("wp.site.health", **bind)
        refused(shared, Message(body, shared.here.headers(str(uuid.uuid4()), body)), 403, code)


def test_what_is_not_the_agreed_object_is_refused_after_the_signature(shared: Paired) -> None:
    good = shared.here.body("wp.site.health")
    bodies = [
        b"[]",
        b"{}",
        b"null",
        b"not json",
        b"\xef\xbb\xbf" + good,
        good[:-1] + b',"tool":"wp.site.inventory"}',
        good[:-1] + b',"more":1}',
        b"[" * 40 + b"]" * 40,
    ]
    for body in bodies:
        refused(shared, Message(body, shared.here.headers(str(uuid.uuid4()), body)), 400, "call.body")


def test_a_body_over_a_mebibyte_is_refused(shared: Paired) -> None:
    body = b"x" * (1024 * 1024 + 1)
    refused(shared, Message(body, shared.here.headers(str(uuid.uuid4()), body)), 413, "call.too_large")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_answered(shared: Paired, method: str) -> None:
    refused(shared, shared.here.message("wp.site.health"), 405, "call.shape", method=method)


def test_a_verb_can_not_be_chosen_by_a_parameter_or_a_header(shared: Paired) -> None:
    message = shared.here.message("wp.site.health")
    refused(shared, message, 405, "call.shape", method="GET", path="/wp-json/presswarden/v1/call?_method=POST")
    refused(shared, message.with_header("X-HTTP-Method-Override", "POST"), 405, "call.shape", method="GET")
    refused(shared, message.with_header("X-HTTP-Method-Override", "POST"), 405, "call.shape")


@pytest.mark.parametrize(
    "path", ["/wp-json/presswarden/v1/call/x", "/wp-json/presswarden/v1//call", "/wp-json/wp/v2/types?x=/wp-json/presswarden/v1/call"]
)
def test_another_path_is_not_the_route(shared: Paired, path: str) -> None:
    answer = shared.send(shared.here.message("wp.site.health"), path=path)
    assert answer.status == 404
    assert "X-WP-Agent-ReceiptSignature" not in answer.headers


@pytest.mark.req("P5", "W10")
def test_refusals_after_the_claim_are_signed_outcomes_that_burn_the_id(shared: Paired) -> None:
    for tool, args, status, code in (
        ("wp.site.shell", {}, 404, "call.tool"),
        ("wp.site.health", {"user": 1}, 422, "call.args"),
        ("control.pause", {"reason": 7}, 422, "call.args"),
    ):
        message = shared.here.message(tool, args)
        answer = shared.send(message)
        assert (answer.status, answer.code) == (status, code)
        assert shared.here.receipt_holds(message, answer)
        again = shared.send(message)
        assert again.json["stored"]["status"] == status


def test_a_read_that_claims_to_be_part_of_a_plan_is_refused(shared: Paired) -> None:
    message = shared.here.message("wp.site.health")
    body = json.loads(message.body)
    del body["args"]
    body["bind"]["fence"] = 1
    body |= {"header": "{}", "header_proof": [], "index": 1, "leaf": "{}", "proof": [], "size": 2}
    raw = rfc8785.dumps(body)
    refused(shared, Message(raw, shared.here.headers(str(uuid.uuid4()), raw)), 403, "call.plan")
    raw = rfc8785.dumps({**json.loads(message.body), "consent": []})
    refused(shared, Message(raw, shared.here.headers(str(uuid.uuid4()), raw)), 400, "call.shape")


@pytest.mark.req("W10")
def test_an_action_runs_as_the_agent_user_whoever_is_logged_in(shared: Paired) -> None:
    shared.site.clear_events()
    message = shared.here.message("wp.site.health")
    with logged_in(shared.site) as browser:
        got = browser.post(shared.site.url + "/wp-json/presswarden/v1/call", content=message.body, headers=message.headers)
    assert got.status_code == 200
    agent = shared.site.query("SELECT ID FROM wp_users WHERE user_login = 'presswarden-agent'")[0]["ID"]
    assert [event["acting_user"] for event in shared.site.await_events("action_ran")] == [agent]


def test_a_nonce_is_never_taken_from_the_body_of_a_refused_call(shared: Paired) -> None:
    nonce = os.urandom(16).hex()
    body = shared.here.body("wp.site.health", nonce=nonce)
    forged = Message(body, shared.here.headers(str(uuid.uuid4()), body)).with_header("X-WP-Agent-TTL", "99")
    refused(shared, forged, 401, "call.signature")
    assert shared.send(Message(body, shared.here.headers(str(uuid.uuid4()), body))).status == 200
