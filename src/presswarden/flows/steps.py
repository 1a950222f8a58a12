"""The hands of a saga, in earnest: each method is a durable step that asks the mailbox, waits for the dispatcher, or writes down where the change is.

Before anything is asked for, the site's lock is looked at in the same transaction: a run that was thought dead and wakes up asks for nothing more.
Limits: what the answers mean is the saga's; signing and sending are the dispatcher's.
"""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from presswarden.audit.model import Actor
from presswarden.dispatch import locks
from presswarden.dispatch.looking import Looking
from presswarden.dispatch.model import Lock, Page, Recovery
from presswarden.flows.engine import Engine
from presswarden.flows.ports import Task
from presswarden.gate import service as gate
from presswarden.gate.model import told
from presswarden.incidents import service as incidents
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone, Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import CallId, RequestId
from presswarden.kernel.wake import Wake
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Carried, Outcome, PlannedCall, Request, RequestState
from presswarden.proposals import plan
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result, Work
from presswarden.sites import service as sites

FLOWS: Final = Actor("process", "flows")
ANSWER_WITHIN: Final = timedelta(minutes=10)
LOOK_EVERY: Final = 1.0
MOST_LOOKS: Final = 7_200
RATE_TRIES: Final = 30
RATE_WAIT: Final = 2.0
_TRIES: Final = 5
_LONGEST_WAIT: Final = 10.0

T = TypeVar("T")


class Bells:
    """Tells a step of this process that its request was settled by this process's dispatcher; what another one settles is seen by looking."""

    def __init__(self) -> None:
        self._bells: dict[RequestId, asyncio.Event] = {}

    def ring(self, request: RequestId) -> None:
        bell = self._bells.get(request)
        if bell is not None:
            bell.set()

    @contextmanager
    def listening(self, request: RequestId) -> Iterator[asyncio.Event]:
        """To be begun before the request is asked for, so that no ring is missed."""
        try:
            yield self._bells.setdefault(request, asyncio.Event())
        finally:
            self._bells.pop(request, None)

    async def until_settled(self, bell: asyncio.Event, asked: Request, look: Callable[[], Coroutine[Any, Any, Request]]) -> Request:
        found = asked
        for _ in range(MOST_LOOKS):
            if found.is_settled:
                return found
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), LOOK_EVERY)
            bell.clear()
            found = await look()
        raise RuntimeError("no dispatcher brought this request to its end")


