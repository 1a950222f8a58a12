"""One change as its page shows it: the steps with their times, what was seen, the result in words, where each stands in the record. Limits: reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Recorded, Search
from presswarden.identity.model import Permission
from presswarden.incidents import service as incidents
from presswarden.incidents.model import KINDS
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ChangeId, IncidentId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import LeafRole, Proposal
from presswarden.proposals.plan import DEADLINE
from presswarden.reports.changed import service as changed
from presswarden.reports.changed.model import Story
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change, ChangeUnknown, Result, Work
from presswarden.rollouts.words import MEANS, lasted
from presswarden.sites import service as sites
from presswarden.sites.model import Site
from presswarden.surfaces.console import sight, wording
from presswarden.surfaces.console.paging import At, Turn, page
from presswarden.surfaces.console.stories import RESULTS
from presswarden.surfaces.console.visit import Visit

MOST_STEPS: Final = 200
MOST_LISTED: Final = 200
STEPS: Final[Mapping[str, str]] = {
    "begin": "Begun: looked at from outside and inside", "snapshot": "A snapshot is made", "verify": "The snapshot is read back to the end",
    "act": "The change itself runs on the site", "settle": "The answer was lost: the site's own word is asked for",
    "check": "Looked at after the change, more than once", "close": "Called good: the site's watchdog is told",
    "take_back": "Worse than before: taken back", "taken_back": "The site took it back by itself", "deactivate": "The plugin is switched off",
    "deadline": "Left to the site's watchdog, which takes it back at the deadline",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    kind: str
    at: datetime
    says: str
    code: str
    seen: tuple[tuple[str, str], ...]
    entry: str
    position: int | None
    """Of the entry in the record's tree; None until it is signed."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What the site's watchdog does with this change now."""

    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Page:
    change: Change
    story: Story
    proposal: Proposal
    site: Site
    kind: str
    word: str
    means: str
    took: str
    not_before: datetime
    steps: tuple[Step, ...]
    watch: Watch
    seen: tuple[tuple[str, str], ...]
    incidents: tuple[tuple[IncidentId, str], ...]
    siblings: tuple[Change, ...]
    may_pause: bool
    can_take_back: bool
    """It is open, with a snapshot of its own: one operator's word is enough."""
    can_put_back: bool
    """It is over and its snapshot may still lie on the site: that restore is a proposal of its own."""

    @property
    def over(self) -> bool:
        return self.change.result is not None


@dataclass(frozen=True, slots=True)
class Row:
    story: Story
    kind: str
    word: str
    took: str


@dataclass(frozen=True, slots=True)
class List:
    under_way: tuple[Row, ...]
    """On the first page alone."""
    over: tuple[Row, ...]
    turn: Turn

    def url(self, **more: str) -> str:
        return sight.link("/changes", **more)


async def listed(tx: Tx, visit: Visit, after: str) -> List:
    async def look(before: At | None, limit: int) -> tuple[tuple[Change, datetime], ...]:
        return await rollouts.page(tx, ended=True, before=before, limit=limit)

    def seen(one: tuple[Change, datetime]) -> bool:
        return visit.may(Permission.SITE_SEE, one[0].site)

    over, turn = await page("changes", after, look, lambda one: (one[1], one[0].id), seen)
    going = [one for one in await rollouts.page(tx, ended=False, limit=MOST_LISTED) if seen(one)] if turn.is_first else []
    told = [_row(each) for each in await changed.of_changes(tx, [one for one, _ in (*going, *over)])]
    return List(tuple(told[: len(going)]), tuple(told[len(going) :]), turn)


