"""The database session: one transaction for each request or step, inside one organisation. SQLite (WAL) or PostgreSQL, same code.

Only the edge opens a transaction (`async with database.transaction(org) as tx`), and leaving the block commits. A `Tx` knows its organisation: every ORM
statement on a tenant table is narrowed to it, and PostgreSQL is told it for row-level security. Behind a pooler each transaction may have another
connection: nothing of ours outlives one there. Limits: SQL itself stands in `store.py` files.
"""

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import ClauseElement, DateTime, Executable, Insert, MetaData, String, UpdateBase, event
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from presswarden.kernel import pooling, sqlite
from presswarden.kernel.address import read
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE, Everyone, OrgId

_NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s",
          "fk": "fk_%(table_name)s_%(column_0_N_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"}  # fmt: skip


_SQLITE_UNABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
"""What lies with the file and not with the statement."""


_ORGANISATION = re.compile(r"(of_)?org(_\d+)?$")
"""What a value that is compared with, or put into, the column of the organisation is called: by us, or by SQLAlchemy after the column."""
_SAY_SCOPE = "SELECT set_config('presswarden.org', $1, true), set_config('presswarden.everyone', $2, true), set_config('jit', 'off', true)"
"""What row-level security asks for, and no compiler: no query here is as long as compiling it. Local to the transaction, all of them: behind a pooler the
next one on the connection may be anybody's."""


_UNNAMED: Final[dict[str, Any]] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""Of the driver and of what is around it: no statement has a name, because the next transaction's connection would not know it."""


class DatabaseGone(PresswardenError):
    """The database can't be reached or opened; nothing was changed."""

    code = "database.gone"


class Moment(TypeDecorator[datetime]):
    """A UTC moment; aware on both sides, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Tables belong to their stage: each `store.py` maps its own on this base."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: Moment(), str: String()}  # noqa: RUF012 - SQLAlchemy's own declaration form


class Tenant:
    """Mixin of every table whose rows belong to one organisation."""

    org: Mapped[str] = mapped_column(String(36), primary_key=True, sort_order=-1)


@cache
def _must_name_its_organisation(built: Executable) -> None:
    """Looked at once for each statement; what goes past the narrowing must not go past the organisation."""
    if "of_org" not in cast(ClauseElement, built).compile().params:
        raise RuntimeError("a statement that does not name its organisation")


class Tx(AsyncSession):
    """One transaction. `scope` is the organisation it is narrowed to, or `Everyone`."""

    scope: OrgId | Everyone
    direct: AsyncConnection
    """The connection under it. What runs there goes past the narrowing to the organisation."""

    async def rows(self, built: Executable, **values: object) -> Sequence[Any]:
        """Run a statement that was built once and is asked very often: building it anew costs several times what running it does.

        It is not narrowed, so it names its organisation itself: by `bindparam("of_org")`, which is filled in here. In a transaction across
        organisations it has to be told.
        """
        named = values if isinstance(self.scope, Everyone) and "of_org" in values else {**values, "of_org": self.org}
        _must_name_its_organisation(built)
        return (await self.direct.execute(built, named)).all()

    async def change(self, built: UpdateBase, **values: object) -> int:
        """The same for one that writes; how many rows it met. An `insert` takes the row's own columns, its organisation among them."""
        if isinstance(built, Insert):
            if values.get("org") != self.org:
                raise RuntimeError("a row of another organisation in this transaction")
            return (await self.direct.execute(built, values)).rowcount
        _must_name_its_organisation(built)
        return (await self.direct.execute(built, {"of_org": self.org, **values})).rowcount

    @property
    def org(self) -> OrgId:
        """The organisation of this transaction. Raises `RuntimeError` in a transaction across organisations: a broken promise."""
        if isinstance(self.scope, Everyone):
            raise RuntimeError("this transaction spans organisations; open one for the organisation the row belongs to")
        return self.scope


