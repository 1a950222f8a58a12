"""Looking at a site's public pages from outside: what is kept of a page, what bounds it, and what a redirect or a permit that does not fit comes to."""

import asyncio
import hashlib
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from presswarden.dispatch.model import Page, Recovery, Rescue, Visit
from presswarden.gate.permit import Permit, args_hash
from presswarden.kernel.ids import CallId, InstallationId, OrgId, new_id
from presswarden.outside.pages import MOST_READ
from presswarden.outside.wire import HttpWire
from tests.stages.outside.servers import LOOPBACK, NOW, Serve, http, says, server

pytestmark = pytest.mark.req("N6")

HTML = b"<!doctype html><html><head><title>\n A  shop </title></head><body>bread</body></html>"
BUST = "0123456789abcdef"


def visit(home: str, *paths: str, headers: dict[str, str] | None = None) -> tuple[Visit, Permit]:
    call, installation, hashed = CallId(new_id()), InstallationId(new_id()), args_hash({})
    made = Visit(installation, call, home, "wp.site.health", hashed, paths or ("",), BUST, headers or {}, NOW)
    return made, Permit(OrgId(new_id()), installation, call, "wp.site.health", hashed, NOW + timedelta(minutes=5))


def rescue(home: str, file: str = "") -> tuple[Rescue, Permit]:
    call, installation, hashed = CallId(new_id()), InstallationId(new_id()), args_hash({"scope": "files"})
    made = Rescue(installation, call, home, "wp.snapshot.restore", hashed, {"X-Presswarden-Recover": "c.1.s"}, BUST, file, NOW)
    return made, Permit(OrgId(new_id()), installation, call, "wp.snapshot.restore", hashed, NOW + timedelta(minutes=5))


def wire(total: float = 3) -> HttpWire:
    return HttpWire(LOOPBACK, connect_seconds=1, total_seconds=total)


async def look(serve: Serve, *paths: str, total: float = 3) -> tuple[Page, ...]:
    async with server(serve) as port:
        return await wire(total).look(*visit(f"http://127.0.0.1:{port}/blog", *paths))


async def test_a_page_is_its_status_its_size_and_the_hash_of_its_title_and_no_content() -> None:
    (page,) = await look(says(http(200, HTML)))
    assert page == Page("", 200, hashlib.sha256(b"A shop").hexdigest(), len(HTML), fatal=False, location="")
    assert "bread" not in repr(page)


async def test_pages_are_asked_for_past_every_cache_and_without_cookies() -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        writer.write(http(200, HTML))

    pages = await look(serve, "", "shop/?sort=price", "/about")
    assert [page.url for page in pages] == ["", "shop/?sort=price", "/about"]
    assert {head.split(b" ")[1] for head in seen} == {
        b"/blog/?presswarden=" + BUST.encode(),
        b"/blog/shop/?sort=price&presswarden=" + BUST.encode(),
        b"/blog/about?presswarden=" + BUST.encode(),
    }
    assert all(b"cache-control: no-cache" in head.lower() and b"cookie" not in head.lower() for head in seen)


async def test_a_signed_probe_goes_with_the_visit_and_not_to_where_a_redirect_leads() -> None:
    seen: list[bytes] = []
    stolen: list[bytes] = []

    async def elsewhere(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        stolen.append(head)
        writer.write(http(200, HTML))

    async with server(elsewhere) as trap:

        async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
            seen.append(head)
            writer.write(http(302, b"", f"Location: http://127.0.0.1:{trap}/next?a=1&presswarden={BUST}"))

        async with server(serve) as port:
            (page,) = await wire().look(*visit(f"http://127.0.0.1:{port}", headers={"X-Presswarden-Probe": "c.1.s"}))
        assert page == Page("", 302, "", 0, fatal=False, location=f"http://127.0.0.1:{trap}/next?a=1")
    assert b"x-presswarden-probe: c.1.s" in seen[0].lower()
    assert stolen == []


@pytest.mark.parametrize(
    "body",
    [
        b'<html><title>x</title><div class="wp-die-message">Es gab einen kritischen Fehler</div>',
        b'<body id="error-page"><p>Error</p>',
        b"half a page<br />\n<b>Fatal error</b>:  Uncaught Error",
        b"half a page\nPHP Parse error:  syntax error",
        b"<b>Parse error</b>: syntax error",
        b"half\nFatal error: Allowed memory size",
    ],
)
async def test_a_fatal_error_in_a_page_is_seen_whatever_its_status(body: bytes) -> None:
    (page,) = await look(says(http(200, body)))
    assert page.fatal


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\nhalf"],
)
async def test_what_is_no_answer_has_status_0(answer: bytes) -> None:
    (page,) = await look(says(answer))
    assert (page.status, page.size) == (0, 0)


async def test_nobody_listening_has_status_0_too() -> None:
    async with server(says(b"")) as port:
        pass
    assert [page.status for page in await wire().look(*visit(f"http://127.0.0.1:{port}", "", "a"))] == [0, 0]


async def test_an_address_that_sites_may_not_have_is_not_looked_at() -> None:
    (page,) = await HttpWire(()).look(*visit("http://127.0.0.1:9"))
    assert page.status == 0


async def test_a_page_without_end_is_cut_where_every_page_is() -> None:
    async def endless(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2_000):
            writer.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
            await writer.drain()

    (page,) = await look(endless)
    assert (page.status, page.size) == (200, MOST_READ)


