"""The durable engine (DBOS) behind a port of our own: start it, hand it work, run steps in it, find what dead processes left, stop it.

It runs on a loop and in threads of its own; our database and dispatcher live on the process's loop, so every step crosses over (`here`). Its books are of
its own too: on SQLite a file beside the product's (it locks while it polls, and pickles nothing into ours), on PostgreSQL its own schema. They may be lost:
our tables say what is to be done, and the ids of steps and leaves keep what is done twice from happening twice.
Limits: nothing here knows what a change is.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import Engine as Books
from sqlalchemy import create_engine, event, inspect
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

NAME: Final = "presswarden"
VERSION: Final = "1"
"""Of the order of steps, not of the program: raised only when work under way can't be carried on by the new order, so that updates orphan nothing."""
QUEUE: Final = "sites"
WORKFLOW: Final = "change_site"
AT_ONCE: Final = 50
"""Sites that one process works on at the same time."""
THREADS: Final = 4
LOOKS_EVERY: Final = 0.2
SCHEMA: Final = "dbos"
"""On PostgreSQL: the engine's own name for it."""
FILE: Final = "flows.sqlite"
KEPT_DAYS: Final = 30
UNABLE: Final = frozenset({8, 10, 13, 14})
"""SQLite's codes for what lies with the file: it can't be written, does not work, its disk is full, it can't be opened."""
_UNFINISHED: Final = ("42P01", "42703")
"""PostgreSQL's codes for a table and for a column that is not there."""
_SAID_EVERY: Final = 60.0

T = TypeVar("T")


def books_of(url: URL) -> tuple[str, Books | None]:
    """Where the engine keeps its books for a product database: its URL, and, on SQLite, an engine with the same promises that ours gives."""
    if url.get_backend_name() != "sqlite":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False), None
    if not url.database:
        raise ValueError("the engine's file lies beside the database's")
    own = f"sqlite:///{Path(url.database).with_name(FILE)}"
    # One connection: the engine's threads queue here, where waiting is fair, and not in the file, where it is polling.
    made = create_engine(own, pool_size=1, max_overflow=0, pool_timeout=60)
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "handle_error", _to_be_waited_for)
    return own, made


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = "IMMEDIATE"
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _to_be_waited_for(context: ExceptionContext) -> None:
    """What lies with the file and passes (a full disk) is said as a lock: the engine waits and tries again; at anything else it drops the run, unseen."""
    fault = context.original_exception
    if getattr(fault, "sqlite_errorcode", 0) & 0xFF in UNABLE:
        raise OperationalError(context.statement, None, type(fault)(f"database is locked: {fault}")) from fault


