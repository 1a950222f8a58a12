"""Throwing and lifting kill switches, and asking whether one bears on something. A stop is cheap, a resume is dear (POLICY).

A stop starts nothing new; what is open on a site reaches its safe end, and nothing that is kept goes. Limits: who lifts one has proved anew who they are
before they come here; that is the surface's to ask. What stops at the site is the site's own pause, which nobody lifts from here.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.gate import switch
from presswarden.gate.model import Ask, Stop, Stopped, StopRefused, StopScope, told
from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import ALLOWED, Permission, Person, may
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, Everyone, OrgId, PersonId, SiteId, new_id
from presswarden.proposals.model import Proposal
from presswarden.sites import service as sites

LONGEST_REASON: Final = 200
_SUBJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")
ALONE_WAITS: Final = timedelta(minutes=15)
"""Between the word of a single operator to resume and the resuming (POLICY)."""
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=31)
"""Of a stop that ends by itself: maintenance. One without an end has no bound."""
_JANITOR: Final = Actor("process", "janitor")
AGENTS: Final = ("analyst",)
"""Ours that think. What calls by a protocol is named by its own client's id."""


async def stops(tx: Tx, now: datetime) -> tuple[Stop, ...]:
    """Every stop that stands for this organisation, the widest first."""
    return await switch.stops(tx.org, tx, now)


async def bearing(tx: Tx, touched: Collection[SiteId], agents: Collection[str] = (), *, now: datetime) -> tuple[Stop, ...]:
    """Those that bear on these sites, or on what these agents began."""
    found = await stops(tx, now)
    if not found:
        return ()
    whose = await clients.client_of(tx) if any(one.scope is StopScope.CLIENT for one in found) else {}
    return tuple(one for one in found if one.bears_on(touched, agents, whose))


async def require_running(tx: Tx, touched: Collection[SiteId], agents: Collection[str] = (), *, now: datetime) -> None:
    """Raises `Stopped` when a stop bears on these sites or these agents: whoever asks gets a clear answer, and nothing waits in a queue."""
    for one in await bearing(tx, touched, agents, now=now):
        raise Stopped(told(one), do="Nothing was kept. Ask again once a person has lifted the stop.", scope=one.scope.value)


def seen_by(person: Person, stop: Stop) -> bool:
    """A stop of one site is told to those who see that site, and of one client to those who have a role there or everywhere."""
    match stop.scope:
        case StopScope.SITE:
            return may(person, Permission.SITE_SEE, SiteId(stop.subject))
        case StopScope.CLIENT:
            return any(grant.everywhere or grant.client == stop.subject for grant in person.grants)
        case _:
            return True


def begun_by(proposal: Proposal) -> tuple[str, ...]:
    """The agent that a proposal comes from, if one filed it: a person who adopts it does not make it another's."""
    return (proposal.by.id,) if proposal.by.kind in {"process", "client"} else ()


def asked_by(ask: Ask, proposal: Proposal | None) -> tuple[str, ...]:
    own = (ask.by.id,) if ask.by.kind in {"process", "client"} else ()
    return (*own, *(begun_by(proposal) if proposal is not None else ()))


async def stop(
    tx: Tx,
    person: PersonId,
    reason: str,
    *,
    scope: StopScope = StopScope.ORGANISATION,
    subject: str = "",
    until: datetime | None = None,
    correlation: CorrelationId,
    now: datetime,
) -> Stop:
    """Throw a kill switch: nothing that it bears on starts but pause, revocation and health. Thrown already, it stays as it is.

    With `until` it is a maintenance and ends by itself; of two for the same, the one that lasts longer holds: a shorter one would be a resume.
    `EVERYTHING` is for whoever may do so for all: the machine's own operator, or the owner of its only organisation. Raises `Forbidden`, `StopRefused`.
    """
    who = await _may_stop(tx, person, scope, subject)
    if until is not None and not now + SHORTEST <= until <= now + LONGEST:
        raise StopRefused(
            f"A stop that ends by itself ends within {LONGEST.days} days.", do="Choose another end, or none: then an owner resumes."
        )
    await end_due(tx, now)
    standing = next((one for one in await stops(tx, now) if (one.scope, one.subject) == (scope, subject)), None)
    if standing is not None and (standing.until is None or (until is not None and until <= standing.until)):
        return standing
    thrown = Stop(_reason(reason), who.id, now, scope, subject, until)
    await switch.throw(tx.org, tx, thrown)
    await _record(tx, "gate.stopped", thrown, person, thrown.reason, correlation, now)
    return thrown


