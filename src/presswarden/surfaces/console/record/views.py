"""What the pages of the record show. Limits: a payload stands in a view only for whoever may see payloads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.checks import service as checks
from presswarden.audit.checks.model import Check, CheckState
from presswarden.audit.model import Actor, Checkpoint, Recorded, Search
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import EventId, SiteId
from presswarden.reports.changed.model import who
from presswarden.reports.changed.service import names
from presswarden.sites import service as sites
from presswarden.surfaces.console import sight
from presswarden.surfaces.console.visit import Visit

PAGE = 50
_PAGES = {"site": "/sites/", "proposal": "/proposals/", "change": "/changes/", "incident": "/incidents/"}
ACTORS = (("", "Anybody"), ("person", "People"), ("process", "Our processes"), ("site", "Sites"), ("client", "Connections of agents"))


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters, as they stand in the form."""

    kind: str = ""
    by: str = ""
    actor: str = ""
    site: str = ""
    correlation: str = ""
    since: str = ""
    until: str = ""

    @property
    def any(self) -> bool:
        return any((self.kind, self.by, self.actor, self.site, self.correlation, self.since, self.until))

    def url(self, **more: object) -> str:
        named = {name: getattr(self, name) for name in ("kind", "by", "actor", "site", "correlation", "since", "until")}
        return sight.link("/audit", **{**named, **more})


@dataclass(frozen=True, slots=True)
class Line:
    id: EventId
    at: datetime
    kind: str
    actor: str
    subject: str
    href: str
    """The page of what it is about; empty where there is none."""
    correlation: str
    place: int | None
    intact: bool


@dataclass(frozen=True, slots=True)
class Trail:
    asked: Asked
    lines: tuple[Line, ...]
    older: str
    first: bool
    actors: tuple[tuple[str, str], ...]
    size: int
    may_export: bool
    problem: str


@dataclass(frozen=True, slots=True)
class EntryPage:
    line: Line
    payload: str
    hidden: str
    """Why there is no payload to see; empty when there is one."""
    proof: bool
    head: Checkpoint | None


@dataclass(frozen=True, slots=True)
class CheckLine:
    check: Check
    by: str
    kind: str
    word: str


@dataclass(frozen=True, slots=True)
class Checking:
    running: CheckLine | None
    ended: tuple[CheckLine, ...]
    head: Checkpoint | None
    key: str
    may_export: bool


_WORDS: Mapping[CheckState, tuple[str, str]] = {
    CheckState.ASKED: ("queued", "Waiting for the janitor"),
    CheckState.RUNNING: ("run", "Running"),
    CheckState.RIGHT: ("ok", "Everything agrees"),
    CheckState.WRONG: ("bad", "Not what was signed"),
    CheckState.FAILED: ("unknown", "Could not be run"),
}


async def trail(tx: Tx, visit: Visit, asked: Asked, after: str) -> Trail:
    """Raises `NoSuchEntry` for an unknown `after`, `Malformed` for dates that are none."""
    people, (search, problem) = await names(tx), await _search(tx, asked)
    found: tuple[Recorded, ...] = ()
    if not problem:
        cursor = EventId(after) if after else None
        found = await audit.events(tx, after=cursor, limit=PAGE + 1, search=search, newest_first=True)
    labels = await _labels(tx, found)
    more = len(found) > PAGE
    head = await audit.latest_checkpoint(tx)
    return Trail(
        asked,
        tuple(_line(each, people, labels) for each in found[:PAGE]),
        asked.url(after=found[PAGE - 1].id) if more else "",
        not after,
        ACTORS,
        head.size if head else 0,
        visit.may(Permission.AUDIT_EXPORT),
        problem,
    )


async def entry(tx: Tx, visit: Visit, wanted: str) -> EntryPage:
    """Raises `NoSuchEntry`."""
    found = await audit.event(tx, EventId(wanted))
    line = _line(found, await names(tx), await _labels(tx, (found,)))
    head = await audit.latest_checkpoint(tx)
    proven = found.index is not None and head is not None and found.index < head.size
    if not visit.may(Permission.AUDIT_PAYLOAD):
        return EntryPage(line, "", "Your role does not show payloads. Owners, admins and auditors see them.", proven, head)
    if found.payload is None:
        return EntryPage(
            line, "", "It was removed after its retention; the commitment to it stays, and the proof still holds.", proven, head
        )
    return EntryPage(line, json.dumps(found.payload, indent=2, sort_keys=True, ensure_ascii=False), "", proven, head)


async def checking(tx: Tx, visit: Visit) -> Checking:
    people = await names(tx)
    listed = [_check(each, people) for each in await checks.newest(tx)]
    return Checking(
        next((each for each in listed if each.check.open), None),
        tuple(each for each in listed if not each.check.open),
        await audit.latest_checkpoint(tx),
        await audit.log_key(tx) or "",
        visit.may(Permission.AUDIT_EXPORT),
    )


async def _search(tx: Tx, asked: Asked) -> tuple[Search, str]:
    """What is looked for; and in words what of it is not there."""
    subject = actor = ""
    try:
        subject = f"site:{(await sites.find_site(tx, asked.site)).id}" if asked.site else ""
        actor = asked.actor if ":" in asked.actor or not asked.actor else await _actor(tx, asked.actor)
    except NotFound as fault:
        return Search(), fault.says
    since, until = sight.day(asked.since, "From"), sight.day(asked.until, "To", end=True)
    return Search(asked.kind.strip().lower(), asked.by, actor, subject, asked.correlation.strip(), since, until), ""


async def _actor(tx: Tx, text: str) -> str:
    """A person by mail address; anything else is an id as the trail shows it."""
    return (await identity.find_person(tx, text)).id if "@" in text else text.strip()


def _line(found: Recorded, people: Mapping[str, str], labels: Mapping[str, str]) -> Line:
    noun, _, named = found.subject.partition(":")
    shown = labels.get(named, named)
    at = _PAGES.get(noun, "")
    return Line(
        found.id, found.at, found.kind, _who(found.actor, people), f"{noun} {shown}" if named else noun, f"{at}{named}" if at else "",
        found.correlation, found.index, found.intact,
    )  # fmt: skip


def _who(actor: Actor, people: Mapping[str, str]) -> str:
    return who(actor, people) if actor.kind != "process" else actor.id


async def _labels(tx: Tx, found: tuple[Recorded, ...]) -> dict[str, str]:
    named = {SiteId(each.subject.partition(":")[2]) for each in found if each.subject.startswith("site:")}
    return {each.id: each.label for each in await sites.some_sites(tx, named)} if named else {}


def _check(check: Check, people: Mapping[str, str]) -> CheckLine:
    kind, word = _WORDS[check.state]
    return CheckLine(check, _who(check.asked_by, people), kind, word)
