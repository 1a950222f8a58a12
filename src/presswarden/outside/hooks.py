"""Webhooks in the form of Standard Webhooks: a signed POST to an address that was judged this moment, no redirect, no proxy, bounded in time.

Limits: says what the receiver answered with and no more; what it answers is not read.
"""

import asyncio
import base64
import hmac
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import httpx

from presswarden.kernel.clock import unix
from presswarden.outside.addresses import AddressRefused, Network, NotResolved, Resolver, Target, judge, resolve

SECONDS: Final = 10.0
_TRIED_ADDRESSES: Final = 3
_KEY_PREFIX: Final = "whsec_"


@dataclass(frozen=True, slots=True)
class HookFault:
    code: str
    says: str


def signature(key: str, id_: str, at: datetime, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 over id, second and body, under the key that was shown once."""
    secret = base64.b64decode(key.removeprefix(_KEY_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(secret, f"{id_}.{unix(at)}.".encode() + body, "sha256")).decode()


class Hooks:
    """One for a process. `networks`: the private networks that receivers may stand in."""

    def __init__(
        self, networks: Sequence[Network], *, resolver: Resolver = resolve, trust: ssl.SSLContext | None = None, seconds: float = SECONDS
    ) -> None:
        self._networks = networks
        self._resolver = resolver
        self._trust = trust or ssl.create_default_context()
        self._seconds = seconds

    async def post(self, url: str, key: str, id_: str, body: bytes, *, now: datetime) -> HookFault | None:
        """None when the receiver took it (HTTP 2xx). The id is the same at every try; the moment is that of this one."""
        headers = {
            "Content-Type": "application/json", "User-Agent": "Presswarden", "Connection": "close", "Accept-Encoding": "identity",
            "webhook-id": id_, "webhook-timestamp": str(unix(now)), "webhook-signature": signature(key, id_, now, body),
        }  # fmt: skip
        base, _, query = url.partition("?")
        target = await judge(base, self._networks, self._resolver)
        if isinstance(target, AddressRefused):
            return HookFault("webhook.address", f"{target.says} Private networks have to be allowed in webhook_networks.")
        if isinstance(target, NotResolved):
            return HookFault("webhook.unreachable", target.says)
        path = httpx.URL(base).raw_path.decode() + (f"?{query}" if query else "")
        fault = HookFault("webhook.unreachable", f"{target.host} can't be reached.")
        try:
            async with asyncio.timeout(self._seconds):
                for address in target.addresses[:_TRIED_ADDRESSES]:
                    host = f"[{address}]" if address.version == 6 else str(address)
                    try:
                        return await self._send(target, f"{target.scheme}://{host}:{target.port}{path}", headers, body)
                    except (httpx.ConnectError, httpx.ConnectTimeout):
                        continue
                    except httpx.HTTPError:
                        return HookFault("webhook.broken", f"The answer of {target.host} broke off or is not HTTP.")
        except TimeoutError:
            return HookFault("webhook.timeout", f"{target.host} did not answer within {self._seconds:g} s.")
        return fault

    async def _send(self, target: Target, url: str, headers: dict[str, str], body: bytes) -> HookFault | None:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        transport = httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False, limits=limits)
        async with httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=self._seconds) as client:
            # The URL holds the judged address; the name stands in Host and SNI, and the certificate is checked against it.
            named = {**headers, "Host": target.authority}
            request = client.build_request("POST", url, headers=named, content=body, extensions={"sni_hostname": target.host})
            answer = await client.send(request, stream=True)
            await answer.aclose()
        if 200 <= answer.status_code < 300:
            return None
        return HookFault("webhook.status", f"{target.host} answered HTTP {answer.status_code}.")
