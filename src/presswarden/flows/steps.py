"""The hands of a saga, in earnest: each method is a durable step that asks the mailbox, waits for the dispatcher, or writes down where the change is.

Before anything is asked for, the site's lock is looked at in the same transaction: a run that was thought dead and wakes up asks for nothing more.
Limits: what the answers mean is the saga's; signing and sending are the dispatcher's.
"""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from presswarden.audit.model import Actor
from presswarden.dispatch.looking import Looking
from presswarden.dispatch.model import Page, Recovery
from presswarden.dispatch.sending import Sending
from presswarden.flows.bells import Bells
from presswarden.flows.journal import Journal, Write
from presswarden.flows.ports import Task
from presswarden.gate import service as gate
from presswarden.gate.model import told
from presswarden.incidents import service as incidents
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone, Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import CallId, RequestId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Asked, Carried, Outcome, PlannedCall, Request, RequestState
from presswarden.proposals import plan
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result, Work
from presswarden.sites import service as sites

FLOWS: Final = Actor("process", "flows")
ANSWER_WITHIN: Final = timedelta(minutes=10)
RATE_TRIES: Final = 30
RATE_WAIT: Final = 2.0
_TRIES: Final = 5
_LONGEST_WAIT: Final = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shop:
    """What every run works with."""

    database: Database
    clock: Clock
    bells: Bells
    sending: Sending
    looking: Looking


