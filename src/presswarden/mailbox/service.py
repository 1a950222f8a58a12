"""Verbs of the mailbox: ask, wait, look at what came; and the dispatcher's side: take, write down, settle.

Who asks commits and then rings `DISPATCH`; who settles rings `answer_channel(request)`. Limits: no verb here permits, signs or sends, and an answer that a
site posted stays unverified here: the dispatcher alone believes.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from presswarden.actions.catalogue import check_args
from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CallId, CorrelationId, Everyone, InstallationId, OrgId, RequestId, SiteId
from presswarden.kernel.wake import Listener
from presswarden.mailbox import asking, store
from presswarden.mailbox.envelopes import store as letters
from presswarden.mailbox.model import (
    SETTLED,
    Asked,
    Due,
    Envelope,
    EnvelopeState,
    Outcome,
    PlannedCall,
    Request,
    RequestState,
    RequestUnknown,
    StandingOrder,
    WaitingCall,
)
from presswarden.mailbox.orders import store as orders

DISPATCH: Final = "dispatch"
"""The channel that a dispatcher listens on."""
FILLED_IN: Final = asking.FILLED_IN
MOST_OPEN: Final = asking.MOST_OPEN
OFFER_LIVES: Final = timedelta(seconds=180)
MOST_OFFERED: Final = 8
KEPT: Final = timedelta(days=7)


def answer_channel(request: RequestId) -> str:
    return f"request-{request}"


async def ask(
    tx: Tx,
    site: SiteId,
    tool: str,
    args: Mapping[str, Json],
    *,
    by: Actor,
    correlation: CorrelationId,
    now: datetime,
    installation: InstallationId | None = None,
    deadline: datetime | None = None,
    id: RequestId | None = None,  # noqa: A002 - the noun's own name for it
    planned: PlannedCall | None = None,
    turn: str = "",
) -> Request:
    """Write a request down. Ring `DISPATCH` after the commit. Raises `ToolUnknown`, `ArgsInvalid`, `SiteNotPaired`, `MailboxFull`, `RequestConflict`.

    `installation` names one that is not the site's newest. `control.rotate` is asked for without arguments: the dispatcher makes the key and fills them in.
    With an `id` it is asked once: the same request again is the one that stands. `planned`: the step of an approved plan that this is. Under another `turn`
    a planned call that nobody knows to have run, or that never left, is sent once more: the same bytes.
    """
    named = Asked(site, tool, args, by, correlation, installation, deadline, id, planned, turn)
    return (await asking.ask(tx, named, now=now))[0]


async def ask_and_take(tx: Tx, asked: Asked, *, holder: str | None, now: datetime) -> tuple[Request, bool]:
    """Ask, and have what is new at once: nobody else looks at it before `holder`'s lease ends. The request, and whether it is new.

    Without a holder it is left to whichever dispatcher comes first.
    """
    return await asking.ask(tx, asked, holder=holder, now=now)


async def outcome(tx: Tx, request: RequestId) -> Request:
    """The request as it stands, with its outcome once settled. Raises `RequestUnknown`."""
    found = await store.request(tx.org, tx, request)
    if found is None:
        raise RequestUnknown("There is no such request in this organisation.", do="Check the id that `presswarden site read` printed.")
    return found


async def requests(tx: Tx, site: SiteId, *, limit: int = 20) -> tuple[Request, ...]:
    """The site's newest requests, newest first."""
    return await store.requests_of(tx.org, tx, site, limit)


async def depth(tx: Tx) -> int:
    """How many requests have no outcome yet."""
    return await store.depth(tx.org, tx)


async def until_settled(look: Callable[[], Awaitable[Request]], bell: Listener, *, seconds: float, tries: int = 40) -> Request:
    """Look, and look again whenever `bell` (on `answer_channel`) rings, until settled or `seconds` are over. `look` opens its own transaction."""
    found = await look()
    for _ in range(tries):
        if found.is_settled:
            break
        await bell.wait(seconds / tries)
        found = await look()
    return found


# The site's side, through ingest.


async def standing_order(tx: Tx, installation: InstallationId) -> StandingOrder | None:
    """The newest order for this installation, as the dispatcher signed it."""
    return await orders.order_of(tx.org, tx, installation)


async def waiting_calls(tx: Tx, installation: InstallationId, *, now: datetime) -> tuple[WaitingCall, ...]:
    """Signed calls for a site that can't be reached; only what is still valid long enough to arrive."""
    return await letters.offered(tx.org, tx, installation, signed_after=now - OFFER_LIVES + timedelta(seconds=15), limit=MOST_OFFERED)


async def take_receipt(
    tx: Tx, installation: InstallationId, call: CallId, *, status: int, body: str, signature: str, now: datetime
) -> bool:
    """Keep a posted answer for the dispatcher to verify. Ring `DISPATCH` after the commit. False: no call of this installation waits for it."""
    envelope = await letters.offered_envelope(tx.org, tx, installation, call)
    if envelope is None:
        return False
    posted = {"returned_status": status, "returned_body": body, "returned_signature": signature}
    await letters.put_envelope(tx.org, tx, call, state=EnvelopeState.RETURNED, headers=None, **posted)
    await store.put_state(tx.org, tx, envelope.request, RequestState.SENT, look_at=now, now=now)
    return True


# The dispatcher's side.


async def waiting(
    everyone: Everyone, tx: Tx, *, now: datetime, limit: int, busy: Collection[InstallationId] = (), held: Collection[RequestId] = ()
) -> tuple[Due, ...]:
    """What to look at now: `busy` installations and `held` requests left out."""
    return await store.due(everyone, tx, now=now, limit=limit, busy=busy, held=held)


