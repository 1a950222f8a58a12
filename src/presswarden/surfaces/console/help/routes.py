"""`/help`, `/help/keys`, `/safety` and `/.well-known/security.txt`, and the switch of the theme. Limits: no page here reads the database but for who looks."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from presswarden.kernel.errors import PresswardenError
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.help.claims import safety
from presswarden.surfaces.console.pages import THEMES
from presswarden.surfaces.console.visit import Visit
from presswarden.surfaces.console.wording import iso

_YEAR: Final = 365 * 86_400
_HOLDS: Final = timedelta(days=180)


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted, claims = door.signed_in(desk), door.posted(desk), safety()

    async def anybody(request: Request) -> Visit | None:
        try:
            return await signed_in(request)
        except PresswardenError:
            return None

    @router.get("/help")
    async def help_(request: Request, visit: Annotated[Visit | None, Depends(anybody)]) -> Response:
        return desk.pages.render(request, "help/help.html", visit=visit)

    @router.get("/help/keys")
    async def keys(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        return desk.pages.render(request, "help/keys.html", visit=visit)

    @router.get("/safety")
    async def what_holds(request: Request, visit: Annotated[Visit | None, Depends(anybody)]) -> Response:
        return desk.pages.render(request, "help/safety.html", view=claims, visit=visit)

    @router.get("/.well-known/security.txt")
    async def security() -> Response:
        lines = (f"Contact: {desk.url}/safety#report", f"Expires: {iso(desk.clock.now() + _HOLDS)}", f"Policy: {desk.url}/safety",
                 f"Canonical: {desk.url}/.well-known/security.txt", "Preferred-Languages: en")  # fmt: skip
        return Response("\n".join(lines) + "\n", media_type="text/plain; charset=utf-8")

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
