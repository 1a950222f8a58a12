"""Work from the outbox to its result: handed to the engine, carried out change by change, ended. Run in the process that holds the dispatcher.

A run takes the site's lock anew each time, so that of two runs of one piece of work the later has it. Work is taken up again until every change has its
result, whatever the engine's books say. Limits: it carries out what was approved and asks again at each step whether that still holds; it decides nothing.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from presswarden.dispatch import locks
from presswarden.dispatch.model import Lock, LockHeld
from presswarden.dispatch.service import Dispatcher
from presswarden.flows import saga, starting, store
from presswarden.flows.bells import Bells
from presswarden.flows.checking import Checks
from presswarden.flows.engine import Engine
from presswarden.flows.journal import Journal
from presswarden.flows.ports import Task
from presswarden.flows.releasing import Releasing
from presswarden.flows.steps import DurableHands, Shop, persistently
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.ids import Everyone, OrgId, WorkId, new_id
from presswarden.kernel.log import about
from presswarden.kernel.wake import Listener, Wake, turns
from presswarden.mailbox import service as mailbox
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Leaf, LeafRole, Proposal
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result, Work, WorkState

log = logging.getLogger(__name__)

BEATS_EVERY: Final = 5.0
LOST_EVERY: Final = 60.0
RELEASES_EVERY: Final = 15.0
"""Where nobody rang: a window that opened, a wait that is over."""
LOCK_WAIT: Final = 1.0
LOCK_TRIES: Final = 3_600
WITH_TABLES: Final = frozenset({"wp.core.update", "wp.plugin.update"})
"""What may change the database: its snapshot holds the tables too."""
UNDONE: Final = "flow.broken"


class Executor:
    """One for a process. `name`: its id in the engine's books, its own, and the same after a restart."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        wake: Wake,
        dispatcher: Dispatcher,
        name: str,
        *,
        everyone: Everyone,
        checks: Checks | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._everyone = everyone
        self._wake = wake
        self._name = name
        self._boot = new_id()
        self._checks = checks or Checks()
        self._engine = Engine(database.direct, name, self._carry_out)
        bells = Bells()
        self._shop = Shop(database, clock, bells, dispatcher.sending, dispatcher.looking)
        self._releasing = Releasing(database, clock, wake, everyone=everyone)
        self._looked_for_lost: float | None = None
        dispatcher.sending.settled = bells.ring
        dispatcher.also.append(self.start_due)

    async def run(self, stop: asyncio.Event) -> None:
        """Carry work out until `stop`. What is under way then goes on where it stands after the next start."""
        await self._begin()
        await self._engine.start()
        async with self._wake.listen(proposals.RELEASE) as bell:
            releasing = asyncio.create_task(self._release(stop, bell))
            try:
                while not stop.is_set():
                    await self._beat()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), BEATS_EVERY)
            finally:
                await self._engine.stop()
                await releasing

    async def start_due(self) -> int:
        """Hand work whose time has come to the engine, and now and then what the engine lost. How much."""
        if not self._engine.started:
            return 0
        async with self._database.reading(self._everyone) as tx:
            due = await rollouts.to_start(self._everyone, tx, now=self._clock.now())
        due = tuple([one for one in due if not await self._put_off(one[0], one[1])])
        await self._engine.enqueue([(org, work, site) for org, work, site in due])
        for org, work, _ in due:  # after the engine has it: a row that stays is handed over again, and the engine knows its id
            async with self._database.transaction(org) as tx:
                await rollouts.started(tx, work)
        now = asyncio.get_running_loop().time()
        if self._looked_for_lost is None or now - self._looked_for_lost > LOST_EVERY:
            self._looked_for_lost = now
            await self.find_lost()
        return len(due)

    async def _put_off(self, org: OrgId, work_id: WorkId) -> bool:
        now = self._clock.now()
        async with self._database.reading(org) as tx:
            work = await rollouts.work(tx, work_id)
            code, says = await starting.held(tx, work, now=now)
        if code:
            async with self._database.transaction(org) as tx:
                await rollouts.put_off(tx, work, now + starting.AGAIN, code=code, says=says, now=now)
        return bool(code)

    async def find_lost(self) -> int:
        """Work that runs by our books and not by the engine's: handed over again where it is unknown there, ended where it broke. How much."""
        async with self._database.reading(self._everyone) as tx:
            running = await rollouts.running(self._everyone, tx)
        states = await self._engine.states([work for _, work, _ in running])
        unknown = [(str(org), str(work), str(site)) for org, work, site in running if work not in states]
        await self._engine.enqueue(unknown)
        broken = [(org, work) for org, work, _ in running if states.get(work) in {"ERROR", "CANCELLED", "SUCCESS"}]
        for org, work in broken:
            await self.give_up(org, work)
        return len(unknown) + len(broken)

    # One run of one piece of work.

    async def _carry_out(self, org: str, work_id: str) -> None:
        """Called on the engine's loop. All of it happens on the process's own."""
        await self._engine.here(lambda: self._run(OrgId(org), WorkId(work_id)))

    async def _run(self, org: OrgId, work_id: WorkId) -> None:
        work, proposal = await persistently(lambda: self._read(org, work_id))
        if work.state is WorkState.ENDED:
            return
        lock, journal = await self._take(work, new_id())
        for task in tasks_of(work, proposal):
            with about(org=org, correlation=work.correlation, work=work.id, change=task.change):
                log.info("a change of %s begins, or goes on", work.site)
                await self._one(work, proposal, task, journal)
        await persistently(lambda: self._end(work, lock, journal))
        await persistently(lambda: self._wake.ring(proposals.ANALYST))

    async def _end(self, work: Work, lock: Lock, journal: Journal) -> None:
        async with journal.transaction() as tx:
            await rollouts.end_work(tx, work.id, now=self._clock.now())
            await store.forget_answers(tx.org, tx, work.id)
            await locks.release(tx, lock)

    async def _one(self, work: Work, proposal: Proposal, task: Task, journal: Journal) -> None:
        hands, named = DurableHands(self._shop, work, proposal, task, journal), f"{task.change}.begin"
        if named not in journal:
            journal.keep(named, await persistently(lambda: self._begin_one(work, task, journal)))
        against = journal[named]
        if not isinstance(against, dict):
            raise RuntimeError("the journal gave back what no step wrote")
        if against["code"]:
            await hands.end(Result.STOPPED, code=str(against["code"]), says=str(against["says"]), seen={})
            return
        await saga.run(hands, task, self._checks)

    async def _begin_one(self, work: Work, task: Task, journal: Journal) -> Json:
        async with journal.transaction() as tx:
            change, now = await rollouts.change(tx, task.change), self._clock.now()
            code, says = ("", "") if change.began_at is not None else await rollouts.why_not(tx, work, now=now)
            if not code:
                await rollouts.begin(tx, change, now=now)
        return {"code": code, "says": says}

    async def _read(self, org: OrgId, work_id: WorkId) -> tuple[Work, Proposal]:
        async with self._database.reading(org) as tx:
            work = await rollouts.work(tx, work_id)
            return work, await proposals.proposal(tx, work.proposal)

    async def _take(self, work: Work, holder: str) -> tuple[Lock, Journal]:
        for _ in range(LOCK_TRIES):
            try:
                return await persistently(lambda: self._try_lock(work, holder))
            except LockHeld:  # the engine's queue keeps this from happening, but for a process that was thought dead
                await asyncio.sleep(LOCK_WAIT)
        raise RuntimeError("other work has this site and does not end")

    async def _try_lock(self, work: Work, holder: str) -> tuple[Lock, Journal]:
        async with self._database.transaction(work.org) as tx:
            held = await locks.held(tx, work.installation)
            free = held is not None and (await rollouts.work(tx, held.work)).state is WorkState.ENDED
            lock = await locks.take(tx, work.installation, work.id, holder, free=free, now=self._clock.now())
            kept = await store.answers(tx.org, tx, work.id)  # once nobody else can add to them
        return lock, Journal(self._database, work, lock, kept)

    async def give_up(self, org: OrgId, work_id: WorkId) -> None:
        """A fault of ours ended the workflow. What it left open is not known; what it had not begun never does."""
        async with self._database.transaction(org) as tx:
            work = await rollouts.work(tx, work_id)
            if work.state is WorkState.ENDED:  # between two looks, ours and the one at the engine's books
                return
            for change in await rollouts.changes(tx, work=work_id, limit=10_000):
                if change.result is None:
                    result = Result.STOPPED if change.began_at is None else Result.UNKNOWN
                    says = "A fault of the control plane ended this work before it came to a result; its log says which."
                    await rollouts.end(tx, change.id, result, code=UNDONE, says=says, now=self._clock.now())
            await rollouts.end_work(tx, work_id, now=self._clock.now())
            await store.forget_answers(tx.org, tx, work_id)
        with about(org=org, correlation=work.correlation):
            log.error("work %s on site %s broke off; its changes are ended as unknown or stopped", work_id, work.site)

    async def _release(self, stop: asyncio.Event, bell: Listener) -> None:
        async for _ in turns(stop, bell, RELEASES_EVERY):
            try:
                await self._releasing.round()
            except DatabaseGone as gone:
                log.warning("%s", gone.says)
            except Exception:  # the next round tries again
                log.exception("a round of what runs by itself failed")

    # Being seen.

    async def _begin(self) -> None:
        async def begin() -> None:
            async with self._database.transaction(self._everyone) as tx:
                await store.begin(self._everyone, tx, self._name, self._boot, self._clock.now())
                # What this process held when it died is free: the one that held it is this one, and it is not running.
                await mailbox.let_go(self._everyone, tx, self._name, now=self._clock.now())

        await persistently(begin)

    async def _beat(self) -> None:
        try:
            async with self._database.transaction(self._everyone) as tx:
                alone = await store.beat(self._everyone, tx, self._name, self._boot, self._clock.now())
                if not alone:  # reaped while the database was away, or while this process slept: it is here again
                    log.warning("executor %s was thought dead, or another process goes by its id", self._name)
                    await store.begin(self._everyone, tx, self._name, self._boot, self._clock.now())
        except DatabaseGone as gone:
            log.warning("%s", gone.says)


def tasks_of(work: Work, proposal: Proposal) -> tuple[Task, ...]:
    """The changes of this site as the plan has them, in its order."""
    return tuple(_task(proposal, act) for act in proposal.plan.acts if act.site == work.site)


def _task(proposal: Proposal, act: Leaf) -> Task:
    item = next((one for one in proposal.items if (one.site, one.tool, one.component) == (act.site, act.tool, act.component)), None)

    def index(role: LeafRole) -> int:
        leaf = None if act.change is None else proposal.plan.of_change(act.change, role)
        return 0 if leaf is None else leaf.index

    return Task(
        change=rollouts.change_id(act),
        snapshot=act.snapshot,
        tool=act.tool,
        component=act.component,
        was="" if item is None else item.was,
        version="" if item is None else item.version,
        act=act.index,
        close=index(LeafRole.CLOSE),
        take_back=index(LeafRole.TAKE_BACK),
        deactivate=index(LeafRole.DEACTIVATE),
        database=act.tool in WITH_TABLES or act.args.get("scope") == "database",
        close_again=index(LeafRole.CLOSE_AGAIN),
    )
