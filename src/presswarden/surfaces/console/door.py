"""The console's door: which session a request belongs to, whether a form is our own, whether the person proved lately who they are.

A form is taken when three things hold: the browser says it comes from this very origin, it is of a bounded size, and it carries the token of the
session (of the browser, before there is one). Limits: what a person may do is asked of the stages; how they sign in stands in the room `entry`.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import LONGEST, Key, read_key
from presswarden.kernel.errors import Malformed, PresswardenError, TooLarge
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.pages import unmasked, wants_part
from presswarden.surfaces.console.shell import shell_of
from presswarden.surfaces.console.visit import Stranger, Visit
from presswarden.surfaces.limits import source_of

__all__ = [
    "COOKIE", "ElsewhereNeeded", "PostRefused", "SignInNeeded", "StepUpNeeded", "Stranger", "Visit", "admit", "dismiss", "field", "fields", "file", "fresh",
    "key_of", "known", "local", "posted", "redirection", "remember", "signed_in", "stranger", "stranger_posted",
]  # fmt: skip

COOKIE: Final = "__Host-presswarden"
BROWSER: Final = "__Host-presswarden-browser"
"""Before there is a session: what the login's forms are tied to."""
KNOWN: Final = "__Host-presswarden-known"
"""A browser that somebody signed in with before; strangers who guess can't hold it up."""
LARGEST_FORM: Final = 65_536
PATIENCE: Final = 15.0
"""Seconds that a whole form may take to arrive."""
_TOKEN: Final = "token"  # noqa: S105 - the name of a field


class SignInNeeded(PresswardenError):
    code = "door.sign_in"


class StepUpNeeded(PresswardenError):
    code = "door.step_up"


class ElsewhereNeeded(PresswardenError):
    """Asked for under another name than the control plane's own."""

    code = "door.elsewhere"


class PostRefused(PresswardenError):
    """A form that is not from our own page in this browser's session."""

    code = "door.post"


def signed_in(desk: Desk, *, by_itself: bool = False) -> Callable[[Request], Awaitable[Visit]]:
    """For FastAPI's `Depends`: the visit of a page. Raises `SignInNeeded`, `ElsewhereNeeded`.

    `by_itself`: the page asks, nobody has to sit there; such a visit keeps no idle session alive.
    """

    async def visit(request: Request) -> Visit:
        _at_home(desk, request)
        return await _visit(desk, request, by_itself=by_itself)

    return visit


def posted(desk: Desk, *, largest: int = LARGEST_FORM) -> Callable[[Request], Awaitable[Visit]]:
    """For every form of a signed-in person; `await request.form()` gives its fields afterwards. Raises `SignInNeeded`, `PostRefused`."""

    async def visit(request: Request) -> Visit:
        _same_origin(desk, request)
        found = await _visit(desk, request)
        await _own_form(request, found.session.token, largest)
        return found

    return visit


def stranger(desk: Desk) -> Callable[[Request], Awaitable[Stranger]]:
    """For pages before the login. The answer has to be given to `known`."""

    async def visit(request: Request) -> Stranger:
        _at_home(desk, request)
        return _stranger(request, request.cookies.get(BROWSER, ""))

    return visit


def stranger_posted(desk: Desk) -> Callable[[Request], Awaitable[Stranger]]:
    async def visit(request: Request) -> Stranger:
        _same_origin(desk, request)
        secret = request.cookies.get(BROWSER, "")
        if len(secret) != 43:
            raise PostRefused("This browser holds no cookie of ours.", do="Allow cookies for this address, then load the page again.")
        found = _stranger(request, secret)
        await _own_form(request, found.token, LARGEST_FORM)
        return found

    return visit


def fresh(desk: Desk, visit: Visit) -> None:
    """Raises `StepUpNeeded` unless the person proved within the last minutes who they are."""
    if not visit.session.is_fresh(desk.clock.now()):
        raise StepUpNeeded("This needs you to prove once more who you are.", do="Confirm with your passkey or a code, then do it again.")


def redirection(desk: Desk, request: Request, fault: PresswardenError) -> Response | None:
    """Where an error of the door leads; None for errors that are shown as a page."""
    match fault:
        case SignInNeeded() if request.method == "GET":
            to = f"/login?next={quote(_here(request), safe='')}"
        case StepUpNeeded():
            to = f"/confirm?next={quote(_here(request), safe='')}"
        case ElsewhereNeeded() if request.method == "GET":
            to = desk.url + local(_path(request))
        case _:
            return None
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": to, "Cache-Control": "no-store"})
    return Response(status_code=303, headers={"Location": to, "Cache-Control": "no-store"})


def local(path: str) -> str:
    """`path` when it is one of our own, else the first page: what a link says where to go next is anybody's word."""
    parts = urlsplit(path) if len(path) <= 1000 and path.isascii() and path.isprintable() and "\\" not in path else None
    fits = parts is not None and not parts.scheme and not parts.netloc and path.startswith("/") and not path.startswith("//")
    return path if fits else "/"


def key_of(request: Request) -> Key | None:
    return read_key(request.cookies.get(COOKIE, ""))


