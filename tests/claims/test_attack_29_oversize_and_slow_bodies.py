"""Attack 29: exhaust the site or the control plane with bodies that are too large, packed, endless, or slow.

On the site: the body's size is checked before anything else is (call.too_large), packed bodies are refused unread (call.shape), headers have a fixed form;
slow senders are the web server's, and nothing runs before a body is whole and signed. On the control plane: no more bytes are read than a message may have
(by the announced length and by the bytes themselves), unpacking stops at 4 MiB, a head has 10 seconds and a body 15; half-open connections are given up, so
they can't keep honest sites out. The proofs take the size check out of the site, and the deadlines and the limit out of a copy of the control plane.
"""

from __future__ import annotations

import gzip
import select
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from lab.demo.control import Control
from tests.claims.attacks import Attack
from tests.claims.served import CopiedControl, Served
from tests.claims.victims import Paired
from tests.connector.wire import Message

pytestmark = [pytest.mark.site, pytest.mark.req("P5", "A5")]

MEBIBYTE = 1_048_576
INGEST = ("pair", "heartbeat", "receipt", "moved")
SOURCE = Path(__file__).parents[2] / "src" / "presswarden"


def large(paired: Paired, size: int) -> Message:
    """Signed well, and so large."""
    body = b" " * size
    return Message(body, paired.here.headers(str(uuid.uuid4()), body))


def connect(url: str) -> socket.socket:
    made = socket.create_connection((urlsplit(url).hostname or "", urlsplit(url).port or 0), timeout=40)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def head(url: str, path: str, *lines: str) -> bytes:
    return "\r\n".join(
        [f"POST {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", "Content-Type: application/json", *lines, "", ""]
    ).encode()


def ended(connection: socket.socket, seconds: float) -> bool:
    """Whether the other side closes within that time, whatever it says before."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65_536):
            continue
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


# On the site


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 2 * MEBIBYTE, 7 * MEBIBYTE])
def test_a_body_over_a_mebibyte_is_refused_before_anything_else(attack: Attack, paired_site: Paired, size: int) -> None:
    ran = len(paired_site.ran())
    signed = large(paired_site, size)
    junk = Message(signed.body, dict.fromkeys(signed.headers, "x"))
    for variant, message in (("signed", signed), ("with headers of no form", junk), ("without headers", Message(signed.body, {}))):
        attack.refused(f"{size} bytes {variant}", paired_site.send(message), "call.too_large")
    attack.repelled("nothing ran", len(paired_site.ran()) == ran)


def test_packed_chunked_and_empty_bodies_are_refused(attack: Attack, paired_site: Paired) -> None:
    body = paired_site.here.body("wp.site.health")
    packed = gzip.compress(b" " * (64 * MEBIBYTE))
    for encoding in ("gzip", "deflate", "br", "gzip, gzip", "identity", ""):
        message = Message(packed, {**paired_site.here.headers(str(uuid.uuid4()), packed), "Content-Encoding": encoding})
        attack.refused(f"64 MiB packed as {encoding!r}", paired_site.send(message), "call.shape", "call.body")
    attack.refused("empty", paired_site.send(Message(b"", paired_site.here.headers(str(uuid.uuid4()), b""))), "call.shape")
    long = paired_site.here.message("wp.site.health").with_header("X-WP-Agent-Signature", "A" * 60_000)
    with httpx.Client(timeout=30) as client:
        told = client.post(paired_site.site.url + "/wp-json/presswarden/v1/call", content=body, headers=long.headers).status_code
    attack.repelled("a header of 60,000 characters", told >= 400, told)


def test_slow_senders_run_nothing_and_others_are_answered(attack: Attack, paired_site: Paired) -> None:
    """PHP's own server reads each body before a worker runs: as many slow ones as it has workers do not stop it."""
    message, ran = paired_site.here.message("wp.site.health"), len(paired_site.ran())
    url = paired_site.site.url
    lines = [f"{name}: {value}" for name, value in message.headers.items()]
    with ExitStack() as open_:
        slow = [open_.enter_context(closing(connect(url))) for _ in range(3)]
        for each in slow:
            each.sendall(head(url, "/wp-json/presswarden/v1/call", *lines, f"Content-Length: {len(message.body)}") + message.body[:-1])
        attack.repelled("an honest call meanwhile", paired_site.call("wp.site.get_environment").status == 200)
        attack.repelled("no half body ran", len(paired_site.ran()) == ran + 1, paired_site.ran()[ran:])
        slow[0].sendall(message.body[-1:])
        assert b"200 OK" in slow[0].recv(65_536), "the last byte makes it whole"


def test_a_body_of_just_under_a_mebibyte_reaches_the_signature(paired_site: Paired) -> None:
    assert paired_site.send(large(paired_site, MEBIBYTE)).code == "call.body"


