"""How often somebody may try a password: counted in the database, for each mail address and each address it is tried from.

A stranger who guesses must not keep the real person out: every window ends after fifteen minutes, a browser that signed in before has a count of its own, and
a passkey is not counted at all. Codes are counted apart, and only after the right password. Limits: who is behind one address is not known.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from presswarden.identity.accounts.tries import store
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId

WINDOW: Final = timedelta(minutes=15)
FROM_ADDRESS: Final = 30
OF_PAIR: Final = 10
"""Of one mail address, from one address."""
OF_MAIL: Final = 100
OF_BROWSER: Final = 20
CODES_WINDOW: Final = timedelta(hours=1)
OF_CODES: Final = 10
KEPT_BROWSERS: Final = 10


@dataclass(frozen=True, slots=True)
class Tried:
    names: tuple[str, ...]
    """Counted under these; given back when it was right."""
    allowed: bool


async def take(everyone: Everyone, tx: Tx, *, mail: str, source: str, browser: str, people: Sequence[PersonId], now: datetime) -> Tried:
    """Count one try before anything is compared, so that a hundred at once are a hundred."""
    if browser and people and await store.is_known(everyone, tx, people, browser_digest(browser)):
        limits = {_name("browser", browser): OF_BROWSER}
    else:
        limits = {_name("address", source): FROM_ADDRESS, _name("pair", mail, source): OF_PAIR, _name("mail", mail): OF_MAIL}
    allowed = True
    for name, most in limits.items():
        allowed = await store.count(everyone, tx, name, now - WINDOW, now) <= most and allowed
    return Tried(tuple(limits), allowed)


async def refund(everyone: Everyone, tx: Tx, tried: Tried) -> None:
    await store.refund(everyone, tx, tried.names)


async def take_code(everyone: Everyone, tx: Tx, org: OrgId, person: PersonId, now: datetime) -> Tried:
    """Count one try at a code of somebody whose password was right, or who is signed in."""
    name = _name("code", org, person)
    return Tried((name,), await store.count(everyone, tx, name, now - CODES_WINDOW, now) <= OF_CODES)


async def take_setup(everyone: Everyone, tx: Tx, source: str, now: datetime) -> Tried:
    """Count one try at the code of the first start, whoever tries."""
    names = {_name("setup", source): OF_PAIR, _name("setup"): OF_MAIL}
    counts = [await store.count(everyone, tx, name, now - WINDOW, now) <= most for name, most in names.items()]
    return Tried(tuple(names), all(counts))


def new_browser() -> str:
    return secrets.token_urlsafe(24)


def browser_digest(browser: str) -> str:
    return hashlib.sha256(b"presswarden browser\x00" + browser.encode("utf-8", "replace")).hexdigest()


def _name(*parts: str) -> str:
    return hashlib.sha256("\x00".join(("presswarden try", *parts)).encode("utf-8", "replace")).hexdigest()