def admit(response: Response, key: Key) -> Response:
    """Give the browser the key of its session; what tied its forms before goes."""
    _give(response, COOKIE, key.text, int(LONGEST.total_seconds()))
    response.delete_cookie(BROWSER, path="/", secure=True, httponly=True, samesite="lax")
    return response


def dismiss(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def remember(response: Response, known: str) -> Response:
    """Somebody signed in with this browser: `known` proves it later."""
    _give(response, KNOWN, known, 180 * 86_400)
    return response


def known(response: Response, visitor: Stranger, request: Request) -> Response:
    """Tie the forms of a page for strangers to the browser it goes to."""
    if _token(request.cookies.get(BROWSER, "")) != visitor.token:
        _give(response, BROWSER, request.state.browser, 3600)
    return response


async def field(request: Request, name: str, *, longest: int = 1000) -> str:
    """One field of a form that was taken; empty when it is not there. Raises `Malformed`."""
    given = (await request.form()).getlist(name)
    if not given:
        return ""
    if len(given) != 1 or not isinstance(given[0], str) or len(given[0]) > longest:
        raise Malformed(f"The field {name} is one text of at most {longest} characters.")
    return given[0]


async def file(request: Request, name: str) -> bytes:
    """An uploaded file of a form that was taken; empty when there is none. Raises `Malformed`."""
    given = (await request.form()).get(name)
    if given is None or given == "":
        return b""
    if isinstance(given, str):
        raise Malformed(f"The field {name} is a file.")
    return await given.read()


async def _visit(desk: Desk, request: Request, *, by_itself: bool = False) -> Visit:
    key, now = key_of(request), desk.clock.now()
    if key is None:
        raise SignInNeeded("You are not signed in.", do="Sign in, then do it again.")
    async with desk.database.reading(key.org) as tx:
        found = await sessions.session_of(tx, key, now)
        if found is not None and not wants_part(request):
            request.state.shell = await shell_of(tx, found[1], now)
    if found is None:
        raise SignInNeeded("You are not signed in any more.", do="Sign in, then do it again.")
    organisation, person, session = found
    source = source_of(request.client.host if request.client else None)
    if not by_itself and sessions.is_due(session, source, now):
        async with desk.database.transaction(key.org) as tx:
            await sessions.seen(tx, session.id, source, now)
    visit = request.state.visit = Visit(organisation, person, session)
    return visit


def _stranger(request: Request, secret: str) -> Stranger:
    if len(secret) != 43:
        secret = request.state.browser = secrets.token_urlsafe(32)
    source = source_of(request.client.host if request.client else None)
    browser = request.headers.get("user-agent", "")
    return Stranger(_token(secret), source, browser, request.cookies.get(KNOWN, "")[:100])


def _token(secret: str) -> str:
    return hashlib.sha256(b"presswarden browser\x00" + secret.encode("utf-8", "replace")).hexdigest()


def _at_home(desk: Desk, request: Request) -> None:
    """A page under another name would hold no session, and a name that somebody else chose must get none."""
    if request.headers.get("host", "").lower() != urlsplit(desk.url).netloc:
        raise ElsewhereNeeded("The control plane is not at this address.", do=f"Open {desk.url}.")


def _same_origin(desk: Desk, request: Request) -> None:
    _at_home(desk, request)
    parts, headers = urlsplit(desk.url), request.headers
    origin, fetched = headers.getlist("origin"), headers.getlist("sec-fetch-site")
    if (not origin and not fetched) or origin not in ([], [f"{parts.scheme}://{parts.netloc}"]) or fetched not in ([], ["same-origin"]):
        raise PostRefused("This form was not sent from one of our own pages.", do="Load the page again, and send it from there.")


async def _own_form(request: Request, token: str, largest: int) -> None:
    given = (await _form(request, largest)).getlist(_TOKEN)
    fits = (
        len(given) == 1 and isinstance(given[0], str) and hmac.compare_digest(unmasked(given[0]).encode("utf-8", "replace"), token.encode())
    )
    if not fits:
        raise PostRefused("This form belongs to another session, or its page was left open for long.", do="Load the page again.")


async def _form(request: Request, largest: int) -> FormData:
    length = request.headers.get("content-length", "")
    if not length.isdigit() or len(length) > 9 or "transfer-encoding" in request.headers:
        # Chunks count, not the length, where both are given.
        raise Malformed("The form does not say how long it is.")
    if int(length) > largest:
        raise TooLarge(f"The form is larger than {largest // 1024} KiB.")
    try:
        async with asyncio.timeout(PATIENCE):
            return await request.form(max_files=1, max_fields=2000)
    except TimeoutError as fault:
        raise Malformed("The form did not arrive in time.") from fault
    except (ClientDisconnect, MultiPartException) as fault:
        raise Malformed("The form did not arrive whole.") from fault


def _give(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def _here(request: Request) -> str:
    """The page to come back to: this one, or the one that a form stood on."""
    if request.method == "GET" and request.headers.get("hx-request-type") != "partial":
        return local(_path(request))
    shown = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer") or "")
    return local(shown.path + (f"?{shown.query}" if shown.query else ""))


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def fields(form: FormData) -> Mapping[str, str]:
    """The texts of a form; of a field that comes more than once, the last."""
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}
