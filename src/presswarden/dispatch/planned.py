"""What is different about a request that is a step of an approved plan: its id on the wire, what the gate is told, its bytes. Pure."""

from presswarden.dispatch.envelope import plan_body
from presswarden.dispatch.model import Lock, PlanMismatch
from presswarden.gate.model import Ask, Planned
from presswarden.kernel.canonical import decode_object
from presswarden.kernel.ids import CallId
from presswarden.mailbox.model import Envelope, Request


def carries_leaf(request: Request) -> bool:
    """True for what changes a site; what only prepares a change goes in the plain form."""
    return request.planned is not None and request.planned.index > 0


def call_of(request: Request) -> CallId | None:
    """The id that the leaf names; None where the call has an id of its own."""
    return CallId(request.planned.call) if request.planned is not None and request.planned.index > 0 else None


def ask_of(request: Request, call: CallId) -> Ask:
    of = request.planned
    where = None if of is None else Planned(of.proposal, of.index, of.digest, of.leaf)
    return Ask(call, request.installation, request.site, request.tool, request.args, request.by, request.correlation, where)


def body(request: Request, lock: Lock | None, *, home: str, kid: str, nonce: str) -> bytes:
    """The call's bytes, under the fence of the work that has the site. Raises `PlanMismatch`."""
    if request.planned is None or lock is None:
        raise PlanMismatch("No work has this site, so nothing of a plan goes there.", do="Nothing was sent.")
    return plan_body(request.planned, home=home, fence=lock.fence, kid=kid, nonce=nonce, tool=request.tool, args=request.args)


def fence_of(envelope: Envelope) -> int:
    """The fence in the call's bytes."""
    bind = decode_object(envelope.body).get("bind")
    fence = bind.get("fence") if isinstance(bind, dict) else None
    return fence if isinstance(fence, int) else 0
