"""Whether a pooled connection still lives: asked of those that lay idle, and not before each transaction. Limits: PostgreSQL's; one engine."""

import time
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

BELIEVED: Final = 1.0
"""Seconds after its last use in which a connection counts as alive. Where it is not, the transaction says so, as one that is cut off in its middle does."""


def ask_the_idle(engine: Engine) -> None:
    dialect = engine.dialect

    def used(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info["used"] = time.monotonic()

    def take(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - entry.info.get("used", 0.0) > BELIEVED and not answers(connection):
            raise DisconnectionError  # the pool opens another one

    def answers(connection: DBAPIConnection) -> bool:
        try:
            return dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error:
            return False

    event.listen(engine, "checkin", used)
    event.listen(engine, "checkout", take)
