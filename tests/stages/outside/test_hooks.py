"""A webhook is signed as Standard Webhooks has it, goes to judged addresses alone, and follows nobody anywhere."""

import asyncio
import base64
import hmac
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from presswarden.outside.hooks import HookFault, Hooks, signature
from tests.stages.outside.servers import LOOPBACK, http, says, server
from tests.stages.outside.test_tls import Names, contexts

pytestmark = pytest.mark.req("N19")
NOW = datetime(2021, 2, 25, 9, 31, 9, tzinfo=UTC)
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def _hooks(**more: object) -> Hooks:
    return Hooks(LOOPBACK, seconds=2, **more)  # type: ignore[arg-type]  # of the argument's own name


async def _post(url: str, hooks: Hooks | None = None) -> str:
    fault = await (hooks or _hooks()).post(url, KEY, "msg_1", BODY, now=NOW)
    return fault.code if isinstance(fault, HookFault) else ""


def test_the_signature_is_the_one_of_the_published_example() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signature(KEY, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, BODY) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_receiver_can_check_what_it_got() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def serve(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append((head, body))
        writer.write(http(204, b""))

    async with server(serve) as port:
        assert await _post(f"http://127.0.0.1:{port}/hook?a=b%2Fc") == ""
    ((head, body),) = seen
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    named = {name.lower(): value for name, value in lines.items()}
    signed = b".".join([named[b"webhook-id"], named[b"webhook-timestamp"], body])
    wanted = base64.b64encode(hmac.digest(base64.b64decode(KEY.removeprefix("whsec_")), signed, "sha256"))
    assert named[b"webhook-signature"] == b"v1," + wanted
    assert head.startswith(b"POST /hook?a=b%2Fc HTTP/1.1")
    assert body == BODY


@pytest.mark.parametrize("status", [300, 301, 404, 500])
async def test_any_answer_but_a_good_one_is_a_failure_and_no_redirect_is_followed(status: int) -> None:
    async with server(says(http(status, b"", "Location: http://127.0.0.1:1/"))) as port:
        assert await _post(f"http://127.0.0.1:{port}/") == "webhook.status"


async def test_a_private_address_is_not_called_unless_it_is_allowed() -> None:
    async with server(says(http(200, b""))) as port:
        assert await _post(f"http://127.0.0.1:{port}/", Hooks((), seconds=2)) == "webhook.address"
    for url in ("https://10.0.0.7/", "https://169.254.169.254/latest", "https://[::1]/"):
        assert await _post(url, Hooks((), seconds=1)) == "webhook.address"
    assert await _post("https://hook.example/", Hooks((), resolver=Names("192.168.1.1"), seconds=1)) == "webhook.address"
    assert (
        await _post("http://hook.example/", Hooks((ip_network("10.0.0.0/8"),), resolver=Names("10.0.0.1"), seconds=1)) == "webhook.address"
    )


async def test_the_certificate_is_checked_against_the_name(tmp_path: Path) -> None:
    shown, trust = contexts(tmp_path, "hook.example")
    async with server(says(http(200, b"")), shown) as port:
        assert await _post(f"https://hook.example:{port}/", _hooks(resolver=Names("127.0.0.1"), trust=trust)) == ""
        assert await _post(f"https://other.example:{port}/", _hooks(resolver=Names("127.0.0.1"), trust=trust)) == "webhook.unreachable"


async def test_a_receiver_that_says_nothing_is_given_up_in_time() -> None:
    held = asyncio.Event()

    async def serve(_head: bytes, _body: bytes, _writer: asyncio.StreamWriter) -> None:
        await held.wait()

    async with server(serve) as port:
        assert await _post(f"http://127.0.0.1:{port}/", Hooks(LOOPBACK, seconds=0.3)) in {"webhook.timeout", "webhook.broken"}
        held.set()


async def test_a_receiver_that_is_away_or_talks_nonsense_is_told() -> None:
    async with server(says(b"nonsense\r\n\r\n")) as port:
        assert await _post(f"http://127.0.0.1:{port}/") == "webhook.broken"
    assert await _post(f"http://127.0.0.1:{port}/") == "webhook.unreachable"
    assert await _post("https://nowhere.example/", Hooks((), resolver=Names("no address"), seconds=1)) == "webhook.unreachable"
