"""A question put to many sites, and how far it has come. Limits: what each site answered stands with its own request, for a week."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import PersonId, SiteId
from presswarden.mailbox.model import SETTLED, RequestState

MOST_SITES: Final = 500
"""At once: what many sites are asked must not stand in the way of what is urgent."""


class BatchUnknown(NotFound):
    code = "mailbox.batch_unknown"


class BatchTooLarge(PresswardenError):
    code = "mailbox.batch"


@dataclass(frozen=True, slots=True)
class Batch:
    id: str
    tool: str
    by: PersonId
    at: datetime
    total: int
    done: int
    """Answered."""
    settled: int
    """Answered, refused, or out of reach: nothing more comes."""

    @property
    def over(self) -> bool:
        return self.settled >= self.total


@dataclass(frozen=True, slots=True)
class Part:
    """One site of it. `state` is None for one that could not be asked; `refused` says why."""

    site: SiteId
    state: RequestState | None
    says: str
    settled_at: datetime | None
    gone: bool
    """Its request was let go with its week."""

    @property
    def settled(self) -> bool:
        return self.state is None or self.state in SETTLED
