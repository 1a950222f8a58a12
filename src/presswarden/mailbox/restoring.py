"""What a control plane that came back from a backup does with letters it finds: none of them is sent again (N16).

After the backup a call may have been answered, or sent under bytes that nobody here has any more. So its outcome is unknown, and a person asks anew.
Limits: what the site ran stands on the site; its next heartbeat and reads tell.
"""

from datetime import UTC, datetime
from typing import Final

from presswarden.audit.model import Actor
from presswarden.kernel.db import Tx
from presswarden.mailbox import service, store
from presswarden.mailbox.model import EnvelopeState, Outcome, RequestState
from presswarden.mailbox.orders import store as orders

JUMP: Final = 1_000_000
"""More standing orders than a site can have been given since any backup: one every five minutes makes that nine years."""
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def settle_open(tx: Tx, *, by: Actor, now: datetime) -> int:
    """Give every open request of the organisation the outcome "unknown", and take what lies ready to be sent away. How many requests."""
    waiting = await store.open_ones(tx.org, tx)
    for request in waiting:
        live = [one.call for one in await service.envelopes(tx, request.id) if one.state is not EnvelopeState.ENDED]
        for call in live:
            await service.end_envelope(tx, call)
        outcome = Outcome(
            RequestState.UNKNOWN, "call.restored", "The control plane was restored from a backup; what became of this call since is not known.",
            "Look at the site, then ask again.", call=live[-1] if live else None,
        )  # fmt: skip
        await service.settle(tx, request, outcome, by=by, now=now)
    await orders.outdate(tx.org, tx, by=JUMP, at=_LONG_AGO)
    return len(waiting)
