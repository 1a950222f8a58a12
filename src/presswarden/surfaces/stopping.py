"""Throwing and lifting a kill switch for whoever stands before a surface, and telling it to every organisation that it stops.

Limits: `gate` decides who may; whether somebody may stop the whole installation at all, and whether they proved anew who they are, is the caller's to know.
"""

from datetime import datetime
from typing import Protocol

from presswarden.gate import service as gate
from presswarden.gate.model import Stop, StopScope
from presswarden.identity import service as identity
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import CorrelationId, Everyone, OrgId, PersonId, new_id


class Place(Protocol):
    """What a surface works at, as far as a stop needs it."""

    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def everyone(self) -> Everyone: ...


async def throw(
    place: Place, org: OrgId, person: PersonId, scope: StopScope, subject: str, reason: str, until: datetime | None = None
) -> Stop:
    """Stop it, until then where that is said. For everything: in force for all at once, written into the others' records right after."""
    now, correlation = place.clock.now(), CorrelationId(new_id())
    async with place.database.transaction(org) as tx:
        before = await gate.stops(tx, now)
        stop = await gate.stop(tx, person, reason, scope=scope, subject=subject, until=until, correlation=correlation, now=now)
    if scope is StopScope.EVERYTHING and stop not in before:
        await _tell_others(place, org, "gate.stopped", stop, stop.reason, correlation)
    return stop


async def lift(place: Place, org: OrgId, person: PersonId, scope: StopScope, subject: str, reason: str) -> Stop | None:
    """Lift it; the stop that still stands for a while, where one person alone may approve."""
    now, correlation = place.clock.now(), CorrelationId(new_id())
    async with place.database.transaction(org) as tx:
        stands = next((one for one in await gate.stops(tx, now) if (one.scope, one.subject) == (scope, subject)), None)
        ending = await gate.lift(tx, person, reason, scope=scope, subject=subject, correlation=correlation, now=now)
    if scope is StopScope.EVERYTHING and stands is not None:
        await _tell_others(place, org, "gate.lifted", ending or stands, reason, correlation)
    return ending


async def _tell_others(place: Place, org: OrgId, kind: str, stop: Stop, reason: str, correlation: CorrelationId) -> None:
    async with place.database.reading(place.everyone) as tx:
        others = [one.id for one in await identity.organisations(place.everyone, tx) if one.id != org]
    for other in others:
        async with place.database.transaction(other) as tx:
            await gate.tell_everywhere(tx, kind, stop, reason, correlation=correlation, now=place.clock.now())
