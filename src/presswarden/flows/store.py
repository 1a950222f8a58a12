"""SQL of the processes that run workflows: who they are and when each was last seen. Limits: no organisation has them; they are the installation's own."""

from datetime import datetime

from sqlalchemy import String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tx
from presswarden.kernel.ids import Everyone


class ExecutorRow(Base):
    __tablename__ = "executors"
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    boot: Mapped[str] = mapped_column(String(36))
    """Which start of this process; two that run under one id see each other by it."""
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


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
