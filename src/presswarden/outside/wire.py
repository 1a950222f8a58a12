"""The one HTTP client to sites: a judged address, no redirect, no proxy, no decompression, bounded in size and in time.

What is not an answer of the connector gets a name (`WireFault`). Two forms of the endpoint are known; which one a site answers is remembered while the
process lives. Limits: nothing here verifies a signature; an answer is only bytes until dispatch has checked its receipt.
"""

import asyncio
import json
import ssl
from collections.abc import Sequence
from typing import Final

import httpx

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Klass
from presswarden.dispatch.model import Page, Recovery, Rescue, SignedCall, Visit, WireAnswer, WireFault
from presswarden.gate.permit import Permit
from presswarden.outside import pages
from presswarden.outside.addresses import AddressRefused, Network, NotResolved, Resolver, Target, judge, resolve

LARGEST_ANSWER: Final = 1_048_576
_PRETTY: Final = "/wp-json/presswarden/v1/call"
_PLAIN: Final = "/?rest_route=/presswarden/v1/call"
_RECEIPT: Final = "x-wp-agent-receiptsignature"
_MOST_HEADERS: Final = 100
_LONGEST_HEADER: Final = 8_192
_TRIED_ADDRESSES: Final = 3
_REMEMBERED_SITES: Final = 20_000
_RECOVER_SECONDS: Final = 60.0
_NOT_REACHED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class HttpWire:
    """Implements `dispatch.ports.Wire`. One for a process; it keeps no connection open between calls (sites share addresses, and names must not mix)."""

    def __init__(
        self,
        site_networks: Sequence[Network],
        *,
        resolver: Resolver = resolve,
        trust: ssl.SSLContext | None = None,
        connect_seconds: float = 5.0,
        total_seconds: float = 30.0,
        change_seconds: float = 120.0,
    ) -> None:
        self._networks = tuple(site_networks)
        self._resolver = resolver
        self._trust = trust or ssl.create_default_context()
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._change_seconds = change_seconds
        self._plain_form: dict[str, None] = {}

    async def post(self, call: SignedCall, permit: Permit) -> WireAnswer | WireFault:
        """Send the call. Raises `RuntimeError` when the permit does not cover it: a broken promise, not a refusal."""
        covers = permit.covers(installation=call.installation, call=call.call, tool=call.tool, args_hash=call.args_hash, now=call.signed_at)
        if not covers:
            raise RuntimeError("this permit is for another call, or its time is over")
        action = CATALOGUE.get(call.tool)
        is_change = action is not None and action.klass in {Klass.CHANGE, Klass.RECOVER}
        seconds = self._change_seconds if is_change else self._total_seconds
        progress = _Progress()
        try:
            async with asyncio.timeout(seconds):
                return await self._to_either_form(call, progress)
        except TimeoutError:
            return _fault(
                "site.timeout",
                f"The site did not answer within {seconds:g} s.",
                "Try again; look at the site's own load.",
                progress,
            )

    async def look(self, visit: Visit, permit: Permit) -> tuple[Page, ...]:
        """GET the site's public pages. Raises `RuntimeError` for a permit that is not this visit's."""
        target = await self._permitted(visit, permit)
        if target is None:
            return tuple(Page(path, 0, "", 0, fatal=False, location="") for path in visit.paths)
        return await pages.look(target, visit.paths, visit.bust, visit.headers, self._line())

    async def exposed(self, visit: Visit, token: str, permit: Permit) -> bool | None:
        """True when the canary's token can be read at the visit's first path; None when nobody answered."""
        target = await self._permitted(visit, permit)
        fetched = None if target is None else await pages.get(target, pages.busted(visit.paths[0], visit.bust), {}, self._line())
        return None if fetched is None else token.encode() in fetched.body

    async def recover(self, rescue: Rescue, permit: Permit) -> Recovery:
        """The signed recover call: to the home URL, and where a core change is open and that gave no answer, to the rescue file."""
        if not permit.covers(
            installation=rescue.installation, call=rescue.leaf_call, tool=rescue.tool, args_hash=rescue.args_hash, now=rescue.at
        ):
            raise RuntimeError("this permit does not cover taking this change back, or its time is over")
        target = await judge(rescue.home, self._networks, self._resolver)
        if not isinstance(target, Target):
            return Recovery(answered=False, state="")
        for path in ("", rescue.file) if rescue.file else ("",):
            line = pages.Line(self._trust, self._connect_seconds, _RECOVER_SECONDS)
            fetched = await pages.get(target, pages.busted(path, rescue.bust), rescue.headers, line)
            told = _object(fetched.body) if fetched is not None and fetched.status == 200 else {}
            state = told.get("state")
            if isinstance(told.get("restored"), bool) and isinstance(state, str):
                return Recovery(answered=True, state=state[:20])
        return Recovery(answered=False, state="")

    async def _permitted(self, visit: Visit, permit: Permit) -> Target | None:
        if not permit.covers(installation=visit.installation, call=visit.call, tool=visit.tool, args_hash=visit.args_hash, now=visit.at):
            raise RuntimeError("this permit is for another visit, or its time is over")
        target = await judge(visit.home, self._networks, self._resolver)
        return target if isinstance(target, Target) else None

    def _line(self) -> pages.Line:
        return pages.Line(self._trust, self._connect_seconds, min(pages.PAGE_SECONDS, self._total_seconds))

    async def _to_either_form(self, call: SignedCall, progress: "_Progress") -> WireAnswer | WireFault:
        target = await judge(call.home, self._networks, self._resolver)
        if isinstance(target, AddressRefused):
            return WireFault("site.address_refused", target.says, target.do, reached=False)
        if isinstance(target, NotResolved):
            return WireFault("site.unreachable", target.says, "Check the site's name and DNS.", reached=False)
        first, second = (_PLAIN, _PRETTY) if call.home in self._plain_form else (_PRETTY, _PLAIN)
        answer = await self._to_one_address(call, target, first, progress)
        if _could_be_the_connector(answer):
            return answer
        other = await self._to_one_address(call, target, second, progress)
        if not _could_be_the_connector(other):
            return answer if isinstance(answer, WireFault) or isinstance(other, WireFault) else _no_connector(answer, other)
        self._remember(call.home, plain=second == _PLAIN)
        return other

    def _remember(self, home: str, *, plain: bool) -> None:
        self._plain_form.pop(home, None)
        if plain:
            self._plain_form[home] = None
            while len(self._plain_form) > _REMEMBERED_SITES:
                del self._plain_form[next(iter(self._plain_form))]

    async def _to_one_address(self, call: SignedCall, target: Target, path: str, progress: "_Progress") -> WireAnswer | WireFault:
        fault = WireFault("site.unreachable", f"{target.host} can't be reached.", "Check that the site is up.", reached=False)
        for address in target.addresses[:_TRIED_ADDRESSES]:
            host = f"[{address}]" if address.version == 6 else str(address)
            url = f"{target.scheme}://{host}:{target.port}{target.path}{path}"
            try:
                return await self._exchange(call, target, url, progress)
            except httpx.HTTPError as broken:
                fault = self._named(broken, target, progress)
                if fault.reached or fault.code == "site.tls":
                    return fault
        return fault

    async def _exchange(self, call: SignedCall, target: Target, url: str, progress: "_Progress") -> WireAnswer | WireFault:
        headers = {
            **call.headers,
            "Host": target.authority,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "Presswarden",
            "Connection": "close",
        }
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        timeout = httpx.Timeout(max(self._total_seconds, self._change_seconds), connect=self._connect_seconds)
        # The URL holds the judged address; the name stands in Host and SNI, and the certificate is checked against it.
        more = {"sni_hostname": target.host, "trace": progress, "timeout": timeout.as_dict()}
        request = httpx.Request("POST", url, content=call.body, headers=headers, extensions=more)
        # Below the client: what that adds (cookies, redirects, proxies) is what must not be, and half of a call's cost.
        async with httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False, limits=limits) as transport:
            answer = await transport.handle_async_request(request)
            try:
                return await _read(answer, progress)
            finally:
                await answer.aclose()

    def _named(self, broken: httpx.HTTPError, target: Target, progress: "_Progress") -> WireFault:
        if isinstance(broken, _NOT_REACHED):
            cause = _tls_cause(broken)
            if cause is not None:
                return WireFault(
                    "site.tls",
                    f"The certificate or TLS of {target.host} is not accepted: {cause}.",
                    "Renew or correct the site's certificate; the name in it must be the site's.",
                    reached=False,
                )
            return WireFault(
                "site.unreachable", f"{target.host} can't be reached on port {target.port}.", "Check that the site is up.", reached=False
            )
        if isinstance(broken, httpx.TimeoutException):
            return _fault("site.timeout", f"{target.host} did not answer in time.", "Try again; look at the site's own load.", progress)
        return _fault(
            "site.broken_answer",
            f"The answer of {target.host} broke off or is not HTTP.",
            "Try again; look at the site's error log.",
            progress,
        )