async def claim(tx: Tx, request: RequestId, *, holder: str = "", now: datetime) -> Request | None:
    """Take a request for one try, as it stood before; None when another dispatcher has it or it is settled. The lease ends by itself.

    `holder`: whose lease it is, so that it can end with its process.
    """
    return await store.claim(tx.org, tx, request, holder=holder, now=now)


async def let_go(everyone: Everyone, tx: Tx, holder: str, *, now: datetime) -> int:
    """What this holder had taken is free again: it is certainly not running. How many."""
    return await store.let_go(everyone, tx, holder, now=now)


async def hold_open(tx: Tx, request: RequestId) -> bool:
    """False when another dispatcher settled the request after our lease ended; else nobody does before this transaction ends."""
    return await store.hold_open(tx.org, tx, request)


async def envelopes(tx: Tx, request: RequestId) -> tuple[Envelope, ...]:
    """The request's calls, oldest first; the last one is the one that counts."""
    return await letters.envelopes_of(tx.org, tx, request)


async def write_envelope(tx: Tx, envelope: Envelope, *, now: datetime) -> Envelope:
    """Keep the bytes of a call, counting the sending that follows. Committed before the first byte leaves."""
    sending = replace(envelope, first_sent_at=now, sendings=1)
    await letters.add_envelope(tx.org, tx, sending)
    return sending


async def put_args(tx: Tx, request: Request, args: Mapping[str, Json]) -> Request:
    """Fill in arguments that only the dispatcher can make. Raises `ArgsInvalid`."""
    check_args(request.tool, args)
    await store.put_request(tx.org, tx, request.id, args=dict(args))
    return replace(request, args=args)


async def mark_sending(tx: Tx, envelope: Envelope, *, now: datetime) -> Envelope:
    """Say that another sending begins; committed before its first byte leaves."""
    sending = replace(
        envelope, state=EnvelopeState.READY, first_sent_at=envelope.first_sent_at or now, sendings=envelope.sendings + 1, signed_at=None
    )
    await letters.put_envelope(
        tx.org, tx, envelope.call, state=sending.state, headers=None, first_sent_at=sending.first_sent_at, sendings=sending.sendings
    )
    return sending


async def look_again(tx: Tx, request: RequestId, at: datetime, *, so_far: Outcome | None = None, now: datetime) -> None:
    """Leave the request open, to be looked at again at `at`. `so_far`: what the last try came to."""
    await store.put_state(tx.org, tx, request, RequestState.SENT, look_at=at, outcome=so_far, now=now)


async def postpone(tx: Tx, request: RequestId, at: datetime) -> None:
    """Leave an open request as it is, but let nobody look before `at`."""
    await store.put_request(tx.org, tx, request, look_at=at)


async def offer(
    tx: Tx, envelope: Envelope, headers: Mapping[str, str], *, until: datetime, so_far: Outcome | None = None, now: datetime
) -> None:
    """Let the site take the call along; at `until` somebody looks again."""
    await letters.put_envelope(
        tx.org,
        tx,
        envelope.call,
        state=EnvelopeState.OFFERED,
        headers=dict(headers),
        signed_at=now,
        first_sent_at=envelope.first_sent_at or now,
    )
    await store.put_state(tx.org, tx, envelope.request, RequestState.SENT, look_at=until, outcome=so_far, now=now)


async def still_offered(tx: Tx, envelope: Envelope) -> Envelope | None:
    """The call while it waits for its site, held until this transaction ends; None once its answer was posted, or it is not offered any more."""
    return await letters.offered_envelope(tx.org, tx, envelope.installation, envelope.call)


async def end_envelope(tx: Tx, call: CallId) -> None:
    """This call is not sent again."""
    await letters.end(tx.org, tx, call)


async def stale_offers(
    everyone: Everyone, tx: Tx, *, signed_before: datetime, limit: int = 100
) -> tuple[tuple[OrgId, CallId, RequestId], ...]:
    """Offered calls whose headers were signed that long ago."""
    return await letters.stale_offers(everyone, tx, signed_before=signed_before, limit=limit)


async def settle(tx: Tx, request: Request, result: Outcome, *, by: Actor, now: datetime) -> None:
    """Write down what the request came to. Ring `answer_channel` after the commit."""
    if result.state not in SETTLED:
        raise RuntimeError("an outcome is a settled state")
    if result.call is not None:
        await letters.end(tx.org, tx, result.call)
    await store.put_state(tx.org, tx, request.id, result.state, look_at=None, outcome=result, now=now)
    told: dict[str, Json] = {
        "state": result.state, "code": result.code, "call": result.call or "", "carried_by": result.carried_by, "receipt": result.receipt,
    }  # fmt: skip
    await asking.record(tx, request, "call.settled", by, told, now=now)


async def unknown(everyone: Everyone, tx: Tx, *, tools: Collection[str], since: datetime, limit: int = 50) -> tuple[Request, ...]:
    """Requests whose outcome a read is to settle."""
    return await store.unknown_of(everyone, tx, tools=tools, since=since, limit=limit)


async def put_settled_by(tx: Tx, request: RequestId, read: RequestId) -> None:
    await store.put_request(tx.org, tx, request, unknown=True, settled_by=read)


async def put_standing_order(tx: Tx, order: StandingOrder) -> bool:
    """Replace the installation's order; False when a newer one stands there already."""
    return await orders.put_order(tx.org, tx, order)


async def standing_orders(everyone: Everyone, tx: Tx) -> dict[InstallationId, StandingOrder]:
    return await orders.orders_made(everyone, tx)


async def expire(tx: Tx, *, now: datetime, keep: timedelta = KEPT) -> None:
    """Let settled requests go after a week, or so long: facts and the audit keep what matters."""
    await letters.forget(tx.org, tx, settled_before=now - keep)
    await store.forget(tx.org, tx, settled_before=now - keep)
