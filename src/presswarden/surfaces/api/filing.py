"""What a program may ask for: an update as a proposal, a stop, a pause. Each with a key, so that sending it twice does it once.

Never an adoption, a yes or a resume: those routes do not exist, and nothing that could say them is imported. Limits: a body of at most one MiB, strict JSON.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar  # Any: of the OpenAPI document

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from presswarden.approvals.wanting import want_update
from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity import service as identity
from presswarden.identity.model import Permission, reach
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.canonical import decode_object
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import Malformed, PresswardenError, TooLarge
from presswarden.kernel.ids import CorrelationId, SiteId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.reports.answers import service as answers
from presswarden.reports.answers.model import Answer
from presswarden.reports.fleet import service as fleet
from presswarden.reports.pulse import service as pulse
from presswarden.sites import service as sites
from presswarden.surfaces.api import shapes, shaping
from presswarden.surfaces.api.asking import Nothing, id_of, require_sight
from presswarden.surfaces.api.place import Caller, Place, calling
from presswarden.surfaces.planning import MOST_AT_ONCE, Wanted, plan

LARGEST: Final = 1_048_576
DEEPEST: Final = 8
PATIENCE: Final = 15.0
Taken = TypeVar("Taken", bound=shapes.Taken)
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=8, max_length=100, pattern="^[!-~]+$", description="Yours; kept for 24 hours with its answer."
    ),
]


class WrongKind(PresswardenError):
    code = "request.media_type"


class BodyRefused(PresswardenError):
    """A body that is JSON and not what this takes."""

    code = "request.body"


def _takes(shape: type[BaseModel]) -> dict[str, Any]:
    schema = shape.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def routes(place: Place) -> APIRouter:
    router = APIRouter()
    Asker = Annotated[Caller, Depends(calling(place, Scope.PROPOSE))]
    Bare = Annotated[Nothing, Query()]

    @router.post(
        "/proposals/updates", tags=["proposals"], status_code=201, response_model=shapes.Proposal, openapi_extra=_takes(shapes.UpdateWanted)
    )
    async def file_update(caller: Asker, request: Request, key: Key, _asked: Bare) -> Response:
        """File the update of one component to the version that its site is offered. What comes of it, people and the policy say."""
        raw, wanted = await _body(request, shapes.UpdateWanted)
        site = SiteId(id_of(wanted.site))
        require_sight(caller, Permission.SITE_SEE, site)

        async with place.database.reading(place.everyone) as tx:
            fetches = await pulse.fetches(place.everyone, tx, place.clock.now())

        async def work(tx: Tx) -> BaseModel:
            now = place.clock.now()
            await sites.site_of(tx, site)
            await gate.require_running(tx, (site,), now=now)
            filed, _ = await want_update(tx, site, wanted.component, by=caller.person.id, fetches=fetches, now=now)
            return shaping.proposal(filed)

        answer = await _once(place, caller, request, key, raw, 201, work)
        await place.wake.ring(mailbox.DISPATCH)
        return answer

    @router.post(
        "/proposals/updates/many",
        tags=["proposals"],
        response_model=shapes.PlannedUpdates,
        openapi_extra=_takes(shapes.UpdatesWanted),
    )
    async def file_updates(caller: Asker, request: Request, key: Key, _asked: Bare) -> Response:
        """File what many sites are offered, each as a proposal of its own; each says what came of it, and one that is refused holds no other up."""
        raw, wanted = await _body(request, shapes.UpdatesWanted)
        sites_ = tuple(SiteId(id_of(each)) for each in wanted.sites)
        for each in sites_:
            require_sight(caller, Permission.SITE_SEE, each)
        whole = _whole(request, raw)
        async with place.reading(caller) as tx:
            if reach(caller.person, Permission.PROPOSE) == frozenset():
                await identity.require(tx, caller.person.id, Permission.PROPOSE)
            there = {site for site, _ in await fleet.named(tx, caller.person, sites_)}
            for each in sites_:
                if each not in there:
                    await sites.site_of(tx, each)  # says that it is not there
            before = await answers.known(tx, caller.person.id, key, whole, now=place.clock.now())
            named = (wanted.component,) if wanted.component else ()
            found = await fleet.offered(tx, caller.person, sites=sites_, components=named, most=MOST_AT_ONCE + 1)
        if before is not None:
            return _replayed(before)
        if len(found) > MOST_AT_ONCE:
            raise BodyRefused(f"These are more than {MOST_AT_ONCE} updates.", do="Name fewer sites, or one component.")
        told = await plan(place, caller.organisation.id, caller.person.id, [Wanted(one.site, one.component) for one in found])
        body = shapes.PlannedUpdates(items=[shaping.planned(one) for one in told]).model_dump_json()
        # After the work, which is many transactions: whoever sends it twice at once is told what stands, and nothing is filed twice.
        async with place.transaction(caller) as tx:
            first = await answers.begin(tx, caller.person.id, key, whole, now=place.clock.now())
            if first is None:
                await answers.keep(tx, caller.person.id, key, Answer(200, body))
        return _replayed(first) if first is not None else Response(body, 200, media_type="application/json")

    @router.post("/stops", tags=["stops"], status_code=201, response_model=shapes.Stop, openapi_extra=_takes(shapes.StopWanted))
    async def throw_stop(caller: Asker, request: Request, key: Key, _asked: Bare) -> Response:
        """Throw a kill switch. Lifting it is an owner's, at a page or a terminal."""
        raw, wanted = await _body(request, shapes.StopWanted)
        scope = StopScope(wanted.scope)
        if scope is StopScope.SITE:
            require_sight(caller, Permission.SITE_SEE, SiteId(id_of(wanted.subject)))

        async def work(tx: Tx) -> BaseModel:
            found = await gate.stop(
                tx, caller.person.id, wanted.reason, scope=scope, subject=wanted.subject, until=wanted.until, correlation=CorrelationId(new_id()),
                now=place.clock.now(),
            )  # fmt: skip
            return shaping.stop(found)

        return await _once(place, caller, request, key, raw, 201, work)

    @router.post(
        "/sites/{site}/pause", tags=["sites"], status_code=202, response_model=shapes.Asked, openapi_extra=_takes(shapes.PauseWanted)
    )
    async def pause_site(caller: Asker, site: str, request: Request, key: Key, _asked: Bare) -> Response:
        """Pause a site: it answers health and control calls only. Resuming it is an owner's, at a page or a terminal."""
        raw, wanted = await _body(request, shapes.PauseWanted)
        require_sight(caller, Permission.SITE_SEE, SiteId(id_of(site)))

        async def work(tx: Tx) -> BaseModel:
            await sites.site_of(tx, SiteId(site))
            asked = await wishes.pause(tx, SiteId(site), wanted.reason, by=caller.person.id, now=place.clock.now())
            return shapes.Asked(request=asked.id)

        answer = await _once(place, caller, request, key, raw, 202, work)
        await place.wake.ring(mailbox.DISPATCH)
        return answer

    return router


