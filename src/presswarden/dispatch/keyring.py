"""Opens and closes the dispatcher's sealed keys: the pool, the call keys of installations, the keys receipts verify under.

Limits: it makes no key and signs nothing; what it opens lives as long as the step that asked.
"""

from datetime import datetime

from presswarden.dispatch import store
from presswarden.dispatch.model import ED25519, HMAC, CallKey, KeyLost, ReceiptKeys, SealedKey
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, InstallationId, KeyId
from presswarden.kernel.sealing import Kek, OrgKey
from presswarden.kernel.store import org_key
from presswarden.kernel.verify import key_id
from presswarden.sites import service as sites
from presswarden.sites.model import Installation

_TABLE = "call_keys"


async def put_in_pool(everyone: Everyone, tx: Tx, kek: Kek, key: CallKey, *, now: datetime) -> None:
    await store.add_pooled(everyone, tx, KeyId(key.kid), kek.wrap(key.secret, f"control_keys|{key.kid}"), key.public, now)


async def from_pool(everyone: Everyone, tx: Tx, kek: Kek, installation: Installation) -> CallKey | None:
    """The pooled key that was promised to this installation; None once it has been adopted. Raises `SealBroken`."""
    wrapped = await store.pooled(everyone, tx, installation.control_key)
    if wrapped is None:
        return None
    secret = kek.unwrap(wrapped, f"control_keys|{installation.control_key}")
    return CallKey(ED25519, installation.control_key, secret, installation.control_public)


async def adopt(tx: Tx, kek: Kek, installation: Installation, key: CallKey, *, site_key: bytes | None = None, now: datetime) -> None:
    """Give the installation its first key, once: a second try changes nothing. `site_key`: HMAC mode's key of the other direction."""
    if await store.call_keys(tx.org, tx, installation.id):
        return
    async with store.unless_taken(tx.org, tx):  # by another dispatcher, at the same moment
        await _put(tx, kek, installation.id, key, epoch=installation.control_epoch, active=True, site_key=site_key, now=now)


def hmac_key(secret: bytes) -> CallKey:
    return CallKey(HMAC, key_id(secret), secret)


async def put_next(tx: Tx, kek: Kek, installation: InstallationId, key: CallKey, *, epoch: int, now: datetime) -> None:
    """Keep a new key that the site has not taken yet."""
    await _put(tx, kek, installation, key, epoch=epoch, active=False, site_key=None, now=now)


async def switch_to(tx: Tx, installation: InstallationId, kid: KeyId, *, old_until: datetime) -> None:
    """The site took the new key: it signs from now on; the old one lives until `old_until`."""
    for key in await store.call_keys(tx.org, tx, installation):
        is_new = key.kid == kid
        await store.put_call_key(tx.org, tx, installation, key.kid, active=is_new, not_after=None if is_new else key.not_after or old_until)


async def forget(tx: Tx, installation: InstallationId, kid: KeyId | None = None) -> None:
    await store.drop_call_keys(tx.org, tx, installation, kid)


async def listed(tx: Tx, installation: InstallationId) -> tuple[SealedKey, ...]:
    return await store.call_keys(tx.org, tx, installation)


async def call_key(tx: Tx, kek: Kek, installation: InstallationId, *, kid: str | None = None, now: datetime) -> CallKey:
    """The key that signs for this installation now, or the one with `kid` while it is valid. Raises `KeyLost`, `SealBroken`."""
    for key in await store.call_keys(tx.org, tx, installation):
        fits = key.active if kid is None else key.kid == kid
        if fits and (key.not_after is None or now < key.not_after):
            opened = await _opener(tx, kek)
            return CallKey(key.alg, key.kid, _open(opened, installation, key, "sealed", key.sealed), key.public)
    raise KeyLost("The dispatcher has no key for this installation.", do="Pair the site again.")


async def receipt_keys(tx: Tx, kek: Kek, installation: Installation, *, now: datetime) -> ReceiptKeys:
    """What this site's receipts verify under now."""
    if installation.alg.value == ED25519:
        return ReceiptKeys(ED25519, tuple(key.public for key in await sites.site_keys(tx, installation.id, now)))
    for key in await store.call_keys(tx.org, tx, installation.id):
        if key.sealed_site is not None:
            opened = await _opener(tx, kek)
            return ReceiptKeys(HMAC, (_open(opened, installation.id, key, "sealed_site", key.sealed_site),))
    raise KeyLost("The dispatcher has no key for this installation's receipts.", do="Pair the site again.")


async def _opener(tx: Tx, kek: Kek) -> OrgKey:
    return await org_key(tx.org, tx, kek)


def _open(opened: OrgKey, installation: InstallationId, key: SealedKey, column: str, sealed: bytes) -> bytes:
    return opened.open(sealed, table=_TABLE, row=f"{installation}|{key.kid}", column=column)


async def _put(
    tx: Tx, kek: Kek, installation: InstallationId, key: CallKey, *, epoch: int, active: bool, site_key: bytes | None, now: datetime
) -> None:
    sealer, row = await _opener(tx, kek), f"{installation}|{key.kid}"
    sealed = sealer.seal(key.secret, table=_TABLE, row=row, column="sealed")
    sealed_site = None if site_key is None else sealer.seal(site_key, table=_TABLE, row=row, column="sealed_site")
    kept = SealedKey(KeyId(key.kid), key.alg, key.public, sealed, sealed_site, epoch, active, None)
    await store.add_call_key(tx.org, tx, installation, kept, now)
