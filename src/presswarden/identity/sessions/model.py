"""A person's session at the console, and the secret their browser holds for it. Limits: pure; the secret itself is kept nowhere but in the browser."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from presswarden.identity.limits.model import BOUNDS, Limit, Limits
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import OrgId, PersonId, SessionId, is_uuid4

LONGEST: Final = BOUNDS[Limit.SESSION_LONGEST].span(BOUNDS[Limit.SESSION_LONGEST].ceiling)
"""Of any organisation: so long a browser keeps the secret at most."""
FRESH: Final = timedelta(minutes=5)
"""So long a step-up counts."""
SEEN_EVERY: Final = timedelta(minutes=5)
"""A use is written down at most this often: most requests write nothing."""
SECRET_BYTES: Final = 32


class Way(StrEnum):
    """How the person signed in."""

    PASSKEY = "passkey"
    PASSWORD = "password"  # noqa: S105 - a word, and with a code
    RECOVERY = "recovery"
    """A password with a recovery code."""
    LINK = "link"
    """An invitation, a way back, or the first start."""


class SessionUnknown(NotFound):
    code = "identity.session_unknown"


@dataclass(frozen=True, slots=True)
class Session:
    id: SessionId
    person: PersonId
    token: str
    """What every form of this session carries. It changes with the secret, and tells nothing of it."""
    way: Way
    signed_in_at: datetime
    stepped_up_at: datetime | None
    """When the person last proved who they are."""
    seen_at: datetime
    source: str
    browser: str

    def is_fresh(self, now: datetime) -> bool:
        return self.stepped_up_at is not None and timedelta() <= now - self.stepped_up_at <= FRESH

    def lives(self, now: datetime, limits: Limits) -> bool:
        """By the limits as they are now: a shorter one ends sessions that were begun before it."""
        return now - self.seen_at < limits.span(Limit.SESSION_IDLE) and now - self.signed_in_at < limits.span(Limit.SESSION_LONGEST)


@dataclass(frozen=True, slots=True)
class Key:
    """What the browser's cookie says: whose organisation's session it is, and the secret that proves it."""

    org: OrgId
    secret: bytes

    def __repr__(self) -> str:
        return f"Key(org={self.org!r})"

    @property
    def text(self) -> str:
        return f"{self.org}.{base64.urlsafe_b64encode(self.secret).rstrip(b'=').decode()}"

    @property
    def digest(self) -> str:
        """As the database keeps it."""
        return hashlib.sha256(b"presswarden session\x00" + self.secret).hexdigest()

    @property
    def token(self) -> str:
        return hashlib.sha256(b"presswarden form\x00" + self.secret).hexdigest()


def read_key(text: str) -> Key | None:
    """A cookie as it came. None for anything that we did not make."""
    org, _, secret = text.partition(".")
    if len(text) > 100 or not is_uuid4(org):
        return None
    try:
        raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    except (binascii.Error, ValueError):
        return None
    key = Key(OrgId(org), raw)
    return key if len(raw) == SECRET_BYTES and hmac.compare_digest(key.text.encode(), text.encode("utf-8", "replace")) else None
