"""Verbs of probes: want a look from outside, note what it found, tell it. Limits: looking is the courier's; nothing here opens a connection."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import SiteId, new_id
from presswarden.sites.probes import store
from presswarden.sites.probes.model import MOST_FINDINGS, Finding, Probe, next_look

LOOK: Final = "probe"
"""The channel that wakes who looks from outside: a site was connected, or somebody asked."""
_OURS = Actor("process", "courier")


async def want(tx: Tx, site: SiteId, home: str, now: datetime) -> None:
    """Have it looked at from outside, at once. Ring the courier after the commit."""
    await store.want(tx.org, tx, site, home[:500], now)


async def probe(tx: Tx, site: SiteId) -> Probe | None:
    """None for a site that nobody ever wanted looked at."""
    return await store.find(tx.org, tx, site)


async def due(tx: Tx, now: datetime, *, most: int) -> tuple[Probe, ...]:
    return await store.due(tx.org, tx, now, most)


async def found(tx: Tx, probe: Probe, findings: Sequence[Finding], now: datetime) -> None:
    """What a look came to; recorded when it differs from the look before."""
    told = tuple(findings[:MOST_FINDINGS])
    if not await store.put(tx.org, tx, probe, told, now, next_look(probe, told, now)):
        return
    if [(one.code, one.state) for one in told] == [(one.code, one.state) for one in probe.findings]:
        return
    payload: dict[str, Json] = {"home": probe.home, "findings": [{"code": one.code, "state": one.state.value} for one in told]}
    await audit.record(tx, Entry("site.probed", _OURS, f"site:{probe.site}", new_id(), payload), now=now)
