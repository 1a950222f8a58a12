"""What to do next with a request, given what its last sending came to: settle, send the same bytes again, let the site take it along, or make a new call.

Pure. The rules of PROTOCOL: a retry carries the same body; nothing is sent again 12 h after its first sending; what may have run and can't be proved is
`unknown`, and a read settles it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Klass
from presswarden.dispatch.model import Answer, Ending
from presswarden.dispatch.next_steps import next_step
from presswarden.kernel.clock import unix
from presswarden.mailbox.model import NEVER_RESENT_AFTER, Carried, Envelope, Outcome, Request, RequestState

SENDINGS: Final = 3
SENDINGS_OF_A_PLAN: Final = 6
"""The site runs a leaf once, however often it comes, and answers what it answered: asking again is the best way to know."""
SENDINGS_OF_A_LEAF_TAKEN: Final = 3
"""The site says itself that it took the leaf and has no answer yet: where that stands its health tells at once, the leaf only once it is done."""
CARRIED_BY_ORDER: Final = frozenset({"control.pause", "control.resume", "control.revoke"})
FIRST_CALL: Final = "control.confirm"
PERSISTENT: Final = frozenset({"control.rotate", "control.rotate_site", "control.moved"})
"""Sent again, the same bytes, until their deadline: half a rotation is worse than a late one."""
_OFFERED_FOR: Final = frozenset({"site.unreachable", "site.timeout", "site.tls", "site.address_refused"})


@dataclass(frozen=True, slots=True)
class Settle:
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SendAgain:
    """The same bytes, with a fresh timestamp and signature."""

    at: datetime


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call of its own for the same question: it settles what the first one left open. For what may be asked twice: reads, and the first call."""

    at: datetime


@dataclass(frozen=True, slots=True)
class OfferIt:
    """The site polls: it takes the call with the answer to its next heartbeat."""

    until: datetime


Step = Settle | SendAgain | NewCall | OfferIt


def may_send(request: Request, envelope: Envelope | None, now: datetime) -> bool:
    """False once the request's deadline, or the twelve hours of its call, are over."""
    if now >= request.deadline:
        return False
    return envelope is None or envelope.first_sent_at is None or now - envelope.first_sent_at < NEVER_RESENT_AFTER


def too_late(request: Request, envelope: Envelope | None) -> Outcome:
    """How a request ends whose time is over. What may have arrived is unknown; what was never sent has failed."""
    if envelope is None or envelope.first_sent_at is None:
        return Outcome(RequestState.FAILED, "dispatch.expired", "Nothing could be sent in time.", "Ask again.")
    says = "The call was sent, but no answer came in time that proves what became of it."
    return Outcome(RequestState.UNKNOWN, "dispatch.unanswered", says, _ask_again(request), call=envelope.call, carried_by=_carried(request))


def course(request: Request, envelope: Envelope, calls: int, answer: Answer, *, polls: bool, now: datetime) -> Step:
    """The next step. `envelope` counts the sending that `answer` belongs to; `calls` is how many the request has had; `polls`: heartbeats come in."""
    match answer.ending:
        case Ending.DONE:
            return Settle(
                Outcome(RequestState.DONE, result=answer.result, call=envelope.call, carried_by=Carried.CALL, receipt=answer.receipt)
            )
        case Ending.REFUSED:
            return Settle(_outcome(RequestState.REFUSED, request, envelope, answer))
        case Ending.DOUBTFUL:
            return Settle(_outcome(RequestState.UNKNOWN, request, envelope, answer))
        case Ending.TURNED_AWAY:
            return _turned_away(request, envelope, answer, now)
        case Ending.RUNNING:
            return _running(request, envelope, calls, answer, now)
        case Ending.UNSENT | Ending.UNANSWERED:
            return _silent(request, envelope, answer, polls=polls, now=now)
        case _:
            assert_never(answer.ending)


def so_far(answer: Answer) -> Outcome:
    """What this try came to, for whoever looks while the next one is awaited."""
    return Outcome(RequestState.SENT, answer.code, answer.says, answer.do or next_step(answer.code))