async def gather(tx: Tx, visit: Visit, named: ChangeId, now: datetime) -> Page:
    """Raises `ChangeUnknown`, also for one on a site out of this person's reach."""
    change = await rollouts.change(tx, named)
    if not visit.may(Permission.SITE_SEE, change.site):
        raise ChangeUnknown("There is no such change in this organisation.", do="List them with `presswarden change list`.")
    (story,) = await changed.of_changes(tx, (change,))
    proposal, work = await proposals.proposal(tx, change.proposal), await rollouts.work(tx, change.work)
    entries = await audit.events(tx, search=Search(subject=f"change:{change.id}"), limit=MOST_STEPS)
    kind, word = state_of(change)
    has_back = any(leaf.change == change.id and leaf.role is LeafRole.TAKE_BACK for leaf in proposal.plan.leaves)
    is_open = change.began_at is not None and change.result is None
    return Page(
        change=change,
        story=story,
        proposal=proposal,
        site=await sites.site_of(tx, change.site),
        kind=kind,
        word=word,
        means=MEANS[change.result].capitalize() + "." if change.result else "",
        took=lasted(change),
        not_before=work.not_before,
        steps=_steps(change, entries),
        watch=_watch(change, work, has_back=has_back, now=now),
        seen=_pairs(change.seen),
        incidents=await _incidents(tx, change),
        siblings=tuple(each for each in await rollouts.changes(tx, proposal=change.proposal, limit=100) if each.id != change.id),
        may_pause=visit.may(Permission.SITE_PAUSE, change.site),
        can_take_back=is_open and change.snapshot is not None and has_back and visit.may(Permission.PROPOSE, change.site),
        can_put_back=change.result in {Result.SUCCEEDED, Result.UNVERIFIED} and change.snapshot is not None and has_back
        and visit.may(Permission.PROPOSE, change.site),
    )  # fmt: skip


def state_of(change: Change) -> tuple[str, str]:
    if change.result is not None:
        return RESULTS[change.result]
    return ("run", "Under way") if change.began_at else ("queued", "Waits to begin")


def _row(story: Story) -> Row:
    return Row(story, *state_of(story.change), lasted(story.change))


def _steps(change: Change, entries: Sequence[Recorded]) -> tuple[Step, ...]:
    found = []
    for entry in entries:
        told = dict(entry.payload or {})
        if entry.kind == "change.began":
            name = STEPS["begin"]
        elif entry.kind == "change.ended":
            result = change.result
            name = f"Over: {RESULTS[result][1].lower()}" if result is not None else "Over"
        else:
            step = str(told.get("step", ""))
            name = STEPS.get(step) or STEPS.get(step.partition(".")[0], step)
        found.append(
            Step(
                name, "ok", entry.at, str(told.get("says", "")), str(told.get("code", "")), _listed(told.get("seen")), entry.id, entry.index,
            )
        )  # fmt: skip
    if found:
        last = found[-1]
        kind = "run" if change.result is None else RESULTS[change.result][0]
        found[-1] = Step(last.name, kind, last.at, last.says, last.code, last.seen, last.entry, last.position)
    return tuple(found)


def _watch(change: Change, work: Work, *, has_back: bool, now: datetime) -> Watch:
    minutes = DEADLINE // 60
    if change.began_at is None and change.result is None:
        waits = work.not_before - now
        return Watch("wait", "Nothing was touched yet." + (" It can still be stopped by pausing the site." if waits > timedelta() else ""))
    if not has_back:
        return Watch("unknown", "No watchdog stands behind this one: nothing takes it back by itself.")
    if change.result is None:
        return Watch(
            "run", f"While the change is open the site's own watchdog takes it back unless it is called good within {minutes} minutes."
        )
    match change.result:
        case Result.SUCCEEDED:
            return Watch("ok", "It was called good in time, and the watchdog stood down.")
        case Result.ROLLED_BACK:
            return Watch("undone", "The old files are back.")
        case Result.REFUSED | Result.NOT_APPLICABLE | Result.STOPPED:
            return Watch("stopped", "Nothing was touched, so there was nothing to watch.")
        case _:
            return Watch("unknown", "What the watchdog did is told by the site's own journal; see what was read back.")


async def _incidents(tx: Tx, change: Change) -> tuple[tuple[IncidentId, str], ...]:
    found = []
    for each in await incidents.list_incidents(tx, site=change.site, limit=50):
        _, signals = await incidents.show(tx, each.id)
        if any(signal.detail.get("change") == change.id for signal in signals):
            found.append((each.id, KINDS[each.kind].says))
    return tuple(found)


def _listed(value: Json) -> tuple[tuple[str, str], ...]:
    """What was seen, as the record keeps it: names and values."""
    if not isinstance(value, list | tuple):
        return ()
    return tuple((str(each.get("name", "")), wording.value(each.get("value"))) for each in value if isinstance(each, Mapping))


def _pairs(seen: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    return tuple((name, wording.value(value)) for name, value in sorted(seen.items()))
