"""The recovery ladder (POLICY): take the change back, then switch the component off, then say what a person has to do. Each rung is checked and noted.

Only files go back. Posts, orders and users written meanwhile stay; how many a database restore would lose is reported, and that restore is a decision of
its own. "Taken back" is said when the old version was read back from a site that answers, and not before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from presswarden.flows import judging, looking
from presswarden.flows.checking import Checks
from presswarden.flows.ending import Ending, by_hand, seen_in, words
from presswarden.flows.judging import Finding
from presswarden.flows.ports import Hands, Task
from presswarden.flows.sight import OPEN, Health, Look, Stage
from presswarden.kernel.canonical import Json
from presswarden.mailbox.model import RequestState
from presswarden.rollouts.model import Result

LONGEST_DEADLINE: Final = 3_600
_COUNTED: Final = ("orders", "posts", "users")


@dataclass(frozen=True, slots=True)
class Why:
    """What led to taking a change back."""

    code: str
    findings: tuple[Finding, ...]

    @property
    def says(self) -> str:
        return words(self.findings)


async def climb(hands: Hands, task: Task, before: Look, why: Why, checks: Checks, *, answers: bool) -> Ending:
    """Rung by rung until the site is well again. `answers`: it answered a signed call a moment ago."""
    await hands.note("take_back", code=why.code, says=why.says)
    lost: dict[str, Json] = {}
    stood = None
    if not answers:
        stood = await _without_wordpress(hands, task, "recover.first")
    if not _is_over(task, stood) and task.take_back:
        told = await hands.act("take_back", task.take_back)
        lost = _lost(told.result.get("lost"))
        stood = await looking.stands(hands, task, "taken_back", looking.SOON)
        if not _is_over(task, stood) and told.state is not RequestState.REFUSED:
            stood = await _without_wordpress(hands, task, "recover.second")
    if stood is not None and not _is_over(task, stood):
        stood = await _at_the_deadline(hands, task, stood)
    return await _look_after(hands, task, before, why, checks, stood, lost)


async def by_the_site(hands: Hands, task: Task, before: Look, why: Why, checks: Checks) -> Ending:
    """The site took the change back by itself: see that it is so."""
    await hands.note("taken_back", code=why.code, says=why.says)
    stood = await looking.stands(hands, task, "taken_back", looking.SOON)
    if not _is_over(task, stood):
        return await climb(hands, task, before, why, checks, answers=stood is not None)
    return await _look_after(hands, task, before, why, checks, stood, {})


async def left_to_the_deadline(hands: Hands, task: Task, before: Look, why: Why, checks: Checks) -> Ending:
    """Nobody could tell the site that the change is good, so it takes it back at the deadline: wait for that and say so."""
    await hands.note("deadline", code=why.code, says=why.says)
    stood = await looking.stands(hands, task, "deadline", looking.SOON)
    if stood is not None and not _is_over(task, stood):
        stood = await _at_the_deadline(hands, task, stood)
    return await _look_after(hands, task, before, why, checks, stood, {})


async def _without_wordpress(hands: Hands, task: Task, step: str) -> Health | None:
    """The recover call that the watchdog answers; what it says counts when a signed health read says the same."""
    if task.take_back:
        await hands.recover(step, task.take_back)
    return await looking.stands(hands, task, f"{step}.stands", looking.SOON)


async def _at_the_deadline(hands: Hands, task: Task, stood: Health) -> Health | None:
    told = stood.of(task.change)
    if told is None or told.stage not in OPEN:
        return stood
    left = min(max(told.deadline - stood.site_time, 0), LONGEST_DEADLINE)
    await hands.wait("deadline.wait", left + 5)
    await hands.look("deadline.visit", probing=False)  # any request of any kind will do
    return await looking.stands(hands, task, "deadline.over", looking.SOON)


async def _look_after(
    hands: Hands, task: Task, before: Look, why: Why, checks: Checks, stood: Health | None, lost: dict[str, Json]
) -> Ending:
    told = stood.of(task.change) if stood is not None else None
    stage = told.stage if told is not None else None
    if stage is Stage.SUPERSEDED:
        return superseded(why, stood)
    look = await looking.settled_look(hands, task, "after", before, checks.again)
    seen = {**seen_in(look), **lost}
    if stage is Stage.CLOSED:
        return Ending(Result.UNVERIFIED, "change.closed", f"{why.says} The change was closed by somebody else.", seen)
    is_back = judging.is_back(before.component, look.component) and look.health is not None
    is_well = is_back and not judging.newly_failing(before, look)
    if is_well and stage not in OPEN:
        return Ending(Result.ROLLED_BACK, why.code, _says(task, why, lost), seen)
    if look.health is not None and stage not in OPEN:
        off = await _switch_off(hands, task, before, why, checks, seen, is_back=is_back)
        if off is not None:
            return off
    if is_back and task.database:
        says = f"{why.says} The files are back and the site is still not well: its database needs a person.{_counts(lost)}"
        return Ending(Result.ROLLBACK_FAILED, "change.database", f"{says} {by_hand(task)}", seen)
    if look.health is None and look.pages and not judging.newly_failing(before, look):
        return Ending(Result.UNKNOWN, "change.not_seen", f"{why.says} The pages answer, but the site's own word on it can't be had.", seen)
    return Ending(Result.ROLLBACK_FAILED, "change.failed", f"{why.says} The old state could not be seen to be back. {by_hand(task)}", seen)


async def _switch_off(
    hands: Hands, task: Task, before: Look, why: Why, checks: Checks, seen: dict[str, Json], *, is_back: bool
) -> Ending | None:
    """The last rung that needs nobody: without the plugin the site may do. None: it does not."""
    was_on = before.component is not None and before.component.active is True
    if not task.deactivate or not was_on:
        return None
    await hands.note("deactivate", code=why.code, says=why.says)
    told = await hands.act("deactivate", task.deactivate)
    if told.state is not RequestState.DONE:
        return None
    look = await looking.settled_look(hands, task, "off", before, checks.again)
    if look.health is None or judging.newly_failing(before, look):
        return None
    found = {**seen, **seen_in(look)}
    if is_back:
        return Ending(
            Result.ROLLED_BACK, "change.deactivated", f"{why.says} The old files are back; the plugin had to be switched off too.", found
        )
    says = f"{why.says} The old files could not be put back; without the plugin the site answers. {by_hand(task)}"
    return Ending(Result.ROLLBACK_FAILED, "change.deactivated", says, found)


def superseded(why: Why, stood: Health | None) -> Ending:
    """Hands off: the files are no longer what the change left, so putting old ones in their place would undo somebody else's work."""
    told = stood.change if stood is not None else None
    says = "Somebody else changed the files while this change was open, so nothing was taken back."
    return Ending(
        Result.UNVERIFIED, "change.superseded", f"{why.says} {says}".strip(), {} if told is None else {"change": told.stage.value}
    )


def _is_over(task: Task, stood: Health | None) -> bool:
    told = stood.of(task.change) if stood is not None else None
    return told is not None and told.stage in {Stage.RESTORED, Stage.SUPERSEDED, Stage.FAILED, Stage.CLOSED}


def _lost(value: Json) -> dict[str, Json]:
    if not isinstance(value, Mapping):
        return {}
    return {f"lost_{name}": count for name in _COUNTED if isinstance(count := value.get(name), int) and not isinstance(count, bool)}


def _counts(lost: dict[str, Json]) -> str:
    told = ", ".join(f"{lost[f'lost_{name}']} {name}" for name in _COUNTED if lost.get(f"lost_{name}"))
    return f" Restoring it would lose {told} written meanwhile." if told else ""


def _says(task: Task, why: Why, lost: dict[str, Json]) -> str:
    kept = " The database was left as it is." if task.database else ""
    return f"{why.says}{kept}{_counts(lost)}".strip()
