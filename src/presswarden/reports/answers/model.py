"""An answer that was given, and the rules of the keys it is kept under. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from presswarden.kernel.errors import PresswardenError

KEPT: Final = timedelta(hours=24)
MOST: Final = 2_000
"""Kept for one person at a time."""


class KeyReused(PresswardenError):
    """The key came before with another request."""

    code = "api.key_reused"


class TooManyKeys(PresswardenError):
    code = "api.too_many_keys"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str
