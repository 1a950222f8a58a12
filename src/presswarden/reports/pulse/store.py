"""One row for each kind of process, of the whole installation. Limits: of several of one kind it holds the newest word."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any  # JSON, as the database gives it back

from sqlalchemy import JSON, String, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Base, Tx
from presswarden.kernel.ids import Everyone
from presswarden.reports.pulse.model import Pulse


class PulseRow(Base):
    __tablename__ = "process_pulses"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    seen_at: Mapped[datetime]
    told: Mapped[Any] = mapped_column(JSON)


async def put(everyone: Everyone, tx: Tx, name: str, told: Mapping[str, Json], now: datetime) -> None:
    _ = everyone
    said = {"seen_at": now, "told": dict(told)}
    if (await tx.execute(update(PulseRow).where(PulseRow.name == name).values(**said))).rowcount:  # type: ignore[attr-defined]  # of a statement that changes
        return
    try:
        async with tx.begin_nested():
            tx.add(PulseRow(name=name, **said))
    except IntegrityError:  # another of its kind was first
        await tx.execute(update(PulseRow).where(PulseRow.name == name).values(**said))


async def pulses(everyone: Everyone, tx: Tx) -> tuple[Pulse, ...]:
    _ = everyone
    rows = await tx.scalars(select(PulseRow).order_by(PulseRow.name))
    return tuple(Pulse(row.name, row.seen_at, row.told) for row in rows)