async def lift(
    tx: Tx,
    person: PersonId,
    reason: str,
    *,
    scope: StopScope = StopScope.ORGANISATION,
    subject: str = "",
    correlation: CorrelationId,
    now: datetime,
) -> Stop | None:
    """Lift a kill switch: an owner, who says why. Where one person alone may approve, it ends fifteen minutes later, and a stop meanwhile undoes that.

    The stop as it stands now; None when it ended at once. Raises `Forbidden`, `StopRefused`.
    """
    await identity.require(tx, person, Permission.SITE_RESUME)
    standing = next((one for one in await stops(tx, now) if (one.scope, one.subject) == (scope, subject)), None)
    if standing is None:
        raise StopRefused("Nothing of that reach is stopped.", do="Look at what is stopped now.")
    if not reason.strip():
        raise StopRefused("Whoever lifts a stop says why.", do="Give a reason in a few words.")
    until = now + ALONE_WAITS if await is_alone(tx) else None
    if until is not None and standing.until is not None and standing.until <= until:
        return standing
    ending = Stop(standing.reason, standing.by, standing.since, scope, subject, until)
    if until is None:
        await switch.lift(tx.org, tx, scope, subject)
    else:
        await switch.throw(tx.org, tx, ending)
    await _record(tx, "gate.lifted", ending, person, reason.strip()[:LONGEST_REASON], correlation, now)
    return None if until is None else ending


async def end_due(tx: Tx, now: datetime) -> int:
    """What ends by itself and has come to its end goes, and the record says so. How many. What stops everything is `end_everything`'s."""
    over = await switch.over(tx.org, tx, now)
    for one in over:
        await switch.lift(tx.org, tx, one.scope, one.subject)
        await _record(tx, "gate.ended", one, None, one.reason, CorrelationId(new_id()), now)
    return len(over)


async def due_to_end(everyone: Everyone, tx: Tx, now: datetime) -> tuple[tuple[OrgId, ...], bool]:
    """The organisations with a stop that has come to its end, and whether that of the whole installation has."""
    return await switch.due(everyone, tx, now)


async def end_everything(everyone: Everyone, tx: Tx, now: datetime) -> Stop | None:
    """The stop of the whole installation, once its end has come: it goes, and the caller tells every organisation's record."""
    return await switch.end_all(everyone, tx, now)


async def tell_everywhere(tx: Tx, kind: str, of: Stop, reason: str, *, correlation: CorrelationId, now: datetime) -> None:
    """Write into this organisation's record that the whole installation was stopped or resumed from outside it: `gate.stopped`, `gate.lifted`, `gate.ended`."""
    await _record(tx, kind, of, None, reason[:LONGEST_REASON], correlation, now)


async def _may_stop(tx: Tx, person: PersonId, scope: StopScope, subject: str) -> Person:
    wide = scope in {StopScope.EVERYTHING, StopScope.ORGANISATION}
    if wide != (subject == "") or not (wide or _SUBJECT.match(subject)):
        raise StopRefused("A stop of that reach names what it stops.", do="Name the client, the site or the agent.")
    if scope is StopScope.EVERYTHING:
        return await identity.require(tx, person, Permission.OWNERS_MANAGE)
    if scope is StopScope.SITE:
        found = await sites.site_of(tx, SiteId(subject))
        return await identity.require(tx, person, Permission.SITE_PAUSE, site=found.id)
    if scope is StopScope.CLIENT:
        of = await clients.client(tx, subject)
        if await _may_for_client(tx, person, of.id):
            return await identity.person(tx, person)
    return await identity.require(tx, person, Permission.SITE_PAUSE)


async def _may_for_client(tx: Tx, person: PersonId, client: str) -> bool:
    here = [one for one in await identity.people(tx) if one.id == person]
    return any(Permission.SITE_PAUSE in ALLOWED[grant.role] for one in here for grant in one.grants if grant.client == client)


async def is_alone(tx: Tx) -> bool:
    """One person alone may approve anywhere in this organisation."""
    able = [one for one in await identity.people(tx) if any(Permission.APPROVE in ALLOWED[grant.role] for grant in one.grants)]
    return len(able) <= 1


def _reason(text: str) -> str:
    return text.strip()[:LONGEST_REASON] or "No reason was given."


async def _record(tx: Tx, kind: str, of: Stop, person: PersonId | None, reason: str, correlation: CorrelationId, now: datetime) -> None:
    payload: dict[str, Json] = {"reason": reason, "scope": of.scope.value, "subject": of.subject}
    if kind != "gate.stopped":
        payload |= {"stopped_since": unix(of.since), "ends": unix(of.until or now)}
    elif of.until is not None:
        payload |= {"ends": unix(of.until)}
    nobody = _JANITOR if kind == "gate.ended" else Actor("process", "operator")
    by = nobody if person is None else Actor("person", person)
    subject = f"{of.scope.value}:{of.subject or tx.org}"
    await audit.record(tx, Entry(kind, by, subject, correlation, payload), now=now)
