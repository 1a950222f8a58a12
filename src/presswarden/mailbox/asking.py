"""Writing a request down: once under its id, in the record, perhaps taken at once; and a planned call that may be sent once more.

The same request is one request. Limits: steps in somebody's transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from presswarden.actions.catalogue import action_of, check_args
from presswarden.actions.model import Klass
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import RequestId, SiteId, new_id
from presswarden.mailbox import store
from presswarden.mailbox.envelopes import store as letters
from presswarden.mailbox.model import (
    CONTROL_DEADLINE,
    READ_DEADLINE,
    Asked,
    EnvelopeState,
    MailboxFull,
    PlannedCall,
    Request,
    RequestConflict,
    RequestState,
    RequestUnknown,
)
from presswarden.sites import service as sites
from presswarden.sites.model import SiteNotPaired

FILLED_IN: Final = "control.rotate"
MOST_OPEN: Final = 100
"""Requests that may wait for one installation."""
_SHOWN_ARGS: Final = frozenset({"reason", "home", "epoch"})
"""Arguments that the audit shows; keys and their proofs never go there."""


async def ask(tx: Tx, asked: Asked, *, holder: str | None = None, now: datetime) -> tuple[Request, bool]:
    """The request that stands, and whether it was written down now; then it is the `holder`'s, if one is named."""
    site, tool, args, planned = asked.site, asked.tool, asked.args, asked.planned
    # Who sends it at once nearly always asks for the first time, and learns from the writing that it does not.
    if asked.id is not None and holder is None and (before := await store.request(tx.org, tx, asked.id)) is not None:
        return await _again(tx, before, asked, now), False
    if tool != FILLED_IN or args:
        check_args(tool, args)
    target = asked.installation or (await sites.site_of(tx, site)).installation
    if target is None:
        raise SiteNotPaired("The site has no pairing.", do="Run `presswarden site pair` and finish it on the site's admin page.")
    # A plan bounds its own calls, and no flood of questions may stand in the way of a rollback; what is sent at once waits for nobody.
    if planned is None and holder is None and await store.open_count(tx.org, tx, target) >= MOST_OPEN:
        raise MailboxFull(f"{MOST_OPEN} requests wait for this site already.", do="Wait until they are answered.")
    lives = CONTROL_DEADLINE if action_of(tool).klass is Klass.CONTROL else READ_DEADLINE
    request = Request(
        tx.org, asked.id or RequestId(new_id()), site, target, tool, args, asked.by, asked.correlation, now, asked.deadline or now + lives,
        RequestState.WAITING, None, None, None, planned,
    )  # fmt: skip
    if asked.id is None:
        await store.add_request(tx.org, tx, request, holder=holder)
    elif not await store.add_once(tx.org, tx, request, turn=asked.turn, holder=holder):
        there = await store.request(tx.org, tx, asked.id)
        if there is None:
            raise RequestUnknown("The request went while it was asked for.", do="Ask again.")
        return await _again(tx, there, asked, now), False
    told: dict[str, Json] = {} if planned is None else {"proposal": planned.proposal, "plan": planned.digest, "index": planned.index}
    await record(tx, request, "call.asked", asked.by, told, now=now)
    return request, True


async def _again(tx: Tx, before: Request, asked: Asked, now: datetime) -> Request:
    same = the_same(before, asked.site, asked.tool, asked.args, asked.planned)
    return await once_more(tx, same, asked.turn, asked.deadline or now + READ_DEADLINE, now)


async def record(tx: Tx, request: Request, kind: str, actor: Actor, payload: Mapping[str, Json], *, now: datetime) -> None:
    shown: dict[str, Json] = {name: value for name, value in request.args.items() if name in _SHOWN_ARGS}
    told = {"request": request.id, "tool": request.tool, "args": shown, **payload}
    await audit.record(tx, Entry(kind, actor, f"site:{request.site}", request.correlation, told), now=now)


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
