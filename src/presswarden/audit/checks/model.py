"""One verification of the whole record. Limits: values; what was found is what one run found, at the size it names."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from presswarden.audit.model import Actor
from presswarden.kernel.ids import OrgId

LEASE: Final = timedelta(seconds=60)
"""Whoever runs one says so at least this often; else it is another's to run."""


class CheckState(StrEnum):
    ASKED = "asked"
    RUNNING = "running"
    RIGHT = "right"
    WRONG = "wrong"
    FAILED = "failed"
    """It could not be run to its end; nothing is known."""


OPEN: Final = frozenset({CheckState.ASKED, CheckState.RUNNING})


@dataclass(frozen=True, slots=True)
class Check:
    org: OrgId
    id: str
    asked_by: Actor
    asked_at: datetime
    state: CheckState
    seen_at: datetime
    """When whoever runs it last said how far it is."""
    size: int
    """Entries of the signed tree that it covers; 0 before it began."""
    read: int
    root: str
    heads: int
    """Signed checkpoints that were compared."""
    copies: int
    """Of them, copies that sites sent back."""
    payloads: int
    good: int
    """Entries up to the last checkpoint that is proven right."""
    first_bad: int | None
    says: str
    """The first fault in words; empty without one."""
    faults: int
    ended_at: datetime | None

    @property
    def open(self) -> bool:
        return self.state in OPEN
