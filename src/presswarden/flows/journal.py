"""What the steps of one piece of work answered: kept, so that whoever takes the work up after a death is given the same answers and goes the same way.

An answer is kept in the first transaction that follows it, before anything else that this one does: what was built on an answer is never there without it.
What a step itself writes for us (a note, a result) waits for that transaction too. Each of them holds the site's lock. Limits: one run of one piece of work.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

from presswarden.dispatch import locks
from presswarden.dispatch.model import Lock
from presswarden.flows import store
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database, Tx
from presswarden.rollouts.model import Work

Write = Callable[[Tx], Awaitable[object]]
_Answer = tuple[int, str, Json]


class Journal:
    def __init__(self, database: Database, work: Work, lock: Lock, kept: dict[str, Json]) -> None:
        self._database = database
        self._work = work
        self._lock = lock
        self._kept = kept
        self._due: list[Write | _Answer] = []

    def __contains__(self, step: str) -> bool:
        return step in self._kept

    def __getitem__(self, step: str) -> Json:
        return self._kept[step]

    def keep(self, step: str, answer: Json, *, after: Write | None = None) -> None:
        """This is what the step answers, in this run and every later one. `after`: what it writes for us, just before."""
        if after is not None:
            self._due.append(after)
        self._due.append((len(self._kept), step, answer))
        self._kept[step] = answer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """One that holds the site's lock, and begins with all that is due. Raises `LockLost`."""
        due = tuple(self._due)
        async with self._database.transaction(self._work.org) as tx:
            await locks.hold(tx, self._lock)
            for one in _together(due):
                await (store.keep(tx.org, tx, self._work.id, one) if isinstance(one, list) else one(tx))
            yield tx
        del self._due[: len(due)]


async def forget_all(tx: Tx) -> None:
    """Let go what the organisation's work answered, all of which was given up."""
    await store.forget_all_answers(tx.org, tx)


def _together(due: tuple[Write | _Answer, ...]) -> Iterator[Write | list[_Answer]]:
    """In their order; answers that follow each other as one."""
    answers: list[_Answer] = []
    for one in due:
        if isinstance(one, tuple):
            answers.append(one)
            continue
        if answers:
            yield answers
            answers = []
        yield one
    if answers:
        yield answers