class Engine:
    """One for a process. `run` carries one piece of work out: it is called on the engine's loop with the organisation's and the work's id."""

    def __init__(self, url: URL, executor: str, run: Callable[[str, str], Coroutine[Any, Any, None]]) -> None:
        self._url = url
        self.executor = executor
        self._run = run
        self._books: Books | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.started = False

    async def start(self) -> None:
        """Take up what this executor left, and look for work from now on."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._launch)  # inside a running loop the engine would put its workflows on it
        self.started = True

    async def stop(self) -> None:
        """Stop at once: steps under way are run again by whoever takes them up."""
        self.started = False
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        if self._books is not None:
            self._books.dispose()

    async def enqueue(self, works: Sequence[tuple[str, str, str]]) -> None:
        """Hand over work, as organisation, id and the site it has to be alone on. Known ids change nothing."""
        await asyncio.to_thread(self._enqueue, works)

    async def states(self, ids: Sequence[str]) -> Mapping[str, str]:
        """The engine's word for where each of these stands; ids it does not know are missing."""

        def look() -> dict[str, str]:
            found = DBOS.list_workflows(workflow_ids=list(ids), load_input=False, load_output=False)
            return {one.workflow_id: str(one.status) for one in found}

        return await asyncio.to_thread(look) if ids else {}

    async def here(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run on the process's own loop what was called on the engine's."""
        if self._loop is None:
            raise RuntimeError("the engine was not started")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._loop))

    def _launch(self) -> None:
        hush()
        own, self._books = books_of(self._url)
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": own,
            "system_database_engine": self._books,
            "executor_id": self.executor,
            "application_version": VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "max_executor_threads": THREADS,
            "log_level": "WARNING",
            "enable_otlp": False,
        }
        DBOS(config=config)

        async def carry_out(org: str, work: str) -> None:
            await self._run(org, work)

        # No bound on how often it is taken up again: a process can die often, and each try goes on from the last step.
        self._workflow = DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(carry_out)
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=AT_ONCE, partition_concurrency=1, polling_interval_sec=LOOKS_EVERY)

    def _enqueue(self, works: Sequence[tuple[str, str, str]]) -> None:
        for org, work, site in works:
            with SetWorkflowID(work), SetEnqueueOptions(queue_partition_key=site):
                DBOS.enqueue_workflow(QUEUE, self._workflow, org, work)


class Reaping:
    """What can be done to the engine's books from outside: give a dead executor's work to the living, and let old books go."""

    def __init__(self, url: URL) -> None:
        self._url = url

    async def take_from(self, executor: str) -> int:
        """Put what this executor had under way back in the queue. How many."""
        return await asyncio.to_thread(self._take_from, executor)

    async def forget(self, before: str) -> int:
        """Drop workflows that ended before that moment (ISO 8601). How many."""
        return await asyncio.to_thread(self._forget, before)

    def _take_from(self, executor: str) -> int:
        def take(client: DBOSClient) -> int:
            found = client.list_workflows(status="PENDING", executor_id=executor, load_input=False, load_output=False)
            if found:
                client.resume_workflows([one.workflow_id for one in found], queue_name=QUEUE)
            return len(found)

        return self._with_client(take)

    def _forget(self, before: str) -> int:
        def drop(client: DBOSClient) -> int:
            ended = ["SUCCESS", "ERROR", "CANCELLED"]
            old = client.list_workflows(status=ended, completed_before=before, limit=500, load_input=False, load_output=False)
            if old:
                client.delete_workflows([one.workflow_id for one in old])
            return len(old)

        return self._with_client(drop)

    def _with_client(self, act: Callable[[DBOSClient], int]) -> int:
        hush()
        own, made = books_of(self._url)
        if made is not None and not Path(own.removeprefix("sqlite:///")).exists():
            return 0
        books = made or create_engine(own, pool_size=1)
        try:
            if not inspect(books).has_table("workflow_status", schema=None if made else SCHEMA):
                return 0  # no process that carries work out was ever started here, or the first one is only starting
            client = DBOSClient(
                system_database_url=own, system_database_engine=books, serializer=DBOSPortableJSONSerializer(), application_name=NAME,
                retry_connection_errors=False,
            )  # fmt: skip
            try:
                return act(client)
            except DBAPIError as fault:
                if getattr(fault.orig, "sqlstate", "") in _UNFINISHED:
                    return 0  # the first process that carries work out is still making the books
                raise
            finally:
                client.destroy()
        finally:
            books.dispose()


class _OnceAMinute(logging.Filter):
    """The engine says the same thing for each workflow and each try: thousands of lines while a database is away. Once a minute is enough."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._said.get(place, -_SAID_EVERY) < _SAID_EVERY:
            return False
        self._said[place] = now
        return True


def hush() -> None:
    """The engine's log goes where ours goes, warnings and worse, each kind once a minute."""
    log = logging.getLogger("dbos")
    if not any(isinstance(one, _OnceAMinute) for one in log.filters):
        log.addFilter(_OnceAMinute())
        log.addHandler(logging.NullHandler())  # else it adds one that prints to the terminal
        log.setLevel(logging.WARNING)
