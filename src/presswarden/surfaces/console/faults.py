"""Pages for what went wrong: what happened, what is safe, what to do next, and the reference under which an operator finds it.

Where htmx asked for a part, the part alone is the answer. Limits: knows codes and statuses, no rule; `/api` and `/ingest` answer in problem documents.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from presswarden.identity.model import ALLOWED, Permission
from presswarden.kernel.errors import PresswardenError
from presswarden.surfaces import problems
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.pages import wants_part

_LOG: Final = logging.getLogger("presswarden.web")
_DOCUMENTS: Final = ("/api/", "/ingest/", "/healthz")
_TITLES: Final[Mapping[int, str]] = {
    400: "That request can't be read",
    401: "You are not signed in",
    403: "You may not do this",
    404: "There is nothing here",
    405: "This can't be done that way",
    409: "It changed meanwhile",
    410: "This is over",
    413: "That is too large",
    415: "That is of another kind",
    422: "Something in it does not fit",
    429: "Too many at once",
    503: "The control plane can't do this now",
}
_NOTHING_DONE: Final = "Nothing was changed."


@dataclass(frozen=True, slots=True)
class Fault:
    title: str
    says: str
    do: str
    who: str
    """For a missing permission: which roles give it, and who can give the role."""
    safe: str
    again: str
    code: str
    reference: str


def catch(app: FastAPI, desk: Desk) -> None:
    """Every error that leaves a route becomes a page, a part of one, or a problem document."""

    async def expected(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, PresswardenError)  # noqa: S101 - what it is registered for
        elsewhere = door.redirection(desk, request, fault)
        if elsewhere is not None:
            return elsewhere
        number = problems.status(fault.code)
        if number >= 500:
            _LOG.error("%s %s: %s %s", reference(request), route_of(request), fault.code, fault.says)
        return _shown(desk, request, number, fault.code, fault.says, fault.do)

    async def of_the_framework(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, HTTPException)  # noqa: S101 - what it is registered for
        says = "The page does not exist, or it is not yours to see." if fault.status_code == 404 else str(fault.detail)
        # No route was met, so nobody has looked yet who is asking: only the frame of the page depends on it.
        with suppress(PresswardenError):
            await door.signed_in(desk)(request)
        return _shown(desk, request, fault.status_code, "not_found" if fault.status_code == 404 else "request.malformed", says, "")

    async def misread(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, RequestValidationError)  # noqa: S101 - what it is registered for
        names = ", ".join(sorted({str(each["loc"][-1]) for each in fault.errors()}))
        return _shown(desk, request, 422, "request.malformed", f"Not as it must be: {names}.", "Correct it and send it again.")

    async def unexpected(request: Request, fault: Exception) -> Response:
        _LOG.error("%s %s: %s", reference(request), route_of(request), type(fault).__name__)
        return _shown(
            desk, request, 500, "internal", "Something failed on our side.", "Try again; if it stays, tell your operator the reference."
        )

    app.add_exception_handler(PresswardenError, expected)
    app.add_exception_handler(HTTPException, of_the_framework)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(Exception, unexpected)


def reference(request: Request) -> str:
    """Of this request: in its answer's header, on its error page and in the log."""
    return str(getattr(request.state, "reference", "-"))


def route_of(request: Request) -> str:
    """As the program names it: what stood in its place may be a link that lets somebody in."""
    return str(getattr(request.scope.get("route"), "path", "no route"))


def _shown(desk: Desk, request: Request, number: int, code: str, says: str, do: str) -> Response:
    if request.url.path.startswith(_DOCUMENTS):
        return Response(problems.body(code, says, do), number, media_type=problems.MEDIA_TYPE)
    if number >= 500:
        says, do = "The control plane can't take this now.", "Try again in a moment; if it stays, tell your operator the reference below."
    safe = (
        _NOTHING_DONE
        if request.method == "POST" and number < 500
        else "Look whether it was done before you do it again."
        if request.method == "POST"
        else ""
    )
    again = request.url.path if request.method == "GET" and number >= 500 else ""
    view = Fault(
        _TITLES.get(number, "Something failed"), says, do, _who(code, says), safe or "Nothing happens to any site because of this.", again, code,
        reference(request),
    )  # fmt: skip
    visit = getattr(request.state, "visit", None)
    name = "errors/region.html" if wants_part(request) else "errors/error.html"
    return desk.pages.render(request, name, view=view, visit=visit, status=number)


def _who(code: str, says: str) -> str:
    if code != "identity.forbidden":
        return ""
    for permission in Permission:
        if f"«{permission}»" in says:
            roles = " or ".join(role.value for role, allowed in ALLOWED.items() if permission in allowed)
            granting = "Owners" if permission is Permission.OWNERS_MANAGE else "Owners and admins"
            return f"The role that gives it: {roles}. {granting} can grant it, under People and roles."
    return ""