def test_without_the_size_check_a_large_body_is_read_to_its_end(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site("size")
    body = paired.here.body("wp.site.health")
    body = body[:-1] + b" " * (2 * MEBIBYTE) + body[-1:]
    assert paired.send(Message(body, paired.here.headers(str(uuid.uuid4()), body))).status == 200


# On the control plane


@pytest.mark.parametrize("path", INGEST)
def test_no_more_is_read_than_a_message_may_have(attack: Attack, served: Served, path: str) -> None:
    url, where = served.control.url, f"/ingest/v1/{path}"
    for size in (MEBIBYTE + 1, 50 * MEBIBYTE, 10**15, 10**30):
        with closing(connect(url)) as caller:
            caller.sendall(head(url, where, f"Content-Length: {size}"))
            told = caller.recv(65_536)
        attack.repelled(f"{path}: {size} bytes announced", b" 413 " in told or b" 400 " in told, told[:200])
    with closing(connect(url)) as caller:
        caller.sendall(head(url, where, "Transfer-Encoding: chunked"))
        sent = 0
        while sent < 64 * MEBIBYTE and not select.select([caller], [], [], 0)[0]:
            caller.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
            sent += 65_536
        told = caller.recv(65_536)
        attack.repelled(f"{path}: unannounced bytes without end", b" 413 " in told and sent < 16 * MEBIBYTE, (sent, told[:200]))
        attack.repelled(f"{path}: and the connection ends", ended(caller, 10))


def test_half_open_connections_are_given_up_and_keep_nobody_out(attack: Attack, served: Served) -> None:
    url = served.control.url
    kinds = {
        "nothing": b"",
        "half a head": b"POST /ingest/v1/pair HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "no body": head(url, "/ingest/v1/pair", "Content-Length: 500"),
        "half a body": head(url, "/ingest/v1/heartbeat", "Content-Length: 500") + b'{"v":',
        "half a chunk": head(url, "/ingest/v1/moved", "Transfer-Encoding: chunked") + b"ff\r\n{",
    }
    with ExitStack() as open_:
        began = time.monotonic()
        slow = [(kind, open_.enter_context(closing(connect(url)))) for kind in kinds for _ in range(20)]
        for kind, each in slow:
            each.sendall(kinds[kind])
        served.heartbeat()
        attack.repelled("an honest heartbeat meanwhile", time.monotonic() - began < 10)
        for kind, each in slow:
            attack.repelled(f"{kind}: closed", ended(each, max(1.0, 40 - (time.monotonic() - began))))
        took = time.monotonic() - began
    attack.repelled("all within half a minute", took < 35, took)


def test_honest_heartbeats_and_reads_pass(served: Served) -> None:
    served.heartbeat()
    assert served.read("wp.site.health")["result"]


@pytest.fixture
def careless(tmp_path: Path) -> Iterator[Callable[..., Control]]:
    """A control plane from a copy of the package, without some lines of it."""
    made: list[Control] = []

    def start(*changes: tuple[str, str, str]) -> Control:
        root = tmp_path / "tree" / "src" / "presswarden"
        shutil.copytree(SOURCE, root, ignore=shutil.ignore_patterns("__pycache__"))
        for read in ("contract", "docs"):
            (tmp_path / "tree" / read).symlink_to(SOURCE.parents[1] / read)
        for name, old, new in changes:
            text = (root / name).read_text()
            assert text.count(old) == 1, (name, old, text.count(old))
            (root / name).write_text(text.replace(old, new))
        made.append(CopiedControl(tmp_path / "home", tmp_path / "tree" / "src"))
        made[-1].start()
        return made[-1]

    yield start
    for control in made:
        control.stop()


def test_without_the_deadlines_half_open_connections_stay(careless: Callable[..., Control]) -> None:
    control = careless(
        ("processes/web.py", ", http=ImpatientConnection", ""),
        ("surfaces/ingest/routes.py", "PATIENCE: Final = 15.0", "PATIENCE: Final = 3600.0"),
    )
    with closing(connect(control.url)) as no_head, closing(connect(control.url)) as no_body:
        no_body.sendall(head(control.url, "/ingest/v1/pair", "Content-Length: 500") + b"{")
        assert not ended(no_head, 20)
        assert not ended(no_body, 1)


def test_without_the_limit_as_much_is_read_as_is_sent(careless: Callable[..., Control]) -> None:
    control = careless(("surfaces/ingest/routes.py", "                    if len(read) > largest:\n", "                    if False:\n"))
    size = 48 * MEBIBYTE
    with closing(connect(control.url)) as caller:
        caller.sendall(head(control.url, "/ingest/v1/pair", "Transfer-Encoding: chunked"))
        for _ in range(size // 65_536):
            caller.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        caller.sendall(b"0\r\n\r\n")
        assert b" 400 " in caller.recv(65_536), "all of it was read, and then found to be no JSON"
