"""What the pages of one site show. Limits: texts of the site stay as they came; templates make them harmless."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from presswarden.identity.clients import service as clients
from presswarden.identity.model import Permission
from presswarden.incidents.model import KINDS, Severity
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import IncidentId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Request, RequestState
from presswarden.policy.model import Mode
from presswarden.reports.changed.service import names
from presswarden.reports.sites import service as reports
from presswarden.reports.sites.model import SiteReport
from presswarden.sites.model import InstallationState, Site
from presswarden.sites.probes import service as probes
from presswarden.sites.probes.model import Probe
from presswarden.surfaces.console import wording
from presswarden.surfaces.console.visit import Visit
from presswarden.telemetry.model import HEARTBEAT_LATE, Fact

CALLS_SHOWN = 5
MODES = {
    Mode.OBSERVE: ("Observe", "It is read, and nothing is ever changed there."),
    Mode.APPROVE: ("Approve", "It is changed with a person's yes."),
    Mode.AUTONOMOUS: ("Autonomous", "It is changed without a person where risk and confidence allow."),
}
_CALLS: Mapping[RequestState, tuple[str, str]] = {
    RequestState.WAITING: ("queued", "Waiting"),
    RequestState.SENT: ("run", "Sent"),
    RequestState.DONE: ("ok", "Done"),
    RequestState.REFUSED: ("bad", "Refused"),
    RequestState.UNKNOWN: ("unknown", "Unknown"),
    RequestState.FAILED: ("bad", "Failed"),
}
_FIRST = {
    "site.heartbeat": "Last report", "core.version": "WordPress", "php.version": "PHP", "server.software": "Server", "server.database": "Database",
    "health.disk_free": "Free disk", "connector.version": "Connector",
}  # fmt: skip
"""Facts that the first tab shows, in words; all others stand under Health."""
_SEVERITY = {Severity.NOTICE: "warn", Severity.HIGH: "bad", Severity.CRITICAL: "bad"}


@dataclass(frozen=True, slots=True)
class Header:
    """The same on each tab."""

    site: Site
    client: str
    tab: str
    kind: str
    word: str
    heard_at: datetime | None
    wordpress: str
    php: str
    connector: str
    mode: str
    critical: bool
    updates: int
    incidents: int
    paused: str | None
    """Why we paused it; None when we did not."""
    own_pause: str
    """The pause that the site itself tells of; empty without one."""

    @property
    def tabs(self) -> tuple[tuple[str, str, int | str], ...]:
        at = f"/sites/{self.site.id}"
        return (
            (at, "Overview", ""), (f"{at}/components", "Components", self.updates or ""), (f"{at}/health", "Health", self.incidents or ""),
            (f"{at}/snapshots", "Snapshots", ""), (f"{at}/activity", "Activity", ""), (f"{at}/access", "Access", ""),
        )  # fmt: skip

    @property
    def current(self) -> str:
        return f"/sites/{self.site.id}" + (f"/{self.tab}" if self.tab else "")


@dataclass(frozen=True, slots=True)
class Trouble:
    id: IncidentId
    kind: str
    says: str
    do: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    request: Request
    by: str
    kind: str
    word: str
    says: str


@dataclass(frozen=True, slots=True)
class Known:
    """One fact, with its age."""

    name: str
    value: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Overview:
    header: Header
    troubles: tuple[Trouble, ...]
    ready: bool
    against: tuple[tuple[str, str], ...]
    facts: tuple[Known, ...]
    calls: tuple[Call, ...]
    modes: tuple[tuple[str, str, str, str], ...]
    """Value, word, what it means, why it can't be chosen ("" when it can)."""
    mode: str
    chosen: bool
    snapshot_confirmed_at: datetime | None
    open_change: str
    confirmed_at: datetime | None
    probe: Probe | None
    """How it looked from outside; None where nobody asked."""

    @property
    def open(self) -> bool:
        return any(not each.request.is_settled for each in self.calls)


