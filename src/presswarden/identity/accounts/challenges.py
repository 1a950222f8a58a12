"""Challenges for passkeys, made without a row: sealed under the web process's KEK with what they are for and when they end.

So a stranger who opens the login page a million times writes nothing. Limits: that one is answered once is kept in `store`, after it was answered rightly.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from presswarden.kernel.clock import from_unix, unix
from presswarden.kernel.sealing import Kek, SealBroken

LIVES: Final = timedelta(minutes=10)
SIGN_IN, STEP_UP, REGISTER = "sign-in", "step-up", "register"


def make(kek: Kek, purpose: str, bound: str, now: datetime) -> bytes:
    """`bound`: the browser, session or person that it is for."""
    return kek.wrap(unix(now + LIVES).to_bytes(8) + secrets.token_bytes(16), _for(purpose, bound))


def holds(kek: Kek, challenge: bytes, purpose: str, bound: str, now: datetime) -> bool:
    """It is ours, for this and for them, and not too old."""
    try:
        inside = kek.unwrap(challenge, _for(purpose, bound))
    except SealBroken:
        return False
    return len(inside) == 24 and now < from_unix(int.from_bytes(inside[:8]))


def digest_of(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()


def _for(purpose: str, bound: str) -> str:
    return f"challenge|{purpose}|{bound}"
