"""Whether a site is heard of: failed contacts counted, the unreachable rule, and whether it polls. Limits: it judges contact, never health.

Unreachable = three failures over thirty minutes and no heartbeat meanwhile (PROTOCOL). Failures within five minutes of each other count once: three quick
retries are one failure.
"""

from datetime import datetime, timedelta
from typing import Final

from presswarden.audit.model import Actor
from presswarden.dispatch import store
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.sites.model import Installation
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import HEARTBEAT_LATE

APART: Final = timedelta(minutes=5)
FAILURES: Final = 3
OVER: Final = timedelta(minutes=30)
_DISPATCHER: Final = Actor("process", "dispatcher")


async def polls(tx: Tx, installation: Installation, *, now: datetime) -> bool:
    """True while the site's heartbeats come in: then it can take a waiting call along."""
    known = await telemetry.standing(tx, installation.site)
    return (
        known is not None and known.installation == installation.id and known.heard_at is not None and now - known.heard_at < HEARTBEAT_LATE
    )


async def failed(tx: Tx, installation: Installation, code: str, *, now: datetime) -> None:
    """Count a failed contact; raise `unreachable` when the rule holds."""
    count, since = await store.count_failure(tx.org, tx, installation.id, now, int(APART.total_seconds()))
    if count < FAILURES or now - since < OVER or await polls(tx, installation, now=now):
        return
    stands = {incident.kind for incident in await incidents.open_incidents(tx, installation.site)}
    if SignalKind.UNREACHABLE not in stands:
        detail: dict[str, Json] = {"failures": count, "minutes": int((now - since).total_seconds()) // 60, "last": code}
        await incidents.raise_signal(tx, SignalKind.UNREACHABLE, installation.site, detail, now, by=_DISPATCHER)


async def answered(tx: Tx, installation: Installation, *, now: datetime) -> None:
    """The site answered, signed: the count starts anew."""
    if await store.forget_failures(tx.org, tx, installation.id):
        await incidents.condition_over(tx, SignalKind.UNREACHABLE, installation.site, now, by=_DISPATCHER)
