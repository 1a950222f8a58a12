"""One process's last word. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from presswarden.kernel.canonical import Json

EVERY: Final = timedelta(seconds=20)
LOST_AFTER: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Pulse:
    name: str
    seen_at: datetime
    told: Mapping[str, Json]
    """What it was set up with, as far as people need to know: never a secret, never an address."""

    def is_alive(self, now: datetime) -> bool:
        return now - self.seen_at < LOST_AFTER
