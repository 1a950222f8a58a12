"""What every stage keeps about one person, as one document for that person; and the one verb that lets it go everywhere.

Limits: an export holds no secret, not even hashed ones, and nobody else's data; an erasure leaves what somebody did, under an id that no name belongs to.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from presswarden.approvals import service as approvals
from presswarden.approvals.model import Given
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry, Recorded, Search
from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.erasures import service as erasures
from presswarden.identity.model import Permission, Person
from presswarden.identity.sessions import service as sessions
from presswarden.identity.tokens import service as tokens
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import EventId, PersonId, new_id
from presswarden.reports.notices import service as notices
from presswarden.sites.views import service as views

FORMAT: Final = "presswarden-person-1"
_PAGE: Final = 500


async def export(tx: Tx, who: str, *, by: PersonId, now: datetime) -> dict[str, Json]:
    """All that is kept about somebody, also after they left; that it was given out is recorded. Raises `Forbidden`, `PersonUnknown`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    person = await identity.anybody(tx, who)
    found: dict[str, Json] = {
        "format": FORMAT, "made_at": unix(now), "person": _person(person), "signs_in_with": await _ways(tx, person.id),
        "sessions": await _sessions(tx, person.id, now), "api_tokens": await _tokens(tx, person.id),
        "passkeys_for_consents": [{"name": each.name, "added_at": unix(each.added_at)} for each in await approvals.passkeys_of(tx, person.id)],
        "consents": [_given(each) for each in await approvals.given_by(tx, person.id)],
        "told_of": {each.value: said for each, said in (await notices.wanted_by(tx, person.id)).items()},
        "saved_views": [{"name": each.name, "query": each.query} for each in await views.views(tx, person.id)],
        "record_by_them": [_entry(one) for one in await _all(tx, Search(actor_kind="person", actor=person.id))],
        "record_about_them": [_entry(one) for one in await _all(tx, Search(subject=f"person:{person.id}"))],
    }  # fmt: skip
    await audit.record(tx, Entry("person.exported", Actor("person", by), f"person:{person.id}", new_id(), {}), now=now)
    return found


async def erase(tx: Tx, who: str, *, by: PersonId, now: datetime) -> Person:
    """Somebody who was removed is forgotten by name; what they did stays under their id. Raises `Forbidden`, `PersonUnknown`, `ErasureRefused`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    person = await identity.anybody(tx, who)
    await erasures.erase(tx, person, by=by, now=now)
    await approvals.forget_passkeys(tx, person.id, now=now)
    await views.drop_all(tx, person.id)
    await notices.forget_person(tx, person.id, person.mail)
    return person


def _person(one: Person) -> dict[str, Json]:
    roles: list[Json] = [
        {"role": each.role.value, "site": each.site or "", "client": each.client or ""}
        for each in sorted(one.grants, key=lambda each: (each.role, each.site or "", each.client or ""))
    ]
    left = None if one.removed_at is None else unix(one.removed_at)
    return {"id": one.id, "name": one.name, "mail": one.mail, "joined_at": unix(one.created_at), "left_at": left, "roles": roles}


async def _ways(tx: Tx, person: PersonId) -> dict[str, Json]:
    found = await accounts.ways(tx, person)
    keys: list[Json] = [{"name": each.name, "added_at": unix(each.added_at), "used_at": _moment(each.used_at)} for each in found.passkeys]
    return {"password": found.password, "codes_of_an_app": found.codes, "recovery_codes_left": found.recovery, "passkeys": keys}


async def _sessions(tx: Tx, person: PersonId, now: datetime) -> list[Json]:
    return [
        {
            "begun_at": unix(each.signed_in_at),
            "seen_at": unix(each.seen_at),
            "way": each.way.value,
            "source": each.source,
            "browser": each.browser,
        }
        for each in await sessions.sessions_of(tx, person, now)
    ]


async def _tokens(tx: Tx, person: PersonId) -> list[Json]:
    return [
        {
            "name": each.name,
            "scopes": [*sorted(each.scopes)],
            "made_at": unix(each.made_at),
            "until": unix(each.until),
            "used_at": _moment(each.used_at),
        }
        for each in await tokens.tokens_of(tx, person)
    ]


def _given(each: Given) -> dict[str, Json]:
    return {"proposal": each.proposal, "digest": each.digest, "yes": each.yes, "reason": each.reason, "at": unix(each.at)}


async def _all(tx: Tx, search: Search) -> Sequence[Recorded]:
    found: list[Recorded] = []
    after: EventId | None = None
    while page := await audit.events(tx, search=search, limit=_PAGE, after=after):
        found += page
        after = page[-1].id
    return found


def _entry(one: Recorded) -> dict[str, Json]:
    payload: dict[str, Json] | None = None if one.payload is None else dict(one.payload)
    return {"at": unix(one.at), "kind": one.kind, "subject": one.subject, "index": one.index, "payload": payload}


def _moment(at: datetime | None) -> int | None:
    return None if at is None else unix(at)
