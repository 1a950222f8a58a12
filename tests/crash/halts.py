"""The points at which a process that carries a change out can die, and what stops it at one of them: PostgreSQL and the gate before the site.

A run is stopped where it first writes to a table after so many of its steps were kept, or where its next request has reached the gate. The product has no
switch for it: a trigger of the test's own waits for a lock that the test holds, as `stalls` does for a whole table. Limits: PostgreSQL only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import asyncpg
import psycopg

from lab.gate import Gate, Held
from tests.crash.shops import CALL, Shop
from tests.crash.waiting import until


class Halt(StrEnum):
    """Where within a step, in the order in which they come. Once a step is kept, its next one has written nothing: that is `HALF_WRITTEN` of the next."""

    HALF_WRITTEN = "half written"
    ASKED = "asked, not arrived"
    RAN = "ran, answer lost"
    NOT_KEPT = "done, not kept"


@dataclass(frozen=True)
class Stop:
    """One point: the step with this number and name in the course of a change."""

    number: int
    step: str
    halt: Halt

    @property
    def order(self) -> tuple[int, int]:
        """Stops of one change are come to in this order."""
        return self.number, tuple(Halt).index(self.halt)


def halts_of(step: str) -> tuple[Halt, ...]:
    """What there is to die at within a step of the saga, by what it does: a note, a look from outside, a question to ourselves or to the clock, a call."""
    last = step.rpartition(".")[2]
    if step == "work.end":  # with it all that was kept goes
        return (Halt.HALF_WRITTEN,)
    if step.startswith("note.") or step in {"begin", "end"}:
        return Halt.HALF_WRITTEN, Halt.NOT_KEPT
    if last in {"wait", "stopped"}:
        return (Halt.NOT_KEPT,)
    if is_look(step):
        return Halt.ASKED, Halt.NOT_KEPT
    return tuple(Halt)


def is_look(step: str) -> bool:
    return step.rpartition(".")[2] in {"pages", "canary", "visit"}


def course_of(steps: Sequence[str]) -> tuple[str, ...]:
    """The steps of a saga, with what stands around it; the small sites here need one step for a snapshot."""
    return ("begin", *(step for step in steps if step not in {"snapshot.1", "verify.1"}), "work.end")


def stops_of(course: Sequence[str]) -> tuple[Stop, ...]:
    return tuple(Stop(number, step, halt) for number, step in enumerate(course) for halt in halts_of(step))


_SET_UP = """
CREATE SCHEMA crash;
CREATE TABLE crash.halts (key bigint PRIMARY KEY, place text, subject text, work text, kept int);
CREATE TABLE crash.kept (work text, number int, step text);
CREATE FUNCTION crash.halt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE key_here bigint;
BEGIN
    SELECT key INTO key_here FROM crash.halts WHERE place = TG_TABLE_NAME AND subject = to_jsonb(NEW) ->> TG_ARGV[0]
        AND kept = (SELECT count(*) FROM crash.kept k WHERE k.work = halts.work);
    IF FOUND THEN
        PERFORM pg_advisory_xact_lock(key_here);
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION crash.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO crash.kept VALUES (NEW.work, NEW.number, NEW.step);
    RETURN NULL;
