"""Signals, incidents, the states an incident walks through, and what an open one makes the gate refuse. Limits: pure; no clock, no table.

An incident is about one kind of signal on one site. More of the same is folded into it, so that a flood is one line with a count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import IncidentId, SiteId

LONGEST_DETAIL: Final = 300
MOST_DETAILS: Final = 20


class IncidentUnknown(NotFound):
    code = "incident.unknown"


class IncidentMove(PresswardenError):
    """The incident can't go from the state it is in to the one asked for."""

    code = "incident.move"


class SignalKind(StrEnum):
    SIGNATURE_FAILURES = "signature_failures"
    CLONE = "clone"
    UNREACHABLE = "unreachable"
    CLOCK_SKEW = "clock_skew"
    NEEDS_REPAIR = "needs_repair"
    CHECKPOINT_FORK = "checkpoint_fork"
    FENCE_BEHIND = "fence_behind"
    FENCE_AHEAD = "fence_ahead"
    RECEIPT_INVALID = "receipt_invalid"
    SITE_PAUSED = "site_paused"
    CHANGE_TAKEN_BACK = "change_taken_back"
    ROLLBACK_FAILED = "rollback_failed"
    CHANGE_UNDONE = "change_undone"
    FATAL = "fatal"
    SNAPSHOT_EXPOSED = "snapshot_exposed"
    PASSKEY_COUNTER = "passkey_counter"


class IncidentState(StrEnum):
    DETECTED = "detected"
    CONTAINED = "contained"
    REVIEWING = "reviewing"
    RECOVERED = "recovered"
    CLOSED = "closed"


class Bite(StrEnum):
    """What the gate refuses while the incident is open."""

    NOTHING = "nothing"
    READS_ONLY = "reads-only"


class Severity(StrEnum):
    NOTICE = "notice"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class KindFacts:
    """What a kind of signal means to people and to the gate. `passes`: the condition can end by itself, and containment ends with it."""

    severity: Severity
    bite: Bite
    passes: bool
    says: str
    do: str


