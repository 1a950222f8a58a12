"""A look at a site as any visitor has it, on the day on which it is connected: its name, its certificate, its home page, where that leads, its REST API.

At most four requests, to a judged address, without cookies, bounded, no redirect followed, no password tried. What is told are codes and our own words; of a
page nothing is kept but its status and where it leads. Limits: seen from here; a host that treats others differently shows them something else.
"""

import asyncio
import json
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from presswarden.outside.addresses import Address, AddressRefused, Network, NotResolved, Resolver, Target, judge, resolve
from presswarden.sites.probes.model import Finding, State

_SECONDS: Final = 8.0
_CONNECT_SECONDS: Final = 4.0
_MOST_READ: Final = 262_144
_TRIED_ADDRESSES: Final = 3
_SOON: Final = 14
"""Days: a certificate that ends within them is warned of."""
_NAMESPACE: Final = "presswarden/v1"
_HOST: Final = re.compile(r"[a-z0-9.:\[\]-]{1,253}\Z")


@dataclass(frozen=True, slots=True)
class _Got:
    status: int
    location: str
    body: bytes
    ends: datetime | None
    """When the certificate that was shown ends."""


class Prober:
    """One for a process."""

    def __init__(
        self,
        networks: Sequence[Network],
        *,
        resolver: Resolver = resolve,
        trust: ssl.SSLContext | None = None,
        total_seconds: float = _SECONDS,
    ) -> None:
        self._networks = tuple(networks)
        self._resolver = resolver
        self._trust = trust or ssl.create_default_context()
        self._seconds = total_seconds

    async def look(self, home: str, now: datetime) -> tuple[Finding, ...]:
        """What was found, in the order of the way there; it ends with the first thing that nothing gets past."""
        target = await judge(home, self._networks, self._resolver)
        if isinstance(target, NotResolved):
            return (_bad("probe.name", target.says, "Look at the domain's DNS: an A or AAAA record has to lead to the host."),)
        if isinstance(target, AddressRefused):
            return (_bad("probe.address", target.says, target.do),)
        named = _ok("probe.name", f"The name leads to {target.addresses[0]}.")
        met = await self._meet(target, now)
        if isinstance(met, Finding):
            return (named, met)
        certificate = [met.certificate] if met.certificate is not None else []
        page = await self._get(target, "/")
        if page is None:
            return (named, *certificate, _bad("probe.answer", "It takes the connection and gives no answer in time.", _LOAD))
        return (named, *certificate, _answer(page), *_redirect(home, target, page), await self._api(target))

    async def _meet(self, target: Target, now: datetime) -> "_Met | Finding":
        """Connect, and shake hands where it is https; nothing is asked yet."""
        if target.scheme == "http":
            return _Met(None)
        try:
            ends = await self._certificate(target)
        except ssl.SSLCertVerificationError as refused:
            return _bad("probe.certificate", f"Its certificate is not accepted: {_words(refused.verify_message)}.", _CERTIFICATE)
        except ssl.SSLError:
            return _bad("probe.tls", "It does not speak TLS 1.2 or newer at this address.", _CERTIFICATE)
        except (httpx.HTTPError, OSError, TimeoutError):
            return _bad("probe.closed", "Nothing takes a connection at this address.", _CLOSED)
        days = None if ends is None else (ends - now).days
        if days is not None and days < _SOON:
            return _Met(
                _warn(
                    "probe.certificate", f"Its certificate ends in {max(days, 0)} days.", "Renew it, or look why it does not renew itself."
                )
            )
        return _Met(
            _ok(
                "probe.certificate",
                "Its certificate is accepted." if days is None else f"Its certificate is accepted, for {days} more days.",
            )
        )

    async def _certificate(self, target: Target) -> datetime | None:
        try:
            return (await self._exchange("HEAD", target, target.addresses[0], "/")).ends
        except httpx.HTTPError as broken:
            raise _cause(broken) from broken

    async def _get(self, target: Target, path: str) -> _Got | None:
        """None when there was no answer."""
        try:
            async with asyncio.timeout(self._seconds):
                for address in target.addresses[:_TRIED_ADDRESSES]:
                    try:
                        return await self._exchange("GET", target, address, path)
                    except (httpx.ConnectError, httpx.ConnectTimeout):
                        continue
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            pass
        return None

    async def _exchange(self, method: str, target: Target, address: Address, path: str) -> _Got:
        """To the judged address; the name stands in Host and SNI, and the certificate is checked against it."""
        host = f"[{address}]" if address.version == 6 else str(address)
        sent = {
            "Host": target.authority,
            "Accept": "text/html,*/*;q=0.5",
            "Accept-Encoding": "identity",
            "User-Agent": "Presswarden",
            "Connection": "close",
        }
        timeout = httpx.Timeout(self._seconds, connect=_CONNECT_SECONDS).as_dict()
        extensions = {"sni_hostname": target.host, "timeout": timeout}
        request = httpx.Request(method, f"{target.scheme}://{host}:{target.port}{target.path}{path}", headers=sent, extensions=extensions)
        async with httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False) as transport:
            answer = await transport.handle_async_request(request)
            try:
                stream = answer.extensions.get("network_stream")
                shown = stream.get_extra_info("ssl_object") if stream is not None else None
                ends = ((shown.getpeercert() if shown is not None else None) or {}).get("notAfter")
                body = bytearray()
                async for part in answer.aiter_raw():
                    body += part
                    if len(body) >= _MOST_READ:
                        break
            finally:
                await answer.aclose()
        until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
        return _Got(answer.status_code, answer.headers.get("location", ""), bytes(body[:_MOST_READ]), until)

    async def _api(self, target: Target) -> Finding:
        """The two forms of the address that signed calls go to; one of them is enough."""
        seen = []
        for path in ("/wp-json/", "/?rest_route=/"):
            found = await self._get(target, path)
            told = _object(found.body) if found is not None and found.status == 200 else {}
            spaces = told.get("namespaces")
            if isinstance(spaces, list):
                form = "" if path == "/wp-json/" else " (without pretty links)"
                if _NAMESPACE in spaces:
                    return _ok("probe.api", f"Its REST API answers{form}, and the connector is in it.")
                return _warn(
                    "probe.connector",
                    f"Its REST API answers{form} without the connector.",
                    "Install and activate the connector, and pair it.",
                )
            seen.append("no answer" if found is None else f"HTTP {found.status}")
        return _bad("probe.api", f"Its REST API can't be read by a visitor: {', then '.join(dict.fromkeys(seen))}.", _BLOCKED)


