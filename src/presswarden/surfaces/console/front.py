"""What every answer of the web process carries, and which name reaches what. Limits: knows names and headers; who is asking is the door's.

The origin of consents is a name of its own: it answers with the pages where people say yes, and those pages are nowhere else.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from presswarden.kernel.ids import new_id
from presswarden.surfaces.console.pages import consent_url

_OF_CONSENTS: Final = ("/consent/", "/enrol/")
_ANYWHERE: Final = ("/static/", "/healthz", "/ingest/", "/.well-known/")
_SMALLEST_PACKED: Final = 500
_GIVEN: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Front:
    """Around the whole application."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        self._packing = GZipMiddleware(app, minimum_size=_SMALLEST_PACKED)
        self._consents = urlsplit(consent_url(url)).netloc
        self._secure = url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reference = new_id()
        scope.setdefault("state", {})["reference"] = reference
        if not scope["path"].startswith(_ANYWHERE):
            host = next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), "")
            if (host == self._consents) is not scope["path"].startswith(_OF_CONSENTS):
                # No route has this path: the answer is that of a page that does not exist.
                scope = {**scope, "path": "/not-here", "raw_path": b"/not-here"}

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _GIVEN.items():
                    headers.setdefault(name, value)
                headers.setdefault("x-request-id", reference)
                if self._secure:
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        # What sites get stays the bytes that the wire says.
        await (self._app if scope["path"].startswith("/ingest/") else self._packing)(scope, receive, answered)
