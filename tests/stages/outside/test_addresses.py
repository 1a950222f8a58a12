"""Where a call may go. Addresses are judged, names are never trusted."""

from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from presswarden.outside.addresses import AddressRefused, NotResolved, Target, is_local_name, judge

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Names:
    """A resolver that tells what it is given, and how often it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        if not self.addresses:
            raise OSError("no such name")
        return self.addresses


@pytest.mark.req("X3", "W12")
@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "0.0.0.0", "169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "fe80::1%eth0",
        "fec0::1", "64:ff9b:1::7f00:1", "::127.0.0.1", "::ffff:0:127.0.0.1", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "4000::1",
    ],
)  # fmt: skip
async def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert isinstance(await judge("https://shop.example", (), Names(address)), AddressRefused)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
async def test_a_public_address_is_accepted(address: str) -> None:
    target = await judge("https://shop.example/blog", (), Names(address))
    assert isinstance(target, Target)
    assert (target.host, target.port, target.authority, target.path) == ("shop.example", 443, "shop.example", "/blog")


async def test_one_refused_address_among_public_ones_refuses_all() -> None:
    assert isinstance(await judge("https://shop.example", (), Names("93.184.216.34", "10.0.0.1")), AddressRefused)


async def test_a_private_address_is_accepted_inside_a_configured_network_only() -> None:
    networks = (ip_network("10.1.0.0/16"),)
    assert isinstance(await judge("https://shop.example", networks, Names("10.1.2.3")), Target)
    assert isinstance(await judge("https://shop.example", networks, Names("10.2.2.3")), AddressRefused)
    assert isinstance(await judge("https://shop.example", networks, Names("::ffff:10.2.2.3")), AddressRefused)


@pytest.mark.req("X3")
@pytest.mark.parametrize(
    "home",
    [
        "http://shop.example", "http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://10.0.0.1", "http://127.1",
        "http://2130706433", "http://[::ffff:127.0.0.1]", "http://[fe80::1]", "ftp://localhost", "file:///etc/passwd", "https://user@shop.example",
        "https://", "https://shop.example/?x=1", "https://shop.example/#x", "https://shop.example:99999", "http://user@127.0.0.1",
    ],
)  # fmt: skip
async def test_a_home_that_is_no_plain_url_or_plain_http_to_elsewhere_is_refused(home: str) -> None:
    assert isinstance(await judge(home, LOOPBACK, Names("127.0.0.1")), AddressRefused)


async def test_plain_http_to_this_machine_needs_its_network_to_be_configured() -> None:
    names = Names("8.8.8.8")
    assert isinstance(await judge("http://localhost:8080", (), names), AddressRefused)
    target = await judge("http://localhost:8080", LOOPBACK, names)
    assert isinstance(target, Target)
    assert [str(address) for address in target.addresses] == ["127.0.0.1"]
    assert names.asked == 0, "a name server has no say in who localhost is"


async def test_a_name_without_an_address_is_not_resolved() -> None:
    assert isinstance(await judge("https://shop.example", (), Names()), NotResolved)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost.x", False),
        ("128.0.0.1", False),
        ("xlocalhost", False),
    ],
)
def test_local_names_are_parsed_and_not_matched_as_text(host: str, local: bool) -> None:
    assert is_local_name(host) is local