@pytest.mark.parametrize("body", [b"<title " * 290_000, b"<title>" * 290_000, b"<title>x</titl" * 140_000])
async def test_a_page_made_to_be_searched_for_ever_holds_nobody_up(body: bytes) -> None:
    began = time.process_time()
    (page,) = await look(says(http(200, body)), total=10)
    assert (page.status, page.title) == (200, "")
    assert time.process_time() - began < 2


async def test_a_page_that_drips_is_no_answer_after_its_time() -> None:
    async def drip(_head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(200):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    (page,) = await look(drip, total=0.5)
    assert page.status == 0


async def test_a_page_that_was_compressed_all_the_same_keeps_its_size_and_is_not_read() -> None:
    (page,) = await look(says(http(200, HTML, "Content-Encoding: gzip")))
    assert (page.status, page.size, page.title) == (200, len(HTML), "")


@pytest.mark.parametrize("changed", [{"call": CallId("0" * 36)}, {"tool": "wp.site.inventory"}, {"at": NOW + timedelta(minutes=6)}])
async def test_a_permit_for_something_else_looks_at_nothing(changed: dict[str, Any]) -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, _writer: asyncio.StreamWriter) -> None:
        seen.append(head)

    async with server(serve) as port:
        made, permit = visit(f"http://127.0.0.1:{port}")
        with pytest.raises(RuntimeError, match="permit"):
            await wire().look(replace(made, **changed), permit)
        with pytest.raises(RuntimeError, match="permit"):
            await wire().exposed(replace(made, **changed), "7" * 32, permit)
    assert seen == []


# The canary of the snapshot folder.

TOKEN = "7" * 32


@pytest.mark.req("W14")
@pytest.mark.parametrize(
    ("answer", "exposed"),
    [
        (http(200, b"<?php exit; ?>\n" + TOKEN.encode()), True),
        (http(403, b"no " + TOKEN.encode()), True),
        (http(200, b""), False),
        (http(403, b"Forbidden"), False),
        (http(404, HTML), False),
        (http(301, b"", "Location: /elsewhere"), False),
        (b"", None),
    ],
)
async def test_a_canary_is_exposed_when_its_token_comes_back_and_untested_when_nothing_does(answer: bytes, exposed: bool | None) -> None:
    async with server(says(answer)) as port:
        made, permit = visit(f"http://127.0.0.1:{port}", "wp-content/presswarden-snapshots/canary.php")
        assert await wire().exposed(made, TOKEN, permit) is exposed


@pytest.mark.req("W14")
async def test_a_canary_at_an_address_that_sites_may_not_have_is_untested() -> None:
    assert await HttpWire(()).exposed(*_with_token(visit("http://127.0.0.1:9", "a"))) is None


@pytest.mark.req("W14")
@pytest.mark.parametrize(
    "path", ["a b", "a\r\nHost: elsewhere", "\x00", "☃", "//elsewhere.example/a", "http://elsewhere.example/a", "../../a#b"]
)
async def test_a_strange_path_of_a_canary_leads_nowhere_else(path: str) -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        writer.write(http(404, b""))

    async with server(serve) as port:
        made, permit = visit(f"http://127.0.0.1:{port}", path)
        assert await wire().exposed(made, TOKEN, permit) in {False, None}
    for head in seen:
        assert head.split(b"\r\n")[0].startswith(b"GET /")
        assert head.lower().count(b"host:") == 1


def _with_token(made: tuple[Visit, Permit]) -> tuple[Visit, str, Permit]:
    return made[0], TOKEN, made[1]


# The recover call.


@pytest.mark.req("W15")
async def test_the_watchdogs_answer_to_a_recover_call_is_told() -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        writer.write(http(200, b'{"restored":true,"state":"restored"}'))

    async with server(serve) as port:
        assert await wire().recover(*rescue(f"http://127.0.0.1:{port}")) == Recovery(answered=True, state="restored")
    assert seen[0].startswith(b"GET /?presswarden=" + BUST.encode())
    assert b"x-presswarden-recover: c.1.s" in seen[0].lower()


@pytest.mark.req("W15")
@pytest.mark.parametrize(
    "answer", [http(200, HTML), http(403, b'{"restored":true,"state":"restored"}'), http(200, b'{"restored":"yes","state":1}'), b""]
)
async def test_any_other_page_is_no_answer_of_the_watchdog(answer: bytes) -> None:
    async with server(says(answer)) as port:
        assert await wire().recover(*rescue(f"http://127.0.0.1:{port}")) == Recovery(answered=False, state="")


@pytest.mark.req("W15")
async def test_where_half_a_core_answers_nothing_the_rescue_file_is_asked() -> None:
    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        is_rescue = head.startswith(b"GET /presswarden-00.php?")
        writer.write(http(200, b'{"restored":false,"state":"restoring"}') if is_rescue else http(500, b""))

    async with server(serve) as port:
        asked = rescue(f"http://127.0.0.1:{port}", "presswarden-00.php")
        assert await wire().recover(*asked) == Recovery(answered=True, state="restoring")


@pytest.mark.req("W15")
async def test_a_recover_call_needs_the_permit_of_the_leaf_that_takes_the_change_back() -> None:
    made, _ = rescue("http://127.0.0.1:9")
    _, another = rescue("http://127.0.0.1:9")
    with pytest.raises(RuntimeError, match="permit"):
        await wire().recover(made, another)
    assert await HttpWire(()).recover(*rescue("http://127.0.0.1:9")) == Recovery(answered=False, state="")
