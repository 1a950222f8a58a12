"""The whole course of one change, over `Hands`: look, snapshot, verify, act, look again, call it good or take it back, and say how it ended.

Between two steps any process may die: what ran is not run again, because each step has a name under which its answer is kept, and each act an id that the
site knows. So this reads no clock, draws no lots, and goes by answers alone. Limits: one change of one site; it does no input or output itself.
"""

from typing import Final

from presswarden.flows import ladder, looking, preparing, single
from presswarden.flows.checking import Checks, Verdict, watch
from presswarden.flows.ending import Ending, by_hand, seen_in, untouched, words
from presswarden.flows.judging import Finding
from presswarden.flows.ports import Hands, Task
from presswarden.flows.sight import OPEN, Health, Look, Stage
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.rollouts.model import Result

_NOTHING_TOUCHED: Final = frozenset(
    {
        "action.before", "action.change_open", "action.download", "action.downgrade", "action.files", "action.offer", "action.package_hash",
        "action.release", "action.requires", "action.snapshot_unknown",
    }
)  # fmt: skip
_NOT_SENT: Final = ("site.", "call.", "dispatch.", "seal.")
"""A failure under any other code came after the site's answer: that it ran can't be excluded."""


async def run(hands: Hands, task: Task, checks: Checks | None = None) -> None:
    """Bring the change to its result. `checks`: how long it is watched."""
    ending = await _course(hands, task, checks or Checks())
    await hands.end(ending.result, code=ending.code, says=ending.says, seen=ending.seen)


async def _course(hands: Hands, task: Task, checks: Checks) -> Ending:
    if not task.close:
        return await single.course(hands, task, checks)
    before = await preparing.before(hands, task)
    if isinstance(before, Ending):
        return before
    against = await preparing.snapshot(hands, task)
    if against is not None:
        return against
    why = await hands.stopped("act.stopped")
    if why:
        return Ending(Result.STOPPED, "change.stopped", why)
    await hands.note("act")
    told = await hands.act("act", task.act)
    ended = await _acted(hands, task, before, told, checks)
    if ended is not None:
        return ended
    return await _judged(hands, task, before, told, checks)


async def _acted(hands: Hands, task: Task, before: Look, told: Outcome, checks: Checks) -> Ending | None:
    """What the answer to the act comes to. None: it ran, and has to be looked at."""
    match told.state:
        case RequestState.DONE:
            return None
        case RequestState.REFUSED if told.code in _NOTHING_TOUCHED or told.code.startswith(("gate.", "call.")):
            return untouched(told)
        case RequestState.FAILED if told.code.startswith(_NOT_SENT):
            return untouched(told)
        case _:
            return await _settled(hands, task, before, told, checks)


async def _settled(hands: Hands, task: Task, before: Look, told: Outcome, checks: Checks) -> Ending | None:
    """Nobody knows what became of the act: the site's own signed word says. It is never run again."""
    await hands.note("settle", code=told.code, says=told.says)
    failed = Finding(told.code or "act.unknown", told.says or "The answer to the change was lost.", certain=True)
    why = ladder.Why(failed.code, (failed,))
    if told.code == "call.running":
        stood = await looking.stands(hands, task, "taken", looking.TAKEN)
        if stood is not None and stood.of(task.change) is None:
            return await _never_began(hands, task, before, told, stood)
    stood = await looking.stands(hands, task, "settle", looking.SOON if told.state is RequestState.REFUSED else looking.SETTLE)
    if stood is None:
        return await ladder.climb(hands, task, before, why, checks, answers=False)
    on_site = stood.of(task.change)
    if on_site is None:
        return await _never_began(hands, task, before, told, stood)
    match on_site.stage:
        case Stage.CONFIRM if told.state is RequestState.UNKNOWN:
            return None
        case Stage.RESTORED:
            why = ladder.Why(told.code if told.code.startswith("action.") else f"watchdog.{on_site.why or 'restored'}", (failed,))
            return await ladder.by_the_site(hands, task, before, why, checks)
        case Stage.SUPERSEDED:
            return ladder.superseded(why, stood)
        case _:
            return await ladder.climb(hands, task, before, why, checks, answers=True)


