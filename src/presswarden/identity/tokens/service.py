"""Verbs of API tokens: make one, shown once; find whose it is; ask somebody else to answer for it; revoke.

Limits: a token speaks for whoever answers for it, within its scopes, never for a consent.
"""

import secrets
import unicodedata
from collections.abc import Collection
from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity import store as people
from presswarden.identity.model import Organisation, Permission, Person
from presswarden.identity.tokens import store
from presswarden.identity.tokens.model import LONGEST, MOST_TOKENS, PREFIX, Scope, Token, TokenRefused, TokenUnknown, digest_of
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, PersonId, new_id


async def make(tx: Tx, person: PersonId, *, name: str, scopes: Collection[Scope], until: datetime, now: datetime) -> tuple[str, Token]:
    """The token's text, which is kept nowhere, and what is kept. Raises `TokenRefused`, `PersonUnknown`."""
    await identity.person(tx, person)
    plain = name.strip()
    if not plain or len(plain) > 100 or any(unicodedata.category(char).startswith(("C", "Z")) and char != " " for char in plain):
        raise TokenRefused("A token has a name of 1 to 100 plain characters.", do="Name what it is for.")
    if not scopes or not now < until <= now + LONGEST:
        raise TokenRefused("A token has a scope, and ends within a year.", do="Choose what it may do, and until when.")
    if len(await store.tokens(tx.org, tx, person)) >= MOST_TOKENS:
        raise TokenRefused(f"A person has at most {MOST_TOKENS} tokens.", do="Revoke one first.")
    text = PREFIX + secrets.token_urlsafe(32)
    made = Token(new_id(), person, plain, frozenset(scopes), now, until, None, person)
    await store.add(tx.org, tx, made, digest_of(text))
    await _record(tx, "api.key_made", person, made.id, now)
    return text, made


async def tokens_of(tx: Tx, person: PersonId) -> tuple[Token, ...]:
    """Those that were not revoked, newest first; ended ones too."""
    return await store.tokens(tx.org, tx, person)


async def token_of(
    everyone: Everyone, tx: Tx, text: str, now: datetime, *, note: bool = True
) -> tuple[Organisation, Person, frozenset[Scope]] | None:
    """Whose it is, while it and its person hold. None otherwise, whatever the reason. `note`: write down that it was used today."""
    if not text.startswith(PREFIX) or len(text) != len(PREFIX) + 43:
        return None
    found = await store.by_digest(everyone, tx, digest_of(text))
    if found is None or not found[1].made_at <= now < found[1].until:
        return None
    org, token = found
    who, organisation = await people.people(org, tx, person=token.person), await people.organisation(org, tx)
    if organisation is None or not who or who[0].removed_at is not None:
        return None
    if note and (token.used_at is None or token.used_at.date() != now.date()):
        await store.used(org, tx, token.id, now)
    return organisation, who[0], token.scopes


async def offered_to(tx: Tx, person: PersonId) -> tuple[Token, ...]:
    """What this person is asked to answer for."""
    return await store.offered(tx.org, tx, person)


async def offer(tx: Tx, token: str, to: PersonId | None, *, by: PersonId, any_of_them: bool = False, now: datetime) -> None:
    """Ask somebody to answer for a token of one's own, or take that back (None). `any_of_them`: anybody's, for whoever manages people.

    The token speaks for the same person as before until the other one takes it. Raises `TokenUnknown`, `TokenRefused`, `PersonUnknown`, `Forbidden`.
    """
    found = await _one(tx, token, by, any_of_them=any_of_them)
    if to is not None and (await identity.person(tx, to)).id == found.person:
        raise TokenRefused("They answer for it already.", do="Choose somebody else.")
    await store.offer(tx.org, tx, token, to)
    await _record(tx, "api.key_offered", by, token, now, to=to or "")


async def take(tx: Tx, token: str, *, by: PersonId, now: datetime) -> None:
    """Answer for a token from now on: it speaks for this person, within its scopes, in the hands of whoever holds it. Raises `TokenUnknown`, `TokenRefused`."""
    found = next((one for one in await store.offered(tx.org, tx, by) if one.id == token), None)
    if found is None:
        raise _unknown()
    if len(await store.tokens(tx.org, tx, by)) >= MOST_TOKENS:
        raise TokenRefused(f"A person has at most {MOST_TOKENS} tokens.", do="Revoke one first.")
    if not await store.take(tx.org, tx, token, by):
        raise _unknown()
    await _record(tx, "api.key_taken", by, token, now, before=found.person)


async def revoke(tx: Tx, token: str, *, by: PersonId, any_of_them: bool = False, now: datetime) -> None:
    """One of one's own; `any_of_them`: anybody's, for whoever manages people. Raises `TokenUnknown`, `Forbidden`."""
    found = await _one(tx, token, by, any_of_them=any_of_them)
    await store.drop(tx.org, tx, token=token)
    await _record(tx, "api.key_revoked", by, token, now, of=found.person)


async def revoke_all(tx: Tx, person: PersonId, *, now: datetime) -> None:
    """A person left, or starts over: what they answer for ends, and nobody waits for them to take something."""
    await store.end_offers(tx.org, tx, person)
    if await store.drop(tx.org, tx, person=person):
        await _record(tx, "api.key_revoked", person, "all", now)


async def _one(tx: Tx, token: str, by: PersonId, *, any_of_them: bool) -> Token:
    """Raises `TokenUnknown`, `Forbidden`."""
    if any_of_them:
        await identity.require(tx, by, Permission.PEOPLE_MANAGE)
    found = next((one for one in await store.tokens(tx.org, tx, None if any_of_them else by) if one.id == token), None)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> TokenUnknown:
    return TokenUnknown("There is no such token of yours.", do="Load the page again.")


async def _record(tx: Tx, kind: str, person: PersonId, token: str, now: datetime, **told: Json) -> None:
    entry = Entry(kind, Actor("person", person), f"person:{person}", new_id(), {"api": token, **told})
    await audit.record(tx, entry, now=now)
