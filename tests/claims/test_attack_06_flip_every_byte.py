"""Attack 6: change a single byte of a signed message on its way: any header of the wire, the body, the path, the query.

Layers. For headers and body: their fixed alphabets, the installation, the algorithm, and the signature over all of it. The path and the query are not
signed; the body's audience names the site, and no other address than the one route answers (its checks and their proofs are attack 13's). One bit of each
byte is flipped here, all eight with PRESSWARDEN_EVERY_BIT=1. Not counted: the case of a header's name, and `rest[route`, which PHP reads as `rest_route`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.claims.attacks import Attack
from tests.claims.claimant import Claimant
from tests.claims.control import ControlPlane, Edit
from tests.claims.doors import PLAIN, PRETTY
from tests.claims.raw import Request, exchange, flips, request
from tests.claims.victims import Paired, Swap
from tests.connector.wire import Answer, Message

pytestmark = [pytest.mark.site, pytest.mark.req("W1", "W2", "P2")]

ANY_INSTALLATION = Swap("src/Site/Calls.php", "if ( ! hash_equals( $record->installation, $envelope->installation ) ) {", "if ( false ) {")
LAYERS = (ANY_INSTALLATION, "installation", "alphabet", "algorithm", "signature")
FIELDS = ("Installation", "ToolCallId", "Timestamp", "TTL", "SignatureAlg", "Signature", "body")
NO_SIGNATURE = Edit("surfaces/ingest/message.py", "        if right:\n", "        if right or True:\n")


def is_refused(field: str, answer: Answer) -> bool:
    """Nothing carries a receipt. Another page of the site may well answer at another path."""
    if "X-WP-Agent-ReceiptSignature" in answer.headers:
        return False
    return field in {"path", "query"} or answer.status in {0, 400, 401, 403, 404}


def sweep(paired: Paired, attack: Attack, *, every_bit: bool) -> Counter[str]:
    """Send every flip of one message at both addresses; the message itself must still be good afterwards."""
    tried: Counter[str] = Counter()
    paired.site.clear_events()
    for path in (PRETTY, PLAIN):
        message = paired.here.message("wp.site.health", ttl=300)
        made = request(paired.site.url, path, message)
        chosen = [flip for flip in flips(made, every_bit=every_bit) if path == PRETTY or flip[0] in {"path", "query"}]
        chosen = [flip for flip in chosen if b"?rest[route=" not in made.flipped(*flip[1:])]
        with ThreadPoolExecutor(4) as many:
            answers = many.map(lambda flip, sent=made: exchange(sent, sent.flipped(flip[1], flip[2])), chosen)  # type: ignore[misc]  # the default binds
            for (field, position, bit), answer in zip(chosen, answers, strict=True):
                tried[field] += 1
                attack.repelled(f"bit {bit} of byte {position} in {field}", is_refused(field, answer), (answer.status, answer.body[:200]))
        attack.repelled("what ran", paired.site.events("action_ran") == [], paired.site.events("action_ran"))
        assert exchange(made).status == 200
        paired.site.clear_events()
    return tried


def test_one_flipped_bit_in_any_byte_of_a_call_is_refused(paired_site: Paired, attack: Attack) -> None:
    tried = sweep(paired_site, attack, every_bit=False)
    assert set(FIELDS) | {"path", "query"} <= set(tried)
    assert tried["Signature"] == 88
    assert tried["Installation"] == tried["ToolCallId"] == 36


@pytest.mark.slow
@pytest.mark.skipif(
    "PRESSWARDEN_EVERY_BIT" not in os.environ, reason="one bit of every byte is flipped above; PRESSWARDEN_EVERY_BIT=1 flips all eight"
)
def test_every_bit_of_every_byte_of_a_call_is_refused_when_flipped(paired_site: Paired, attack: Attack) -> None:
    assert sum(sweep(paired_site, attack, every_bit=True).values()) > 4000


def heartbeat(control: ControlPlane) -> Request:
    """A good heartbeat of a site that is paired with this control plane."""
    site = Claimant(control.offer("flipped heartbeats"))
    assert control.post("/ingest/v1/pair", site.request(), source="127.2.0.1").status_code == 202
    control.ask("confirm", installation=site.offer.installation)
    body = site.heartbeat()
    return request(control.url, "/ingest/v1/heartbeat", Message(body, site.headers(body)))


def test_one_flipped_bit_in_any_byte_of_a_heartbeat_is_refused(control: ControlPlane, attack: Attack) -> None:
    made = heartbeat(control)
    for number, (field, position, bit) in enumerate(flips(made, every_bit=False)):
        answer = exchange(made, made.flipped(position, bit), source=f"127.2.{1 + number // 200}.{1 + number % 200}")
        attack.repelled(
            f"bit {bit} of byte {position} in {field}", answer.status in {0, 400, 401, 404, 405}, (answer.status, answer.body[:200])
        )
    assert exchange(made, source="127.2.0.2").status == 200


def test_the_same_requests_unflipped_are_answered(paired_site: Paired, control: ControlPlane) -> None:
    for path in (PRETTY, PLAIN):
        message = paired_site.here.message("wp.site.health")
        assert paired_site.here.receipt_holds(message, exchange(request(paired_site.site.url, path, message)))


def test_without_its_layers_some_flip_of_every_field_of_a_call_is_run(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(*LAYERS)
    for field in FIELDS:
        for number in count():
            made = request(paired.site.url, PRETTY, paired.here.message("wp.site.health"))
            start, end = made.spans[field]
            assert start + number < end, f"no flip of {field} came through"
            if exchange(made, made.flipped(start + number, 0)).status == 200:
                break
    assert len(paired.site.await_events("action_ran", len(FIELDS))) == len(FIELDS)


def test_without_the_signature_a_flipped_heartbeat_counts(control_plane: Callable[..., ControlPlane]) -> None:
    made = heartbeat(control_plane(NO_SIGNATURE))
    position = made.content.index(b'"sent_at":1') + len(b'"sent_at":1')
    assert exchange(made, made.flipped(position, 0)).status == 200
