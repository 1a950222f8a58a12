"""The first signed call of a pairing, and the call to the new address of a site that moved: what is needed is made ready, and the call filed.

Limits: steps in somebody's transaction; the lane does the rest.
"""

from datetime import datetime
from functools import partial

from presswarden.audit.model import Actor
from presswarden.dispatch import keyring, settling
from presswarden.dispatch.course import FIRST_CALL
from presswarden.dispatch.model import ED25519, CallKey
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, Everyone
from presswarden.kernel.sealing import Kek
from presswarden.mailbox import service as mailbox
from presswarden.sites import service as sites
from presswarden.sites.model import Confirmation, Move

_DISPATCHER = Actor("process", "dispatcher")


async def file(tx: Tx, kek: Kek, confirmation: Confirmation, pooled: CallKey | None, *, now: datetime) -> None:
    """Once for each confirmation; a second time changes nothing. `pooled`: the promised control key, None once it was adopted."""
    installation = await sites.installation(tx, confirmation.installation)
    if confirmation.alg.value != ED25519:
        if confirmation.verifier is not None:  # else its keys were adopted before, or its time was over before anybody looked
            both = sites.hmac_keys(confirmation)
            await keyring.adopt(tx, kek, installation, keyring.hmac_key(both.call), site_key=both.site, now=now)
    elif pooled is not None:
        await keyring.adopt(tx, kek, installation, pooled, now=now)
    if not await keyring.listed(tx, installation.id):
        await sites.abandon_confirmation(tx, installation.id, reason="dispatch.no_key", now=now)
        return
    asked = await mailbox.requests(tx, installation.site, limit=100)
    if any(request.tool == FIRST_CALL and request.installation == installation.id for request in asked):
        return
    await mailbox.ask(
        tx,
        installation.site,
        FIRST_CALL,
        {},
        by=_DISPATCHER,
        correlation=CorrelationId(installation.id),
        now=now,
        installation=installation.id,
        deadline=confirmation.deadline,
    )


async def moves(everyone: Everyone, tx: Tx, _now: datetime) -> tuple[settling.Do, ...]:
    return tuple((move.org, move.installation, partial(file_move, move=move)) for move in await sites.moves_confirmed(everyone, tx))


async def file_move(tx: Tx, move: Move, *, now: datetime) -> bool:
    """Once for each move that a person confirmed; False when it was filed before."""
    asked = await mailbox.requests(tx, move.site, limit=20)
    if any(one.tool == "control.moved" and one.args.get("home") == move.new_home and one.asked_at >= move.filed_at for one in asked):
        return False
    await mailbox.ask(
        tx, move.site, "control.moved", {"home": move.new_home}, by=_DISPATCHER, correlation=CorrelationId(move.installation), now=now,
        installation=move.installation,
    )  # fmt: skip
    return True
