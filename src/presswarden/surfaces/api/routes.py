"""The API as one application of its own under /api/v1: its routes, its errors as problem details (RFC 9457), its OpenAPI document.

Limits: the document is open to everybody and tells what could be asked; no page that draws it is served.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any, Final  # Any: of the OpenAPI document

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from presswarden.kernel.canonical import encode
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import Everyone, new_id
from presswarden.kernel.wake import Wake
from presswarden.surfaces import problems
from presswarden.surfaces.api import filing, reads, rules
from presswarden.surfaces.api.place import PER_TOKEN, Place, TooMany
from presswarden.surfaces.api.shapes import Problem
from presswarden.surfaces.limits import Limit, Rate

_LOG: Final = logging.getLogger("presswarden.api")
PREFIX: Final = "/api/v1"
TITLES: Final[Mapping[int, str]] = {
    400: "The request can't be read", 401: "Not signed in", 403: "Not allowed", 404: "Not here", 405: "Not that way", 409: "It stands otherwise",
    413: "Too large", 415: "Of another kind", 422: "Not as it must be", 429: "Too many", 500: "It failed on our side", 503: "Not now",
}  # fmt: skip
_ALWAYS: Final = (400, 401, 403, 404, 422, 429, 500, 503)
_WHEN_FILING: Final = (409, 413, 415)
_ABSENT: Final = "There is nothing here, or it is not yours to see."


def api(database: Database, clock: Clock, wake: Wake, *, everyone: Everyone, rate: Rate = PER_TOKEN) -> FastAPI:
    """The application alone; `mounted` puts it where it is reached."""
    place = Place(database, clock, wake, everyone, calls=Limit(rate))
    app = FastAPI(
        title="Presswarden", version="1", openapi_url="/openapi.json", docs_url=None, redoc_url=None, redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    router = APIRouter()
    for room in (reads.routes, rules.routes, filing.routes):
        router.include_router(room(place))
    app.include_router(router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way to say more in it
    _catch(app)
    return app


def mounted(app: FastAPI) -> Mount:
    """At `PREFIX`, whatever stands behind that: a path with a line break in it is answered here too."""
    made = Mount(PREFIX, app=app)
    made.path_regex = re.compile(f"^{re.escape(PREFIX)}/(?P<path>(?s:.*))$")
    return made


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, routes=app.routes, servers=[{"url": PREFIX}],
            description="Reads of the control plane and proposals to it. A consent, an adoption and a resume are not here: they are a person's.",
        )  # fmt: skip
        made["components"]["schemas"] = {
            name: shape for name, shape in made["components"]["schemas"].items() if name not in {"HTTPValidationError", "ValidationError"}
        } | {"Problem": Problem.model_json_schema()}
        for methods in made["paths"].values():
            for method, told in methods.items():
                for number in (*_ALWAYS, *(_WHEN_FILING if method == "post" else ())):
                    told["responses"][str(number)] = {
                        "description": TITLES[number],
                        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    }
                told["responses"]["429"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
        app.openapi_schema = made
    return app.openapi_schema


def _catch(app: FastAPI) -> None:
    async def expected(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, PresswardenError)  # noqa: S101 - what it is registered for
        number = 404 if isinstance(fault, NotFound) else problems.status(fault.code)
        if number == 404:
            return _said(request, 404, "not_found", _ABSENT, "")
        if number >= 500:
            _LOG.error("%s %s: %s %s", _reference(request), _route(request), fault.code, fault.says)
            return _said(request, number, fault.code, "The control plane can't take this now.", "Try again later.")
        headers = {"WWW-Authenticate": "Bearer"} if number == 401 else {}
        headers |= {"Retry-After": "1" if isinstance(fault, TooMany) else "60"} if number == 429 else {}
        return _said(request, number, fault.code, fault.says, fault.do, headers)

    async def of_the_framework(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, HTTPException)  # noqa: S101 - what it is registered for
        code = "not_found" if fault.status_code == 404 else "request.malformed"
        says = _ABSENT if fault.status_code == 404 else TITLES.get(fault.status_code, "It can't be done.") + "."
        return _said(request, fault.status_code, code, says, "", dict(fault.headers or {}))

    async def misread(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, RequestValidationError)  # noqa: S101 - what it is registered for
        named = ", ".join(sorted({str(each["loc"][-1])[:60] for each in fault.errors()}))
        return _said(request, 422, "request.parameters", f"Not as it must be: {named[:200]}.", "Look at the OpenAPI document.")

    async def unexpected(request: Request, fault: Exception) -> Response:
        _LOG.error("%s %s: %s", _reference(request), _route(request), type(fault).__name__)
        return _said(request, 500, "internal", "Something failed on our side.", "Try again; if it stays, tell your operator the instance.")

    app.add_exception_handler(PresswardenError, expected)
    app.add_exception_handler(HTTPException, of_the_framework)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(Exception, unexpected)


def _reference(request: Request) -> str:
    return str(getattr(request.state, "reference", "") or new_id())


def _route(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path", "no route"))


def _said(request: Request, number: int, code: str, says: str, do: str, headers: Mapping[str, str] | None = None) -> Response:
    body = encode(
        {
            "type": f"urn:presswarden:problem:{code}", "title": TITLES.get(number, "It failed"), "status": number, "detail": says,
            "instance": f"urn:uuid:{_reference(request)}", "code": code, "do": do,
        }
    )  # fmt: skip
    return Response(body, number, media_type=problems.MEDIA_TYPE, headers={"Cache-Control": "no-store", **(headers or {})})