async def _never_began(hands: Hands, task: Task, before: Look, told: Outcome, stood: Health) -> Ending:
    look = await looking.look(hands, task, "untouched", probing=False)
    if look.health is not None and look.component == before.component:
        if told.state is RequestState.REFUSED:
            return untouched(told)
        return Ending(Result.STOPPED, "change.never_began", "The call never ran on the site; everything is as it was.", seen_in(look))
    says = "The site knows nothing of this change, and the component is not as it was before."
    open_one = stood.change is not None and stood.change.stage in OPEN
    return Ending(Result.UNKNOWN, "change.unknown", f"{says} {'Another change is open.' if open_one else by_hand(task)}", seen_in(look))


async def _judged(hands: Hands, task: Task, before: Look, told: Outcome, checks: Checks) -> Ending:
    await hands.note(
        "check", seen={name: value for name in ("version", "package", "files", "bytes") if (value := told.result.get(name)) is not None}
    )
    judged = await watch(hands, task, before, checks)
    seen, on_site = seen_in(judged.look), None if judged.look.health is None else judged.look.health.of(task.change)
    by_watchdog = on_site.why if on_site is not None else ""
    why = ladder.Why(judged.findings[0].code if judged.findings else f"watchdog.{by_watchdog or 'restored'}", judged.findings)
    match judged.verdict:
        case Verdict.GOOD:
            return await _close(hands, task, before, Ending(Result.SUCCEEDED, "", _seen_well(task), seen), checks)
        case Verdict.UNVERIFIED:
            says = "The change is there, but a page that failed before the change fails still: whether the site is well can't be told."
            return await _close(hands, task, before, Ending(Result.UNVERIFIED, "health.failed_before", says, seen), checks)
        case Verdict.TAKEN_BACK:
            why = ladder.Why(f"watchdog.{by_watchdog or 'restored'}", (*why.findings, _by_itself(by_watchdog)))
            return await ladder.by_the_site(hands, task, before, why, checks)
        case Verdict.SUPERSEDED:
            return ladder.superseded(why, judged.look.health)
        case Verdict.GIVEN_UP | Verdict.BAD:
            return await ladder.climb(hands, task, before, why, checks, answers=judged.look.health is not None)


async def _close(hands: Hands, task: Task, before: Look, good: Ending, checks: Checks) -> Ending:
    """Say that it is good: only then is it the result."""
    await hands.note("close")
    told = await hands.act("close", task.close)
    if told.state is RequestState.DONE:
        return good
    stood = await looking.stands(hands, task, "closed", looking.SOON)
    on_site = stood.of(task.change) if stood is not None else None
    if task.close_again and on_site is not None and on_site.stage is Stage.CONFIRM and told.state is not RequestState.REFUSED:
        # Lost on its way, or taken by a process that died before it ran: under that id it never runs. Should it after all, this one finds it closed.
        told = await hands.act("close_again", task.close_again)
        if told.state is RequestState.DONE:
            return good
        stood = await looking.stands(hands, task, "closed_again", looking.SOON)
        on_site = stood.of(task.change) if stood is not None else None
    if on_site is not None and on_site.stage is Stage.CLOSED:
        return good
    if on_site is not None and on_site.stage is Stage.SUPERSEDED:
        return ladder.superseded(ladder.Why("change.superseded", ()), stood)
    not_closed = Finding(
        "change.not_closed",
        f"The change was good, but the site could not be told in time ({words((Finding('', told.says),)) or told.code}).",
    )
    if on_site is not None and on_site.stage is Stage.RESTORED:
        return await ladder.by_the_site(hands, task, before, ladder.Why("change.deadline", (not_closed,)), checks)
    return await ladder.left_to_the_deadline(hands, task, before, ladder.Why("change.not_closed", (not_closed,)), checks)


def _seen_well(task: Task) -> str:
    wanted = (
        f"version {task.version}" if task.version else {"wp.plugin.activate": "on", "wp.plugin.deactivate": "off"}.get(task.tool, "changed")
    )
    return f"Read back from the site: {wanted}; its pages and its health are as they were before."


def _by_itself(why: str) -> Finding:
    return Finding("watchdog", f"The site took the change back by itself ({why or 'no reason given'}).")
