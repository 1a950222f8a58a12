"""`/help`, `/help/keys` and the switch of the theme. Limits: no page here reads the database."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.pages import THEMES
from presswarden.surfaces.console.visit import Visit

_YEAR: Final = 365 * 86_400


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/help/keys")
    async def keys(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        return desk.pages.render(request, "help/keys.html", visit=visit)

    @router.post("/theme")
    async def theme(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        _ = visit
        chosen = await door.field(request, "theme")
        return await _kept(request, "theme", chosen if chosen in THEMES else "auto")

    @router.post("/help/keys")
    async def switch_keys(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        _ = visit
        return await _kept(request, "keys", "off" if await door.field(request, "keys") == "off" else "on")

    return router


async def _kept(request: Request, name: str, value: str) -> Response:
    """Back to the page one came from, with the choice in a cookie of this browser: the server draws the next page by it, without a script."""
    back = Response(status_code=303, headers={"Location": door.local(await door.field(request, "next"))})
    back.set_cookie(name, value, max_age=_YEAR, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return back
