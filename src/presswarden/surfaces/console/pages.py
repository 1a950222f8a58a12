"""How a page is made: Jinja with strict names and escaping always on, a nonce for each answer, one strict policy for what the browser may run.

`render` gives a whole page, or the region alone where htmx asked for a part. Limits: templates get typed views and nothing else; they open nothing.
"""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final  # Any: what a template is given
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from presswarden.identity.model import Permission
from presswarden.kernel.clock import Clock
from presswarden.surfaces.console import wording
from presswarden.surfaces.console.assets import Assets
from presswarden.surfaces.console.shell import NO_SHELL, Shell
from presswarden.surfaces.console.visit import Stranger, Visit

TEMPLATES: Final = Path(__file__).parent / "templates"
THEMES: Final = ("auto", "light", "dark")
_PARTIAL: Final = "HX-Request-Type"


def consent_url(url: str) -> str:
    """The origin where people say yes: another host, so that no cookie and no script of the console reaches it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://consent.{rest}"


def wants_part(request: Request) -> bool:
    return request.headers.get(_PARTIAL) == "partial"


class Pages:
    def __init__(self, assets: Assets, clock: Clock, url: str) -> None:
        self._assets = assets
        self._clock = clock
        self._url = url
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            auto_reload=False, cache_size=-1,
        )  # fmt: skip
        self._templates.globals.update(
            asset=assets.url, permission=Permission, counted=wording.counted, public_url=url, consent_url=consent_url(url)
        )
        self._templates.filters.update(
            plain=wording.plain, flat=wording.flat, moment=wording.moment, iso=wording.iso, number=wording.number, initials=wording.initials
        )

    def teach(self, name: str, filter_: Callable[..., object]) -> None:
        """A filter of one room, for its own templates."""
        self._templates.filters[name] = filter_

    def render(
        self,
        request: Request,
        name: str,
        *,
        view: object = None,
        visit: Visit | Stranger | None = None,
        status: int = 200,
        region: str = "",
    ) -> Response:
        """The page `name`; where htmx asked for a part and the page names its `region`, that template alone."""
        if region and wants_part(request):
            return self.region(request, region, view=view, visit=visit, status=status)
        return self._answer(request, self.text(request, name, view=view, visit=visit), status)

    def region(
        self, request: Request, name: str, *, view: object = None, visit: Visit | Stranger | None = None, status: int = 200
    ) -> Response:
        """One template alone, as the part of a page that htmx swaps."""
        return self._answer(request, self.text(request, name, view=view, visit=visit), status)

    def text(self, request: Request, name: str, *, view: object = None, visit: Visit | Stranger | None = None) -> str:
        """The HTML itself: what a stream sends."""
        return self._templates.get_template(name).render(self._given(request, view, visit))

    def _given(self, request: Request, view: object, visit: Visit | Stranger | None) -> Mapping[str, Any]:
        now = self._clock.now()
        shell: Shell = getattr(request.state, "shell", NO_SHELL)
        theme = request.cookies.get("theme", "auto")
        return {
            "view": view,
            "visit": visit if isinstance(visit, Visit) else None,
            "token": masked(visit.session.token if isinstance(visit, Visit) else visit.token) if visit else "",
            "shell": shell,
            "nonce": nonce_of(request),
            "theme": theme if theme in THEMES else "auto",
            "keys": "off" if request.cookies.get("keys") == "off" else "on",
            "path": request.url.path,
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "now": now,
            "ago": lambda at: wording.ago(at, now),
        }

    def _answer(self, request: Request, html: str, status: int) -> Response:
        headers = {"Content-Security-Policy": policy(nonce_of(request), self._url), "Cache-Control": "no-store", "Vary": _PARTIAL}
        return Response(html, status, headers, media_type="text/html; charset=utf-8")


def masked(token: str) -> str:
    """The token of a form, never twice the same: pages are compressed, and what repeats beside a word of the address could be guessed by its size."""
    raw = token.encode()
    pad = secrets.token_bytes(len(raw))
    return (pad + bytes(one ^ other for one, other in zip(pad, raw, strict=True))).hex()


def unmasked(text: str) -> str:
    """What `masked` was given; anything else as it is."""
    try:
        whole = bytes.fromhex(text)
    except ValueError:
        return text
    half = len(whole) // 2
    try:
        return bytes(one ^ other for one, other in zip(whole[:half], whole[half:], strict=True)).decode("ascii") if half > 32 else text
    except ValueError:
        return text


def nonce_of(request: Request) -> str:
    """One for each answer; whoever asks first makes it."""
    found: str | None = getattr(request.state, "nonce", None)
    if found is None:
        found = request.state.nonce = secrets.token_urlsafe(16)
    return found


def policy(nonce: str, url: str) -> str:
    """Nothing from elsewhere, nothing inline, no eval; only htmx may write HTML, and only where an element carries this answer's nonce.

    A form may lead to the console and to the origin of consents: a browser asks this for each redirect after a form too.
    """
    other = consent_url(url) if urlsplit(url).hostname else ""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        f"form-action 'self' {url} {other}; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types htmx"
    )