async def _once(
    place: Place, caller: Caller, request: Request, key: str, raw: bytes, status: int, work: Callable[[Tx], Awaitable[BaseModel]]
) -> Response:
    """Do it, or give the answer that it got before: key, work and answer are one transaction."""
    async with place.transaction(caller) as tx:
        before = await answers.begin(tx, caller.person.id, key, _whole(request, raw), now=place.clock.now())
        if before is not None:
            return _replayed(before)
        body = (await work(tx)).model_dump_json()
        await answers.keep(tx, caller.person.id, key, Answer(status, body))
    return Response(body, status, media_type="application/json")


def _whole(request: Request, raw: bytes) -> bytes:
    return b"\n".join([request.method.encode(), request.url.path.encode(), raw])


def _replayed(before: Answer) -> Response:
    return Response(before.body, before.status, media_type="application/json", headers={"Idempotent-Replayed": "true"})


async def _body(request: Request, shape: type[Taken]) -> tuple[bytes, Taken]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise WrongKind("The body has to be JSON.", do="Send Content-Type: application/json.")
    raw = b""
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                raw += part
                if len(raw) > LARGEST:
                    raise TooLarge(f"The body is larger than {LARGEST // 1024} KiB.")
    except TimeoutError as fault:
        raise Malformed("The body did not arrive in time.") from fault
    except ClientDisconnect as fault:
        raise Malformed("The body did not arrive whole.") from fault
    given = decode_object(raw, DEEPEST)
    try:
        return raw, shape.model_validate(given)
    except ValidationError as fault:
        named = ", ".join(sorted({".".join(str(each) for each in one["loc"]) or "body" for one in fault.errors()}))
        raise BodyRefused(f"Not as it must be: {named[:200]}.", do="Look at the OpenAPI document.") from fault
