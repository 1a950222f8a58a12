"""The guarded GET of packages: hosts that the operator named and no others, a judged address, no redirect, no proxy, bounded in size and in time.

Nothing is kept: the answer is hashed as it streams by. Without a host in `package_hosts` nothing is ever contacted. Limits: a hash says which bytes these
were, not that they are good; what is no zip is refused, what is inside one is not looked at.
"""

import asyncio
import hashlib
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from presswarden.outside.addresses import AddressRefused, Network, NotResolved, Resolver, Target, judge, resolve

LARGEST_PACKAGE: Final = 268_435_456
_ZIP: Final = b"PK\x03\x04"
_TRIED_ADDRESSES: Final = 3
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+\Z")
_QUERY: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/?-]*\Z")
_ANYWHERE: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_NOT_REACHED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Digest:
    """What was fetched, without it."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class FetchFault:
    """Why there is no hash. Codes are stable: they stand in the record of the package."""

    code: str
    says: str


class Fetcher:
    """One for a process. `hosts` maps a host that offers may name to where it is reached: its own https address, or a mirror that the operator set."""

    def __init__(
        self,
        hosts: Mapping[str, str],
        *,
        resolver: Resolver = resolve,
        trust: ssl.SSLContext | None = None,
        connect_seconds: float = 5.0,
        total_seconds: float = 300.0,
        largest: int = LARGEST_PACKAGE,
    ) -> None:
        self._hosts = dict(hosts)
        self._resolver = resolver
        self._trust = trust or ssl.create_default_context()
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._largest = largest

    def may(self, url: str) -> bool:
        """The address is one that this installation fetches from at all."""
        return not isinstance(self._allowed(url), FetchFault)

    async def digest(self, url: str) -> Digest | FetchFault:
        """Fetch the package at `url` and tell its hash."""
        allowed = self._allowed(url)
        if isinstance(allowed, FetchFault):
            return allowed
        base, parts = allowed
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._from(base, parts)
        except TimeoutError:
            return FetchFault("package.timeout", f"The package did not come within {self._total_seconds:g} s.")

    def _allowed(self, url: str) -> tuple[str, SplitResult] | FetchFault:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return FetchFault("package.url", "The offer's address is not a URL.")
        host = parts.hostname or ""
        if parts.scheme != "https" or port is not None or parts.username is not None or parts.fragment or "#" in url:
            return FetchFault("package.url", "The offer's address is not a plain https URL.")
        if not _PATH.match(parts.path) or not _QUERY.match(parts.query) or {".", ".."} & set(parts.path.split("/")):
            return FetchFault("package.url", "The offer's address has a path that no package has.")
        base = self._hosts.get(host)
        if base is None:
            return FetchFault("package.host", "Packages are not fetched from the host in the offer: it is not in package_hosts.")
        return base, parts

    async def _from(self, base: str, parts: SplitResult) -> Digest | FetchFault:
        # A mirror is the operator's own word and may stand inside; a host in an offer may not lead there.
        networks: Sequence[Network] = () if base == f"https://{parts.hostname}" else _ANYWHERE
        target = await judge(base, networks, self._resolver)
        if isinstance(target, AddressRefused):
            return FetchFault("package.address", target.says)
        if isinstance(target, NotResolved):
            return FetchFault("package.unreachable", target.says)
        rest = f"{target.path}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        fault = FetchFault("package.unreachable", f"{target.host} can't be reached.")
        for address in target.addresses[:_TRIED_ADDRESSES]:
            host = f"[{address}]" if address.version == 6 else str(address)
            try:
                return await self._hashed(target, f"{target.scheme}://{host}:{target.port}{rest}")
            except _NOT_REACHED as broken:
                if _is_tls(broken):
                    return FetchFault("package.tls", f"The certificate or TLS of {target.host} is not accepted.")
            except httpx.HTTPError:
                return FetchFault("package.broken", f"The answer of {target.host} broke off or is not HTTP.")
        return fault

    async def _hashed(self, target: Target, url: str) -> Digest | FetchFault:
        headers = {
            "Host": target.authority,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": "Presswarden",
            "Connection": "close",
        }
        timeout = httpx.Timeout(self._total_seconds, connect=self._connect_seconds)
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        transport = httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False, limits=limits)
        async with httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=timeout) as client:
            # The URL holds the judged address; the name stands in Host and SNI, and the certificate is checked against it.
            request = client.build_request("GET", url, headers=headers, extensions={"sni_hostname": target.host})
            answer = await client.send(request, stream=True)
            try:
                return await self._read(answer)
            finally:
                await answer.aclose()

    async def _read(self, answer: httpx.Response) -> Digest | FetchFault:
        if 300 <= answer.status_code < 400:
            return FetchFault("package.redirects", f"The package's address redirects (HTTP {answer.status_code}); that is not followed.")
        if answer.status_code != 200:
            return FetchFault("package.status", f"The package's address answers HTTP {answer.status_code}.")
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            return FetchFault("package.broken", "The package came compressed once more though it was asked not to.")
        hashed, size, head = hashlib.sha256(), 0, b""
        async for part in answer.aiter_raw():
            size += len(part)
            if size > self._largest:
                return FetchFault("package.too_large", f"The package is larger than {self._largest // 1_048_576} MiB.")
            head = (head + part)[:4] if len(head) < 4 else head
            hashed.update(part)
        if head != _ZIP:
            return FetchFault("package.no_zip", "What stands at the package's address is no zip.")
        return Digest(hashed.hexdigest(), size)


def _is_tls(broken: BaseException) -> bool:
    seen: BaseException | None = broken
    for _ in range(6):
        if seen is None:
            return False
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