KINDS: Final[Mapping[SignalKind, KindFacts]] = MappingProxyType(
    {
        SignalKind.SIGNATURE_FAILURES: KindFacts(
            Severity.HIGH,
            Bite.READS_ONLY,
            False,
            "Signatures that do not verify keep coming.",
            "Find out who sends them: a copy of the site with an old key, a proxy that edits messages, or somebody who tries.",
        ),
        SignalKind.CLONE: KindFacts(
            Severity.CRITICAL,
            Bite.READS_ONLY,
            False,
            "Two sites answer with one key.",
            'On the copy choose "This is a copy"; when the site itself moved, choose "This site moved" on it and run `site moved`.',
        ),
        SignalKind.UNREACHABLE: KindFacts(
            Severity.HIGH,
            Bite.NOTHING,
            True,
            "The site does not answer and sends no heartbeat.",
            "Open the site in a browser; check its hosting, certificate and firewall, and that its WP-Cron runs.",
        ),
        SignalKind.CLOCK_SKEW: KindFacts(
            Severity.NOTICE,
            Bite.NOTHING,
            True,
            "The site's clock and ours disagree, so signed messages fall outside their window.",
            "Set the clock of the machine that is wrong (NTP).",
        ),
        SignalKind.NEEDS_REPAIR: KindFacts(
            Severity.HIGH,
            Bite.READS_ONLY,
            True,
            "The connector can't open its own keys or state.",
            "Look at the connector's page on the site; after a changed AUTH_KEY put the old one back, or pair the site again.",
        ),
        SignalKind.CHECKPOINT_FORK: KindFacts(
            Severity.CRITICAL,
            Bite.READS_ONLY,
            False,
            "A site has seen a signed audit checkpoint that our own audit does not contain.",
            "Somebody changed the audit, or the database was restored. Export it, keep the export, and compare it with backups.",
        ),
        SignalKind.FENCE_BEHIND: KindFacts(
            Severity.HIGH,
            Bite.READS_ONLY,
            False,
            "The site's fence is lower than ours: the site was restored from a backup.",
            "Read its inventory afresh and compare it with what you expect.",
        ),
        SignalKind.FENCE_AHEAD: KindFacts(
            Severity.HIGH,
            Bite.READS_ONLY,
            False,
            "The site's fence is higher than ours: the control plane was restored, or a second one calls the site.",
            "Make sure that only one control plane runs, then compare its audit with the site's journal.",
        ),
        SignalKind.RECEIPT_INVALID: KindFacts(
            Severity.CRITICAL,
            Bite.READS_ONLY,
            False,
            "An answer from the site carried no valid receipt.",
            "Something between us and the site edits answers, or the site's key is not the pinned one. What was asked counts as unknown.",
        ),
        SignalKind.SITE_PAUSED: KindFacts(
            Severity.NOTICE,
            Bite.READS_ONLY,
            True,
            "The site is paused.",
            "Ask the site's admin why; a local pause is lifted on the site, ours with `site resume`.",
        ),
        SignalKind.PASSKEY_COUNTER: KindFacts(
            Severity.HIGH,
            Bite.NOTHING,
            False,
            "A passkey's counter did not go up when it approved something.",
            "Ask that person whether they tapped twice or use a synced passkey; if neither, remove the passkey: somebody may hold a copy.",
        ),
        SignalKind.ROLLBACK_FAILED: KindFacts(
            Severity.CRITICAL,
            Bite.READS_ONLY,
            False,
            "A change went wrong and could not be taken back.",
            "Follow the steps that `change show` prints; the component is held on every site until this incident is closed.",
        ),
        SignalKind.CHANGE_TAKEN_BACK: KindFacts(
            Severity.HIGH,
            Bite.NOTHING,
            False,
            "A change did the site no good and was taken back.",
            "The site is as it was. Read why in `change show` before the same is tried again.",
        ),
        SignalKind.CHANGE_UNDONE: KindFacts(
            Severity.HIGH,
            Bite.READS_ONLY,
            False,
            "The site undid a change, or changed what it left, without our asking.",
            "Compare the site's inventory with `change list`, and ask its admin who worked there.",
        ),
        SignalKind.FATAL: KindFacts(
            Severity.HIGH, Bite.NOTHING, False, "PHP died on the site where it had not died before.", "Look at the site's own error log."
        ),
        SignalKind.SNAPSHOT_EXPOSED: KindFacts(
            Severity.HIGH,
            Bite.NOTHING,
            False,
            "Anybody can read the site's snapshot folder.",
            "Shut wp-content/presswarden-snapshots on the web server, then delete what lies in it with `snapshot delete`.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that looked wrong. `detail` holds short texts, whole numbers and yes or no; texts may come from outside and stay as they came."""

    kind: SignalKind
    at: datetime
    detail: Mapping[str, Json]


_MOVES: Final[Mapping[IncidentState, frozenset[IncidentState]]] = MappingProxyType(
    {
        IncidentState.DETECTED: frozenset({IncidentState.CONTAINED, IncidentState.REVIEWING, IncidentState.RECOVERED}),
        IncidentState.CONTAINED: frozenset({IncidentState.REVIEWING, IncidentState.RECOVERED}),
        IncidentState.REVIEWING: frozenset({IncidentState.RECOVERED}),
        # Back to the start when the same thing happens again before somebody closed it.
        IncidentState.RECOVERED: frozenset({IncidentState.DETECTED, IncidentState.CONTAINED, IncidentState.CLOSED}),
        IncidentState.CLOSED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Incident:
    """Signals of one kind about one site, until a person closes it."""

    id: IncidentId
    site: SiteId
    kind: SignalKind
    state: IncidentState
    opened_at: datetime
    last_at: datetime
    signals: int
    recovered_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state is not IncidentState.CLOSED

    @property
    def severity(self) -> Severity:
        return KINDS[self.kind].severity

    def moved(self, to: IncidentState, at: datetime) -> "Incident":
        """Raises `IncidentMove` for a step that the walk does not have."""
        if to not in _MOVES[self.state]:
            raise IncidentMove(f"An incident that is {self.state} can't become {to}.", do="Look at it with `incident show`.")
        return replace(self, state=to, recovered_at=at if to is IncidentState.RECOVERED else None)

    def with_signal(self, at: datetime) -> "Incident":
        """One more of the same; an incident thought over starts again."""
        counted = replace(self, signals=self.signals + 1, last_at=max(self.last_at, at))
        return counted.moved(first_state(self.kind), at) if self.state is IncidentState.RECOVERED else counted


@dataclass(frozen=True, slots=True)
class Containment:
    """Why the gate lets nothing but reads and control through to a site."""

    incident: IncidentId
    kind: SignalKind
    bite: Bite
    since: datetime
    says: str
    do: str


def first_state(kind: SignalKind) -> IncidentState:
    """Containment is read by the gate at each call, so it stands from the moment the incident is written."""
    return IncidentState.DETECTED if KINDS[kind].bite is Bite.NOTHING else IncidentState.CONTAINED


def containment_of(incident: Incident) -> Containment | None:
    """What `incident` makes the gate refuse; None for closed ones, for kinds that bite nothing, and where the condition passed by itself."""
    kind = KINDS[incident.kind]
    over = incident.state is IncidentState.CLOSED or (kind.passes and incident.state is IncidentState.RECOVERED)
    if over or kind.bite is Bite.NOTHING:
        return None
    return Containment(incident.id, incident.kind, kind.bite, incident.opened_at, kind.says, kind.do)


def bounded(detail: Mapping[str, Json]) -> dict[str, Json]:
    """`detail` cut to what an incident keeps: 20 entries, texts of 300 characters; lists and maps are left out."""
    kept: dict[str, Json] = {}
    for name, value in list(detail.items())[:MOST_DETAILS]:
        if isinstance(value, str):
            kept[name[:60]] = value[:LONGEST_DETAIL]
        elif value is None or isinstance(value, bool | int):
            kept[name[:60]] = value
    return kept
