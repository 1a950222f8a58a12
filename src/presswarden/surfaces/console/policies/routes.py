"""`/policies` and what lies below. Limits: thin; filing and confirming ask for a fresh proof of who one is, and the rules of `approvals` decide the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from presswarden.approvals import service as approvals
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.policy import drafts
from presswarden.policy.document import PolicyInvalid
from presswarden.surfaces.console import door, sight
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.policies import form, views
from presswarden.surfaces.console.policies.views import Scope
from presswarden.surfaces.console.visit import Visit

LARGEST = 262_144


@dataclass(frozen=True, slots=True)
class Checked:
    """What a document would change, before anybody sets it."""

    scope: Scope
    differs: tuple[str, ...]
    at_once: bool
    alone: bool
    text: str
    newest: int
    """The newest version there was when this was looked at: another one since then, and it is looked at again."""
    may_set: bool


class PolicyMoved(PresswardenError):
    """Somebody filed another version since this one was looked at."""

    code = "policy.moved"


class TextUnreadable(PresswardenError):
    code = "policy.invalid"


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    signed_in, posted = door.signed_in(desk), door.posted(desk, largest=LARGEST)

    @router.get("/policies")
    async def listed(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> Response:
        async with desk.reading(visit) as tx:
            view = await views.listed(tx, visit, desk.clock.now())
        return desk.pages.render(request, "policies/list.html", view=view, visit=visit)

    @router.get("/policies/{scope}")
    async def one(request: Request, visit: Annotated[Visit, Depends(signed_in)], scope: str) -> Response:
        async with desk.reading(visit) as tx:
            view = await views.policy(tx, visit, await views.scope_of(tx, visit, scope, Permission.POLICY_SEE), desk.clock.now())
        return desk.pages.render(request, "policies/policy.html", view=view, visit=visit)

    @router.get("/policies/{scope}/edit")
    async def edit(request: Request, visit: Annotated[Visit, Depends(signed_in)], scope: str, preset: str = "") -> Response:
        async with desk.reading(visit) as tx:
            of = await views.scope_of(tx, visit, scope, Permission.POLICY_SEE)
            view = await views.editor(tx, visit, of, desk.clock.now(), preset=preset)
        return desk.pages.render(request, "policies/edit.html", view=view, visit=visit)

    @router.get("/policies/{scope}/versions/{number}")
    async def version(request: Request, visit: Annotated[Visit, Depends(signed_in)], scope: str, number: int) -> Response:
        async with desk.reading(visit) as tx:
            of = await views.scope_of(tx, visit, scope, Permission.POLICY_SEE)
            view = await views.one_version(tx, visit, of, number, desk.clock.now())
        return desk.pages.render(request, "policies/version.html", view=view, visit=visit)

    @router.post("/policies/{scope}/check")
    async def check(request: Request, visit: Annotated[Visit, Depends(posted)], scope: str) -> Response:
        """Nothing is set. The form and the text area both lead here."""
        async with desk.reading(visit) as tx:
            of = await views.scope_of(tx, visit, scope, Permission.POLICY_SEE)
            text = await door.field(request, "document", longest=LARGEST)
            try:
                document = await _filled(desk, tx, of, request) if await door.field(request, "by") == "form" else _parsed(text)
                checked = await _checked(desk, tx, visit, of, document)
            except (PolicyInvalid, Malformed, TextUnreadable) as fault:
                view = await views.editor(tx, visit, of, desk.clock.now(), text=text, problem=f"{fault.says}", where=fault.where)
                return desk.pages.render(request, "policies/edit.html", view=view, visit=visit, status=422)
        return desk.pages.render(request, "policies/check.html", view=checked, visit=visit)

    @router.post("/policies/{scope}/lift")
    async def lift(request: Request, visit: Annotated[Visit, Depends(posted)], scope: str) -> Response:
        component, held = await door.field(request, "component", longest=400), await door.field(request, "version", longest=60)
        now = desk.clock.now()
        async with desk.reading(visit) as tx:
            of = await views.scope_of(tx, visit, scope, Permission.POLICY_SEE)
            document = await views.lifted(tx, of, component, held, now)
            checked = await _checked(desk, tx, visit, of, document)
        return desk.pages.render(request, "policies/check.html", view=checked, visit=visit)

    @router.post("/policies/{scope}/set")
    async def set_(request: Request, visit: Annotated[Visit, Depends(posted)], scope: str) -> Response:
        text, seen = await door.field(request, "document", longest=LARGEST), await door.field(request, "newest", longest=10)
        async with desk.transaction(visit) as tx:
            of = await views.scope_of(tx, visit, scope, Permission.POLICY_SET)
            door.fresh(desk, visit)
            if seen != str(await _newest(desk, tx, of)):
                raise PolicyMoved("Somebody filed another version since you looked at this one.", do="Look at it, then check yours again.")
            await approvals.activate_policy(tx, _parsed(text), scope=of.id, by=visit.person.id, now=desk.clock.now())
        return sight.see_other(f"/policies/{of.path}")

    @router.post("/policies/{scope}/confirm")
    async def confirm(request: Request, visit: Annotated[Visit, Depends(posted)], scope: str) -> Response:
        number = await door.field(request, "version", longest=10)
        if not number.isdecimal():
            raise Malformed("A version is a number.")
        async with desk.transaction(visit) as tx:
            of = await views.scope_of(tx, visit, scope, Permission.POLICY_SET)
            door.fresh(desk, visit)
            await approvals.confirm_policy(tx, int(number), scope=of.id, by=visit.person.id, now=desk.clock.now())
        return sight.see_other(f"/policies/{of.path}")

    return router


async def _checked(desk: Desk, tx: Tx, visit: Visit, scope: Scope, document: Mapping[str, Json]) -> Checked:
    """Raises `PolicyInvalid`."""
    found = await approvals.outlook(tx, document, scope=scope.id, now=desk.clock.now())
    newest, text = await _newest(desk, tx, scope), form.written(document)
    return Checked(scope, found.differs, found.at_once, found.alone, text, newest, visit.may(Permission.POLICY_SET))


async def _newest(desk: Desk, tx: Tx, scope: Scope) -> int:
    versions = await approvals.policy_versions(tx, scope.id, now=desk.clock.now())
    return versions[0].version if versions else 0


async def _filled(desk: Desk, tx: Tx, scope: Scope, request: Request) -> dict[str, Json]:
    """The document in force, with what the form says in its block `operations`."""
    given = await request.form()
    days = tuple(day for day in given.getlist("window_days") if isinstance(day, str))[:7]
    filled = {name: await door.field(request, name, longest=form.LONGEST) for name in form.NAMES if name != "window_days"}
    base, now = await approvals.draft_of(tx, scope.id, now=desk.clock.now()), desk.clock.now()
    return drafts.with_operations(base, form.settings(filled, days, keep_windows=form.window(base).more > 0), at=now)


def _parsed(text: str) -> dict[str, Json]:
    try:
        return drafts.parse(text)
    except (ValueError, RecursionError) as fault:
        place = f", line {fault.lineno}, column {fault.colno}" if hasattr(fault, "lineno") and hasattr(fault, "colno") else ""
        raise TextUnreadable(f"The text can't be read as JSON{place}.", do="Correct it; nothing was set.", where="/") from fault
