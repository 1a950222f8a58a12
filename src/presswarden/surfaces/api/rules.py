"""The reads of what holds for the whole organisation: policies, the record, stops."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from presswarden.approvals import service as approvals
from presswarden.audit import service as audit
from presswarden.gate import service as gate
from presswarden.identity.model import Forbidden, Permission
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.ids import EventId, SiteId
from presswarden.surfaces import cursors
from presswarden.surfaces.api import shapes, shaping
from presswarden.surfaces.api.asking import Nothing, Paged, id_of, require, require_sight
from presswarden.surfaces.api.place import Caller, Place, calling


class OfScope(Nothing):
    site: Annotated[str | None, Field(max_length=36, description="The policy of one site; without it the organisation's.")] = None


def routes(place: Place) -> APIRouter:
    router = APIRouter()
    Reader = Annotated[Caller, Depends(calling(place, Scope.READ))]

    @router.get("/policies", tags=["policies"])
    async def list_policies(caller: Reader, asked: Annotated[OfScope, Query()]) -> shapes.Policies:
        """Every version of a policy document, newest first; one of them is active."""
        if asked.site is None:
            require(caller, Permission.POLICY_SEE)
        else:
            require_sight(caller, Permission.POLICY_SEE, SiteId(id_of(asked.site)))
        async with place.reading(caller) as tx:
            found = await approvals.policy_versions(tx, asked.site or "", now=place.clock.now())
        return shapes.Policies(items=[shaping.policy(one) for one in found])

    @router.get("/audit", tags=["audit"])
    async def list_entries(caller: Reader, asked: Annotated[Paged, Query()]) -> shapes.Page[shapes.Entry]:
        """The record, newest first. Payloads are shown to the roles that may see them."""
        require(caller, Permission.AUDIT_SEE)
        before = cursors.read("audit", asked.cursor)
        payload = caller.may(Permission.AUDIT_PAYLOAD)
        async with place.reading(caller) as tx:
            after = None if before is None else EventId(before[1])
            found = await audit.events(tx, after=after, limit=asked.limit, newest_first=True)
        following = cursors.write("audit", found[-1].at, found[-1].id) if len(found) == asked.limit else None
        return shapes.Page(items=[shaping.entry(one, payload=payload) for one in found], next=following)

    @router.get("/audit/{entry}", tags=["audit"])
    async def show_entry(caller: Reader, entry: str, _asked: Annotated[Nothing, Query()]) -> shapes.Entry:
        require(caller, Permission.AUDIT_SEE)
        async with place.reading(caller) as tx:
            found = await audit.event(tx, EventId(id_of(entry)))
        return shaping.entry(found, payload=caller.may(Permission.AUDIT_PAYLOAD))

    @router.get("/stops", tags=["stops"])
    async def list_stops(caller: Reader, _asked: Annotated[Nothing, Query()]) -> shapes.Stops:
        """What is stopped now, the widest first."""
        if not caller.person.grants:
            raise Forbidden("No role allows this.", do="Ask an owner of the organisation.")
        async with place.reading(caller) as tx:
            found = await gate.stops(tx, place.clock.now())
        return shapes.Stops(items=[shaping.stop(one) for one in found if gate.seen_by(caller.person, one)])

    return router
