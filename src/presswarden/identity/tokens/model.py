"""An API token of a person. Limits: pure; a token does what its person may and its scopes name, and never what needs a consent."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import PersonId

PREFIX: Final = "pwt_"
LONGEST: Final = timedelta(days=366)
MOST_TOKENS: Final = 50
"""Of one person."""


class Scope(StrEnum):
    READ = "read"
    PROPOSE = "propose"


class TokenUnknown(NotFound):
    code = "identity.token_unknown"


class TokenRefused(PresswardenError):
    """Without a scope, a name or an end, or one too many."""

    code = "identity.token"


@dataclass(frozen=True, slots=True)
class Token:
    id: str
    person: PersonId
    """Who answers for it: it speaks for them, and ends with them."""
    name: str
    scopes: frozenset[Scope]
    made_at: datetime
    until: datetime
    used_at: datetime | None
    """The day of the last use; which hour of it is not kept."""
    made_by: PersonId
    offered_to: PersonId | None = None
    """Who is asked to answer for it from now on; nothing changes until they say so."""


def digest_of(text: str) -> str:
    return hashlib.sha256(b"presswarden token\x00" + text.encode("utf-8", "replace")).hexdigest()