class _Progress:
    """Listens to the client: from the first byte of a request on, the site may have got the call."""

    def __init__(self) -> None:
        self.reached = False

    async def __call__(self, event: str, _info: object) -> None:
        if event == "http11.send_request_headers.started":
            self.reached = True


async def _read(answer: httpx.Response, progress: _Progress) -> WireAnswer | WireFault:
    if 300 <= answer.status_code < 400:
        # The connector prints its answer and ends; whoever redirects stands before it.
        return WireFault(
            "site.redirects",
            f"The site answers a signed call with a redirect (HTTP {answer.status_code}); it is not followed.",
            "Pair the site under the address it redirects to, or take the rule for /wp-json/ away.",
            reached=False,
        )
    names = [name.lower() for name, _ in answer.headers.multi_items()]
    if len(names) > _MOST_HEADERS or any(len(value) > _LONGEST_HEADER for value in answer.headers.values()):
        return _fault("site.too_large", "The answer's headers are too large.", "Look at what stands in front of the site.", progress)
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        return _fault(
            "site.alters_answers",
            "Something in front of the site compresses its answers though it was asked not to.",
            "Exclude /wp-json/presswarden/ from compression and caching.",
            progress,
        )
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > LARGEST_ANSWER:
            return _fault("site.too_large", "The answer is larger than 1 MiB.", "Look at what stands in front of the site.", progress)
    once = {name: value for name, value in answer.headers.multi_items() if names.count(name.lower()) == 1}
    return WireAnswer(answer.status_code, {name.lower(): value for name, value in once.items()}, bytes(body))


