"""Each refusal of the console's door and of the API's is switched off in a copy, one at a time: the request that waits for it is refused no more.

Small applications over the real door, and over the copies. Limits: that every route asks the door is tried in `tests/console/test_every_route`.
"""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, Response

from presswarden.identity.model import Role
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.surfaces.api import place
from presswarden.surfaces.console import door
from presswarden.surfaces.console.assets import Assets
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.pages import Pages
from presswarden.surfaces.limits import Limit, Rate
from tests.claims.attacks import Attack
from tests.console.programs import Api, over
from tests.console.rig import KEK, URL, House, open_house
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import opened
from tests.support.switched_off import refusals, without

pytestmark = pytest.mark.req("X10", "S2")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OWN = {"Origin": URL, "Sec-Fetch-Site": "same-origin", **FORM}


@pytest.fixture
async def house(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock) -> AsyncIterator[House]:
    shutil.copyfile(sqlite_template, tmp_path / "presswarden.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'presswarden.sqlite'}")
    yield await open_house(database, frozen)
    await database.dispose()


@pytest.fixture
async def here(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock, org: OrgId) -> AsyncIterator[Api]:
    shutil.copyfile(sqlite_template, tmp_path / "presswarden.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'presswarden.sqlite'}")
    yield await over(await opened(database, frozen, org))
    await database.dispose()


@dataclass(frozen=True)
class Sent:
    """A request, and the code that it is refused with."""

    code: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stale: bool = False
    """The session is of half an hour ago."""
    signed_in: bool = True


def _pages(house: House, module: ModuleType) -> FastAPI:
    desk = Desk(house.database, house.clock, house.wake, KEK, URL, Pages(Assets.load(), house.clock, URL), EVERYONE)
    app = FastAPI()

    @app.get("/page")
    async def page(_visit: Annotated[door.Visit, Depends(module.signed_in(desk))]) -> str:
        return "in"

    @app.post("/posted")
    async def posted(request: Request, visit: Annotated[door.Visit, Depends(module.posted(desk))]) -> str:
        if request.headers.get("x-fresh"):
            module.fresh(desk, visit)
        if request.headers.get("x-file"):
            await module.file(request, "a")
        else:
            await module.field(request, "a", longest=5)
        return "taken"

    @app.post("/stranger")
    async def stranger(_visit: Annotated[door.Stranger, Depends(module.stranger_posted(desk))]) -> str:
        return "taken"

    return _told(app)


def _told(app: FastAPI) -> FastAPI:
    async def expected(_request: Request, fault: Exception) -> Response:
        return Response(f"{getattr(fault, 'code', '')} {getattr(fault, 'says', '')}", 400)

    app.add_exception_handler(PresswardenError, expected)
    return app


async def _code(house: House, module: ModuleType, sent: Sent) -> str:
    """What the request was refused with; the status where it was by nothing of the door."""
    browser = await house.as_role(Role.OWNER, stepped_up=not sent.stale)
    cookie = {"Cookie": f"{door.COOKIE}={browser.cookie}"} if sent.signed_in else {}
    body = sent.body.replace(b"TOKEN", browser.token.encode())
    transport = httpx.ASGITransport(_pages(house, module), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        method = "GET" if sent.path == "/page" else "POST"
        given = await client.request(method, sent.path, content=body or None, headers={**cookie, **sent.headers})
    return given.text if given.status_code == 400 else str(given.status_code)


GOOD = b"token=TOKEN&a=1"
STRANGERS = b"token=" + door._token("x").encode()
DOOR: dict[str, Sent] = {
    "visit PostRefused": Sent("door.post", "/stranger", {**OWN, "Cookie": f"{door.BROWSER}=x"}, STRANGERS, signed_in=False),
    "fresh StepUpNeeded": Sent("door.step_up", "/posted", {**OWN, "X-Fresh": "1"}, GOOD, stale=True),
    "field Malformed": Sent("request.malformed", "/posted", OWN, b"token=TOKEN&a=123456"),
    "file Malformed": Sent("request.malformed", "/posted", {**OWN, "X-File": "1"}, GOOD),
    "_visit SignInNeeded": Sent("door.sign_in", "/page", signed_in=False),
    "_visit SignInNeeded 2": Sent("door.sign_in", "/page", {"Cookie": f"{door.COOKIE}={new_id()}.{'A' * 43}"}, signed_in=False),
    "_at_home ElsewhereNeeded": Sent("door.elsewhere", "/page", {"Host": "evil.example"}),
    "_same_origin PostRefused": Sent("door.post", "/posted", {**OWN, "Origin": "https://evil.example"}, GOOD),
    "_own_form PostRefused": Sent("door.post", "/posted", OWN, b"token=x&a=1"),
    "_form Malformed": Sent("request.malformed", "/posted", {**OWN, "Transfer-Encoding": "chunked"}, GOOD),
    "_form TooLarge": Sent("request.too_large", "/posted", OWN, GOOD + b"&b=" + b"x" * 70_000),
}  # fmt: skip


def test_every_refusal_of_the_doors_has_its_request() -> None:
    assert set(refusals(door)) == DOOR.keys()
    assert set(refusals(place)) == set(PLACE)


async def test_without_a_refusal_its_request_is_refused_no_more(house: House, attack: Attack) -> None:
    for refusal, sent in DOOR.items():
        told = await _code(house, door, sent)
        attack.repelled(refusal, told.split()[0] == sent.code, told)
        # Where another one holds behind it, that one's words are told.
        assert await _code(house, without(door, refusal), sent) != told, refusal


PLACE = {
    "caller NoToken": ("", "api.unauthenticated"),
    "caller TooMany": ("good", "api.rate"),
    "caller NoToken 2": ("pwt_" + "A" * 43, "api.unauthenticated"),
    "caller OutOfScope": ("reading", "api.scope"),
}


async def test_without_a_refusal_its_call_is_refused_no_more(here: Api, attack: Attack) -> None:
    tokens = {"good": await here.token(here.office.olga), "reading": await here.token(here.office.olga, Scope.READ)}
    for refusal, (sent, code) in PLACE.items():
        given, times = tokens.get(sent, sent), 3 if code == "api.rate" else 1
        told = await _called(here, place, given, times)
        attack.repelled(refusal, told.split()[0] == code, told)
        assert await _called(here, without(place, refusal), given, times) != told, refusal


async def _called(here: Api, module: ModuleType, given: str, times: int) -> str:
    """What the last of so many calls was refused with."""
    office, app = here.office, FastAPI()
    at = module.Place(office.database, office.clock, here.wake, EVERYONE, calls=Limit(Rate(1, 1)), strangers=Limit(Rate(1, 1)))

    @app.post("/x")
    async def filed(_caller: Annotated[place.Caller, Depends(module.calling(at, Scope.PROPOSE))]) -> str:
        return "in"

    transport = httpx.ASGITransport(_told(app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        for _ in range(times):
            answer = await client.post("/x", headers={"Authorization": f"Bearer {given}"} if given else {})
    return answer.text if answer.status_code == 400 else str(answer.status_code)