async def overview(tx: Tx, visit: Visit, site: Site, now: datetime) -> Overview:
    report = await reports.report(tx, site.id, now)
    head = await header(tx, report, "", now)
    found = {fact.name: fact for fact in report.facts}
    facts = tuple(replace(_known(found[name], now), name=label) for name, label in _FIRST.items() if name in found)
    return Overview(
        head, _troubles(report), report.ready.eligible, tuple((each.code.value, each.says) for each in report.ready.reasons), facts,
        await calls(tx, site), _modes(report, visit), report.mode.value, report.station.mode is not None,
        report.station.snapshot_confirmed_at, report.open_change.id if report.open_change else "",
        report.inventory.confirmed_at if report.inventory else None, await probes.probe(tx, site.id),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Health:
    header: Header
    troubles: tuple[Trouble, ...]
    ready: bool
    against: tuple[tuple[str, str], ...]
    facts: tuple[Known, ...]


async def health(tx: Tx, site: Site, now: datetime) -> Health:
    report = await reports.report(tx, site.id, now)
    facts = tuple(_known(fact, now) for fact in report.facts)
    against = tuple((each.code.value, each.says) for each in report.ready.reasons)
    return Health(await header(tx, report, "health", now), _troubles(report), report.ready.eligible, against, facts)


async def header_of(tx: Tx, site: Site, tab: str, now: datetime) -> Header:
    return await header(tx, await reports.report(tx, site.id, now), tab, now)


async def header(tx: Tx, report: SiteReport, tab: str, now: datetime) -> Header:
    site, standing = report.site, report.standing
    whose = (await clients.client_of(tx)).get(site.id)
    client = next((one.name for one in await clients.clients(tx) if one.id == whose), "") if whose else ""
    kind, word = _state(report, now)
    offered = sum(key.startswith("update:") for key in report.inventory.components) if report.inventory else 0
    return Header(
        site, client, tab, kind, word, standing.heard_at if standing else None, _value(report, "core.version"), _value(report, "php.version"),
        standing.connector if standing else "", MODES[report.mode][0], report.station.critical, offered, len(report.incidents),
        site.pause_reason, standing.paused.value if standing else "",
    )  # fmt: skip


async def calls(tx: Tx, site: Site) -> tuple[Call, ...]:
    """What was asked of the site lately, the newest first."""
    people, found = await names(tx), []
    for each in await mailbox.requests(tx, site.id, limit=CALLS_SHOWN):
        kind, word = _CALLS[each.state]
        by = people.get(each.by.id, "somebody who left") if each.by.kind == "person" else f"{each.by.kind} {each.by.id}"
        says = f"{each.outcome.says} {each.outcome.do}".strip() if each.outcome and each.state is not RequestState.DONE else ""
        found.append(Call(each, by, kind, word, says))
    return tuple(found)


def _state(report: SiteReport, now: datetime) -> tuple[str, str]:
    """The gravest thing first."""
    site, standing = report.site, report.standing
    if site.state is not InstallationState.PAIRED:
        return ("wait", "Pairing") if site.state in {InstallationState.WAITING, InstallationState.CONFIRMING} else ("unknown", "Not paired")
    severities = {KINDS[each.kind].severity for each in report.incidents}
    if severities & {Severity.HIGH, Severity.CRITICAL}:
        return "bad", "Failing"
    if site.paused or (standing and standing.paused):
        return "stopped", "Paused"
    if standing is None or standing.heard_at is None or now - standing.heard_at >= HEARTBEAT_LATE:
        return "unknown", "Not heard"
    return ("warn", "Degraded") if report.incidents else ("ok", "Healthy")


def _troubles(report: SiteReport) -> tuple[Trouble, ...]:
    return tuple(
        Trouble(each.id, _SEVERITY[KINDS[each.kind].severity], KINDS[each.kind].says, KINDS[each.kind].do, each.last_at)
        for each in report.incidents
    )


def _modes(report: SiteReport, visit: Visit) -> tuple[tuple[str, str, str, str], ...]:
    """W8: Autonomous only once a snapshot was verified there; more freedom only from whoever may give it."""
    order, found = list(Mode), []
    for mode, (word, means) in MODES.items():
        why = ""
        freer = order.index(mode) > order.index(report.mode)
        if mode is Mode.AUTONOMOUS and report.station.snapshot_confirmed_at is None:
            why = "Refused until a snapshot of this site was verified; the first approved change makes one."
        elif not visit.may(Permission.SITE_MODE if freer else Permission.SITE_PAUSE, report.site.id):
            why = "Your role does not give a site more freedom." if freer else "Your role does not change the mode."
        found.append((mode.value, word, means, why))
    return tuple(found)


def _value(report: SiteReport, name: str) -> str:
    fact = report.facts.get(name)
    return fact.value if fact is not None and isinstance(fact.value, str) else ""


def _known(fact: Fact, now: datetime) -> Known:
    at = now - fact.age(now)
    if fact.name == "site.heartbeat":
        return Known(fact.name, "heard", at, fact.source.value)
    return Known(fact.name, shown(fact), at, fact.source.value)


def shown(fact: Fact) -> str:
    value: Json = fact.value
    if isinstance(value, int) and not isinstance(value, bool) and fact.name.endswith(("disk_free", "bytes")):
        return f"{value / 1_048_576:,.0f} MB"
    if isinstance(value, int) and fact.name.endswith("site_time") and 0 < value < 2**33:
        return wording.moment(datetime.fromtimestamp(value, UTC))
    return wording.value(value)[:300]


def late(at: datetime | None, now: datetime, after: timedelta = timedelta(hours=24)) -> bool:
    """Old enough that no change is begun from it."""
    return at is None or now - at > after
