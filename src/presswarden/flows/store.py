"""SQL of the processes that run workflows (who they are and when each was last seen), and of what the steps of work under way answered.

Limits: no organisation has the processes; they are the installation's own.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any  # JSON, as the database gives it back

from sqlalchemy import JSON, Executable, Integer, String, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, WorkId


class ExecutorRow(Base):
    __tablename__ = "executors"
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    boot: Mapped[str] = mapped_column(String(36))
    """Which start of this process; two that run under one id see each other by it."""
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class AnswerRow(Tenant, Base):
    __tablename__ = "flow_answers"
    work: Mapped[str] = mapped_column(String(36), primary_key=True)
    step: Mapped[str] = mapped_column(String(120), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    answer: Mapped[Any] = mapped_column(JSON)


# Asked with every step: built once.
_ANSWERS = (
    select(AnswerRow.step, AnswerRow.answer)
    .where(AnswerRow.org == bindparam("of_org"), AnswerRow.work == bindparam("of"))
    .order_by(AnswerRow.number)
)
_FORGET = delete(AnswerRow).where(AnswerRow.org == bindparam("of_org"), AnswerRow.work == bindparam("of"))


async def answers(org: OrgId, tx: Tx, work: WorkId) -> dict[str, Json]:
    """What the steps of this work answered, in their order."""
    _ = org
    return {row.step: row.answer for row in await tx.rows(_ANSWERS, of=work)}


async def keep(org: OrgId, tx: Tx, work: WorkId, answers: Sequence[tuple[int, str, Json]]) -> None:
    """Number, step and answer of each, once: what is there already was written by a transaction whose end was not heard."""
    rows = [{"org": org, "work": work, "step": step, "number": number, "answer": answer} for number, step, answer in answers]
    # One row goes as one row: the drivers are slower with a list of one.
    await tx.direct.execute(_keeping(on_postgresql=tx.direct.dialect.name == "postgresql"), rows if len(rows) > 1 else rows[0])


@cache
def _keeping(*, on_postgresql: bool) -> Executable:
    return (postgresql.insert if on_postgresql else sqlite.insert)(AnswerRow).on_conflict_do_nothing()


async def forget_answers(org: OrgId, tx: Tx, work: WorkId) -> None:
    _ = org
    await tx.change(_FORGET, of=work)


async def forget_all_answers(org: OrgId, tx: Tx) -> None:
    await tx.execute(delete(AnswerRow).where(AnswerRow.org == org).execution_options(synchronize_session=False))


async def begin(everyone: Everyone, tx: Tx, executor: str, boot: str, now: datetime) -> None:
    """This start of the executor is the one that counts."""
    _across(everyone, tx)
    row = await tx.scalar(select(ExecutorRow).where(ExecutorRow.id == executor).with_for_update())
    if row is None:
        tx.add(ExecutorRow(id=executor, boot=boot, started_at=now, seen_at=now))
    else:
        row.boot, row.started_at, row.seen_at = boot, now, now
    await tx.flush()


async def beat(everyone: Everyone, tx: Tx, executor: str, boot: str, now: datetime) -> bool:
    """False when another process goes by this id now, or it was reaped."""
    _across(everyone, tx)
    seen = await tx.execute(
        update(ExecutorRow)
        .where(ExecutorRow.id == executor, ExecutorRow.boot == boot)
        .values(seen_at=now)
        .returning(ExecutorRow.id)
        .execution_options(synchronize_session=False)
    )
    return seen.scalar_one_or_none() is not None


async def unseen(everyone: Everyone, tx: Tx, *, since: datetime) -> tuple[str, ...]:
    """Executors that were last seen before that moment."""
    _across(everyone, tx)
    return tuple(await tx.scalars(select(ExecutorRow.id).where(ExecutorRow.seen_at < since).order_by(ExecutorRow.id)))


async def drop(everyone: Everyone, tx: Tx, executor: str, *, since: datetime) -> None:
    """Forget an executor, unless it was seen meanwhile."""
    _across(everyone, tx)
    gone = delete(ExecutorRow).where(ExecutorRow.id == executor, ExecutorRow.seen_at < since)
    await tx.execute(gone.execution_options(synchronize_session=False))


def _across(everyone: Everyone, tx: Tx) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")