@dataclass(frozen=True, slots=True)
class Shop:
    """What every run works with. Lives on the process's own loop."""

    database: Database
    clock: Clock
    wake: Wake
    engine: Engine
    bells: Bells
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

    def __init__(self, shop: Shop, work: Work, proposal: Proposal, task: Task, lock: Lock) -> None:
        self._shop = shop
        self._work = work
        self._proposal = proposal
        self._task = task
        self._lock = lock

    async def call(self, step: str, tool: str, args: Mapping[str, Json]) -> Outcome:
        prepares = PlannedCall(self._proposal.id, self._proposal.plan.digest, 0) if tool.startswith("wp.snapshot.") else None

        async def ask(tx: Tx, turn: int, now: datetime) -> Request:
            return await self._ask(tx, tool, args, self._id(step, turn), prepares if tool != "wp.snapshot.list" else None, "", now)

        return await self._answered(step, ask)

    async def act(self, step: str, index: int) -> Outcome:
        leaf = self._proposal.plan.leaves[index - 1]
        header_proof, proof = plan.proofs(self._proposal.plan, index)
        planned = PlannedCall(
            self._proposal.id, self._proposal.plan.digest, index, leaf.call, self._proposal.plan.header, header_proof, leaf.text, proof,
            plan.size(self._proposal.plan),
        )  # fmt: skip

        async def ask(tx: Tx, turn: int, now: datetime) -> Request:
            return await self._ask(tx, leaf.tool, leaf.args, RequestId(leaf.call), planned, f"{step}.{turn}", now)

        return await self._answered(step, ask)

    async def look(self, step: str, *, probing: bool) -> tuple[Page, ...]:
        async def once() -> Json:
            change = self._task.change if probing else None
            pages = await self._shop.looking.pages(self._work.org, self._work.site, self._work.installation, change, self._work.correlation)
            return [
                {"url": one.url, "status": one.status, "title": one.title, "size": one.size, "fatal": one.fatal, "location": one.location}
                for one in pages
            ]

        found = await self._step(step, once)
        return tuple(Page(**one) for one in found)  # type: ignore[arg-type, union-attr]  # as written above

    async def exposed(self, step: str, path: str, token: str) -> bool | None:
        async def once() -> Json:
            return await self._shop.looking.exposed(
                self._work.org, self._work.site, self._work.installation, path, token, self._work.correlation
            )

        found = await self._step(step, once)
        return found if isinstance(found, bool) else None

    async def recover(self, step: str, index: int) -> Recovery:
        leaf = self._proposal.plan.leaves[index - 1]

        async def once() -> Json:
            came = await self._shop.looking.recover(self._proposal, leaf, self._work.correlation)
            return {"answered": came.answered, "state": came.state}

        found = await self._step(step, once)
        return Recovery(**found)  # type: ignore[arg-type]  # as written above

    async def wait(self, step: str, seconds: float) -> None:  # noqa: ARG002 - the engine counts its sleeps itself
        await self._shop.engine.sleep(seconds)

    async def note(self, step: str, *, code: str = "", says: str = "", seen: Mapping[str, Json] | None = None) -> None:
        async def write(tx: Tx, now: datetime) -> None:
            await rollouts.note(tx, self._task.change, step, code=code, says=says, seen=seen, now=now)

        await self._written(f"note.{step}", write)

    async def stopped(self, step: str) -> str:
        async def once() -> Json:
            async with self._shop.database.reading(self._work.org) as tx:
                return await _why_stopped(tx, self._work, self._shop.clock.now())

        return str(await self._step(step, once))

    async def end(self, result: Result, *, code: str, says: str, seen: Mapping[str, Json]) -> None:
        async def once() -> Json:
            async with self._shop.database.transaction(self._work.org) as tx:
                await locks.hold(tx, self._lock)
                await rollouts.end(tx, self._task.change, result, code=code, says=says, seen=seen, now=self._shop.clock.now())
            await self._shop.wake.ring(proposals.ANALYST)
            return None

        await self._step("end", once)

    # One step.

    async def _answered(self, step: str, ask: Callable[[Tx, int, datetime], Coroutine[Any, Any, Request]]) -> Outcome:
        async def once() -> Json:
            outcome = Outcome(RequestState.FAILED)
            for turn in range(RATE_TRIES):  # a long plan on one site can be quicker than the rate that is allowed there
                outcome = await persistently(lambda turn=turn: self._once(ask, turn))  # type: ignore[misc]  # mypy can't infer a default's type
                if outcome.code != "gate.rate":
                    break
                await asyncio.sleep(RATE_WAIT)
            return _plain(outcome)

        return _outcome(await self._step(step, once))

    async def _once(self, ask: Callable[[Tx, int, datetime], Coroutine[Any, Any, Request]], turn: int) -> Outcome:
        shop = self._shop
        with ExitStack() as listening:
            async with shop.database.transaction(self._work.org) as tx:
                await locks.hold(tx, self._lock)
                asked = await ask(tx, turn, shop.clock.now())
                bell = listening.enter_context(shop.bells.listening(asked.id))  # nobody settles it before the commit
            await shop.wake.ring(mailbox.DISPATCH)

            async def look() -> Request:
                async with shop.database.reading(self._work.org) as tx:
                    return await mailbox.outcome(tx, asked.id)

            settled = await shop.bells.until_settled(bell, asked, look)
        if settled.outcome is None:
            raise RuntimeError("a settled request has an outcome")
        return settled.outcome

    async def _ask(
        self, tx: Tx, tool: str, args: Mapping[str, Json], id_: RequestId, planned: PlannedCall | None, turn: str, now: datetime
    ) -> Request:
        return await mailbox.ask(
            tx, self._work.site, tool, args, by=FLOWS, correlation=self._work.correlation, now=now, installation=self._work.installation,
            deadline=now + ANSWER_WITHIN, id=id_, planned=planned, turn=turn,
        )  # fmt: skip

    async def _written(self, step: str, write: Callable[[Tx, datetime], Coroutine[Any, Any, None]]) -> None:
        async def once() -> Json:
            async with self._shop.database.transaction(self._work.org) as tx:
                await locks.hold(tx, self._lock)
                await write(tx, self._shop.clock.now())
            return None

        await self._step(step, once)

    async def _step(self, step: str, work: Callable[[], Coroutine[Any, Any, Json]]) -> Json:
        return await self._shop.engine.step(f"{self._task.change}.{step}", lambda: persistently(work))

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


def _plain(outcome: Outcome) -> Json:
    return {
        "state": outcome.state.value, "code": outcome.code, "says": outcome.says, "do": outcome.do, "result": dict(outcome.result),
        "call": outcome.call or "", "carried_by": outcome.carried_by.value,
    }  # fmt: skip


def _outcome(kept: Json) -> Outcome:
    if not isinstance(kept, Mapping):
        raise RuntimeError("the engine gave back what no step wrote")
    text = {name: str(kept[name]) for name in ("state", "code", "says", "do", "call", "carried_by")}
    result = kept["result"]
    return Outcome(
        RequestState(text["state"]), text["code"], text["says"], text["do"], result if isinstance(result, Mapping) else {},
        CallId(text["call"]) if text["call"] else None, Carried(text["carried_by"]),
    )  # fmt: skip
