"""What a health read tells that nobody asked about: PHP died somewhere new, or the site undid a change that we had called done.

Compared with the health read before it, so that the same news is raised once. Limits: a change that a saga still works on is that saga's to judge.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from presswarden.audit.model import Actor
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import ChangeId, RequestId, SiteId, is_uuid4
from presswarden.mailbox import service as mailbox
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import ChangeUnknown, Result
from presswarden.telemetry import service as telemetry

HEALTH: Final = "wp.site.health"
_DISPATCHER: Final = Actor("process", "dispatcher")
_UNDONE: Final = frozenset({"restored", "superseded", "failed"})
_KNOWN_BAD: Final = frozenset({Result.ROLLED_BACK, Result.ROLLBACK_FAILED})


async def health(tx: Tx, site: SiteId, result: Mapping[str, Json], *, now: datetime) -> None:
    """Raise what is new in this read. Call it before the read is kept."""
    facts = (await telemetry.facts(tx, site)).by_name
    before = {
        name: facts[f"health.{name}"].value for name in ("site_time", "fatals", "change.id", "change.state") if f"health.{name}" in facts
    }
    if "site_time" not in before:
        return  # what was there when we first looked is no news
    await _fatals(tx, site, before.get("fatals"), result.get("fatals"), now)
    told = result.get("change")
    if isinstance(told, Mapping) and (told.get("id"), told.get("state")) != (before.get("change.id"), before.get("change.state")):
        await _undone(tx, site, told, now)


async def _fatals(tx: Tx, site: SiteId, before: Json, now_told: Json, now: datetime) -> None:
    """New places only."""
    if not isinstance(before, Sequence) or isinstance(before, str):
        return
    known = {_place(one) for one in before}
    new = [one for one in (now_told if isinstance(now_told, list) else []) if isinstance(one, Mapping) and _place(one) not in known]
    if new:
        detail: dict[str, Json] = {"file": new[0].get("file"), "line": new[0].get("line"), "places": len(new)}
        await incidents.raise_signal(tx, SignalKind.FATAL, site, detail, now, by=_DISPATCHER)


async def _undone(tx: Tx, site: SiteId, told: Mapping[str, Json], now: datetime) -> None:
    named, state = told.get("id"), told.get("state")
    if state not in _UNDONE or not isinstance(named, str) or not is_uuid4(named):
        return
    try:
        known = await rollouts.change(tx, ChangeId(named))
    except ChangeUnknown:
        known = None
    if known is None and await _is_our_restore(tx, site, named):
        return
    if known is not None and (known.site != site or known.result is None or known.result in _KNOWN_BAD):
        return
    detail: dict[str, Json] = {
        "change": named, "component": told.get("component"), "state": state, "why": told.get("why"),
        "we_called_it": "" if known is None or known.result is None else known.result.value,
    }  # fmt: skip
    await incidents.raise_signal(tx, SignalKind.CHANGE_UNDONE, site, detail, now, by=_DISPATCHER)


async def _is_our_restore(tx: Tx, site: SiteId, named: str) -> bool:
    """A kept snapshot is put back as a change that the site calls by the id of our call."""
    try:
        asked = await mailbox.outcome(tx, RequestId(named))
    except NotFound:
        return False
    return (asked.tool, asked.site) == ("wp.snapshot.restore", site)


def _place(one: Json) -> tuple[Json, Json]:
    return (one.get("file"), one.get("line")) if isinstance(one, Mapping) else (None, None)
