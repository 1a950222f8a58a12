"""What the API works at, and who calls: a token's person, in that person's organisation, within the token's scopes.

A token is looked up by its hash. Limits: who calls is a person, so roles count as they do everywhere; a scope takes away and never gives.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from presswarden.identity import model as identity
from presswarden.identity.model import Organisation, Permission, Person
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope, digest_of
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import Everyone, SiteId
from presswarden.kernel.wake import Wake
from presswarden.surfaces.limits import PER_ADDRESS, Limit, Rate, source_of

PER_TOKEN: Final = Rate(per_minute=240, burst=120)
_MOST_NOTED: Final = 10_000
BEARER: Final = HTTPBearer(auto_error=False, description="An API token, made on your account's page.")


class NoToken(PresswardenError):
    code = "api.unauthenticated"


class OutOfScope(PresswardenError):
    code = "api.scope"


class TooMany(PresswardenError):
    code = "api.rate"


@dataclass(frozen=True, slots=True)
class Caller:
    organisation: Organisation
    person: Person
    scopes: frozenset[Scope]

    def may(self, permission: Permission, site: SiteId | None = None) -> bool:
        return identity.may(self.person, permission, site)


@dataclass(frozen=True, slots=True)
class Place:
    database: Database
    clock: Clock
    wake: Wake
    everyone: Everyone
    calls: Limit = field(default_factory=lambda: Limit(PER_TOKEN))
    strangers: Limit = field(default_factory=lambda: Limit(PER_ADDRESS))
    noted: dict[str, date] = field(default_factory=dict)
    """Tokens of which it was written down that they were used this day."""

    def reading(self, caller: Caller) -> AbstractAsyncContextManager[Tx]:
        return self.database.reading(caller.organisation.id)

    def transaction(self, caller: Caller) -> AbstractAsyncContextManager[Tx]:
        return self.database.transaction(caller.organisation.id)


def calling(place: Place, scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """For FastAPI's `Depends`. Raises `NoToken`, `OutOfScope`, `TooMany`."""

    async def caller(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> Caller:
        now, source = place.clock.now(), source_of(request.client.host if request.client else None)
        if given is None:
            raise NoToken("This needs an API token.", do="Send it as: Authorization: Bearer pwt_...")
        digest = digest_of(given.credentials)
        if not (place.calls if digest in place.noted else place.strangers).allows(digest if digest in place.noted else source, now):
            raise TooMany("Too many requests.", do="Wait as long as Retry-After says.")
        found = await _look_up(place, given.credentials, digest)
        if found is None:
            place.noted.pop(digest, None)
            raise NoToken("This token is not valid, or not any more.", do="Make a new one on your account's page.")
        if scope not in found.scopes:
            raise OutOfScope(f"This token has no scope «{scope}».", do="Make one that has, on your account's page.")
        return found

    return caller


async def _look_up(place: Place, text: str, digest: str) -> Caller | None:
    """Written down once a day that it was used; the other times, and for what is no token, nothing waits for a writer."""
    now = place.clock.now()
    async with place.database.reading(place.everyone) as tx:
        found = await tokens.token_of(place.everyone, tx, text, now, note=False)
    if found is not None and place.noted.get(digest) != now.date():
        async with place.database.transaction(place.everyone) as tx:
            found = await tokens.token_of(place.everyone, tx, text, now)
        place.noted[digest] = now.date()
        while len(place.noted) > _MOST_NOTED:
            place.noted.pop(next(iter(place.noted)))
    return None if found is None else Caller(*found)
