"""Sign in, prove it again, sign out. Limits: one answer for whatever is wrong, after the same work; where to go next is a path of ours or the first page."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from presswarden.identity.accounts import service as accounts
from presswarden.identity.accounts.model import Account, KeyRefused, LoginBusy, LoginRefused, LoginSlow
from presswarden.identity.accounts.service import Entered, Passwords, Place
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Way
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.surfaces import problems
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Stranger, Visit
from presswarden.surfaces.console.entry import passkeys
from presswarden.surfaces.console.entry.views import Confirm, Login

_SHOWN_IN_PLACE = (LoginRefused, LoginSlow, LoginBusy, KeyRefused, Malformed)


def routes(desk: Desk, passwords: Passwords) -> APIRouter:
    router = APIRouter()
    stranger, stranger_posted = door.stranger(desk), door.stranger_posted(desk)
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/login")
    async def login(request: Request, visitor: Annotated[Stranger, Depends(stranger)], next: str = "/") -> Response:  # noqa: A002 - the query's name
        async with desk.database.reading(desk.everyone) as tx:
            if not await accounts.any_way(desk.everyone, tx):
                return RedirectResponse("/setup", 303)
        return _login(desk, request, visitor, next, "")

    @router.post("/login")
    async def by_password(request: Request, visitor: Annotated[Stranger, Depends(stranger_posted)]) -> Response:
        to, mail = await door.field(request, "next"), await door.field(request, "mail", longest=254)
        password = await door.field(request, "password", longest=500)
        try:
            entered = await _with_password(desk, passwords, visitor, mail, password, await door.field(request, "code", longest=40))
        except _SHOWN_IN_PLACE as fault:
            return _login(desk, request, visitor, to, mail, fault)
        return _in(entered, to)

    @router.post("/login/passkey")
    async def by_passkey(request: Request, visitor: Annotated[Stranger, Depends(stranger_posted)]) -> Response:
        to = await door.field(request, "next")
        try:
            assertion, challenge = await passkeys.answered(request, passkeys.ASSERTION)
            entered = await _with_passkey(desk, visitor, assertion, challenge)
        except _SHOWN_IN_PLACE as fault:
            return _login(desk, request, visitor, to, "", fault)
        return _in(entered, to)

    @router.get("/confirm")
    async def confirm(request: Request, visit: Annotated[Visit, Depends(signed_in)], next: str = "/") -> Response:  # noqa: A002 - as above
        return await _confirm(desk, request, visit, next)

    @router.post("/confirm")
    async def confirm_by_code(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        to, code = await door.field(request, "next"), await door.field(request, "code", longest=40)
        async with desk.transaction(visit) as tx:
            way = await accounts.proves_by_code(desk.everyone, tx, desk.kek, visit.person.id, code, now=desk.clock.now())
        if way is None:
            fault = LoginRefused(
                "This code does not fit, or was used before.", do="Wait for the app's next one; ten tries an hour are taken."
            )
            return await _confirm(desk, request, visit, to, fault)
        return await _stepped_up(desk, request, visit, to, way)

    @router.post("/confirm/passkey")
    async def confirm_by_passkey(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        to = await door.field(request, "next")
        try:
            assertion, challenge = await passkeys.answered(request, passkeys.ASSERTION)
            async with desk.transaction(visit) as tx:
                fits = await accounts.proves_by_key(
                    tx, desk.kek, visit.person.id, assertion, challenge, passkeys.party(desk),
                    purpose=accounts.STEP_UP, bound=visit.session.id, now=desk.clock.now(),
                )  # fmt: skip
            if not fits:
                raise _went_back()
        except (KeyRefused, Malformed) as fault:
            return await _confirm(desk, request, visit, to, fault)
        return await _stepped_up(desk, request, visit, to, Way.PASSKEY)

    @router.post("/logout")
    async def logout(visit: Annotated[Visit, Depends(posted)]) -> Response:
        async with desk.transaction(visit) as tx:
            await sessions.end(tx, visit.person.id, visit.session.id, now=desk.clock.now())
        return door.dismiss(RedirectResponse("/login", 303))

    return router


def place_of(visitor: Stranger) -> Place:
    return Place(visitor.source, visitor.browser, visitor.known)


def _in(entered: Entered, to: str) -> Response:
    return door.remember(door.admit(RedirectResponse(door.local(to), 303), entered.key), entered.known)


async def _with_password(desk: Desk, passwords: Passwords, visitor: Stranger, mail: str, password: str, code: str) -> Entered:
    now = desk.clock.now()
    async with desk.database.transaction(desk.everyone) as tx:
        tried, found = await accounts.candidates(desk.everyone, tx, mail, place_of(visitor), now)
    if not tried.allowed:
        raise LoginSlow("Too many tries with this mail address, or from here.", do="Wait fifteen minutes, or sign in with a passkey.")
    fitting: Account | None = None
    for account in found or (None,):
        # All of them, and one for nobody: the time tells nothing.
        if await passwords.fits(account.password if account else "", password) and fitting is None:
            fitting = account
    if fitting is not None:
        async with desk.database.transaction(fitting.org) as tx:
            entered = await accounts.enter(desk.everyone, tx, desk.kek, fitting, code, tried, place_of(visitor), now=now)
        if entered is not None:
            return entered
    raise LoginRefused(
        "Mail address, password and code do not fit together.", do="Check them; the code is the app's newest, or a recovery code."
    )


async def _with_passkey(desk: Desk, visitor: Stranger, assertion: Mapping[str, Json], challenge: bytes) -> Entered:
    async with desk.database.reading(desk.everyone) as tx:
        found = await accounts.whose_key(desk.everyone, tx, str(assertion.get("id")))
    if found is None:
        raise KeyRefused("This passkey is not known here.", do="Use one that you added here, or your password.", where="credential")
    org, person = found
    async with desk.database.transaction(org) as tx:
        fits = await accounts.proves_by_key(
            tx, desk.kek, person, assertion, challenge, passkeys.party(desk),
            purpose=accounts.SIGN_IN, bound=visitor.token, now=desk.clock.now(),
        )  # fmt: skip
        entered = await accounts.begin(tx, person, Way.PASSKEY, place_of(visitor), now=desk.clock.now()) if fits else None
    if entered is None:
        raise _went_back()
    return entered


def _went_back() -> KeyRefused:
    return KeyRefused(
        "This passkey's count went back: two devices may hold it.", do="Sign in another way, remove it, and add a new one.", where="counter"
    )


def _login(desk: Desk, request: Request, visitor: Stranger, to: str, mail: str, fault: PresswardenError | None = None) -> Response:
    asked = passkeys.ask(desk, accounts.SIGN_IN, visitor.token)
    view = Login(door.local(to), mail, asked, "" if fault is None else f"{fault.says} {fault.do}")
    number = 200 if fault is None else problems.status(fault.code)
    return door.known(desk.pages.render(request, "entry/login.html", view=view, visit=visitor, status=number), visitor, request)


async def _confirm(desk: Desk, request: Request, visit: Visit, to: str, fault: PresswardenError | None = None) -> Response:
    async with desk.reading(visit) as tx:
        ways = await accounts.ways(tx, visit.person.id)
    own = tuple(key for key in ways.passkeys if key.rp_id == passkeys.party(desk).rp_id)
    asked = passkeys.ask(desk, accounts.STEP_UP, visit.session.id, own) if own else None
    view = Confirm(door.local(to), asked, ways.codes, "" if fault is None else f"{fault.says} {fault.do}")
    number = 200 if fault is None else problems.status(fault.code)
    return desk.pages.render(request, "entry/confirm.html", view=view, visit=visit, status=number)


async def _stepped_up(desk: Desk, request: Request, visit: Visit, to: str, way: Way) -> Response:
    key = door.key_of(request)
    if key is None:
        raise RuntimeError("a visit without its key")
    async with desk.transaction(visit) as tx:
        fresh = await sessions.step_up(tx, key, visit.session, how=way.value, now=desk.clock.now())
    return door.admit(RedirectResponse(door.local(to), 303), fresh)
