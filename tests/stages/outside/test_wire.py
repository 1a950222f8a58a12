"""The client against real servers on this machine that behave, and that don't."""

import asyncio

import pytest

from presswarden.dispatch.model import WireAnswer, WireFault
from presswarden.outside.wire import LARGEST_ANSWER, HttpWire
from tests.stages.outside.servers import GOOD, LOOPBACK, call, http, post, says, server, to


async def test_an_answer_comes_back_as_it_was_sent() -> None:
    answer = await to(says(http(200, GOOD, "X-WP-Agent-ReceiptSignature: abc", "Content-Type: application/json")))
    assert isinstance(answer, WireAnswer)
    assert (answer.status, answer.body, answer.headers["x-wp-agent-receiptsignature"]) == (200, GOOD, "abc")


async def test_exactly_the_signed_bytes_and_headers_are_sent_to_the_one_endpoint() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def serve(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append((head, body))
        writer.write(http(200, GOOD))

    async with server(serve) as port:
        await post(f"http://127.0.0.1:{port}/blog")
    ((head, body),) = seen
    assert head.startswith(b"POST /blog/wp-json/presswarden/v1/call HTTP/1.1\r\n")
    assert body == b'{"args":{}}'
    lines = [line.lower() for line in head.split(b"\r\n")]
    assert f"host: 127.0.0.1:{port}".encode() in lines
    assert b"accept-encoding: identity" in lines
    assert not any(line.startswith((b"authorization", b"cookie", b"transfer-encoding")) for line in lines)


async def test_a_permit_for_another_call_sends_nothing() -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, _writer: asyncio.StreamWriter) -> None:
        seen.append(head)

    async with server(serve) as port:
        signed, _ = call(f"http://127.0.0.1:{port}")
        _, other = call(f"http://127.0.0.1:{port}")
        with pytest.raises(RuntimeError, match="permit"):
            await HttpWire(LOOPBACK).post(signed, other)
    assert seen == []


