"""Packages are fetched from named hosts alone, hashed as they stream by, and whatever is no zip of a bearable size has a name."""

import asyncio
import hashlib
from collections.abc import Sequence

import pytest

from presswarden.outside.fetch import Digest, Fetcher, FetchFault
from tests.stages.outside.servers import Serve, http, says, server

HOST = "downloads.wordpress.org"
URL = f"https://{HOST}/plugin/akismet.5.8.zip"
ZIP = b"PK\x03\x04" + b"x" * 5000

pytestmark = pytest.mark.req("N13")


def _fetcher(port: int, **limits: float) -> Fetcher:
    mirror = {HOST: f"http://127.0.0.1:{port}/{HOST}"}
    return Fetcher(mirror, connect_seconds=1, total_seconds=limits.get("total", 3), largest=int(limits.get("largest", 100_000)))


async def _from(serve: Serve, url: str = URL, **limits: float) -> Digest | FetchFault:
    async with server(serve) as port:
        return await _fetcher(port, **limits).digest(url)


async def test_a_package_is_hashed_and_asked_for_at_its_own_path() -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        writer.write(http(200, ZIP))

    came = await _from(serve, f"{URL}?nostats=1")
    assert came == Digest(hashlib.sha256(ZIP).hexdigest(), len(ZIP))
    (head,) = seen
    assert head.startswith(b"GET /downloads.wordpress.org/plugin/akismet.5.8.zip?nostats=1 HTTP/1.1\r\n")
    assert b"cookie" not in head.lower()
    assert b"authorization" not in head.lower()
    assert b"accept-encoding: identity" in head.lower()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(404, b""), "package.status"),
        (http(500, ZIP), "package.status"),
        (http(302, b"", f"Location: {URL}"), "package.redirects"),
        (http(200, b"<!doctype html><p>Please log in"), "package.no_zip"),
        (http(200, b""), "package.no_zip"),
        (http(200, ZIP, "Content-Encoding: gzip"), "package.broken"),
        (http(200, b"PK\x03\x04" + b"x" * 100_000), "package.too_large"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 9000\r\n\r\n" + ZIP, "package.broken"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "package.broken"),
        (b"", "package.broken"),
    ],
)
async def test_what_is_no_package_has_a_name(answer: bytes, code: str) -> None:
    came = await _from(says(answer))
    assert isinstance(came, FetchFault)
    assert came.code == code
    assert came.says


async def test_a_package_without_end_is_cut_off_at_the_limit() -> None:
    async def serve(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\n\r\nPK\x03\x04")
        for _ in range(1000):
            writer.write(b"x" * 10_000)
            await writer.drain()

    came = await _from(serve)
    assert isinstance(came, FetchFault)
    assert came.code == "package.too_large"


async def test_a_server_that_dawdles_is_given_up() -> None:
    async def serve(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 9000\r\n\r\nPK\x03\x04")
        await writer.drain()
        await asyncio.sleep(30)

    async with server(serve) as port:
        came = await _fetcher(port, total=0.3).digest(URL)
    assert isinstance(came, FetchFault)
    assert came.code == "package.timeout"


async def test_nothing_listens_there() -> None:
    async with server(says(b"")) as port:
        pass
    came = await _fetcher(port).digest(URL)
    assert isinstance(came, FetchFault)
    assert came.code == "package.unreachable"


@pytest.mark.req("X14")
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://elsewhere.example/plugin/a.zip", "package.host"),
        (f"https://{HOST}.elsewhere.example/plugin/a.zip", "package.host"),
        (f"https://elsewhere.example/{HOST}/plugin/a.zip", "package.host"),
        (f"http://{HOST}/plugin/a.zip", "package.url"),
        (f"https://{HOST}:8443/plugin/a.zip", "package.url"),
        (f"https://{HOST}@elsewhere.example/a.zip", "package.url"),
        (f"https://user@{HOST}/a.zip", "package.url"),
        (f"https://{HOST}/plugin/../../a.zip", "package.url"),
        (f"https://{HOST}/plugin/%2e%2e/a.zip", "package.url"),
        (f"https://{HOST}/plugin//a.zip", "package.url"),
        (f"https://{HOST}/a.zip#b", "package.url"),
        (f"https://{HOST}/a b.zip", "package.url"),
        (f"https://{HOST}/", "package.url"),
        (f"https://{HOST}", "package.url"),
        ("https://[::1/a.zip", "package.url"),
        ("", "package.url"),
    ],
)
async def test_an_address_that_is_not_on_the_list_is_never_asked(url: str, code: str) -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        writer.write(http(200, ZIP))

    async with server(serve) as port:
        fetcher = _fetcher(port)
        came = await fetcher.digest(url)
        assert not fetcher.may(url)
    assert isinstance(came, FetchFault)
    assert came.code == code
    assert seen == []


@pytest.mark.req("X14")
async def test_without_a_host_nothing_is_contacted() -> None:
    async def nobody(host: str, _port: int) -> Sequence[str]:
        raise AssertionError(f"{host} was looked up")

    came = await Fetcher({}, resolver=nobody).digest(URL)
    assert isinstance(came, FetchFault)
    assert came.code == "package.host"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "::ffff:192.168.1.1"])
async def test_a_host_that_leads_inside_is_refused_unless_it_is_a_mirror_that_was_set(address: str) -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return [address]

    came = await Fetcher({HOST: f"https://{HOST}"}, resolver=inside).digest(URL)
    assert isinstance(came, FetchFault)
    assert came.code == "package.address"


async def test_a_name_without_an_address_is_unreachable() -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    came = await Fetcher({HOST: f"https://{HOST}"}, resolver=nowhere).digest(URL)
    assert isinstance(came, FetchFault)
    assert came.code == "package.unreachable"
