"""Acts that open no change on the site: restoring or deleting a kept snapshot, clearing a maintenance file, switching a plugin without a snapshot.

Nothing takes them back, so what was not seen is not said to have succeeded.
"""

from collections.abc import Mapping
from typing import Final

from presswarden.flows import judging, looking, preparing
from presswarden.flows.checking import Checks
from presswarden.flows.ending import Ending, by_hand, seen_in, untouched
from presswarden.flows.judging import is_failing
from presswarden.flows.ports import Hands, Task
from presswarden.kernel.canonical import Json
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.rollouts.model import Result

_BEGUN: Final = 3
"""Times that laying tables ready is begun."""
_SWITCHES: Final = frozenset({"wp.plugin.activate", "wp.plugin.deactivate"})


async def course(hands: Hands, task: Task, checks: Checks) -> Ending:
    if task.tool in _SWITCHES:
        return await _switched(hands, task, checks)
    why = await hands.stopped("act.stopped")
    if why:
        return Ending(Result.STOPPED, "change.stopped", why)
    if task.tool == "wp.snapshot.restore" and task.database:
        await _staged(hands, task)
    await hands.note("act")
    told = await hands.act("act", task.act)
    if told.state in {RequestState.REFUSED, RequestState.FAILED}:
        return untouched(told)
    match task.tool:
        case "wp.snapshot.delete":
            return await _deleted(hands, task, told)
        case "wp.maintenance.clear":
            return await _cleared(hands, task)
        case _:
            return await _restored(hands, task, told)


async def _staged(hands: Hands, task: Task) -> None:
    """Have the tables laid beside the live ones, in short calls. Where that comes to nothing, the restore does all of it in its own call."""
    await hands.note("stage")
    step, begun = 0, 1
    for turn in range(preparing.MOST_STEPS):
        args: dict[str, Json] = {"seconds": preparing.SHORT_CALL, "snapshot": task.snapshot, "step": step}
        told = await hands.call(f"stage.{turn}", "wp.snapshot.stage", args)
        after = told.result.get("next")
        if told.state is RequestState.DONE and isinstance(after, int) and after > step:
            if told.result.get("done") is True:
                return
            step = after
        elif begun < _BEGUN and (told.state is RequestState.UNKNOWN or told.code == "action.step"):
            step, begun = 0, begun + 1  # nobody knows what the step that was lost has left
        else:
            return


async def _switched(hands: Hands, task: Task, checks: Checks) -> Ending:
    before = await preparing.before(hands, task)
    if isinstance(before, Ending):
        return before
    why = await hands.stopped("act.stopped")
    if why:
        return Ending(Result.STOPPED, "change.stopped", why)
    await hands.note("act")
    told = await hands.act("act", task.act)
    look = await looking.settled_look(hands, task, "after", before, checks.again)
    seen = seen_in(look)
    if look.health is None:
        return Ending(Result.UNKNOWN, "change.not_seen", "Whether the plugin was switched can't be told: the site does not answer.", seen)
    if look.component == before.component:
        return (
            untouched(told) if told.state is not RequestState.DONE else Ending(Result.UNVERIFIED, "health.active", "Nothing changed.", seen)
        )
    broken = judging.newly_failing(before, look)
    if broken:
        says = f"Pages that were well fail now: {', '.join(page.url or 'the home page' for page in broken)}. Nothing holds a way back."
        return Ending(Result.ROLLBACK_FAILED, "change.no_way_back", f"{says} {by_hand(task)}", seen)
    if judging.still_failing(before, look):
        return Ending(Result.UNVERIFIED, "health.failed_before", "The plugin was switched; a page that failed before fails still.", seen)
    return Ending(Result.SUCCEEDED, "", "Read back from the site; its pages answer as before.", seen)


async def _deleted(hands: Hands, task: Task, told: Outcome) -> Ending:
    listed = await hands.call("list", "wp.snapshot.list", {})
    kept = listed.result.get("snapshots")
    if listed.state is not RequestState.DONE or not isinstance(kept, list | tuple):
        return Ending(
            Result.UNVERIFIED if told.state is RequestState.DONE else Result.UNKNOWN,
            "snapshot.not_listed",
            "The snapshots could not be listed.",
        )
    if any(isinstance(one, Mapping) and one.get("id") == task.snapshot for one in kept):
        return Ending(Result.UNVERIFIED, "snapshot.still_there", "The snapshot is still listed.")
    return Ending(Result.SUCCEEDED, "", "The snapshot is gone.")


async def _cleared(hands: Hands, task: Task) -> Ending:
    look = await looking.look(hands, task, "after", probing=False)
    if look.health is None:
        return Ending(Result.UNKNOWN, "change.not_seen", "The site's health can't be read.", seen_in(look))
    if look.health.maintenance:
        return Ending(Result.UNVERIFIED, "health.maintenance", "A maintenance file is still there.", seen_in(look))
    return Ending(Result.SUCCEEDED, "", "No maintenance file is left.", seen_in(look))


async def _restored(hands: Hands, task: Task, told: Outcome) -> Ending:
    look = await looking.look(hands, task, "after", probing=False)
    seen: dict[str, Json] = {**seen_in(look), **{name: told.result[name] for name in ("files", "tables") if name in told.result}}
    if told.state is not RequestState.DONE:
        return Ending(Result.UNKNOWN, "change.not_seen", "Whether the snapshot was restored can't be told: the answer was lost.", seen)
    if look.health is None:
        return Ending(Result.UNVERIFIED, "health.no_answer", "The snapshot was restored; the site does not answer a signed call.", seen)
    version = told.result.get("version")
    if look.component is not None and version and look.component.version != version:
        return Ending(Result.UNVERIFIED, "health.version", "The site shows another version than the one restored.", seen)
    failing = [page.url or "the home page" for page in look.pages if is_failing(page)]
    if failing or not look.pages:
        return Ending(
            Result.UNVERIFIED, "page.failing", f"The snapshot was restored; {', '.join(failing) or 'no page'} can be called well.", seen
        )
    return Ending(Result.SUCCEEDED, "", "The snapshot was restored, read back, and the site answers.", seen)