def _could_be_the_connector(answer: WireAnswer | WireFault) -> bool:
    """False for what another part of the site answers: HTML, or WordPress's own "no such route"."""
    if isinstance(answer, WireFault) or _RECEIPT in answer.headers:
        # Where a receipt is, the connector ran, whatever became of its answer on the way.
        return True
    status = _object(answer.body).get("status")
    return isinstance(status, str) and status in {"done", "refused"}


def _no_connector(answer: WireAnswer, other: WireAnswer) -> WireFault:
    # A server error may come after the connector began (a fatal error in another plugin); any other page means that it was never asked.
    reached = max(answer.status, other.status) >= 500
    if {answer.status, other.status} == {401} and "www-authenticate" in answer.headers and "www-authenticate" in other.headers:
        return WireFault(
            "site.asks_password",
            "A password stands before the site (HTTP 401): the web server asks for it before WordPress is reached.",
            "Let /wp-json/presswarden/ pass without it: signed calls prove themselves. Or take the password away.",
            reached=False,
        )
    if _object(answer.body):
        return WireFault(
            "site.no_connector",
            f"WordPress answers, but not the connector (HTTP {answer.status}).",
            "Check on the site that the Presswarden plugin is active and paired.",
            reached=reached,
        )
    return WireFault(
        "site.answers_html",
        f"The site answers a page instead of the connector (HTTP {answer.status}).",
        "Check for a firewall, a maintenance page or a cache in front of /wp-json/, and that the plugin is active.",
        reached=reached,
    )


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _fault(code: str, says: str, do: str, progress: _Progress) -> WireFault:
    return WireFault(code, says, do, reached=progress.reached)


def _tls_cause(broken: BaseException) -> str | None:
    seen: BaseException | None = broken
    for _ in range(6):
        if seen is None:
            return None
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen.verify_message.rstrip(".")
        if isinstance(seen, ssl.SSLError):
            return (seen.reason or "handshake failed").replace("_", " ").lower()
        seen = seen.__cause__ or seen.__context__
    return None
