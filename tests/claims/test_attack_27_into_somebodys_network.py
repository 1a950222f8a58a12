"""Attack 27: have the control plane call an address inside somebody's network: as a site's home, as a package, as a receiver of webhooks.

Every way out is tried with every spelling of an inside address, with names that change between two look-ups, and with redirects. A server on this machine
stands for the inside: it must hear nothing. What stops it: a name is resolved once, all its addresses are judged, the connection goes to a judged one, and
no redirect is followed. The proof judges nothing: then the inside answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from presswarden.dispatch.model import WireAnswer
from presswarden.outside.fetch import Fetcher
from presswarden.outside.hooks import Hooks
from presswarden.outside.wire import HttpWire
from tests.claims.attacks import Attack
from tests.stages.outside.servers import GOOD, LOOPBACK, http, post, server

pytestmark = pytest.mark.req("N6")

EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
SPELLINGS = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "localhost", "a.localhost", "[::1]", "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]", "[::]", "169.254.169.254", "[fe80::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "[fd00::1]", "[fec0::1]",
    "metadata.google.internal", "127.0.0.1.", "user@127.0.0.1", "shop.example@127.0.0.1", "127.0.0.1#@shop.example", "①②⑦.0.0.1",
)  # fmt: skip
INSIDE = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "0.0.0.0", "::ffff:10.0.0.1")


class Names:
    """A name server that tells another address each time, and counts how often it was asked."""

    def __init__(self, *told: Sequence[str]) -> None:
        self.told, self.asked = list(told), 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]


def ways(resolver: Names | None = None, networks: Sequence[object] = ()) -> dict[str, Callable[[str], Awaitable[bool]]]:
    """Each way out; True when somebody answered."""
    more = {} if resolver is None else {"resolver": resolver}

    async def call(url: str) -> bool:
        return isinstance(await post(url, HttpWire(networks, connect_seconds=1, total_seconds=2, **more)), WireAnswer)  # type: ignore[arg-type]

    async def hook(url: str) -> bool:
        return await Hooks(networks, seconds=2, **more).post(url + "/hook", "whsec_" + "A" * 44, "id", b"{}", now=datetime.now(UTC)) is None  # type: ignore[arg-type]

    return {"call": call, "webhook": hook}


async def heard(attack: Attack | None, work: Callable[[int], Awaitable[None]], answer: bytes = http(200, GOOD)) -> list[bytes]:
    """What the server inside heard while `work` was done."""
    got: list[bytes] = []

    async def serve(head: bytes, _body: bytes, writer: asyncio.StreamWriter) -> None:
        got.append(head)
        writer.write(answer)

    async with server(serve) as port:
        await work(port)
    return got


async def test_no_spelling_of_an_inside_address_is_called(attack: Attack) -> None:
    async def work(port: int) -> None:
        for way, out in ways().items():
            for scheme in ("http", "https"):
                for host in SPELLINGS:
                    attack.repelled(f"{way}: {scheme}://{host}", not await out(f"{scheme}://{host}:{port}"))

    attack.repelled("nothing was heard inside", await heard(attack, work) == [])


async def test_no_name_leads_inside_at_its_first_or_at_its_second_look_up(attack: Attack) -> None:
    async def work(port: int) -> None:
        for inside in INSIDE:
            for told in ([[inside]], [["93.184.216.34", inside]], [[inside], ["93.184.216.34"]]):
                names = Names(*told)
                for way, out in ways(names).items():
                    attack.repelled(f"{way}: a name that is {told}", not await out(f"https://shop.example:{port}"))

    attack.repelled("nothing was heard inside", await heard(attack, work) == [])


async def test_no_redirect_leads_inside(attack: Attack) -> None:
    for status in (301, 302, 303, 307, 308):
        inside: list[bytes] = []

        async def hears(head: bytes, _body: bytes, writer: asyncio.StreamWriter, kept: list[bytes] = inside) -> None:
            kept.append(head)
            writer.write(http(200, GOOD))

        async with server(hears) as behind:
            moved = http(status, b"", f"Location: http://127.0.0.1:{behind}/")

            async def work(port: int, status: int = status) -> None:
                for way, out in ways(networks=LOOPBACK).items():
                    attack.repelled(f"{way}: {status}", not await out(f"http://127.0.0.1:{port}"))

            assert await heard(attack, work, moved), "whoever redirects was called"
        attack.repelled(f"{status}: nothing was heard behind it", inside == [], inside)


async def test_a_package_is_fetched_from_named_hosts_alone(attack: Attack) -> None:
    fetch = Fetcher({}, connect_seconds=1, total_seconds=2)

    async def work(port: int) -> None:
        for host in SPELLINGS:
            told = repr(await fetch.digest(f"http://{host}:{port}/a.zip"))
            attack.repelled(host, "sha256" not in told or "Fault" in told, told)

    attack.repelled("nothing was heard inside", await heard(attack, work) == [])


async def test_an_address_that_the_operator_allows_is_called() -> None:
    async def work(port: int) -> None:
        for out in ways(networks=LOOPBACK).values():
            assert await out(f"http://127.0.0.1:{port}")

    assert len(await heard(None, work)) == 2


async def test_without_the_look_at_addresses_a_name_leads_inside() -> None:
    async def work(port: int) -> None:
        assert await ways(Names(["127.0.0.1"]), EVERYWHERE)["call"](f"http://a.localhost:{port}")

    assert len(await heard(None, work)) == 1
