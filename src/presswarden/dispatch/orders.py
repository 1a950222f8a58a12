"""Standing orders: what each site is to hold for true, signed ahead so that heartbeats can be answered by a process without keys.

An order lives 15 minutes at most and is renewed after 5, so that every heartbeat brings a newer one. Limits: a step in somebody's transaction.
"""

from datetime import datetime, timedelta
from typing import Final

from presswarden.audit import service as audit
from presswarden.dispatch import keyring
from presswarden.dispatch.envelope import order_text, signed_order
from presswarden.dispatch.model import Signs
from presswarden.kernel.clock import from_unix, unix
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, InstallationId
from presswarden.kernel.sealing import Kek
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import StandingOrder
from presswarden.sites import service as sites
from presswarden.sites.model import Installation, InstallationState

LIVES: Final = timedelta(minutes=15)
RENEWED_AFTER: Final = timedelta(minutes=5)


async def due(everyone: Everyone, tx: Tx, *, now: datetime) -> tuple[Installation, ...]:
    """Installations whose order is missing, old, or of another key or state than they are."""
    made = await mailbox.standing_orders(everyone, tx)
    return tuple(one for one in await sites.installations_to_serve(everyone, tx) if _is_due(one, made.get(one.id), now))


async def renew(tx: Tx, kek: Kek, signs: Signs, installation: InstallationId, *, now: datetime) -> StandingOrder | None:
    """Make, sign and keep a new order; None when another dispatcher just made one, or the site is held. Raises `KeyLost`, `SealBroken`."""
    found = await sites.installation(tx, installation)
    if found.restored_at is not None:
        return None
    before = await mailbox.standing_order(tx, installation)
    checkpoint = await audit.latest_checkpoint(tx)
    key = await keyring.call_key(tx, kek, installation, now=now)
    expires = unix(now + LIVES)
    revoked = found.state is InstallationState.REVOKED
    seq = 1 if before is None else before.seq + 1
    text = order_text(
        home=found.home,
        checkpoint="" if checkpoint is None else checkpoint.text,
        epoch=found.control_epoch,
        expires=expires,
        installation=installation,
        kid=key.kid,
        paused=found.wanted_paused,
        revoked=revoked,
        seq=seq,
    )
    signature = signed_order(installation, text, key, signs)
    order = StandingOrder(installation, text, signature, seq, found.control_epoch, found.wanted_paused, revoked, now, from_unix(expires))
    return order if await mailbox.put_standing_order(tx, order) else None


def _is_due(installation: Installation, order: StandingOrder | None, now: datetime) -> bool:
    if order is None or now - order.made_at >= RENEWED_AFTER or order.epoch != installation.control_epoch:
        return True
    return (order.paused, order.revoked) != (installation.wanted_paused, installation.state is InstallationState.REVOKED)
