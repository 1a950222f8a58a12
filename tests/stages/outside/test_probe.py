"""A site looked at as any visitor has it: what is in the way is named with what to do, nothing leads inside, and nothing of a page is told."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from presswarden.outside.probe import Prober
from presswarden.sites.probes.model import Finding, State
from tests.stages.outside.servers import LOOPBACK, Serve, http, server
from tests.stages.outside.test_tls import Names, contexts

pytestmark = pytest.mark.req("S1", "W18")

INDEX = b'{"name":"shop","namespaces":["wp/v2","presswarden/v1"]}'
NOW = datetime.now(UTC)


def site(home: bytes, *, pretty: bytes = http(200, INDEX), plain: bytes = http(404, b""), asked: list[bytes] | None = None) -> Serve:
    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        if asked is not None:
            asked.append(head)
        path = head.split(b" ")[1]
        writer.write(pretty if path.startswith(b"/wp-json/") else plain if b"rest_route" in path else home)

    return serve


async def look(serve: Serve) -> tuple[Finding, ...]:
    async with server(serve) as port:
        return await Prober(LOOPBACK, total_seconds=3).look(f"http://127.0.0.1:{port}", NOW)


def told(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(one.code, one.state.value) for one in findings]


async def test_a_site_in_order_is_said_to_be_and_is_asked_three_times_at_most() -> None:
    asked: list[bytes] = []
    found = await look(site(http(200, b"<h1>secret words of the page</h1>"), asked=asked))
    assert told(found) == [("probe.name", "ok"), ("probe.answer", "ok"), ("probe.api", "ok")]
    assert "secret" not in repr(found)
    assert len(asked) <= 3
    assert not any(b"cookie" in each.lower() or b"authorization" in each.lower() or each.startswith(b"POST") for each in asked)


@pytest.mark.parametrize(
    ("home", "code", "state", "does"),
    [
        (http(401, b""), "probe.guarded", "bad", "without it"),
        (http(403, b""), "probe.held_back", "warn", "firewall"),
        (http(503, b""), "probe.failing", "bad", "error log"),
        (http(404, b""), "probe.no_page", "warn", "Site Address"),
        (http(301, b"", "Location: https://www.elsewhere.example/<b>"), "probe.redirect", "warn", "pair the site again"),
        (http(301, b"", "Location: http://[::bad/"), "probe.redirect", "warn", "pair the site again"),
        (http(302, b"", "Location: /en/"), "probe.redirect", "ok", ""),
    ],
)
async def test_what_is_in_the_way_of_the_home_page_is_named_with_what_to_do(home: bytes, code: str, state: str, does: str) -> None:
    found = next(one for one in await look(site(home)) if one.code == code)
    assert (found.state, does in found.do) == (State(state), True)
    assert "<" not in found.says


@pytest.mark.parametrize(
    ("pretty", "plain", "code", "state"),
    [
        (http(404, b""), http(200, INDEX), "probe.api", "ok"),
        (http(200, b'{"namespaces":["wp/v2"]}'), http(404, b""), "probe.connector", "warn"),
        (http(401, b'{"code":"rest_forbidden"}'), http(403, b""), "probe.api", "bad"),
        (http(200, b"<html>not json"), http(200, b"[" * 5000), "probe.api", "bad"),
    ],
)
async def test_a_rest_api_that_is_blocked_or_lacks_the_connector_is_named(pretty: bytes, plain: bytes, code: str, state: str) -> None:
    found = (await look(site(http(200, b""), pretty=pretty, plain=plain)))[-1]
    assert (found.code, found.state) == (code, State(state))


@pytest.mark.req("X3")
async def test_a_certificate_is_told_with_its_end_and_one_for_another_name_ends_the_look(tmp_path: Path) -> None:
    shows, client = contexts(tmp_path, "shop.example")
    async with server(site(http(200, b"")), shows) as port:
        soon = await Prober(LOOPBACK, resolver=Names(*["127.0.0.1"]), trust=client).look(f"https://shop.example:{port}", NOW)
        other = await Prober(LOOPBACK, resolver=Names("127.0.0.1"), trust=client).look(f"https://www.shop.example:{port}", NOW)
        unknown = await Prober(LOOPBACK, resolver=Names("127.0.0.1")).look(f"https://shop.example:{port}", NOW)
    assert told(soon)[:3] == [("probe.name", "ok"), ("probe.certificate", "warn"), ("probe.answer", "ok")]
    assert "ends in 1 days" in soon[1].says or "ends in 2 days" in soon[1].says
    assert told(other) == told(unknown) == [("probe.name", "ok"), ("probe.certificate", "bad")]
    assert "hostname" in other[1].says.lower()


async def test_a_port_that_nobody_listens_at_and_a_name_that_leads_nowhere_are_told_apart() -> None:
    async with server(site(b"")) as port:
        pass
    closed = await Prober(LOOPBACK, resolver=Names("127.0.0.1")).look(f"https://shop.example:{port}", NOW)
    assert told(closed) == [("probe.name", "ok"), ("probe.closed", "bad")]

    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    assert told(await Prober((), resolver=nowhere).look("https://shop.example", NOW)) == [("probe.name", "bad")]


@pytest.mark.req("W18")
@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "fd00::1"])
async def test_nothing_is_asked_of_an_address_inside(address: str) -> None:
    asked: list[bytes] = []
    async with server(site(http(200, b""), asked=asked)) as port:
        found = await Prober((), resolver=Names(address)).look(f"https://shop.example:{port}", NOW)
    assert (told(found), asked) == ([("probe.address", "bad")], [])


async def test_a_site_that_never_answers_holds_the_look_up_for_seconds_alone() -> None:
    async def hang(_head: bytes, _body: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with server(hang) as port:
        found = await Prober(LOOPBACK, total_seconds=0.3).look(f"http://127.0.0.1:{port}", NOW)
    assert told(found) == [("probe.name", "ok"), ("probe.answer", "bad")]