class Database:
    """One engine. Made once by a process; `dispose()` at its end."""

    def __init__(self, url: str, *, pool_size: int = 15) -> None:
        self.url, self.direct = read(url)
        """Where sessions last: for listening, for the engine's books, for copies."""
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # hide_parameters: what a failed statement carried may be a secret, and its error ends in a log.
        # Nothing beyond the pool, and the warmest first: a connection that comes and goes learns each statement anew, which costs more than the wait.
        options: dict[str, Any] = {
            "pool_size": pool_size, "max_overflow": 0, "pool_use_lifo": True, "hide_parameters": True,
        }  # fmt: skip
        if self.is_sqlite:
            options["connect_args"] = {"async_creator_fn": sqlite.connect}
        elif self.direct != self.url:
            options["connect_args"] = _UNNAMED
        self.engine: AsyncEngine = create_async_engine(self.url, **options)
        # SQLite has one writer; queueing here is fair and free, queueing in the file is polling.
        self._writer = asyncio.Lock() if self.is_sqlite else None
        event.listen(self.engine.sync_engine, "before_cursor_execute", _name_no_other_organisation)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        else:
            pooling.ask_the_idle(self.engine.sync_engine)
        self._folder = "" if self.sqlite_path is None else str(self.sqlite_path.parent)

    @property
    def sqlite_path(self) -> Path | None:
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @asynccontextmanager
    async def transaction(self, scope: OrgId | Everyone) -> AsyncIterator[Tx]:
        """A transaction that may write; commits when the block ends, rolls back when it raises."""
        if self._writer is None:
            async with self._begin(scope, "IMMEDIATE") as tx:
                yield tx
        else:
            async with self._writer, self._begin(scope, "IMMEDIATE") as tx:
                yield tx

    @asynccontextmanager
    async def reading(self, scope: OrgId | Everyone) -> AsyncIterator[Tx]:
        """A transaction that only reads, and so waits for no writer. Limits: nothing but its caller keeps a write out of it."""
        async with self._begin(scope, "DEFERRED") as tx:
            yield tx

    @asynccontextmanager
    async def _begin(self, scope: OrgId | Everyone, mode: str) -> AsyncIterator[Tx]:
        tx = Tx(self.engine, expire_on_commit=False, autoflush=True)
        tx.scope = scope
        tx.sync_session.info["scope"] = scope
        async with tx:
            try:
                if self._folder and not _is_folder(self._folder):
                    # Asked here: the driver's thread answers a failed opening late, perhaps to a loop that has ended.
                    raise FileNotFoundError
                tx.direct = connection = await tx.connection(execution_options={"presswarden_begin": mode, "presswarden_scope": scope})
                if not self.is_sqlite:
                    await connection.exec_driver_sql(_SAY_SCOPE, ("", "yes") if isinstance(scope, Everyone) else (scope, ""))
            except (OSError, DBAPIError, sqlite3.Error) as fault:
                raise DatabaseGone(
                    f"The database at {self.url.render_as_string(hide_password=True)} can't be opened ({type(fault).__name__}).",
                    do="Check that it is running and that the path and the rights are as they were; nothing was changed.",
                ) from fault
            try:
                yield tx
                await tx.commit()
            except DBAPIError as fault:  # drivers differ on the class of it
                if fault.connection_invalidated:
                    raise DatabaseGone(
                        "The connection to the database was lost before it confirmed the change.",
                        do="Look whether it was made, then try again.",
                    ) from fault
                if isinstance(fault.orig, sqlite3.Error) and fault.orig.sqlite_errorcode & 0xFF in _SQLITE_UNABLE:
                    raise DatabaseGone(
                        f"The database file can't be used now ({fault.orig.sqlite_errorname}); nothing was changed.",
                        do="Check the space on its disk, its rights, and that no other program holds it.",
                    ) from fault
                raise

    async def check(self) -> None:
        """Raises `DatabaseGone` when the database can't be opened. Never makes a SQLite file's folder."""
        async with self.reading(EVERYONE):
            pass

    async def fold(self) -> None:
        """Take SQLite's log into the file and empty it, so that what was deleted does not live on in it. Does what it can beside open readers."""
        if self._writer is None:
            return
        async with self._writer, self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            # Past our own BEGIN: a checkpoint inside a transaction is refused.
            folded = await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]  # the driver's own connection
            await folded.close()

    async def dispose(self) -> None:
        await self.engine.dispose()


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - asked for each transaction, and a Path costs ten times that


# recursive_triggers: else REPLACE gets past the triggers that keep append-only tables append-only.
# secure_delete: else a spent secret stays readable in the file's free space.
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000", "foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON")


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('presswarden_begin', 'DEFERRED')}")


@event.listens_for(Session, "do_orm_execute")
def _narrow_to_the_organisation(state: ORMExecuteState) -> None:
    scope = state.session.info.get("scope")
    if scope is None:
        raise RuntimeError("a query outside a transaction of Database")
    if isinstance(scope, Everyone) or state.is_column_load or not (state.is_select or state.is_update or state.is_delete):
        return
    state.statement = state.statement.options(with_loader_criteria(Tenant, lambda table: table.org == scope, include_aliases=True))


@cache
def _is_organisation(name: str) -> bool:
    """Asked of each value of each statement; names are few."""
    return _ORGANISATION.match(name) is not None


def _name_no_other_organisation(
    connection: Connection, _cursor: object, _statement: str, _values: object, context: Any, _many: bool
) -> None:
    """The last look, at whatever is sent: also inserts and what goes past the narrowing say no organisation but the transaction's own."""
    scope = connection.get_execution_options().get("presswarden_scope", EVERYONE)
    rows = context.compiled_parameters if not isinstance(scope, Everyone) and context.compiled is not None else ()
    named = [name for name in rows[0] if _is_organisation(name)] if rows else ()
    if any(row[name] != scope for row in rows for name in named):
        raise RuntimeError("a statement that names another organisation than its transaction")


@event.listens_for(Session, "before_flush")
def _refuse_foreign_rows(session: Session, *_: object) -> None:
    scope = session.info.get("scope")
    if isinstance(scope, Everyone):
        return
    for row in [*session.new, *session.dirty, *session.deleted]:
        if isinstance(row, Tenant) and row.org != scope:
            raise RuntimeError("a row of another organisation in this transaction")
