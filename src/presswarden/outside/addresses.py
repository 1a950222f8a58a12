"""Which addresses a site may have: the guard against being sent to the inside of somebody's network.

A name is resolved once, every address it has is judged, and the connection goes to a judged address, so a second look-up can't lead elsewhere (DNS
rebinding). Limits: it judges addresses, not who stands behind them; that is what signatures are for.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64: Final = ip_network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
"""All that IANA ever gave out of IPv6. The library calls the old site-local fec0::/10 global, and may call what comes later so."""
_MOST_ADDRESSES: Final = 16


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call may go: judged addresses, in the order to try."""

    scheme: str
    host: str
    port: int
    authority: str
    """As it stands in the Host header."""
    path: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class AddressRefused:
    says: str
    do: str


@dataclass(frozen=True, slots=True)
class NotResolved:
    says: str


async def resolve(host: str, port: int) -> Sequence[str]:
    """The machine's own resolver. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_local_name(host: str) -> bool:
    """localhost, *.localhost, 127.0.0.0/8, ::1: the only hosts that plain HTTP is for (parsed, never matched as text)."""
    literal = _literal(host)
    if literal is not None:
        return literal.is_loopback
    return host == "localhost" or host.endswith(".localhost")


async def judge(home: str, networks: Sequence[Network], resolver: Resolver) -> Target | AddressRefused | NotResolved:
    """Resolve and judge the site's address. `networks` are the private networks that the operator allows."""
    try:
        url = urlsplit(home)
        host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        return AddressRefused("The site's address is not a URL.", "Pair the site again.")
    if url.scheme not in {"http", "https"} or not host or url.username is not None or url.query or url.fragment:
        return AddressRefused("The site's address is not a plain http(s) URL.", "Pair the site again.")
    if url.scheme == "http" and not is_local_name(host):
        return AddressRefused(f"{host} would be called over plain HTTP.", "Give the site HTTPS; plain HTTP is for local hosts alone.")
    found = await _addresses(host, port, resolver)
    if isinstance(found, NotResolved):
        return found
    if is_local_name(host):  # both loopbacks are the same machine: one allowed network is enough
        found = tuple(address for address in found if _allowed(address, networks)) or found
    for address in found:
        if not _allowed(address, networks):
            return AddressRefused(
                f"{host} leads to {address}, which is not a public address.",
                "If the site really is there, add its network to site_networks.",
            )
        if url.scheme == "http" and not _bare(address).is_loopback:
            return AddressRefused(f"{host} leads to {address}, which is not this machine.", "Plain HTTP is for local hosts alone.")
    return Target(url.scheme, host, port, url.netloc, url.path.rstrip("/"), found)


async def _addresses(host: str, port: int, resolver: Resolver) -> tuple[Address, ...] | NotResolved:
    literal = _literal(host)
    if literal is not None:
        return (literal,)
    if is_local_name(host):
        # RFC 6761: these names are the loopback's, whatever a name server says.
        return (IPv4Address("127.0.0.1"), IPv6Address("::1"))
    try:
        texts = await resolver(host, port)
        found = tuple(dict.fromkeys(ip_address(text.partition("%")[0]) for text in texts))
    except (OSError, ValueError):
        found = ()
    return found[:_MOST_ADDRESSES] if found else NotResolved(f"The name {host} has no address.")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _bare(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where there is one: that is where the packets go."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
    return address


def _allowed(address: Address, networks: Sequence[Network]) -> bool:
    bare = _bare(address)
    if any(bare in network for network in networks if network.version == bare.version):
        return True
    if isinstance(bare, IPv6Address) and bare not in _GLOBAL_UNICAST:
        return False
    return bare.is_global and not bare.is_multicast and not bare.is_reserved and not bare.is_unspecified
