"""Codes from an app (TOTP, RFC 6238), recovery codes, and the code of the first start. Limits: knows no row; that one is taken once is `store`'s."""

import hashlib
import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from typing import Final

import pyotp

from presswarden.kernel.clock import unix
from presswarden.kernel.ids import OrgId, PersonId

SEED_BYTES: Final = 20
SECONDS: Final = 30
RECOVERY_CODES: Final = 10
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that is read as another."""


def new_seed() -> bytes:
    return secrets.token_bytes(SEED_BYTES)


def seed_text(seed: bytes) -> str:
    """As it is typed into an app."""
    return b32encode(seed).decode()


def address(seed: bytes, mail: str, issuer: str) -> str:
    """The `otpauth:` address that an app reads from a picture."""
    return pyotp.TOTP(seed_text(seed)).provisioning_uri(name=mail, issuer_name=issuer)


def step_of(seed: bytes, code: str, now: datetime) -> int | None:
    """The step this code belongs to: the present one, or one beside it for clocks that differ. None for a code of no such step."""
    given = code.replace(" ", "")
    if len(given) != 6 or not (given.isascii() and given.isdigit()):
        return None
    app, present = pyotp.TOTP(seed_text(seed)), unix(now) // SECONDS
    fitting = [step for step in (present - 1, present, present + 1) if hmac.compare_digest(app.generate_otp(step), given)]
    return fitting[-1] if fitting else None


def new_recovery_codes() -> tuple[str, ...]:
    return tuple(_grouped(3) for _ in range(RECOVERY_CODES))


def recovery_digest(org: OrgId, person: PersonId, code: str) -> str:
    return hashlib.sha256(f"presswarden recovery\x00{org}\x00{person}\x00{_plain(code)}".encode()).hexdigest()


def new_setup_code() -> str:
    return _grouped(4)


def setup_digest(org: OrgId, code: str) -> str:
    return hashlib.sha256(f"presswarden setup\x00{org}\x00{_plain(code)}".encode()).hexdigest()


def _grouped(groups: int) -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(groups))


def _plain(code: str) -> str:
    return "".join(char for char in code.lower() if char in _LETTERS)[:64]
