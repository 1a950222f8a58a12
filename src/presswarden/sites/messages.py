"""A site's signed messages: the keys they are checked with, and taking each id, nonce and number once. Limits: verifies nothing itself; ingest does."""

from datetime import datetime, timedelta

from presswarden.kernel import store as kernel_store
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import InstallationId, OrgId
from presswarden.kernel.sealing import Kek
from presswarden.sites import store
from presswarden.sites.arrivals import store as arrivals
from presswarden.sites.keys import store as keys
from presswarden.sites.lookup import installation
from presswarden.sites.model import Installation, InstallationChanged, MessageKey, MessageMark, MessageRefusal, SiteKey

LATE_ARRIVAL = timedelta(seconds=60)


async def site_keys(tx: Tx, of: InstallationId, now: datetime) -> tuple[SiteKey, ...]:
    """The pinned keys that are valid now, newest first."""
    return tuple(key for key, _ in await keys.site_keys(tx.org, tx, of) if key.not_after is None or now < key.not_after)


async def message_keys(org: OrgId, tx: Tx, of: InstallationId, kek: Kek) -> tuple[MessageKey, ...]:
    """What the site's messages are checked with; the caller asks each key whether it is still valid. `kek` is the web process's. Raises `SealBroken`."""
    found: list[MessageKey] = []
    for key, sealed in await keys.site_keys(org, tx, of):
        raw = key.public
        if sealed is not None:
            org_key = await kernel_store.org_key(org, tx, kek)
            raw = org_key.open(sealed, table="site_keys", row=f"{of}|{key.kid}", column="sealed")
        found.append(MessageKey(key.kid, key.alg, raw, key.not_after))
    return tuple(found)


async def claim_message(tx: Tx, known: Installation, mark: MessageMark, *, now: datetime) -> MessageRefusal | None:
    """Take the message's id, nonce and sequence number, each once; None when they were free. Nothing of the message counts before.

    `known` may be minutes old. Raises `InstallationChanged` when what it says no longer holds: roll back, and judge the message anew.
    """
    if not await arrivals.add_message(tx.org, tx, known.id, mark, now):
        return MessageRefusal.REPLAY
    if await store.advance(tx.org, tx, known, mark.seq, mark.sent_at):
        return None
    fresh = await store.installation(tx.org, tx, known.id)
    if fresh is None:
        return MessageRefusal.INSTALLATION
    if (fresh.state, fresh.home, fresh.site_epoch, fresh.listens) != (known.state, known.home, known.site_epoch, known.listens):
        raise InstallationChanged("The pairing changed while the message was read.", do="Send it again.")
    return MessageRefusal.SEQUENCE if fresh.listens else MessageRefusal.INSTALLATION


async def is_late_arrival(tx: Tx, found: Installation, mark: MessageMark) -> bool:
    """True for a message overtaken by the next one: its number was never used, and it was sent within a minute of the newest. Anything else with an
    old number is a second sender.
    """
    newest = await installation(tx, found.id)
    if newest.last_message_at is None or mark.seq < newest.seq - 2:
        return False
    taken = await arrivals.seq_was_taken(tx.org, tx, found.id, mark.seq, mark.id)
    return not taken and abs(newest.last_message_at - mark.sent_at) <= LATE_ARRIVAL


async def count_refused_signature(tx: Tx, of: InstallationId, *, now: datetime, within: timedelta) -> int:
    """Count one more refused signature under this installation's name; how many there were since the window opened."""
    return await arrivals.count_refused(tx.org, tx, of, now, now - within)
