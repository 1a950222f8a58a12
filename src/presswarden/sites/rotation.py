"""Rotation of pinned keys, site's and control plane's. The epoch only rises; the old key stays valid for 24 hours at most; never more than two.

Limits: checks the new key's own signature here; that the old key signed too is what the receipt around it proves, and the caller verified.
"""

from datetime import datetime, timedelta

from presswarden.kernel import verify
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import KeyId
from presswarden.sites import pairing, store
from presswarden.sites.keys import store as keys
from presswarden.sites.model import Algorithm, ControlKey, Installation, RotationRefused, SiteKey

OVERLAP = timedelta(hours=24)
_DO = "Nothing was changed; ask for the rotation again."


def rotation_text(found: Installation, epoch: int, public_key: str) -> bytes:
    """What the new key signs: the wire's `presswarden-rotate-1`."""
    return f"presswarden-rotate-1\n{found.id}\n{epoch}\n{public_key}".encode()


async def rotate_site_key(tx: Tx, found: Installation, *, epoch: int, public_key: str, signature: str, now: datetime) -> SiteKey:
    if found.alg is not Algorithm.ED25519:
        raise RotationRefused("Keys of HMAC mode are not rotated.", do="Revoke the pairing and pair again.")
    if epoch != found.site_epoch + 1:
        raise RotationRefused(f"The site's key has epoch {found.site_epoch}; the next is {found.site_epoch + 1}, not {epoch}.", do=_DO)
    public = pairing.unbase64(public_key, 32) or b""
    if not verify.key_ok(public):
        raise RotationRefused("The site's new key is not a key we accept.", do=_DO)
    if not verify.ed25519(pairing.unbase64(signature, 64) or b"", rotation_text(found, epoch, public_key), public):
        raise RotationRefused("The site's new key did not sign its own rotation.", do=_DO)
    pinned = [key for key, _ in await keys.site_keys(tx.org, tx, found.id)]
    new = SiteKey(KeyId(verify.key_id(public)), Algorithm.ED25519, public, epoch, None)
    if any(key.kid == new.kid for key in pinned):
        raise RotationRefused("The site's new key is one it had before.", do=_DO)
    newest = pinned[0]
    await keys.drop_site_keys(tx.org, tx, found.id, keep=(newest.kid,))
    await keys.expire_site_key(tx.org, tx, found.id, newest.kid, now + OVERLAP)
    await keys.add_site_key(tx.org, tx, found.id, new, None)
    await store.set_installation(tx.org, tx, found.id, site_epoch=epoch)
    return new


async def pin_control_key(tx: Tx, found: Installation, key: ControlKey, *, epoch: int) -> None:
    if found.alg is not Algorithm.ED25519:
        raise RotationRefused("Keys of HMAC mode are not rotated.", do="Revoke the pairing and pair again.")
    if epoch != found.control_epoch + 1:
        raise RotationRefused(
            f"The control key has epoch {found.control_epoch}; the next is {found.control_epoch + 1}, not {epoch}.", do=_DO
        )
    await store.set_installation(tx.org, tx, found.id, control_key=key.id, control_public=key.public, control_epoch=epoch)
