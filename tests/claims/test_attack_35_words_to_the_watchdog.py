"""Attack 35: speak to an open change from outside: take a good one back, or make one look worse than it is, without the key.

Layers: the header is verified under the keys that stood in the pairing when the change opened; weak signs count on signed probes alone; what a visitor decides
(how slowly they read, when they hang up) is no sign. Limits: a page that really dies counts whoever asked for it. Whoever knows an address at which the site
dies can have a good change taken back with it; the site then stands on its old version, and the place of the error is told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.claims.attacks import Attack
from tests.claims.changing import state_of, weakened
from tests.claims.victims import Swap
from tests.connector.wire import ControlKey
from tests.recovery.acting import Changed
from tests.recovery.opened import Watched

pytestmark = [pytest.mark.site, pytest.mark.req("W15")]

VERIFIED = Swap(
    "src/Watch/Rescue.php",
    "if ( self::verifies( $signature, $text, (string) base64_decode( $key, true ), $marker->root ) ) {",
    "if ( true ) {",
)
SOON = Swap("src/Watch/Flight.php", "HUNG_AFTER = 30;", "HUNG_AFTER = 1;")
ON_ITS_WAY = Swap("src/Watch/Flight.php", "is_resource( $this->open ) && self::put( $this->open, self::SENT, $now );", "return;")
LARGE = (
    "add_action( 'template_redirect', static function () { if ( isset( $_GET['large'] ) ) { echo str_repeat( 'x', 60000000 ); exit; } } );"
)
PRINTS = "add_action( 'init', static function () { if ( isset( $_GET['early'] ) ) { exit; } } );"


def stays(watched: Watched, change: str) -> bool:
    return state_of(watched) == (change, "confirm") and watched.installed() == "1.1"


def forged(watched: Watched, change: str) -> dict[str, str]:
    """Values of the recover header that nobody signed for this purpose, this change and this moment."""
    now, good = int(time.time()), watched.header("recover", change)
    public = hmac.new(watched.paired.here.key.public, good.rpartition(".")[0].encode(), hashlib.sha256).digest()
    return {
        "a word": "now",
        "another key": watched.header("recover", change, key=ControlKey.new()),
        "a probe": watched.header("probe", change),
        "another installation": watched.header("recover", change, installation=str(uuid.uuid4())),
        "another change": watched.header("recover", str(uuid.uuid4())),
        "five minutes ago": watched.header("recover", change, at=now - 302),
        "half a minute ahead": watched.header("recover", change, at=now + 40),
        "a later time under an older signature": ".".join((change, str(now + 1), good.rpartition(".")[2])),
        "no signature": f"{change}.{now}.",
        "64 zero bytes": f"{change}.{now}.{'A' * 86}",
        "the public key as a secret": f"{change}.{now}.{base64.urlsafe_b64encode(public).decode().rstrip('=')}",
        "padding": good + "==",
        "twice": f"{good}, {good}",
        "too long": good + "A" * 4000,
        "the call's own signature": watched.paired.here.message("wp.site.health").headers["X-WP-Agent-Signature"],
    }  # fmt: skip


def test_only_the_control_plane_can_have_a_change_taken_back(watched: Watched, attack: Attack) -> None:
    change = watched.open()
    for name, value in forged(watched, change).items():
        answer = watched.get("/?presswarden=1", {"X-Presswarden-Recover": value})
        attack.repelled(
            f"recover: {name}", answer.status_code == 403 and b"true" not in answer.content, (answer.status_code, answer.content)
        )
    attack.repelled("the change is still open", stays(watched, change), watched.state())
    assert watched.recover(change).json() == {"restored": True, "state": "restored"}
    assert watched.answers() == "1.0"
    again = watched.recover(change)
    attack.repelled("a replay finds it over", again.status_code == 200 and b"restored" not in again.content[:200], again.content[:200])


def test_without_the_signature_anybody_can(watched: Watched) -> None:
    with weakened(watched.site, VERIFIED):
        change = watched.open()
        header = watched.header("recover", change, key=ControlKey.new())
        assert watched.get("/?presswarden=1", {"X-Presswarden-Recover": header}).json()["restored"] is True


def test_a_visitor_can_not_make_weak_signs_count(watched: Watched, attack: Attack) -> None:
    change = watched.open(PRINTS)
    junk = {"no header": {}, "a word": {"X-Presswarden-Probe": "1"}, "the word before": {"X-Presswarden-Baseline": ""}}
    junk["a probe under another key"] = {"X-Presswarden-Probe": watched.header("probe", change, key=ControlKey.new())}
    junk["a recover header as a probe"] = {"X-Presswarden-Probe": watched.header("recover", change)}
    junk["a guessed baseline"] = {"X-Presswarden-Baseline": os.urandom(16).hex()}
    for name, headers in junk.items():
        for _ in range(3):
            watched.get("/?early=1", headers)
        attack.repelled(name, stays(watched, change), watched.state())
    signed = {"X-Presswarden-Probe": watched.header("probe", change)}
    watched.get("/?early=1", signed)
    assert state_of(watched) == (change, "restored"), "on a signed probe it counts"


@contextmanager
def slow_readers(watched: Watched, count: int) -> Iterator[None]:
    """Visitors who ask for a large page and then hardly read."""
    host, _, port = watched.site.url.removeprefix("http://").partition(":")
    held = []
    try:
        for _ in range(count):
            visitor = socket.socket()
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            visitor.connect((host, int(port)))
            visitor.sendall(f"GET /?large=1 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            assert visitor.recv(16).startswith(b"HTTP/1.1 200"), "the page has begun"
            held.append(visitor)
        yield
    finally:
        for visitor in held:
            visitor.close()


def test_who_reads_slowly_or_hangs_up_has_nothing_taken_back(changed: Changed, watched: Watched, attack: Attack) -> None:
    with weakened(watched.site, SOON):  # a hanging request is told by 30 seconds; here by one
        change = watched.open(LARGE)
        with slow_readers(watched, 2):
            time.sleep(2.5)
            watched.get("/")
            attack.repelled("two who read slowly", stays(watched, change), watched.state())
        for _ in range(3):
            with slow_readers(watched, 1):
                pass
        watched.get("/")
        attack.repelled("three who hung up", stays(watched, change), watched.state())
        assert changed.close(change).status == 200


def test_without_that_line_two_slow_readers_are_enough(watched: Watched) -> None:
    with weakened(watched.site, SOON, ON_ITS_WAY):
        change = watched.open(LARGE)
        with slow_readers(watched, 2):
            time.sleep(2.5)
            watched.get("/")
            assert state_of(watched) == (change, "restored")
