"""The client against real servers on this machine that behave, and that don't."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from presswarden.dispatch.model import SignedCall, WireAnswer, WireFault
from presswarden.gate.permit import Permit, args_hash
from presswarden.kernel.ids import CallId, InstallationId, OrgId, new_id
from presswarden.outside.wire import LARGEST_ANSWER, HttpWire

LOOPBACK = (ip_network("127.0.0.0/8"),)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GOOD = b'{"result":{},"status":"done","v":1}'
Serve = Callable[[bytes, bytes, asyncio.StreamWriter], Awaitable[None]]


def _call(home: str) -> tuple[SignedCall, Permit]:
    call, installation = CallId(new_id()), InstallationId(new_id())
    hashed = args_hash({})
    headers = {"X-WP-Agent-Installation": installation, "X-WP-Agent-Signature": "c2ln"}
    signed = SignedCall(installation, call, home, "wp.site.health", hashed, b'{"args":{}}', headers, NOW)
    return signed, Permit(OrgId(new_id()), installation, call, "wp.site.health", hashed, NOW + timedelta(minutes=5))


@asynccontextmanager
async def _server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
            await serve(head, await reader.readexactly(length), writer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def _http(status: int, body: bytes, *more: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *more]).encode() + b"\r\n\r\n" + body


def _says(*answers: bytes) -> Serve:
    """One answer for each request; the last one goes on."""
    left = list(answers)

    async def serve(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return serve


async def _post(home: str, wire: HttpWire | None = None) -> WireAnswer | WireFault:
    return await (wire or HttpWire(LOOPBACK, connect_seconds=1, total_seconds=3)).post(*_call(home))


async def _to(serve: Serve, **limits: float) -> WireAnswer | WireFault:
    async with _server(serve) as port:
        return await _post(f"http://127.0.0.1:{port}", HttpWire(LOOPBACK, connect_seconds=1, total_seconds=limits.get("total", 3)))


async def test_an_answer_comes_back_as_it_was_sent() -> None:
    answer = await _to(_says(_http(200, GOOD, "X-WP-Agent-ReceiptSignature: abc", "Content-Type: application/json")))
    assert isinstance(answer, WireAnswer)
    assert (answer.status, answer.body, answer.headers["x-wp-agent-receiptsignature"]) == (200, GOOD, "abc")


async def test_exactly_the_signed_bytes_and_headers_are_sent_to_the_one_endpoint() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def serve(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append((head, body))
        writer.write(_http(200, GOOD))

    async with _server(serve) as port:
        await _post(f"http://127.0.0.1:{port}/blog")
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

    async with _server(serve) as port:
        signed, _ = _call(f"http://127.0.0.1:{port}")
        _, other = _call(f"http://127.0.0.1:{port}")
        with pytest.raises(RuntimeError, match="permit"):
            await HttpWire(LOOPBACK).post(signed, other)
    assert seen == []


@pytest.mark.parametrize(
    ("answers", "code", "reached"),
    [
        ([_http(200, b"<!doctype html><p>Shop")], "site.answers_html", False),
        ([_http(404, b"<h1>Not found")], "site.answers_html", False),
        ([_http(500, b"There has been a critical error")], "site.answers_html", True),
        ([_http(404, b'{"code":"rest_no_route","message":"x","data":{"status":404}}')], "site.no_connector", False),
        ([_http(301, b"", "Location: https://elsewhere.example/")], "site.redirects", False),
        ([_http(307, b"", "Location: /elsewhere")], "site.redirects", False),
        ([_http(200, b"x" * (LARGEST_ANSWER + 1))], "site.too_large", True),
        ([b"HTTP/1.1 200 X\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(150)) + b"Content-Length: 0\r\n\r\n"], "site.too_large", True),
        ([b"HTTP/1.1 200 X\r\nX-Long: " + b"y" * 20_000 + b"\r\nContent-Length: 0\r\n\r\n"], "site.too_large", True),
        ([b"HTTP/1.1 200 X\r\nX-Long: " + b"y" * 300_000], "site.broken_answer", True),
        ([_http(200, GOOD, "Content-Encoding: gzip")], "site.alters_answers", True),
        ([b"HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\nhalf"], "site.broken_answer", True),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "site.broken_answer", True),
        ([b""], "site.broken_answer", True),
    ],
)
async def test_what_is_no_answer_of_the_connector_gets_a_name(answers: list[bytes], code: str, reached: bool) -> None:
    fault = await _to(_says(*answers))
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == (code, reached)
    assert fault.says
    assert fault.do


@pytest.mark.req("X3")
async def test_a_redirect_is_never_followed() -> None:
    seen: list[bytes] = []

    async def elsewhere(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        writer.write(_http(200, GOOD))

    async with _server(elsewhere) as trap:
        fault = await _to(_says(_http(302, b"", f"Location: http://127.0.0.1:{trap}/")))
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
    fault = await _to(drip, total=0.5)
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.timeout", True)
    assert asyncio.get_running_loop().time() - started < 5


async def test_an_endless_answer_is_cut_off_at_one_mebibyte() -> None:
    async def endless(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2_000):
            writer.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
            await writer.drain()

    fault = await _to(endless)
    assert isinstance(fault, WireFault)
    assert fault.code == "site.too_large"


async def test_a_site_without_pretty_addresses_is_asked_in_the_other_form_and_remembered() -> None:
    paths: list[bytes] = []

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        paths.append(head.split(b" ")[1])
        is_plain = paths[-1] == b"/?rest_route=/presswarden/v1/call"
        writer.write(_http(200, GOOD) if is_plain else _http(404, b"<h1>Not found"))

    async with _server(serve) as port:
        wire = HttpWire(LOOPBACK, total_seconds=3)
        for _ in range(2):
            assert isinstance(await _post(f"http://127.0.0.1:{port}", wire), WireAnswer)
    assert paths == [b"/wp-json/presswarden/v1/call", b"/?rest_route=/presswarden/v1/call", b"/?rest_route=/presswarden/v1/call"]


async def test_a_remembered_form_that_stops_working_is_forgotten() -> None:
    plain_works = True

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        is_plain = b"rest_route" in head.split(b" ")[1]
        writer.write(_http(200, GOOD) if is_plain is plain_works else _http(404, b"<h1>Not found"))

    async with _server(serve) as port:
        wire = HttpWire(LOOPBACK, total_seconds=3)
        assert isinstance(await _post(f"http://127.0.0.1:{port}", wire), WireAnswer)
        plain_works = False
        assert isinstance(await _post(f"http://127.0.0.1:{port}", wire), WireAnswer)


async def test_a_header_sent_twice_counts_for_nothing() -> None:
    answer = await _to(_says(_http(200, GOOD, "X-WP-Agent-ReceiptSignature: a", "X-WP-Agent-ReceiptSignature: b")))
    assert isinstance(answer, WireAnswer)
    assert "x-wp-agent-receiptsignature" not in answer.headers


async def test_nobody_listening_is_unreachable_and_nothing_was_sent() -> None:
    async with _server(_says(b"")) as port:
        pass
    fault = await _post(f"http://127.0.0.1:{port}")
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.unreachable", False)


@pytest.mark.req("X14")
async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    async def proxy(head: bytes, _body: bytes, _writer: asyncio.StreamWriter) -> None:
        seen.append(head)

    async with _server(proxy) as trap:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{trap}")
        assert isinstance(await _to(_says(_http(200, GOOD))), WireAnswer)
    assert seen == []


async def test_an_address_outside_the_configured_networks_is_refused_before_anything_is_opened() -> None:
    fault = await _post("http://127.0.0.1:9", HttpWire(()))
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.address_refused", False)


# TLS and names


def _contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server that shows a certificate for `name`, and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    started = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(started)
        .not_valid_after(started + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain = folder / "chain.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


class Names:
    """Tells its addresses one after the other, as a rebinding name server does."""

    def __init__(self, *addresses: str) -> None:
        self.left = list(addresses)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return [self.left.pop(0)]


async def test_the_certificate_is_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    server, client = _contexts(tmp_path, "shop.example")
    async with _server(_says(_http(200, GOOD)), server) as port:
        wire = HttpWire(LOOPBACK, resolver=Names("127.0.0.1"), trust=client, total_seconds=3)
        assert isinstance(await _post(f"https://shop.example:{port}", wire), WireAnswer)


@pytest.mark.req("X3")
@pytest.mark.parametrize(("shown", "trusted"), [("other.example", True), ("shop.example", False)])
async def test_a_wrong_or_unknown_certificate_is_refused_before_anything_is_sent(tmp_path: Path, shown: str, trusted: bool) -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, _writer: asyncio.StreamWriter) -> None:
        seen.append(head)

    server, client = _contexts(tmp_path, shown)
    async with _server(serve, server) as port:
        wire = HttpWire(LOOPBACK, resolver=Names("127.0.0.1"), trust=client if trusted else None, total_seconds=3)
        fault = await _post(f"https://shop.example:{port}", wire)
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.tls", False)
    assert seen == []


async def test_a_name_is_resolved_once_so_a_second_answer_leads_nowhere(tmp_path: Path) -> None:
    server, client = _contexts(tmp_path, "shop.example")
    names = Names("127.0.0.1", "169.254.169.254")
    async with _server(_says(_http(404, b"<h1>no"), _http(200, GOOD)), server) as port:
        answer = await _post(f"https://shop.example:{port}", HttpWire(LOOPBACK, resolver=names, trust=client, total_seconds=3))
    assert isinstance(answer, WireAnswer), "both forms of the endpoint went to the first address"
    assert names.asked == 1
