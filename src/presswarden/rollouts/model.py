"""Changes and their results, and the work a site has to do for an approved proposal. Limits: nouns and pure moves; no wave spans sites yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import ChangeId, CorrelationId, InstallationId, OrgId, ProposalId, SiteId, SnapshotId, WorkId


class Result(StrEnum):
    """How a change ended, in the words people read. "Succeeded" is never said unless the new version was seen on the site, healthy."""

    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"
    UNVERIFIED = "unverified"
    """It ran; whether the site is well can't be told, because it was not well or not readable before."""
    NOT_APPLICABLE = "not_applicable"
    """The site was no longer as the plan expects; nothing was touched."""
    REFUSED = "refused"
    """By the gate or by the site, before anything was touched."""
    UNKNOWN = "unknown"
    """It may have run, and nothing that can be read says how it stands."""
    STOPPED = "stopped"
    """It never began: a stop, an expiry, or too many leaves of its plan that no longer applied."""


TOUCHED: Final = frozenset({Result.SUCCEEDED, Result.ROLLED_BACK, Result.ROLLBACK_FAILED, Result.UNVERIFIED, Result.UNKNOWN})


class WorkState(StrEnum):
    WAITING = "waiting"
    """An outbox row: no workflow has it yet."""
    RUNNING = "running"
    ENDED = "ended"


class ChangeUnknown(NotFound):
    code = "change.unknown"


@dataclass(frozen=True, slots=True)
class Work:
    """All that one approved proposal wants of one site, in the plan's order. Filed in the transaction of the last consent."""

    org: OrgId
    id: WorkId
    proposal: ProposalId
    site: SiteId
    installation: InstallationId
    changes: tuple[ChangeId, ...]
    state: WorkState
    correlation: CorrelationId
    filed_at: datetime
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One act of a plan on one site, from the outbox to its result."""

    org: OrgId
    id: ChangeId
    work: WorkId
    proposal: ProposalId
    site: SiteId
    index: int
    """Of its act in the plan."""
    tool: str
    component: str
    was: str
    version: str
    snapshot: SnapshotId | None
    step: str
    """The step of the saga it is in or ended with, for people."""
    result: Result | None
    code: str
    says: str
    seen: Mapping[str, Json] = field(default_factory=dict)
    """What was read back: version, active state, health; never page content."""
    began_at: datetime | None = None
    ended_at: datetime | None = None
