"""Incidents as their pages show them: what looked wrong, likely cause, the same elsewhere, the signals in order, changes that belong to it. Limits: reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from presswarden.identity.model import Permission
from presswarden.incidents import service as incidents
from presswarden.incidents.model import KINDS, Incident, IncidentState, IncidentUnknown, KindFacts, Severity, SignalKind, containment_of
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ChangeId, IncidentId, SiteId
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change, ChangeUnknown
from presswarden.rollouts.words import result_of
from presswarden.sites import service as sites
from presswarden.surfaces.console import sight
from presswarden.surfaces.console.paging import At, Turn, page
from presswarden.surfaces.console.visit import Visit

MOST_LISTED: Final = 200
_NEAR_CHANGE: Final = 5
_SEVERITY: Final = {Severity.CRITICAL: "bad", Severity.HIGH: "warn", Severity.NOTICE: "wait"}


@dataclass(frozen=True, slots=True)
class Row:
    id: IncidentId
    site: str
    site_id: SiteId
    says: str
    kind: str
    severity: str
    state: str
    signals: int
    opened_at: datetime
    last_at: datetime
    contained: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The same kind on several sites: one line of thought."""

    kind: SignalKind
    facts: KindFacts
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class List:
    groups: tuple[Group, ...]
    total: int
    everything: bool
    turn: Turn

    def url(self, **more: str) -> str:
        return sight.link("/incidents", all="1" if self.everything else "", **more)


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    says: str
    detail: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Linked:
    change: Change
    says: str
    named: bool
    """A signal names it; else it only lies near in time."""


@dataclass(frozen=True, slots=True)
class Page:
    row: Row
    facts: KindFacts
    cause: str
    moments: tuple[Moment, ...]
    elsewhere: tuple[Row, ...]
    changes: tuple[Linked, ...]
    may_close: bool
    closed: bool
    recovered_at: datetime | None


async def listed(tx: Tx, visit: Visit, after: str, *, everything: bool) -> List:
    async def look(before: At | None, limit: int) -> tuple[Incident, ...]:
        return await incidents.page(tx, only_open=not everything, before=before, limit=limit)

    def may(one: Incident) -> bool:
        return visit.may(Permission.INCIDENT_SEE, one.site)

    seen, turn = await page("incidents", after, look, lambda one: (one.opened_at, one.id), may)
    labels = await _labels(tx, seen)
    grave = sorted({each.kind for each in seen}, key=lambda kind: (tuple(Severity)[::-1].index(KINDS[kind].severity), kind))
    groups = tuple(Group(kind, KINDS[kind], tuple(_row(each, labels) for each in seen if each.kind is kind)) for kind in grave)
    return List(groups, len(seen), everything, turn)


async def gather(tx: Tx, visit: Visit, named: IncidentId) -> Page:
    """Raises `IncidentUnknown`, also for one on a site out of this person's reach."""
    found, signals = await incidents.show(tx, named)
    if not visit.may(Permission.INCIDENT_SEE, found.site):
        raise IncidentUnknown("There is no such incident.", do="List them with `incident list` and use the id shown.")
    others = [each for each in await incidents.list_incidents(tx, only_open=True, limit=MOST_LISTED) if each.kind is found.kind]
    seen = [each for each in others if each.id != found.id and visit.may(Permission.INCIDENT_SEE, each.site)]
    labels = await _labels(tx, [found, *seen])
    named_changes = {str(told) for signal in signals if isinstance(told := signal.detail.get("change"), str)}
    changes = await _changes(tx, found, named_changes)
    return Page(
        _row(found, labels),
        KINDS[found.kind],
        _cause(changes, len(seen)),
        tuple(
            Moment(each.at, KINDS[each.kind].says, tuple((name, str(value)) for name, value in sorted(each.detail.items())))
            for each in signals
        ),
        tuple(_row(each, labels) for each in seen),
        changes,
        visit.may(Permission.INCIDENT_DECIDE, found.site),
        found.state is IncidentState.CLOSED,
        found.recovered_at,
    )


def _cause(changes: tuple[Linked, ...], elsewhere: int) -> str:
    """The likeliest cause in one sentence, from what is known and nothing else."""
    named = next((each for each in changes if each.named), None)
    if named is not None:
        return f"A change of ours: {named.says}."
    near = next((each for each in changes if not each.named), None)
    if near is not None:
        return f"A change of ours ended there shortly before: {near.says}."
    if elsewhere:
        return f"The same stands on {elsewhere} other {'site' if elsewhere == 1 else 'sites'}, so look for what they share: host, network or a component."
    return "Nothing of ours happened there around that time; look at the site and its host first."


async def _changes(tx: Tx, found: Incident, named: set[str]) -> tuple[Linked, ...]:
    linked = []
    for each in named:
        try:
            change = await rollouts.change(tx, ChangeId(each))
        except ChangeUnknown:
            continue  # a signal's word comes from outside
        if change.site == found.site:
            linked.append(Linked(change, _says(change), named=True))
    for change in await rollouts.changes(tx, site=found.site, limit=_NEAR_CHANGE):
        began = change.began_at
        near = began is not None and 0 <= (found.opened_at - began).total_seconds() < 3_600
        if near and change.id not in named:
            linked.append(Linked(change, _says(change), named=False))
    return tuple(linked)


def _says(change: Change) -> str:
    step = f" {change.was} → {change.version}" if change.version else ""
    return f"{change.component or change.tool}{step}, {result_of(change)}"


def _row(each: Incident, labels: dict[SiteId, str]) -> Row:
    return Row(
        each.id, labels.get(each.site, each.site), each.site, KINDS[each.kind].says, _SEVERITY[each.severity], each.severity.value, each.state.value,
        each.signals, each.opened_at, each.last_at, containment_of(each) is not None,
    )  # fmt: skip


async def _labels(tx: Tx, found: list[Incident]) -> dict[SiteId, str]:
    return {site.id: site.label for site in await sites.some_sites(tx, {each.site for each in found})}
