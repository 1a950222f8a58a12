"""Passwords: what one must be, and its hash. Argon2id takes 64 MiB a time, so only a few are made at once and few wait; a flood is answered, not served.

Limits: knows no person. Comparing takes the same time for a person who has no password, and for nobody.
"""

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from pwdlib.hashers.argon2 import Argon2Hasher

from presswarden.identity.accounts.model import LoginBusy, PasswordRefused

SHORTEST: Final = 12
LONGEST: Final = 200
AT_ONCE: Final = 2
MOST_WAITING: Final = 20
_OWN_SHARE: Final = 8
"""So many characters have to be left once name and mail address are taken out of it."""
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class Passwords:
    """One for the whole process: it counts who is hashing."""

    def __init__(self, hasher: Argon2Hasher | None = None, *, at_once: int = AT_ONCE, waiting: int = MOST_WAITING) -> None:
        self._hasher = hasher or Argon2Hasher()
        self._seats = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._inside = 0

    async def hashed(self, password: str) -> str:
        """Raises `LoginBusy`."""
        async with self._seat():
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def fits(self, kept: str, password: str) -> bool:
        """False where nothing is kept, after the same work. Raises `LoginBusy`."""
        given = _normal(password) if len(password) <= LONGEST else ""
        async with self._seat():
            same = await asyncio.to_thread(self._hasher.verify, given, kept or _NOBODYS)
        return same and bool(kept) and bool(given)

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        if self._inside >= self._most:
            raise LoginBusy("Many people sign in at this moment.", do="Try again in a few seconds.")
        self._inside += 1
        try:
            async with self._seats:
                yield
        finally:
            self._inside -= 1


def judge(password: str, *, name: str, mail: str) -> None:
    """Raises `PasswordRefused` for one that is short, or is mostly the person's name or mail address."""
    normal = _normal(password)
    if not SHORTEST <= len(normal) <= LONGEST:
        raise PasswordRefused(
            f"A password has {SHORTEST} to {LONGEST} characters.", do="Take a few words that belong together for you alone."
        )
    left = normal.casefold()
    parts = {mail, mail.partition("@")[0], mail.rpartition("@")[2].partition(".")[0], *name.split()}
    for part in sorted((part.casefold() for part in parts if len(part) > 2), key=len, reverse=True):
        left = left.replace(part, "")
    if len(left) < _OWN_SHARE or len(set(left)) < 5:
        raise PasswordRefused(
            "This password is your name, your mail address or one character many times.", do="Take a few words that nobody would guess."
        )


def _normal(password: str) -> str:
    """The same password from every keyboard."""
    return unicodedata.normalize("NFKC", password)
