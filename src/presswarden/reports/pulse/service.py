"""Verbs of pulses: say that a process runs, and read who said so. Limits: a process that is busy for long says it late."""

from collections.abc import Mapping
from datetime import datetime

from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone
from presswarden.reports.pulse import store
from presswarden.reports.pulse.model import Pulse


async def beat(everyone: Everyone, tx: Tx, name: str, told: Mapping[str, Json], now: datetime) -> None:
    await store.put(everyone, tx, name, told, now)


async def mails(everyone: Everyone, tx: Tx, now: datetime) -> bool:
    """A courier runs, and the operator has set a mail server."""
    return any(one.name == "courier" and one.is_alive(now) and one.told.get("mail") is True for one in await store.pulses(everyone, tx))


async def fetches(everyone: Everyone, tx: Tx, now: datetime) -> bool:
    """A courier runs, and the operator has named hosts that it fetches packages from."""
    return any(one.name == "courier" and one.is_alive(now) and one.told.get("packages") is True for one in await store.pulses(everyone, tx))


async def pulses(everyone: Everyone, tx: Tx) -> tuple[Pulse, ...]:
    """By name."""
    return await store.pulses(everyone, tx)