END $$;
CREATE TRIGGER crash_halt BEFORE INSERT ON flow_answers FOR EACH ROW EXECUTE FUNCTION crash.halt('work');
CREATE TRIGGER crash_keep AFTER INSERT ON flow_answers FOR EACH ROW EXECUTE FUNCTION crash.keep();
CREATE TRIGGER crash_halt BEFORE INSERT ON mailbox_requests FOR EACH ROW WHEN (NEW.by_id = 'flows') EXECUTE FUNCTION crash.halt('site');
CREATE TRIGGER crash_halt BEFORE UPDATE ON changes FOR EACH ROW EXECUTE FUNCTION crash.halt('id');
CREATE TRIGGER crash_halt BEFORE UPDATE ON work FOR EACH ROW EXECUTE FUNCTION crash.halt('id');
"""
_WAITING = (
    "SELECT objid::bigint AS key, pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_KEPT = "SELECT count(*) FROM crash.kept WHERE work = %s"
_OF_FLOWS = "SELECT 1 FROM mailbox_envelopes e JOIN mailbox_requests r ON r.org = e.org AND r.id = e.request WHERE e.call = %s AND r.by_id = 'flows'"


@dataclass(frozen=True)
class Running:
    """What a stop has to be told of a change that runs."""

    shop: Shop
    site: str
    work: str
    change: str
    was: str
    """The version that a visitor got when it began."""


@dataclass
class Brakes:
    """Stops runs on one PostgreSQL database."""

    url: str
    _runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    _connection: asyncpg.Connection | None = None
    _keys: int = 0

    def fit(self) -> None:
        """Once the engine has made its books."""
        self._run(self._open())
        until(lambda: bool(self._value("SELECT to_regclass('dbos.workflow_status') IS NOT NULL")), "the engine has its books")
        self._do(_SET_UP)

    def release(self) -> None:
        if self._connection is not None:
            self._run(self._connection.close())
        self._runner.close()

    def course(self, running: Running) -> tuple[str, ...]:
        """The steps of this work that were kept, without the change's name before them."""
        rows = self._rows("SELECT step FROM crash.kept WHERE work = $1 ORDER BY number", running.work)
        return tuple(row["step"].removeprefix(f"{running.change}.") for row in rows)

    def state(self, running: Running) -> str:
        """The engine's word for the workflow."""
        return str(self._value("SELECT status FROM dbos.workflow_status WHERE workflow_uuid = $1", running.work))

    @contextmanager
    def at(self, running: Running, stop: Stop) -> Iterator[Met]:
        """The run stops there, if it comes there, until this is left; whoever waited at the database's door is shown out then, so kill it before."""
        if stop.halt in {Halt.ASKED, Halt.RAN}:
            with psycopg.connect(self.url, autocommit=True) as books:
                path = "" if is_look(stop.step) else CALL

                def which(held: Held) -> bool:
                    wanted = "/wp-json/" not in held.path and held.method == "GET" if is_look(stop.step) else self._of_flows(books, held)
                    kept = books.execute(_KEPT, (running.work,)).fetchone()
                    return wanted and kept is not None and kept[0] == stop.number

                with running.shop.gate.hold(path, most=1, which=which) as gate:
                    yield AtTheGate(gate, ran=stop.halt is Halt.RAN)
            return
        self._keys += 1
        key, place, subject = self._keys, *_place(running, stop)
        self._do("SELECT pg_advisory_lock($1)", key)
        self._do("INSERT INTO crash.halts VALUES ($1, $2, $3, $4, $5)", key, place, subject, running.work, stop.number)
        try:
            yield AtTheDatabase(self, key)
        finally:
            self._do("DELETE FROM crash.halts WHERE key = $1", key)
            for pid in self.waiting().get(key, ()):
                self._do("SELECT pg_terminate_backend($1, 5000)", pid)
            self._do("SELECT pg_advisory_unlock($1)", key)

    def waiting(self) -> dict[int, list[int]]:
        """Who waits at which stop."""
        found: dict[int, list[int]] = {}
        for row in self._rows(_WAITING):
            found.setdefault(row["key"], []).append(row["pid"])
        return found

    @staticmethod
    def _of_flows(books: psycopg.Connection[tuple[Any, ...]], held: Held) -> bool:
        call = held.header("X-WP-Agent-ToolCallId")
        return bool(call) and books.execute(_OF_FLOWS, (call,)).fetchone() is not None

    async def _open(self) -> None:
        self._connection = await asyncpg.connect(self.url)

    def _run(self, work: Any) -> Any:
        return self._runner.run(work)

    def _open_one(self) -> asyncpg.Connection:
        assert self._connection is not None
        return self._connection

    def _do(self, sql: str, *given: Any) -> None:
        self._run(self._open_one().execute(sql, *given))

    def _rows(self, sql: str, *given: Any) -> list[Any]:
        return list(self._run(self._open_one().fetch(sql, *given)))

    def _value(self, sql: str, *given: Any) -> Any:
        return self._run(self._open_one().fetchval(sql, *given))


def _place(running: Running, stop: Stop) -> tuple[str, str]:
    """The table that is written to first, and whose row it is."""
    if stop.halt is Halt.NOT_KEPT:
        return "flow_answers", running.work
    if stop.step == "work.end":
        return "work", running.work
    if stop.step.startswith("note.") or stop.step in {"begin", "end"}:
        return "changes", running.change
    return "mailbox_requests", running.site


class Met:
    """Whether the run has come to its stop."""

    def is_there(self) -> bool:
        raise NotImplementedError

    def after_the_death(self) -> None:
        """What was on its way to the process or from it is lost."""


@dataclass
class AtTheDatabase(Met):
    brakes: Brakes
    key: int

    def is_there(self) -> bool:
        return self.key in self.brakes.waiting()


@dataclass
class AtTheGate(Met):
    gate: Gate
    ran: bool
    _delivered: bool = False

    def is_there(self) -> bool:
        held = self.gate.held
        if held and self.ran and not self._delivered:
            self._delivered = True
            held[0].deliver()
        return bool(held)

    def after_the_death(self) -> None:
        for held in self.gate.held:
            held.drop()
