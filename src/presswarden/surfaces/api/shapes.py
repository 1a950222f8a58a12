"""The documents that the API gives and takes, as the OpenAPI document tells them. Limits: what a site or a model wrote comes as it is, as text."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar  # Any: JSON of a site's facts, and of a policy

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

T = TypeVar("T")


class Given(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True)


class Taken(BaseModel):
    """What is taken: nothing that is not named."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Page(Given, Generic[T]):
    items: list[T]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class Problem(Given):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="This very answer; the operator finds it in the log by it.")
    code: str = Field(description="Stable: what programs go by.")
    do: str = Field(description="What to do next.")


class Site(Given):
    id: str
    label: str
    home: str
    state: str = Field(description="waiting, confirming, paired or revoked; empty before the first pairing.")
    paused: bool
    paired_at: datetime | None
    created_at: datetime


class WholeSite(Site):
    mode: str
    critical: bool
    heard_at: datetime | None = Field(description="When its newest heartbeat came.")
    stopped_at_the_site: bool = Field(description="Its own admin paused it; only that admin lifts it.")
    ready: bool = Field(description="It could take a change now.")
    not_ready: list[str]
    open_incidents: int
    open_change: str | None


class Fact(Given):
    name: str
    value: Any
    source: str
    taken_at: datetime
    age_seconds: int


class Component(Given):
    key: str
    name: str
    version: str
    active: bool | None
    offered: str = Field(description="The version that the site is offered; empty when none is.")
    against: list[str] = Field(description="Codes of what stands against that update.")


class Snapshot(Given):
    id: str
    component: str
    version: str
    state: str
    database: bool
    bytes: int | None
    created: int | None = Field(description="Unix time, by the site's clock.")


class Snapshots(Given):
    as_of: datetime | None = Field(description="When the site was last asked; null when its answer is not kept (a week).")
    items: list[Snapshot]


class Item(Given):
    site: str
    tool: str
    component: str
    was: str
    version: str
    package: str = Field(description="SHA-256 of the zip as seen from outside the site; empty when nobody could.")


class Evidence(Given):
    code: str
    says: str
    against: bool


class Proposal(Given):
    id: str
    state: str
    source: str
    title: str
    risk: str
    confidence: float | None
    digest: str = Field(description="Of the plan: what people approve.")
    by: str
    adopted_by: str | None
    sites: list[str]
    filed_at: datetime
    approve_by: datetime
    execute_by: datetime
    decided_at: datetime | None


class WholeProposal(Proposal):
    items: list[Item]
    evidence: list[Evidence]
    answers: int = Field(description="Yeses so far.")


class Change(Given):
    id: str
    proposal: str
    site: str
    tool: str
    component: str
    was: str
    version: str
    snapshot: str | None
    step: str
    result: str | None = Field(description="null while it is under way or waits.")
    code: str
    says: str
    began_at: datetime | None
    ended_at: datetime | None


class Incident(Given):
    id: str
    site: str
    kind: str
    severity: str
    state: str
    says: str
    do: str
    signals: int
    opened_at: datetime
    last_at: datetime


class Policy(Given):
    scope: str = Field(description="A site's id, or empty for the whole organisation.")
    version: int
    digest: str
    active: bool
    set_by: str
    set_at: datetime
    from_when: datetime | None
    document: dict[str, Any]


class Policies(Given):
    items: list[Policy]


class Entry(Given):
    id: str
    at: datetime
    kind: str
    actor_kind: str
    actor: str
    subject: str
    correlation: str
    index: int | None = Field(description="Its place in the log; null until it is integrated.")
    payload: dict[str, Any] | None = Field(description="null where the role does not show payloads, and after their time.")


class Stop(Given):
    scope: str
    subject: str
    reason: str
    by: str
    since: datetime
    until: datetime | None


class Stops(Given):
    items: list[Stop]


class Asked(Given):
    """Something was asked of a site; what came of it stands in the record under the id."""

    request: str


class PlannedUpdate(Given):
    site: str
    component: str
    outcome: str = Field(description="made, waits or refused.")
    code: str = Field(description="Why it waits or was refused; empty for what was made.")
    says: str
    proposal: str | None = Field(description="The one that was made, or that stands already.")
    again: bool = Field(description="What it waits for passes by itself; ask again then, with a new key.")


class PlannedUpdates(Given):
    items: list[PlannedUpdate]


class UpdateWanted(Taken):
    site: Annotated[str, Field(min_length=36, max_length=36, description="The site's id.")]
    component: Annotated[str, Field(min_length=1, max_length=300, examples=["plugin:akismet/akismet.php"])]


class UpdatesWanted(Taken):
    sites: Annotated[
        list[Annotated[str, Field(min_length=36, max_length=36)]], Field(min_length=1, max_length=200, description="Ids of sites.")
    ]
    component: Annotated[
        str, Field(max_length=300, description="This component alone; empty for all that they are offered.", examples=["plugin:akismet/akismet.php"])
    ] = ""  # fmt: skip


class StopWanted(Taken):
    scope: Annotated[str, Field(pattern="^(organisation|client|site|agent)$")]
    subject: Annotated[str, Field(max_length=64, description="The id of the client, site or agent; empty for the organisation.")] = ""
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    until: Annotated[
        AwareDatetime | None, Field(strict=False, description="It ends by itself then, within 31 days; null: an owner resumes.")
    ] = None


class PauseWanted(Taken):
    reason: Annotated[str, Field(min_length=1, max_length=200)]
