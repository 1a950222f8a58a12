"""Attack 14: send a captured request a second time.

What stops it: one INSERT under unique keys of id and nonce before anything runs (call.duplicate, call.conflict, call.replay), and before that the window
of the time stamp. The proof lets a refused INSERT pass for an accepted one, and takes out the look at the newest call (attack 16), which sees a number used
twice. HMAC pairings go the same way. Limits: 15 has the parallel form of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx
import pytest

from tests.claims.attacks import Attack
from tests.claims.replays import CLAIM, PLAIN, REST, times_ran
from tests.claims.victims import Paired, Spare, Swap
from tests.connector.wire import Message

pytestmark = [pytest.mark.site, pytest.mark.req("P3", "W2")]

REFUSAL = "throw $this->why_not( $call );"
FORGETFUL = Swap("src/Site/Calls.php", "$this->must_remember( $call, $row, $water, $now );")
CARELESS = Swap(CLAIM, REFUSAL, 'return (int) $wpdb->get_var( "SELECT MAX(n) FROM {$table}" );')
TOOLS = ("wp.site.health", "wp.site.inventory", "wp.site.get_environment", "control.pause", "control.resume")


def args_of(tool: str) -> dict[str, str]:
    return {"reason": "twice?"} if tool == "control.pause" else {}


def under_another_id(paired: Paired, message: Message) -> Message:
    return Message(message.body, paired.here.headers(str(uuid.uuid4()), message.body))


def with_another_body(paired: Paired, message: Message) -> Message:
    return paired.here.message("wp.site.inventory", tool_call_id=message.headers["X-WP-Agent-ToolCallId"])


@pytest.mark.parametrize("tool", TOOLS)
def test_a_captured_request_runs_once_however_it_is_sent_again(attack: Attack, paired_site: Paired, tool: str) -> None:
    message = paired_site.here.message(tool, args_of(tool))
    first = paired_site.send(message)
    assert first.status == 200
    for path in (REST, PLAIN, "/index.php?rest_route=/presswarden/v1/call"):
        again = paired_site.send(message, path=path)
        attack.refused(f"{tool}, same bytes at {path}", again, "call.duplicate")
        attack.repelled("the stored receipt comes with it", again.json["stored"]["body"].encode() == first.body)
    attack.refused(f"{tool}, signed anew", paired_site.send(paired_site.here.resigned(message)), "call.duplicate")
    attack.refused(f"{tool}, known nonce under another id", paired_site.send(under_another_id(paired_site, message)), "call.replay")
    attack.refused(f"{tool}, known id with another body", paired_site.send(with_another_body(paired_site, message)), "call.conflict")
    attack.repelled("how often it ran", times_ran(paired_site, message) == 1, times_ran(paired_site, message))


def test_a_request_seen_on_the_wire_does_not_run_again_out_of_a_heartbeats_answer(attack: Attack, paired_site: Paired) -> None:
    message = paired_site.here.message("wp.site.inventory")
    assert paired_site.send(message).status == 200
    paired_site.peer.waiting = [message, message]
    assert paired_site.site.wp("presswarden", "heartbeat").code == 0
    attack.repelled("twice as a waiting call", times_ran(paired_site, message) == 1, times_ran(paired_site, message))


def test_a_refused_request_is_as_used_as_one_that_ran(attack: Attack, paired_site: Paired) -> None:
    message = paired_site.here.message("wp.site.health", {"unknown": 1})
    assert paired_site.send(message).code == "call.args"
    again = paired_site.send(message)
    attack.refused("the id of a refused call", again, "call.duplicate")
    assert again.json["stored"]["status"] == 422


def test_a_request_whose_first_run_died_does_not_run_again(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    bomb = paired.site.content / "mu-plugins" / "bomb.php"
    bomb.write_text("<?php add_action( 'presswarden_action_ran', function () { exit( 255 ); }, 99 );")
    message = paired.here.message("wp.site.inventory")
    httpx.post(paired.site.url + REST, content=message.body, headers=message.headers, timeout=30)
    bomb.unlink()
    again = paired.send(message)
    attack.refused("after a crash between claim and answer", again, "call.duplicate")
    assert (again.json["state"], again.json["stored"]) == ("running", None)
    attack.repelled("how often it ran", times_ran(paired, message) == 1, times_ran(paired, message))


def test_a_request_of_an_hmac_pairing_runs_once(attack: Attack, spare: Spare) -> None:
    paired = spare.paired(hmac=True)
    message = paired.here.message("wp.site.inventory")
    assert paired.send(message).status == 200
    attack.refused("same bytes", paired.send(message), "call.duplicate")
    attack.refused("known nonce", paired.send(under_another_id(paired, message)), "call.replay")
    attack.repelled("how often it ran", times_ran(paired, message) == 1, times_ran(paired, message))


def test_the_same_question_asked_anew_is_answered(paired_site: Paired) -> None:
    for _ in range(2):
        assert paired_site.call("wp.site.health").status == 200


def test_without_heed_to_the_refused_insert_the_request_runs_twice(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(CARELESS, FORGETFUL)
    message = paired.here.message("wp.site.health")
    for _ in range(2):
        paired.send(message)
    paired.site.await_events("action_ran", 2)
    assert times_ran(paired, message) == 2
