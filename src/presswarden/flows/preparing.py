"""Before anything is touched: how the site is now, and a snapshot that is made, shut off from outside and verified.

Limits: whichever way this ends, the site is as it was, but for a snapshot that it keeps.
"""

from collections.abc import Callable, Mapping
from typing import Final

from presswarden.flows import judging, looking
from presswarden.flows.ending import Ending, untouched
from presswarden.flows.ports import Hands, Task
from presswarden.flows.sight import OPEN, Look
from presswarden.kernel.canonical import Json
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.rollouts.model import Result

MOST_STEPS: Final = 2_000
LONG_CALL: Final = 25
"""Seconds for the first call of a snapshot with tables: a dump in one call is a point in time (W14)."""
SHORT_CALL: Final = 10
_STOP_ASKED_EVERY: Final = 10
_LOST: Final = (
    "The site made the snapshot, and the answer that says where its folder can be tried from outside was lost for good. Nothing was begun; the snapshot stays "
    "on the site. Ask for the change again: it makes a snapshot of its own."
)
_KEPT: Final = frozenset({"made", "verified"})


async def before(hands: Hands, task: Task) -> Look | Ending:
    """How the site is now; or why the change does not begin."""
    why = await hands.stopped("before.stopped")
    if why:
        return Ending(Result.STOPPED, "change.stopped", why)
    look = await looking.look(hands, task, "before", probing=False)
    health = look.health
    if health is None:
        state = RequestState.REFUSED if look.code.startswith(("gate.", "call.")) else RequestState.FAILED
        return untouched(Outcome(state, look.code, "The site's health could not be read before the change; nothing was begun."))
    if health.paused or health.quiet:
        return Ending(Result.STOPPED, "change.site_paused", "The site is paused or quiet; nothing was begun.")
    if health.change is not None and health.change.stage in OPEN:
        return Ending(Result.REFUSED, "change.other_open", "Another change is open on the site.")
    if task.take_back and not health.watchdog:
        return Ending(Result.REFUSED, "change.watchdog", "The watchdog that takes a bad change back is not armed.")
    against = judging.fits(task, look.component)
    if against is not None:
        return Ending(Result.NOT_APPLICABLE, against.code, against.says)
    return look


async def snapshot(hands: Hands, task: Task) -> Ending | None:
    """Make the snapshot that the plan names, see that nobody outside can read it, and have it verified. None: it is there."""
    if task.snapshot is None:
        return None
    await hands.note("snapshot")

    def create(step: int) -> tuple[str, Mapping[str, Json]]:
        seconds = LONG_CALL if task.database and step == 0 else SHORT_CALL
        args: dict[str, Json] = {
            "component": task.component,
            "database": task.database,
            "seconds": seconds,
            "snapshot": task.snapshot,
            "step": step,
        }
        return "wp.snapshot.create", args

    made = await _in_steps(hands, task, "snapshot", create)
    if isinstance(made, Ending):
        return made
    against = await _shut(hands, task, made)
    if against is not None:
        return against
    await hands.note("verify")
    return await _verified(hands, task)


async def _verified(hands: Hands, task: Task) -> Ending | None:
    def verify(step: int) -> tuple[str, Mapping[str, Json]]:
        return "wp.snapshot.verify", {"seconds": SHORT_CALL, "snapshot": task.snapshot, "step": step}

    done = await _in_steps(hands, task, "verify", verify)
    if isinstance(done, Ending):
        return done
    if done.get("verified") is not True:
        says = done.get("says")
        return Ending(
            Result.REFUSED, "snapshot.not_verified", f"The snapshot does not verify: {says if isinstance(says, str) else ''}"[:300]
        )
    return None


async def _in_steps(
    hands: Hands, task: Task, name: str, asks: Callable[[int], tuple[str, Mapping[str, Json]]]
) -> Mapping[str, Json] | Ending:
    """Call by call until the site says that it is done. A call whose answer was lost is asked again; if it ran, its step is over."""
    step, canary = 0, None
    for turn in range(MOST_STEPS):
        if turn % _STOP_ASKED_EVERY == _STOP_ASKED_EVERY - 1:
            why = await hands.stopped(f"{name}.{turn}.stopped")
            if why:
                return Ending(Result.STOPPED, "change.stopped", why)
        told = await hands.call(f"{name}.{turn}", *asks(step))
        if told.state is RequestState.UNKNOWN:
            told = await hands.call(f"{name}.{turn}.again", *asks(step))
            if told.code == "action.step":
                told = await hands.call(f"{name}.{turn}.on", *asks(step + 1))
        if told.state is not RequestState.DONE:
            return await _kept(hands, task, name, told, canary)
        canary = told.result.get("canary")
        if told.result.get("done") is True:
            return told.result
        after = told.result.get("next")
        if isinstance(after, bool) or not isinstance(after, int) or after <= step:
            break
        step = after
    return Ending(Result.REFUSED, f"{name}.endless", f"The site does not come to an end of its {name}.")


async def _kept(hands: Hands, task: Task, name: str, told: Outcome, canary: Json) -> Mapping[str, Json] | Ending:
    """When the answer to the last step was lost, the list of snapshots knows that it is done."""
    if told.code not in {"action.step", "action.snapshot"}:
        return untouched(told)
    listed = await hands.call(f"{name}.list", "wp.snapshot.list", {})
    kept = listed.result.get("snapshots")
    for one in kept if isinstance(kept, list | tuple) else ():
        if isinstance(one, Mapping) and one.get("id") == task.snapshot and one.get("state") in _KEPT:
            return {"done": True, "verified": one.get("state") == "verified", "says": "", "canary": canary, "lost": canary is None}
    return untouched(told)


async def _shut(hands: Hands, task: Task, made: Mapping[str, Json]) -> Ending | None:
    canary = made.get("canary")
    if made.get("lost") is True:  # the canary is named in a step's answer alone, and this snapshot had only one
        return Ending(Result.REFUSED, "snapshot.answer_lost", _LOST)
    if not isinstance(canary, Mapping):
        return Ending(Result.REFUSED, "snapshot.not_tested", "Whether the snapshot's folder is shut could not be tested from outside.")
    path, token = canary.get("path"), canary.get("token")
    open_to_all = (
        await hands.exposed("canary", path, token) if isinstance(path, str) and isinstance(token, str) and len(token) >= 32 else None
    )
    if open_to_all is None:
        return Ending(Result.REFUSED, "snapshot.not_tested", "Whether the snapshot's folder is shut could not be tested from outside.")
    if open_to_all:
        return Ending(
            Result.REFUSED,
            "snapshot.exposed",
            "Anybody can read the site's snapshot folder. Shut it on the web server, then delete what lies in it: "
            f"`presswarden snapshot delete SITE {task.snapshot}`.",
        )
    return None
