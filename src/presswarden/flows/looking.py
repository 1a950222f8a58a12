"""Looks at a site from all sides, and waits for the site's own signed word on a change. Limits: it says what is seen; `judging` says what that means."""

from collections.abc import Sequence
from typing import Final

from presswarden.flows import judging
from presswarden.flows.ports import Hands, Task
from presswarden.flows.sight import HEALTH, INVENTORY, Health, Look, Stage, component_of, health_of
from presswarden.mailbox.model import Outcome, RequestState

_LOOKS: Final = 3
UNANSWERED: Final = 6
"""Reads in a row without an answer, after which a site counts as one that does not answer."""
SETTLE: Final = (0, 2, 5, 10, 20, 30, 60, 60, 60, 120, 120, 120)
"""Seconds between the reads that settle what nobody knows. Together longer than a signed call stays valid, so that none can arrive after the last."""
TAKEN: Final = (0, 2, 5, 10, 20, 30, 60)
"""The same for a call that the site says it has taken: together longer than the two minutes in which an update opens its change or never does (wire.md, 12)."""
SOON: Final = (0, 1, 2, 5, 10)


async def health(hands: Hands, step: str) -> tuple[Health | None, Outcome]:
    told = await hands.call(step, HEALTH, {})
    return (health_of(told.result) if told.state is RequestState.DONE else None), told


async def look(hands: Hands, task: Task, step: str, *, probing: bool) -> Look:
    """Pages first: a page that fails gives the watchdog its evidence, and the health read after it tells what came of that."""
    pages = await hands.look(f"{step}.pages", probing=probing)
    known, told = await health(hands, f"{step}.health")
    if known is None:
        return Look(None, told.code, None, pages, blind=not pages or _kept_from_looking(told))
    listed = await hands.call(f"{step}.inventory", INVENTORY, {})
    if listed.state is not RequestState.DONE:
        return Look(None, listed.code, None, pages, blind=_kept_from_looking(listed))
    return Look(known, "", component_of(listed.result, task.component), pages, blind=not pages)


async def settled_look(hands: Hands, task: Task, step: str, before: Look, again: float) -> Look:
    """The site as it is now; a look that shows it failing is repeated, twice at most."""
    seen = await look(hands, task, f"{step}.1", probing=False)
    for turn in range(2, _LOOKS + 1):
        if seen.health is not None and not judging.newly_failing(before, seen):
            break
        await hands.wait(f"{step}.{turn}.wait", again)
        seen = await look(hands, task, f"{step}.{turn}", probing=False)
    return seen


async def stands(hands: Hands, task: Task, step: str, waits: Sequence[float] = SETTLE) -> Health | None:
    """The site's health once the change has come to a stand there, or as it is when the waiting is over. None: it does not answer."""
    seen, unanswered = None, 0
    for turn, seconds in enumerate(waits):
        if seconds:
            await hands.wait(f"{step}.{turn}.wait", seconds)
        known, _ = await health(hands, f"{step}.{turn}")
        if known is None:
            unanswered += 1
            if unanswered == UNANSWERED:
                return None
            continue
        seen, unanswered = known, 0
        on_site = known.of(task.change)
        if on_site is not None and on_site.stage not in {Stage.APPLYING, Stage.RESTORING}:
            break
    return seen if not unanswered else None


def _kept_from_looking(told: Outcome) -> bool:
    return told.code.startswith("gate.")