@pytest.mark.parametrize(
    ("answers", "code", "reached"),
    [
        ([http(200, b"<!doctype html><p>Shop")], "site.answers_html", False),
        ([http(404, b"<h1>Not found")], "site.answers_html", False),
        ([http(500, b"There has been a critical error")], "site.answers_html", True),
        ([http(404, b'{"code":"rest_no_route","message":"x","data":{"status":404}}')], "site.no_connector", False),
        ([http(301, b"", "Location: https://elsewhere.example/")], "site.redirects", False),
        ([http(307, b"", "Location: /elsewhere")], "site.redirects", False),
        ([http(200, b"x" * (LARGEST_ANSWER + 1))], "site.too_large", True),
        ([b"HTTP/1.1 200 X\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(150)) + b"Content-Length: 0\r\n\r\n"], "site.too_large", True),
        ([b"HTTP/1.1 200 X\r\nX-Long: " + b"y" * 20_000 + b"\r\nContent-Length: 0\r\n\r\n"], "site.too_large", True),
        ([b"HTTP/1.1 200 X\r\nX-Long: " + b"y" * 300_000], "site.broken_answer", True),
        ([http(200, GOOD, "Content-Encoding: gzip")], "site.alters_answers", True),
        ([b"HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\nhalf"], "site.broken_answer", True),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "site.broken_answer", True),
        ([b""], "site.broken_answer", True),
    ],
)
async def test_what_is_no_answer_of_the_connector_gets_a_name(answers: list[bytes], code: str, reached: bool) -> None:
    fault = await to(says(*answers))
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == (code, reached)
    assert fault.says
    assert fault.do


async def test_an_answer_with_a_receipt_is_the_connectors_however_its_body_was_altered() -> None:
    answer = await to(says(http(200, GOOD + b"<!-- your host -->", "X-WP-Agent-ReceiptSignature: abc")))
    assert isinstance(answer, WireAnswer), "it ran: to say that the connector was never asked would be wrong"
    assert answer.body.endswith(b"-->")


async def test_a_password_before_the_site_has_a_name_of_its_own() -> None:
    asks = http(401, b"<h1>Authorization Required</h1>", 'WWW-Authenticate: Basic realm="Staging"')
    fault = await to(says(asks))
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.asks_password", False)
    other = await to(says(http(401, b'{"code":"rest_cannot_access","message":"x"}')))
    assert isinstance(other, WireFault)
    assert other.code == "site.no_connector", "WordPress itself asks for no password of the web server's"


@pytest.mark.req("X3")
async def test_a_redirect_is_never_followed() -> None:
    seen: list[bytes] = []

    async def elsewhere(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        writer.write(http(200, GOOD))

    async with server(elsewhere) as trap:
        fault = await to(says(http(302, b"", f"Location: http://127.0.0.1:{trap}/")))
    assert isinstance(fault, WireFault)
    assert seen == []


async def test_an_answer_that_drips_is_cut_off_at_the_total_deadline() -> None:
    async def drip(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(200):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    started = asyncio.get_running_loop().time()
    fault = await to(drip, total=0.5)
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.timeout", True)
    assert asyncio.get_running_loop().time() - started < 5


async def test_an_endless_answer_is_cut_off_at_one_mebibyte() -> None:
    async def endless(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2_000):
            writer.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
            await writer.drain()

    fault = await to(endless)
    assert isinstance(fault, WireFault)
    assert fault.code == "site.too_large"


async def test_a_site_without_pretty_addresses_is_asked_in_the_other_form_and_remembered() -> None:
    paths: list[bytes] = []

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        paths.append(head.split(b" ")[1])
        is_plain = paths[-1] == b"/?rest_route=/presswarden/v1/call"
        writer.write(http(200, GOOD) if is_plain else http(404, b"<h1>Not found"))

    async with server(serve) as port:
        wire = HttpWire(LOOPBACK, total_seconds=3)
        for _ in range(2):
            assert isinstance(await post(f"http://127.0.0.1:{port}", wire), WireAnswer)
    assert paths == [b"/wp-json/presswarden/v1/call", b"/?rest_route=/presswarden/v1/call", b"/?rest_route=/presswarden/v1/call"]


async def test_a_remembered_form_that_stops_working_is_forgotten() -> None:
    plain_works = True

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        is_plain = b"rest_route" in head.split(b" ")[1]
        writer.write(http(200, GOOD) if is_plain is plain_works else http(404, b"<h1>Not found"))

    async with server(serve) as port:
        wire = HttpWire(LOOPBACK, total_seconds=3)
        assert isinstance(await post(f"http://127.0.0.1:{port}", wire), WireAnswer)
        plain_works = False
        assert isinstance(await post(f"http://127.0.0.1:{port}", wire), WireAnswer)


async def test_a_header_sent_twice_counts_for_nothing() -> None:
    answer = await to(says(http(200, GOOD, "X-WP-Agent-ReceiptSignature: a", "X-WP-Agent-ReceiptSignature: b")))
    assert isinstance(answer, WireAnswer)
    assert "x-wp-agent-receiptsignature" not in answer.headers


async def test_nobody_listening_is_unreachable_and_nothing_was_sent() -> None:
    async with server(says(b"")) as port:
        pass
    fault = await post(f"http://127.0.0.1:{port}")
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.unreachable", False)


@pytest.mark.req("X14")
async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    async def proxy(head: bytes, _body: bytes, _writer: asyncio.StreamWriter) -> None:
        seen.append(head)

    async with server(proxy) as trap:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{trap}")
        assert isinstance(await to(says(http(200, GOOD))), WireAnswer)
    assert seen == []


async def test_an_address_outside_the_configured_networks_is_refused_before_anything_is_opened() -> None:
    fault = await post("http://127.0.0.1:9", HttpWire(()))
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.address_refused", False)
