"""An invitation, or a way back for somebody who lost theirs. Limits: pure; the link's secret is shown once and kept as a hash."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from presswarden.identity.model import Grant
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import OrgId, PersonId

LIVES: Final = timedelta(days=7)
BACK_LIVES: Final = timedelta(hours=24)


class Kind(StrEnum):
    JOIN = "join"
    BACK = "back"
    """For a person who is there already and can't sign in any more."""


class InvitationGone(PresswardenError):
    """Never made, used, taken back or too old: the answer is the same."""

    code = "identity.invitation"


@dataclass(frozen=True, slots=True)
class Invitation:
    id: str
    org: OrgId
    kind: Kind
    name: str
    mail: str
    grant: Grant | None
    person: PersonId | None
    made_by: PersonId
    made_at: datetime
    until: datetime
    used_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.used_at is None and now < self.until


def digest_of(secret: str) -> str:
    return hashlib.sha256(b"presswarden invitation\x00" + secret.encode("utf-8", "replace")).hexdigest()
