"""Verbs of sessions: begin one, find whose it is, prove again who sits there, end it. Limits: whoever begins one has proved who they are, elsewhere.

The secret is 256 random bits, kept as a hash, and new at each sign-in and each step-up: a secret somebody planted or saw before is worth nothing after.
"""

import secrets
import unicodedata
from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity import store as people
from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import Limit
from presswarden.identity.model import Organisation, Permission, Person
from presswarden.identity.sessions import store
from presswarden.identity.sessions.model import SECRET_BYTES, SEEN_EVERY, Key, Session, SessionUnknown, Way
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId, SessionId, new_id


async def begin(tx: Tx, person: PersonId, way: Way, *, source: str, browser: str, now: datetime) -> tuple[Key, Session]:
    """Signed in: the key for the browser. Raises `PersonUnknown`."""
    await identity.person(tx, person)
    key = Key(tx.org, secrets.token_bytes(SECRET_BYTES))
    told = "".join(char for char in browser if not unicodedata.category(char).startswith("C"))[:200]
    made = Session(SessionId(new_id()), person, key.token, way, now, now, now, source[:64], told)
    await store.add(tx.org, tx, made, key.digest)
    await _record(tx, "session.begun", person, made.id, way.value, now)
    return key, made


async def session_of(tx: Tx, key: Key, now: datetime) -> tuple[Organisation, Person, Session] | None:
    """Whose it is, while it lives and the person belongs to the organisation. None otherwise."""
    found = await store.by_digest(tx.org, tx, key.digest, key.token)
    if found is None or not found.lives(now, await limits.limits(tx)):
        return None
    who = await people.people(tx.org, tx, person=found.person)
    organisation = await people.organisation(tx.org, tx)
    if organisation is None or not who or who[0].removed_at is not None:
        return None
    return organisation, who[0], found


def is_due(session: Session, source: str, now: datetime) -> bool:
    """This use has to be written down."""
    return now - session.seen_at >= SEEN_EVERY or source[:64] != session.source


async def seen(tx: Tx, session: SessionId, source: str, now: datetime) -> None:
    await store.seen(tx.org, tx, session, source[:64], now)


async def step_up(tx: Tx, key: Key, session: Session, *, how: str, now: datetime) -> Key:
    """The person proved once more who they are: a new key, and the old one is void. Raises `SessionUnknown` when it was void already."""
    fresh = Key(tx.org, secrets.token_bytes(SECRET_BYTES))
    if not await store.renew(tx.org, tx, session.id, key.digest, fresh.digest, now):
        raise SessionUnknown("This session was renewed or ended meanwhile.", do="Load the page again.")
    await _record(tx, "session.stepped_up", session.person, session.id, how, now)
    return fresh


async def sessions_of(tx: Tx, person: PersonId, now: datetime) -> tuple[Session, ...]:
    """Those that live; the one used last first."""
    holding = await limits.limits(tx)
    return tuple(one for one in await store.of_person(tx.org, tx, person) if one.lives(now, holding))


async def is_alive(tx: Tx, person: PersonId, session: SessionId, now: datetime) -> bool:
    """This person's session has not ended, by whatever way."""
    return session in {one.id for one in await sessions_of(tx, person, now)}


async def end(tx: Tx, person: PersonId, session: SessionId, *, now: datetime) -> None:
    """End one session of one's own. Raises `SessionUnknown`."""
    if not await store.end(tx.org, tx, person, only=session):
        raise SessionUnknown("There is no such session of yours.", do="Load the page again.")
    await _record(tx, "session.ended", person, session, "", now)


async def end_others(tx: Tx, person: PersonId, keep: SessionId | None, *, now: datetime) -> int:
    """All sessions of the person but this one: after a password changed, or a way to sign in was taken away. How many."""
    ended = await store.end(tx.org, tx, person, keep=keep)
    if ended:
        await _record(tx, "session.ended", person, keep or SessionId(person), f"{ended} others", now)
    return ended


async def end_all(tx: Tx, *, by: PersonId, now: datetime) -> int:
    """Everybody's in the organisation. Raises `Forbidden`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    ended = await store.end_all(tx.org, tx)
    entry = Entry("session.all_ended", Actor("person", by), f"organisation:{tx.org}", new_id(), {"ended": ended})
    await audit.record(tx, entry, now=now)
    return ended


async def end_everybody(tx: Tx) -> int:
    """Everybody's in the organisation, by no person; the caller says why in the record. How many."""
    return await store.end_all(tx.org, tx)


async def forget(tx: Tx, now: datetime) -> int:
    """The rows of those that are long dead."""
    holding = await limits.limits(tx)
    return await store.forget(tx.org, tx, now - holding.span(Limit.SESSION_IDLE), now - holding.span(Limit.SESSION_LONGEST))


async def _record(tx: Tx, kind: str, person: PersonId, session: SessionId, how: str, now: datetime) -> None:
    entry = Entry(kind, Actor("person", person), f"session:{session}", new_id(), {"how": how})
    await audit.record(tx, entry, now=now)