async def persistently(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Wait for a database that is away; try a few times what fails for no reason that we know. What we say ourselves is not tried again."""
    gone, failed = 0, 0
    while True:
        try:
            return await work()
        except DatabaseGone:
            gone += 1
        except PresswardenError:
            raise
        except Exception:
            failed += 1
            if failed >= _TRIES:
                raise
        await asyncio.sleep(min(0.1 * 2 ** min(gone + failed, 10), _LONGEST_WAIT))


class DurableHands:
    """Implements `ports.Hands` for one change, in one run of its work."""

    def __init__(self, shop: Shop, work: Work, proposal: Proposal, task: Task, journal: Journal) -> None:
        self._shop = shop
        self._work = work
        self._proposal = proposal
        self._task = task
        self._journal = journal

    async def call(self, step: str, tool: str, args: Mapping[str, Json]) -> Outcome:
        named = self._named(step)
        if named in self._journal:  # a question has an id of its own, so what came of it stands in the mailbox
            return await persistently(lambda: self._came_of(RequestId(str(self._journal[named]))))
        prepares = tool.startswith("wp.snapshot.") and tool != "wp.snapshot.list"
        planned = PlannedCall(self._proposal.id, self._proposal.plan.digest, 0) if prepares else None
        outcome, turn = await self._answered(lambda turn: self._asked(tool, args, self._id(step, turn), planned, ""))
        self._journal.keep(named, self._id(step, turn))
        return outcome

    async def act(self, step: str, index: int) -> Outcome:
        named = self._named(step)
        if named in self._journal:
            return _outcome(self._journal[named])
        leaf = self._proposal.plan.leaves[index - 1]
        header_proof, proof = plan.proofs(self._proposal.plan, index)
        planned = PlannedCall(
            self._proposal.id, self._proposal.plan.digest, index, leaf.call, self._proposal.plan.header, header_proof, leaf.text, proof,
            plan.size(self._proposal.plan),
        )  # fmt: skip
        outcome, _ = await self._answered(lambda turn: self._asked(leaf.tool, leaf.args, RequestId(leaf.call), planned, f"{step}.{turn}"))
        self._journal.keep(named, _plain(outcome))
        return outcome

    async def look(self, step: str, *, probing: bool) -> tuple[Page, ...]:
        async def once() -> Json:
            change = self._task.change if probing else None
            pages = await self._shop.looking.pages(
                self._work.org, self._work.site, self._work.installation, change, self._work.correlation, self._journal.transaction
            )
            return [
                {"url": one.url, "status": one.status, "title": one.title, "size": one.size, "fatal": one.fatal, "location": one.location}
                for one in pages
            ]

        found = await self._step(step, once)
        return tuple(Page(**one) for one in found)  # type: ignore[arg-type, union-attr]  # as written above

    async def exposed(self, step: str, path: str, token: str) -> bool | None:
        async def once() -> Json:
            return await self._shop.looking.exposed(
                self._work.org, self._work.site, self._work.installation, path, token, self._work.correlation, self._journal.transaction
            )

        found = await self._step(step, once)
        return found if isinstance(found, bool) else None

    async def recover(self, step: str, index: int) -> Recovery:
        leaf = self._proposal.plan.leaves[index - 1]

        async def once() -> Json:
            came = await self._shop.looking.recover(self._proposal, leaf, self._work.correlation, self._journal.transaction)
            return {"answered": came.answered, "state": came.state}

        found = await self._step(step, once)
        return Recovery(**found)  # type: ignore[arg-type]  # as written above

    async def wait(self, step: str, seconds: float) -> None:
        """Until that many seconds after the first try, over restarts; no longer than that where a clock was set back."""
        named, now = self._named(step), self._shop.clock.now()
        if named not in self._journal:
            self._journal.keep(named, int((now + timedelta(seconds=seconds)).timestamp() * 1000))
            if seconds > 0:
                await persistently(self._caught_up)
        until = self._journal[named]
        left = until / 1000 - now.timestamp() if isinstance(until, int) else seconds
        if left > 0:
            await asyncio.sleep(min(left, seconds))

    async def note(self, step: str, *, code: str = "", says: str = "", seen: Mapping[str, Json] | None = None) -> None:
        async def write(tx: Tx) -> None:
            await rollouts.note(tx, self._task.change, step, code=code, says=says, seen=seen, now=self._shop.clock.now())

        self._written(f"note.{step}", write)

    async def stopped(self, step: str) -> str:
        async def once() -> Json:
            async with self._shop.database.reading(self._work.org) as tx:
                return await _why_stopped(tx, self._work, self._shop.clock.now())

        return str(await self._step(step, once))

    async def end(self, result: Result, *, code: str, says: str, seen: Mapping[str, Json]) -> None:
        async def write(tx: Tx) -> None:
            await rollouts.end(tx, self._task.change, result, code=code, says=says, seen=seen, now=self._shop.clock.now())

        self._written("end", write)

    # One step.

    async def _answered(self, asked: Callable[[int], Asked]) -> tuple[Outcome, int]:
        outcome, turn = Outcome(RequestState.FAILED), 0
        for turn in range(RATE_TRIES):  # a long plan on one site can be quicker than the rate that is allowed there
            outcome = await persistently(lambda turn=turn: self._once(asked(turn)))  # type: ignore[misc]  # mypy can't infer a default's type
            if outcome.code != "gate.rate":
                break
            await asyncio.sleep(RATE_WAIT)
        return outcome, turn

    async def _once(self, asked: Asked) -> Outcome:
        shop, named = self._shop, asked.id
        if named is None:
            raise RuntimeError("what a step asks for has an id")
        with shop.bells.listening(named) as bell:  # begun before anybody can settle it
            found, outcome = await shop.sending.carry(self._journal.transaction, asked, org=self._work.org)
            if outcome is not None:
                return outcome

            async def look() -> Request:
                async with shop.database.reading(self._work.org) as tx:
                    return await mailbox.outcome(tx, named)

            return _of(await shop.bells.until_settled(bell, found, look))

    async def _came_of(self, request: RequestId) -> Outcome:
        async with self._shop.database.reading(self._work.org) as tx:
            return _of(await mailbox.outcome(tx, request))

    async def _caught_up(self) -> None:
        async with self._journal.transaction():
            pass

    def _asked(self, tool: str, args: Mapping[str, Json], id_: RequestId, planned: PlannedCall | None, turn: str) -> Asked:
        return Asked(
            self._work.site, tool, args, FLOWS, self._work.correlation, self._work.installation, self._shop.clock.now() + ANSWER_WITHIN, id_,
            planned, turn,
        )  # fmt: skip

    def _written(self, step: str, write: Write) -> None:
        if self._named(step) not in self._journal:
            self._journal.keep(self._named(step), None, after=write)

    async def _step(self, step: str, work: Callable[[], Coroutine[Any, Any, Json]]) -> Json:
        named = self._named(step)
        if named not in self._journal:
            self._journal.keep(named, await persistently(work))
        return self._journal[named]

    def _named(self, step: str) -> str:
        return f"{self._task.change}.{step}"

    def _id(self, step: str, turn: int) -> RequestId:
        """The same for every run of this step, and for nothing else."""
        named = hashlib.sha256(f"{self._work.id}\n{self._task.change}\n{step}\n{turn}".encode()).digest()
        return RequestId(str(UUID(bytes=named[:16], version=4)))


async def _why_stopped(tx: Tx, work: Work, now: datetime) -> str:
    if await gate.stops(tx, now):
        of = await proposals.proposal(tx, work.proposal)
        for stop in await gate.bearing(tx, (work.site,), gate.begun_by(of), now=now):
            return told(stop)
    if (await sites.installation(tx, work.installation)).wanted_paused:
        return "The site is paused."
    for one in await incidents.containment(tx, work.site):
        return f"An open incident holds changes back: {one.says}"
    return ""


def _of(settled: Request) -> Outcome:
    if settled.outcome is None:
        raise RuntimeError("a settled request has an outcome")
    return settled.outcome


def _plain(outcome: Outcome) -> Json:
    return {
        "state": outcome.state.value, "code": outcome.code, "says": outcome.says, "do": outcome.do, "result": dict(outcome.result),
        "call": outcome.call or "", "carried_by": outcome.carried_by.value,
    }  # fmt: skip


def _outcome(kept: Json) -> Outcome:
    if not isinstance(kept, Mapping):
        raise RuntimeError("the journal gave back what no step wrote")
    text = {name: str(kept[name]) for name in ("state", "code", "says", "do", "call", "carried_by")}
    result = kept["result"]
    return Outcome(
        RequestState(text["state"]), text["code"], text["says"], text["do"], result if isinstance(result, Mapping) else {},
        CallId(text["call"]) if text["call"] else None, Carried(text["carried_by"]),
    )  # fmt: skip
