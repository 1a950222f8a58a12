"""The fast lane: one request on its way to a site and back, in two steps with the sending between them.

`prepare` claims, passes the gate, writes the envelope down and signs this sending; `conclude` judges what came back and settles, or says when to look
again. Each is one transaction that `service` opens. Limits: no network here; what a result means for a stage is in `effects`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from presswarden.audit.model import Actor
from presswarden.dispatch import answers, contacts, course, effects, keyring, locks, orders, planned, rotation
from presswarden.dispatch.envelope import call_body, new_nonce, signed_headers
from presswarden.dispatch.model import Answer, CallKey, Ending, KeyLost, PlanMismatch, ReceiptKeys, SignedCall, Signs, WireAnswer, WireFault
from presswarden.gate import service as gate
from presswarden.gate.model import Refusal
from presswarden.gate.permit import Permit, args_hash
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CallId, RequestId, new_id
from presswarden.kernel.sealing import Kek, SealBroken
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Envelope, EnvelopeState, Outcome, Request, RequestState
from presswarden.sites import service as sites
from presswarden.sites.model import Installation, RotationRefused

DISPATCHER = Actor("process", "dispatcher")
CLOCK_TOLERATED = 30


@dataclass(frozen=True, slots=True)
class Bench:
    """What every step needs: the process's KEK, its signing hand, and where new keys come from."""

    kek: Kek
    signs: Signs
    makes: Callable[[], CallKey]
    holder: str = ""
    """Whose leases these are: the process, by a name that it keeps over restarts."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A call that is written down, permitted and signed: send it."""

    request: Request
    envelope: Envelope
    installation: Installation
    signed: SignedCall
    permit: Permit
    receipts: ReceiptKeys
    calls: int


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing to send: the request came to its end in this step."""

    request: RequestId
    outcome: Outcome


async def prepare(tx: Tx, bench: Bench, request_id: RequestId, *, now: datetime) -> Ready | Settled | None:
    """Claim the request and get its call ready. None: another dispatcher has it."""
    request = await mailbox.claim(tx, request_id, holder=bench.holder, now=now)
    if request is None:
        return None
    made = () if request.state is RequestState.WAITING else await mailbox.envelopes(tx, request.id)
    live = made[-1] if made and made[-1].state is not EnvelopeState.ENDED else None
    installation = await sites.installation(tx, request.installation)
    if live is not None and live.state is EnvelopeState.RETURNED:
        return await _returned(tx, bench, request, live, installation, len(made), now)
    if not course.may_send(request, live, now):
        return await _settle(tx, request, course.too_late(request, live), now)
    if request.tool in course.CARRIED_BY_ORDER:
        await orders.renew(tx, bench.kek, bench.signs, installation.id, now=now)
    return await _ready(tx, bench, request, live, installation, len(made), now)


async def prepare_new(tx: Tx, bench: Bench, request: Request, *, now: datetime) -> Ready | Settled:
    """The same in the transaction that asked for it and took it: it has no call yet."""
    return await _ready(tx, bench, request, None, await sites.installation(tx, request.installation), 0, now)


async def conclude(tx: Tx, bench: Bench, ready: Ready, came: WireAnswer | WireFault, *, now: datetime) -> Settled | None:
    """Judge what came back. None: the request stays open."""
    if isinstance(came, WireFault):
        answer = answers.unreached(came)
    else:
        answer = answers.judge(ready.installation.id, ready.envelope.call, ready.envelope.body, came, ready.receipts)
    now_so = await sites.installation(tx, ready.installation.id)  # it may have been revoked while the call was under way
    return await _take(tx, bench, ready.request, ready.envelope, now_so, ready.calls, answer, now)


async def _ready(
    tx: Tx, bench: Bench, request: Request, live: Envelope | None, installation: Installation, calls: int, now: datetime
) -> Ready | Settled:
    try:
        if request.tool == mailbox.FILLED_IN and not request.args:
            filled = await rotation.arguments(tx, bench.kek, bench.signs, bench.makes, installation, now=now)
            request = await mailbox.put_args(tx, request, filled)
    except (KeyLost, SealBroken, RotationRefused) as lost:
        return await _settle(tx, request, _lost(lost), now)
    named = planned.call_of(request)
    call = named or CallId(new_id()) if live is None else live.call
    ask = planned.ask_of(request, call)
    if live is not None:
        permit = await gate.again(tx, ask, now=now)
    else:  # what the plan names may have had its permit for another way to the site; an id made here had none
        permit = await (gate.admit if named is None else gate.once_or_again)(tx, ask, now=now)
    if isinstance(permit, Refusal):
        return await _settle(tx, request, _not_permitted(permit, live), now)
    # After the gate: that a pairing was revoked says more than that its key is gone.
    try:
        key = await keyring.call_key(tx, bench.kek, installation.id, kid=None if live is None else live.kid, now=now)
        receipts = await keyring.receipt_keys(tx, bench.kek, installation, now=now)
    except (KeyLost, SealBroken) as lost:
        return await _settle(tx, request, _lost(lost), now)
    if live is None:
        home = effects.home_of(request, installation)
        nonce = new_nonce()
        try:
            body = await _body(tx, request, home, key.kid, nonce)
        except PlanMismatch as strange:
            return await _settle(tx, request, Outcome(RequestState.REFUSED, strange.code, strange.says, strange.do), now)
        hashed = args_hash(request.args)
        live = Envelope(
            call,
            request.id,
            installation.id,
            home,
            request.tool,
            hashed,
            body,
            nonce,
            key.kid,
            EnvelopeState.READY,
            now,
            None,
            0,
            None,
            None,
        )
        sending = await mailbox.write_envelope(tx, live, now=now)
        calls += 1
    else:
        sending = await mailbox.mark_sending(tx, live, now=now)
    headers = signed_headers(
        installation.id, call, live.body, key, bench.signs, timestamp=unix(now), first_call=request.tool == course.FIRST_CALL
    )
    signed = SignedCall(installation.id, call, live.home, request.tool, live.args_hash, live.body, headers, now)
    return Ready(request, sending, installation, signed, permit, receipts, calls)


async def _body(tx: Tx, request: Request, home: str, kid: str, nonce: str) -> bytes:
    if not planned.carries_leaf(request):
        return call_body(home=home, kid=kid, nonce=nonce, tool=request.tool, args=request.args)
    return planned.body(request, await locks.held(tx, request.installation), home=home, kid=kid, nonce=nonce)


async def _returned(
    tx: Tx, bench: Bench, request: Request, envelope: Envelope, installation: Installation, calls: int, now: datetime
) -> Settled | None:
    """An answer that the site posted: verified here, by the same rules as one that came over our own connection."""
    if envelope.returned is None:
        raise RuntimeError("a returned envelope has what was returned")
    receipts = await keyring.receipt_keys(tx, bench.kek, installation, now=now)
    posted = WireAnswer(envelope.returned.status, {answers.RECEIPT_HEADER: envelope.returned.signature}, envelope.returned.body.encode())
    answer = answers.judge(installation.id, envelope.call, envelope.body, posted, receipts)
    return await _take(tx, bench, request, envelope, installation, calls, answer, now)


async def _take(
    tx: Tx, bench: Bench, request: Request, envelope: Envelope, installation: Installation, calls: int, answer: Answer, now: datetime
) -> Settled | None:
    await _signals(tx, installation, envelope, answer, now)
    if answer.receipt and planned.carries_leaf(request):
        await locks.seen(tx, installation.id, planned.fence_of(envelope), now=now)
    polls = answer.ending in {Ending.UNSENT, Ending.UNANSWERED} and await contacts.polls(tx, installation, now=now)
    match course.course(request, envelope, calls, answer, polls=polls, now=now):
        case course.Settle(outcome):
            if outcome.state is RequestState.DONE:
                outcome = await effects.take_result(tx, request, installation, outcome, now=now)
            return await _settle(tx, request, outcome, now)
        case course.SendAgain(at):
            await mailbox.look_again(tx, request.id, min(at, request.deadline), so_far=course.so_far(answer), now=now)
        case course.NewCall(at):
            await mailbox.end_envelope(tx, envelope.call)
            await mailbox.look_again(tx, request.id, at, so_far=course.so_far(answer), now=now)
        case course.OfferIt(until):
            await offer(tx, bench, envelope, until=until, so_far=course.so_far(answer), now=now)
    return None


async def offer(tx: Tx, bench: Bench, envelope: Envelope, *, until: datetime, so_far: Outcome | None, now: datetime) -> None:
    """Sign the same body for the site to take along; the headers are renewed every two minutes while it waits."""
    key = await keyring.call_key(tx, bench.kek, envelope.installation, kid=envelope.kid, now=now)
    headers = signed_headers(envelope.installation, envelope.call, envelope.body, key, bench.signs, timestamp=unix(now))
    await mailbox.offer(tx, envelope, headers, until=until, so_far=so_far, now=now)


async def renew_offer(tx: Tx, bench: Bench, request_id: RequestId, *, now: datetime) -> Settled | None:
    """Sign a waiting call afresh, or end it: the gate is asked again each time."""
    request = await mailbox.outcome(tx, request_id)
    made = await mailbox.envelopes(tx, request_id)
    live = await mailbox.still_offered(tx, made[-1]) if made and not request.is_settled else None
    if live is None:
        return None
    if not course.may_send(request, live, now):
        return await _settle(tx, request, course.too_late(request, live), now)
    ask = planned.ask_of(request, live.call)
    permit = await gate.again(tx, ask, now=now)
    if isinstance(permit, Refusal):
        return await _settle(tx, request, _not_permitted(permit, live), now)
    await offer(tx, bench, live, until=request.deadline, so_far=request.so_far, now=now)
    return None


async def _signals(tx: Tx, installation: Installation, envelope: Envelope, answer: Answer, now: datetime) -> None:
    if answer.ending in {Ending.UNSENT, Ending.UNANSWERED}:
        await contacts.failed(tx, installation, answer.code, now=now)
        return
    if answer.ending is Ending.DOUBTFUL:
        doubt: dict[str, Json] = {"call": envelope.call, "tool": envelope.tool, "says": answer.says}
        await incidents.raise_signal(tx, SignalKind.RECEIPT_INVALID, installation.site, doubt, now, by=DISPATCHER)
        return
    if answer.code == "call.store" and not answer.receipt:
        shut: dict[str, Json] = {"says": answer.says, "seen_by": "call"}
        await incidents.raise_signal(tx, SignalKind.NEEDS_REPAIR, installation.site, shut, now, by=DISPATCHER)
    difference = course.clock_difference(answer, now)
    if difference is not None and abs(difference) > CLOCK_TOLERATED:
        skew: dict[str, Json] = {"seconds": difference, "seen_by": "call"}
        await incidents.raise_signal(tx, SignalKind.CLOCK_SKEW, installation.site, skew, now, by=DISPATCHER)
    if answer.receipt:
        await contacts.answered(tx, installation, now=now)


async def _settle(tx: Tx, request: Request, outcome: Outcome, now: datetime) -> Settled:
    await mailbox.settle(tx, request, outcome, by=DISPATCHER, now=now)
    await effects.take_end(tx, request, outcome, now=now)
    return Settled(request.id, outcome)


def _lost(lost: KeyLost | SealBroken | RotationRefused) -> Outcome:
    return Outcome(RequestState.FAILED, lost.code, lost.says, lost.do)


def _not_permitted(refusal: Refusal, live: Envelope | None) -> Outcome:
    first, *more = refusal.reasons
    says = " ".join((first.says, *(reason.says for reason in more)))
    if live is None or live.first_sent_at is None:
        return Outcome(RequestState.REFUSED, first.code, says, first.do)
    return Outcome(RequestState.UNKNOWN, first.code, f"Sent before, and not allowed to be sent again: {says}", first.do, call=live.call)
