"""Proposals, the items they are made of, and where each stands. Limits: nouns and pure moves; what a plan's bytes are is in `plan`.

A proposal is fixed once filed: whoever wants something else files another. Its digest is the Merkle root of its plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import CallId, ChangeId, CorrelationId, InstallationId, OrgId, PersonId, ProposalId, SiteId, SnapshotId


class Source(StrEnum):
    """Who asks. Only an analyst's update recommendation has a confidence."""

    PERSON = "person"
    ANALYST = "analyst"
    CLIENT = "client"


class ProposalState(StrEnum):
    RECOMMENDED = "recommended"
    """An analyst's finding. Nothing comes of it until a person adopts it, or the policy lets it run by itself."""
    WAITING = "waiting"
    """Adopted or asked for by a person; it waits for its approvals."""
    APPROVED = "approved"
    """Every consent is there: its work was filed in the same transaction."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    REPLACED = "replaced"
    """A newer recommendation for the same component took its place."""
    ENDED = "ended"
    """All its work came to a result."""


MOVES: Final[Mapping[ProposalState, frozenset[ProposalState]]] = MappingProxyType(
    {
        ProposalState.RECOMMENDED: frozenset(
            {ProposalState.WAITING, ProposalState.APPROVED, ProposalState.REJECTED, ProposalState.EXPIRED, ProposalState.REPLACED}
        ),
        ProposalState.WAITING: frozenset({ProposalState.APPROVED, ProposalState.REJECTED, ProposalState.EXPIRED}),
        ProposalState.APPROVED: frozenset({ProposalState.ENDED}),
        ProposalState.REJECTED: frozenset(),
        ProposalState.EXPIRED: frozenset(),
        ProposalState.REPLACED: frozenset(),
        ProposalState.ENDED: frozenset(),
    }
)


class ProposalUnknown(NotFound):
    code = "proposal.unknown"


class ProposalMove(PresswardenError):
    """The proposal can't go from the state it is in to the one asked for."""

    code = "proposal.state"


class PlanRefused(PresswardenError):
    """What is wanted can't be made into a plan."""

    code = "proposal.plan"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for or against, for people. `against` comes first wherever evidence is shown."""

    code: str
    says: str
    against: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One action wanted on one site. `tool` is the changing action; what it needs around it (close, way back) the plan adds."""

    site: SiteId
    installation: InstallationId
    home: str
    tool: str
    component: str
    """Component key of the inventory; "" for what changes no component."""
    version: str
    """The exact version wanted; "" where there is none."""
    before: Mapping[str, Json]
    """What the site must show when it starts (wire.md, 12)."""
    package: str
    """64 hex digits: SHA-256 of the zip as fetched outside the site; "" when nobody could."""
    args: Mapping[str, Json] = field(default_factory=dict)
    """Further arguments of the tool, beyond component, version, change, snapshot and deadline."""

    @property
    def was(self) -> str:
        value = self.before.get("version")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which proposals a list is to hold."""

    states: frozenset[ProposalState] | None = None
    """None: all."""
    text: str = ""
    """Found in the title, or where the id begins; empty: everything."""
    people: frozenset[PersonId] = frozenset()
    """Whoever the text names: what they asked for or adopted is found too."""
    sites: frozenset[SiteId] = frozenset()
    """Sites that the text names."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants, before it is a proposal."""

    source: Source
    by: Actor
    title: str
    items: tuple[Item, ...]
    evidence: tuple[Evidence, ...]
    confidence: float | None
    """0 to 1, from an analyst's update recommendation; None: not applicable."""


class LeafRole(StrEnum):
    """Why a leaf stands in the plan."""

    ACT = "act"
    CLOSE = "close"
    TAKE_BACK = "take_back"
    """Restores the change's own snapshot: the first rung of the recovery ladder."""
    DEACTIVATE = "deactivate"
    """The rung after that, for plugins."""
    CLOSE_AGAIN = "close_again"
    """Closes it too, under an id of its own: for a site that took the first close and died before it ran."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a plan: its exact text, and what it is for. `index` counts from 1; the header is 0."""

    index: int
    role: LeafRole
    site: SiteId
    installation: InstallationId
    call: CallId
    tool: str
    args: Mapping[str, Json]
    text: str
    change: ChangeId
    """The change it belongs to: what closes it, takes it back or switches its plugin off carries the id of its act. An act that opens no change
    on the site (a deleted snapshot) has one too, for our own records alone."""
    snapshot: SnapshotId | None
    component: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The exact bytes that are approved (wire.md, 3): header text and leaf texts; `digest` is their RFC 6962 root in hex."""

    header: str
    leaves: tuple[Leaf, ...]
    digest: str
    not_before: datetime
    not_after: datetime
    """The last moment at which an act may start. Header, closings and ways back are good for 24 hours longer."""

    @property
    def acts(self) -> tuple[Leaf, ...]:
        return tuple(leaf for leaf in self.leaves if leaf.role is LeafRole.ACT)

    def of_change(self, change: ChangeId, role: LeafRole) -> Leaf | None:
        return next((leaf for leaf in self.leaves if leaf.change == change and leaf.role is role), None)


@dataclass(frozen=True, slots=True)
class Proposal:
    org: OrgId
    id: ProposalId
    """Also the plan's id on the wire."""
    source: Source
    by: Actor
    adopted_by: Actor | None
    """The person who adopted a recommendation; counts as the proposer from then on."""
    title: str
    items: tuple[Item, ...]
    evidence: tuple[Evidence, ...]
    confidence: float | None
    risk: Risk
    """As computed when it was filed, from catalogue and facts; the gate computes it again."""
    plan: Plan
    state: ProposalState
    correlation: CorrelationId
    filed_at: datetime
    approve_by: datetime
    """The first clock: without its approvals by then it expires."""
    execute_by: datetime
    """The second: what has not begun by then never does."""
    decided_at: datetime | None

    @property
    def proposer(self) -> Actor:
        return self.adopted_by or self.by

    @property
    def sites(self) -> tuple[SiteId, ...]:
        return tuple(dict.fromkeys(item.site for item in self.items))

    def moved(self, to: ProposalState, at: datetime) -> "Proposal":
        """Raises `ProposalMove` for a step that the walk does not have."""
        if to not in MOVES[self.state]:
            raise ProposalMove(f"A proposal that is {self.state} can't become {to}.", do="Look at it with `presswarden proposal show`.")
        return replace(self, state=to, decided_at=at)