class _Met:
    def __init__(self, certificate: Finding | None) -> None:
        self.certificate = certificate


_CERTIFICATE: Final = "Give the host a certificate for this very name, from an authority that browsers trust; the whole chain."
_CLOSED: Final = "Is the web server running, and does a firewall or an allow-list hold this control plane's address back?"
_LOAD: Final = "Look at the site's own load and error log, and at what stands before it."
_BLOCKED: Final = (
    "Look for a security plugin, a firewall, basic auth or a rule of the web server that holds /wp-json/ back, and let our address through."
)


def _answer(page: _Got) -> Finding:
    if page.status in (401, 407):
        return _bad(
            "probe.guarded", f"The home page asks for a password (HTTP {page.status}).", "Let /wp-json/presswarden/ through without it."
        )
    if page.status in (403, 429):
        return _warn("probe.held_back", f"The home page is held back from us (HTTP {page.status}).", _BLOCKED)
    if page.status >= 500:
        return _bad("probe.failing", f"The home page fails (HTTP {page.status}).", _LOAD)
    if page.status == 404:
        return _warn("probe.no_page", "There is no home page (HTTP 404).", "Is WordPress really at this address? Look at its Site Address.")
    return _ok("probe.answer", f"The home page answers (HTTP {page.status}).")


def _redirect(home: str, target: Target, page: _Got) -> tuple[Finding, ...]:
    """Signed calls follow no redirect: where the home page leads elsewhere, the site was paired under an address that is not its own."""
    if not 300 <= page.status < 400 or not page.location:
        return ()
    try:
        to = urlsplit(urljoin(f"{home.rstrip('/')}/", page.location))
        same = (to.scheme, to.hostname, to.port or (443 if to.scheme == "https" else 80)) == (target.scheme, target.host, target.port)
        whither = f"{to.scheme}://{to.netloc.lower()}" if _HOST.match(to.netloc.lower()) else "another address"
    except ValueError:
        same, whither = False, "something that is no address"
    if same:
        return (_ok("probe.redirect", "The home page leads on within the same address."),)
    do = "Set the Site Address in WordPress to where visitors end up, and pair the site again from there."
    return (_warn("probe.redirect", f"The home page leads to {whither}; signed calls go nowhere else.", do),)


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _cause(broken: BaseException) -> BaseException:
    """What lies under it: the fault of TLS, where it is one."""
    seen: BaseException | None = broken
    for _ in range(6):
        if seen is None:
            break
        if isinstance(seen, ssl.SSLError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return broken


def _words(text: str) -> str:
    """OpenSSL's own words, which quote the name that was asked for and nothing of the other side."""
    return re.sub(r"[^A-Za-z0-9 .,:'()*-]", "", text)[:120] or "no reason is given"


def _ok(code: str, says: str) -> Finding:
    return Finding(code, State.OK, says, "")


def _warn(code: str, says: str, do: str) -> Finding:
    return Finding(code, State.WARN, says, do)


def _bad(code: str, says: str, do: str) -> Finding:
    return Finding(code, State.BAD, says, do)