def clock_difference(answer: Answer, now: datetime) -> int | None:
    """Seconds that the site's clock is ahead of ours (negative: behind), by the hint of a window refusal."""
    return None if answer.code != "call.window" or answer.site_time is None else answer.site_time - unix(now)


def _turned_away(request: Request, envelope: Envelope, answer: Answer, now: datetime) -> Step:
    if request.tool == FIRST_CALL:
        return SendAgain(_soon(envelope, now))  # the site may still be writing down that it waits for us
    if answer.code == "call.rate_address" and envelope.sendings < SENDINGS:
        return SendAgain(now + timedelta(seconds=10))
    # This sending did nothing; an earlier one, whose answer never came, may have.
    state = RequestState.FAILED if envelope.sendings <= 1 or answer.code == "call.rate_address" else RequestState.UNKNOWN
    return Settle(_outcome(state, request, envelope, answer, says=_window(answer, now)))


def _running(request: Request, envelope: Envelope, calls: int, answer: Answer, now: datetime) -> Step:
    if envelope.sendings < _most_while_running(request) or request.tool in PERSISTENT:
        return SendAgain(_soon(envelope, now))
    # A site whose process died in the first call may be paired already; asked in a new call, it says the same, until the pairing's deadline.
    if request.tool == FIRST_CALL or (CATALOGUE[request.tool].klass is Klass.READ and calls < 2):
        return NewCall(now)
    return Settle(_outcome(RequestState.UNKNOWN, request, envelope, answer))


def _silent(request: Request, envelope: Envelope, answer: Answer, *, polls: bool, now: datetime) -> Step:
    # A second sending exists only because the first one may have arrived, so its failing to leave proves nothing.
    perhaps_taken = answer.ending is Ending.UNANSWERED or envelope.sendings > 1
    if request.tool == FIRST_CALL or (request.tool in PERSISTENT and perhaps_taken):
        return SendAgain(_soon(envelope, now))
    if (answer.ending is Ending.UNANSWERED or (perhaps_taken and request.planned is not None)) and envelope.sendings < _most(request):
        return SendAgain(_soon(envelope, now))
    if polls and answer.code in _OFFERED_FOR and request.tool not in CARRIED_BY_ORDER:
        return OfferIt(request.deadline)
    return Settle(_outcome(RequestState.UNKNOWN if perhaps_taken else RequestState.FAILED, request, envelope, answer))


def _most(request: Request) -> int:
    return SENDINGS if request.planned is None else SENDINGS_OF_A_PLAN


def _most_while_running(request: Request) -> int:
    if request.planned is None:
        return SENDINGS + 1
    return SENDINGS_OF_A_LEAF_TAKEN if request.planned.index else SENDINGS_OF_A_PLAN


def _soon(envelope: Envelope, now: datetime) -> datetime:
    longest = 10 if envelope.sendings < 20 else 600
    return now + timedelta(seconds=min(2 ** min(envelope.sendings - 1, 10), longest))


def _outcome(state: RequestState, request: Request, envelope: Envelope, answer: Answer, *, says: str = "") -> Outcome:
    carried = Carried.CALL if state is RequestState.REFUSED else _carried(request)
    do = answer.do or (_ask_again(request) if state is RequestState.UNKNOWN else next_step(answer.code))
    return Outcome(state, answer.code, says or answer.says, do, call=envelope.call, carried_by=carried, receipt=answer.receipt)


def _carried(request: Request) -> Carried:
    return Carried.ORDER if request.tool in CARRIED_BY_ORDER else Carried.NOTHING


def _ask_again(request: Request) -> str:
    if CATALOGUE[request.tool].klass is Klass.READ:
        return "Ask again: a read changes nothing."
    if request.planned is not None:
        return "A read of the site's health settles it; it is never run a second time."
    return "A read of the site's health settles it; the standing order stands either way."


def _window(answer: Answer, now: datetime) -> str:
    difference = clock_difference(answer, now)
    if difference is None:
        return ""
    size = f"{abs(difference) // 60} min" if abs(difference) >= 60 else f"{abs(difference)} s"
    return f"The site's clock is {size} {'ahead of' if difference > 0 else 'behind'} ours, so it refuses our calls as too old or too new."
