"""Wait for what came of a request, and tell it: at most ten seconds of waiting, after the wake-up of the dispatcher.

Limits: after that the request goes on by itself; its id is the handle to look at it again.
"""

from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import RequestId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Carried, Outcome, Request, RequestState
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import document

PATIENCE = 10.0


class StillWaiting(PresswardenError):
    """No outcome yet; the request goes on."""

    code = "mailbox.still_waiting"


class Unanswered(PresswardenError):
    """The site, our gate or the way between said no, or nothing is known: the outcome's own code and words."""

    def __init__(self, request: Request, outcome: Outcome) -> None:
        super().__init__(outcome.says or "Nothing is known of the outcome.", do=outcome.do, request=request.id, state=outcome.state.value)
        self.code = outcome.code or f"call.{outcome.state}"


async def wait_for(desk: Desk, request: RequestId, *, seconds: float, ring: bool = False) -> Request:
    async def look() -> Request:
        async with desk.database.reading(desk.org) as tx:
            return await mailbox.outcome(tx, request)

    async with desk.wake.listen(mailbox.answer_channel(request)) as bell:
        if ring:
            await desk.wake.ring(mailbox.DISPATCH)
        found = await mailbox.until_settled(look, bell, seconds=seconds)
    if not found.is_settled:
        tried = f" The last try: {found.so_far.says} {found.so_far.do} ({found.so_far.code})" if found.so_far and found.so_far.code else ""
        raise StillWaiting(
            f"The site has not answered within {seconds:g} seconds; the request goes on.{tried}",
            do=f"Look again with: presswarden site read --request {request}. If nothing answers at all, check that `presswarden serve` runs.",
            request=request,
        )
    return found


def tell(desk: Desk, request: Request) -> int:
    """Print the outcome; the exit code that fits it."""
    outcome = request.outcome or Outcome(RequestState.UNKNOWN)
    if outcome.state is RequestState.DONE:
        print(
            document({"request": request.id, "tool": request.tool, "result": dict(outcome.result)} if desk.json else dict(outcome.result))
        )
        return 0
    raise Unanswered(request, outcome)


def carried(outcome: Outcome) -> str:
    """Which of the two ways brought a wish to the site."""
    match outcome.carried_by:
        case Carried.CALL:
            return "The site confirmed it with a signed answer."
        case Carried.ORDER:
            return "The site could not be reached; it takes this from the standing order with its next heartbeat."
        case Carried.NOTHING:
            return "Nothing reached the site."
