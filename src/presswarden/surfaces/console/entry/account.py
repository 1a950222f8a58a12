"""A person's own account: ways to sign in, sessions, API tokens. Limits: one's own alone; each change asks first that one proved lately who one is.

Who has no way to sign in yet (they came by a link) is not asked: there is nothing they could prove it with.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.accounts.model import CodeRefused, KeyRefused, LastWay, LoginBusy, PasswordRefused
from presswarden.identity.accounts.service import Passwords
from presswarden.identity.model import MailTaken, NameRefused, PersonUnknown
from presswarden.identity.sessions import service as sessions
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope, TokenRefused
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.kernel.ids import SessionId
from presswarden.surfaces import problems
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Visit
from presswarden.surfaces.console.entry import app_codes, passkeys, token_offers
from presswarden.surfaces.console.entry.views import Account, PasswordPage, Shown

_SHOWN_IN_PLACE = (KeyRefused, LastWay, TokenRefused, NameRefused, MailTaken, Malformed, CodeRefused, PersonUnknown)
_DAYS = {"7": 7, "30": 30, "90": 90, "365": 365}


def routes(desk: Desk, passwords: Passwords) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk)

    @router.get("/account")
    async def account(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        return await _page(desk, request, visit, None)

    async def changed(request: Request, visit: Visit, work: Callable[[Tx], Awaitable[None]], *, to: str = "/account") -> Response:
        """Do it, or say on the page why not."""
        try:
            async with desk.transaction(visit) as tx:
                await _require_proof(desk, tx, visit)
                await work(tx)
        except _SHOWN_IN_PLACE as fault:
            return await _page(desk, request, visit, fault)
        return RedirectResponse(to, 303)

    @router.post("/account/name")
    async def rename(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        name, mail = await door.field(request, "name", longest=254), await door.field(request, "mail", longest=254)
        return await changed(
            request, visit, lambda tx: identity.change_person(tx, visit.person.id, name=name, mail=mail, now=desk.clock.now())
        )

    @router.post("/account/passkeys")
    async def add_passkey(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        name = await door.field(request, "name", longest=100)

        async def work(tx: Tx) -> None:
            registration, challenge = await passkeys.answered(request, passkeys.REGISTRATION)
            await accounts.add_key(
                tx, desk.kek, visit.person.id, registration, challenge, passkeys.party(desk),
                name=name, bound=visit.session.id, now=desk.clock.now(),
            )  # fmt: skip

        return await changed(request, visit, work)

    @router.post("/account/passkeys/remove")
    async def remove_passkey(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        which, rp_id = await door.field(request, "passkey", longest=1400), passkeys.party(desk).rp_id
        return await changed(
            request, visit,
            lambda tx: accounts.remove_key(tx, visit.person.id, which, rp_id, keep=visit.session.id, now=desk.clock.now()),
        )  # fmt: skip

    @router.get("/account/password")
    async def password(request: Request, visit: Annotated[Visit, Depends(signed_in)], app: str = "") -> Response:
        async with desk.reading(visit) as tx:
            await _require_proof(desk, tx, visit)
            found = await accounts.ways(tx, visit.person.id)
        view = app_codes.page(desk, visit, found, again=app == "new")
        return desk.pages.render(request, "entry/password.html", view=view, visit=visit)

    @router.post("/account/password")
    async def set_password(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        try:
            fresh = await _set_password(desk, passwords, request, visit)
        except (PasswordRefused, CodeRefused, LoginBusy) as fault:
            return await _password_again(desk, request, visit, fault)
        return await _show(desk, request, visit, fresh) if fresh else RedirectResponse("/account", 303)

    @router.post("/account/password/remove")
    async def remove_password(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        rp_id = passkeys.party(desk).rp_id
        return await changed(
            request, visit,
            lambda tx: accounts.remove_password(tx, visit.person.id, rp_id, keep=visit.session.id, now=desk.clock.now()),
        )  # fmt: skip

    @router.post("/account/recovery-codes")
    async def recovery_codes(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        fresh: tuple[str, ...] = ()

        async def work(tx: Tx) -> None:
            nonlocal fresh
            fresh = await accounts.new_recovery_codes(tx, visit.person.id, now=desk.clock.now())

        answer = await changed(request, visit, work)
        return await _show(desk, request, visit, fresh) if fresh else answer

    @router.post("/account/sessions/end")
    async def end(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        which = SessionId(await door.field(request, "session", longest=36))
        async with desk.transaction(visit) as tx:
            await sessions.end(tx, visit.person.id, which, now=desk.clock.now())
        return RedirectResponse("/account", 303)

    @router.post("/account/sessions/end-others")
    async def end_others(visit: Annotated[Visit, Depends(posted)]) -> Response:
        async with desk.transaction(visit) as tx:
            await sessions.end_others(tx, visit.person.id, visit.session.id, now=desk.clock.now())
        return RedirectResponse("/account", 303)

    @router.post("/account/tokens")
    async def make_token(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        name, days = await door.field(request, "name", longest=100), await door.field(request, "days", longest=4)
        scopes = [Scope(each) for each in (await request.form()).getlist("scope") if each in set(Scope)]
        text = ""

        async def work(tx: Tx) -> None:
            nonlocal text
            now = desk.clock.now()
            until = now + timedelta(days=_DAYS.get(days, 0))
            text, _ = await tokens.make(tx, visit.person.id, name=name, scopes=scopes, until=until, now=now)

        answer = await changed(request, visit, work)
        if not text:
            return answer
        says = "This is the token. It is shown this once; keep it where only the program that uses it can read it."
        view = Shown("Your new API token", says, (text,), "/account")
        return desk.pages.render(request, "entry/shown.html", view=view, visit=visit)

    @router.post("/account/tokens/offer")
    async def offer(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        which, to = await door.field(request, "token_id", longest=36), await door.field(request, "to", longest=254)

        async def work(tx: Tx) -> None:
            await token_offers.offer(tx, visit, which, to, now=desk.clock.now())

        return await changed(request, visit, work)

    @router.post("/account/tokens/take")
    async def take(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        which = await door.field(request, "token_id", longest=36)
        return await changed(request, visit, lambda tx: tokens.take(tx, which, by=visit.person.id, now=desk.clock.now()))

    @router.post("/account/tokens/revoke")
    async def revoke(request: Request, visit: Annotated[Visit, Depends(posted)]) -> Response:
        which = await door.field(request, "token_id", longest=36)
        async with desk.transaction(visit) as tx:
            await tokens.revoke(tx, which, by=visit.person.id, now=desk.clock.now())
        return RedirectResponse("/account", 303)

    return router


async def _require_proof(desk: Desk, tx: Tx, visit: Visit) -> None:
    """Raises `StepUpNeeded`."""
    if (await accounts.ways(tx, visit.person.id)).any(passkeys.party(desk).rp_id):
        door.fresh(desk, visit)


async def _set_password(desk: Desk, passwords: Passwords, request: Request, visit: Visit) -> tuple[str, ...]:
    async with desk.reading(visit) as tx:
        await _require_proof(desk, tx, visit)
    given = await door.field(request, "password", longest=500)
    accounts.judge(given, name=visit.person.name, mail=visit.person.mail)
    seed = app_codes.seed_of(desk, visit, await door.field(request, "sealed", longest=300))
    code = await door.field(request, "code", longest=40)
    hashed = await passwords.hashed(given)
    async with desk.transaction(visit) as tx:
        return await accounts.set_password(
            tx, desk.kek, visit.person.id, hashed, seed=seed, code=code, keep=visit.session.id, now=desk.clock.now()
        )


async def _password_again(desk: Desk, request: Request, visit: Visit, fault: PresswardenError) -> Response:
    """The same page, with the same app code to set up: it may be on the phone already."""
    async with desk.reading(visit) as tx:
        found = await accounts.ways(tx, visit.person.id)
    sealed = await door.field(request, "sealed", longest=300)
    view: PasswordPage = app_codes.page(desk, visit, found, again=bool(sealed), sealed=sealed, problem=f"{fault.says} {fault.do}")
    return desk.pages.render(request, "entry/password.html", view=view, visit=visit, status=problems.status(fault.code))


async def _show(desk: Desk, request: Request, visit: Visit, fresh: tuple[str, ...]) -> Response:
    says = "Each of these signs you in once, in place of the app's code. They are shown this once: print them, or keep them in a password store."
    view = Shown("Your recovery codes", says, fresh, "/account")
    return desk.pages.render(request, "entry/shown.html", view=view, visit=visit)


async def _page(desk: Desk, request: Request, visit: Visit, fault: PresswardenError | None) -> Response:
    now = desk.clock.now()
    async with desk.reading(visit) as tx:
        person = await identity.person(tx, visit.person.id)
        found = await accounts.ways(tx, person.id)
        own, theirs = await sessions.sessions_of(tx, person.id, now), await tokens.tokens_of(tx, person.id)
        offers = await tokens.offered_to(tx, person.id)
        names = await token_offers.names(tx, (*theirs, *offers))
    asked = passkeys.ask_for_new(desk, person, visit.session.id, found.passkeys)
    problem = "" if fault is None else f"{fault.says} {fault.do}"
    view = Account(person, found, passkeys.party(desk).rp_id, asked, own, theirs, offers, names, now, problem)
    return desk.pages.render(
        request, "entry/account.html", view=view, visit=visit, status=200 if fault is None else problems.status(fault.code)
    )
