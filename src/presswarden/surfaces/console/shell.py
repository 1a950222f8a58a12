"""What stands around every page: counts beside the navigation, and the stops that hold. Limits: read once for each page, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from presswarden.gate import service as gate
from presswarden.gate.model import Stop
from presswarden.identity.model import Person
from presswarden.kernel.db import Tx
from presswarden.reports.fleet import service as fleet


@dataclass(frozen=True, slots=True)
class Shell:
    sites: int = 0
    waiting: int = 0
    """Proposals that wait for somebody's yes."""
    running: int = 0
    """Changes under way."""
    incidents: int = 0
    stops: tuple[Stop, ...] = ()


NO_SHELL: Final = Shell()


async def shell_of(tx: Tx, person: Person, now: datetime) -> Shell:
    counts = await fleet.counts(tx, person)
    return Shell(
        counts.sites,
        counts.waiting,
        counts.running,
        counts.incidents,
        tuple(one for one in await gate.stops(tx, now=now) if gate.seen_by(person, one)),
    )
