"""Asking for what was asked for before: the same request is one request, and a planned call may be sent once more. Limits: steps in somebody's transaction."""

from collections.abc import Mapping
from datetime import datetime

from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import SiteId
from presswarden.mailbox import store
from presswarden.mailbox.envelopes import store as letters
from presswarden.mailbox.model import EnvelopeState, PlannedCall, Request, RequestConflict, RequestState


def the_same(before: Request, site: SiteId, tool: str, args: Mapping[str, Json], planned: PlannedCall | None) -> Request:
    """The request that stands. Raises `RequestConflict` when it is another one than was asked for."""
    if (before.site, before.tool, dict(before.args), before.planned) != (site, tool, dict(args), planned):
        raise RequestConflict("Another request has this id.", do="Ask under an id of its own.")
    return before


async def once_more(tx: Tx, before: Request, turn: str, deadline: datetime, now: datetime) -> Request:
    """Open a planned call again that nobody knows to have run, or that never left: once for each turn, with the bytes that it has."""
    ours = before.outcome is not None and before.outcome.code.startswith(("gate.", "dispatch."))
    may_run = before.state in {RequestState.FAILED, RequestState.UNKNOWN} or (before.state is RequestState.REFUSED and ours)
    if before.planned is None or not may_run or not await store.reopen(tx.org, tx, before.id, turn, deadline=deadline, now=now):
        return before
    for made in (await letters.envelopes_of(tx.org, tx, before.id))[-1:]:
        await letters.put_envelope(tx.org, tx, made.call, state=EnvelopeState.READY)
    return await store.request(tx.org, tx, before.id) or before
