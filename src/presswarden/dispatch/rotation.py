"""Rotation of an installation's control key: make the next one, let the site take it, switch. Limits: steps in somebody's transaction.

The call that carries the new key is signed by the old one and holds the new key's own signature; both are valid for 24 hours at most.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from presswarden.dispatch import keyring
from presswarden.dispatch.envelope import rotation_text
from presswarden.dispatch.model import ED25519, CallKey, Signs
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import InstallationId, KeyId
from presswarden.kernel.sealing import Kek
from presswarden.sites import service as sites
from presswarden.sites.model import ControlKey, Installation, RotationRefused

OVERLAP: Final = timedelta(hours=24)


async def arguments(
    tx: Tx, kek: Kek, signs: Signs, makes: Callable[[], CallKey], installation: Installation, *, now: datetime
) -> dict[str, Json]:
    """Arguments of `control.rotate`. A key that is under way already is offered again: the site may have taken it. Raises `RotationRefused`."""
    if installation.alg.value != ED25519:
        raise RotationRefused("Keys of HMAC mode are not rotated.", do="Revoke the pairing and pair again.")
    epoch = installation.control_epoch + 1
    key = await _under_way(tx, kek, installation.id, epoch, now)
    if key is None:
        key = makes()
        await keyring.put_next(tx, kek, installation.id, key, epoch=epoch, now=now)
    public = base64.b64encode(key.public).decode()
    signature = base64.b64encode(signs(key, rotation_text(installation.id, epoch, public))).decode()
    return {"epoch": epoch, "public_key": public, "signature": signature}


async def taken(tx: Tx, installation: Installation, args: Mapping[str, Json], result: Mapping[str, Json], *, now: datetime) -> None:
    """The site's receipt says that it took the key. Raises `RotationRefused` when it names another one."""
    for key in await keyring.listed(tx, installation.id):
        if not key.active and key.epoch == args.get("epoch") == result.get("epoch") and key.kid == result.get("kid"):
            await sites.pin_control_key(tx, installation.id, ControlKey(key.kid, key.public), epoch=key.epoch, now=now)
            await keyring.switch_to(tx, installation.id, key.kid, old_until=now + OVERLAP)
            return
    raise RotationRefused(
        "The site's answer names another key than the one it was offered.", do="Nothing was switched; read the site's health."
    )


async def given_up(tx: Tx, installation: InstallationId, epoch: int) -> None:
    """The site refused the new key for certain: it goes."""
    for key in await keyring.listed(tx, installation):
        if not key.active and key.epoch == epoch and key.not_after is None:
            await keyring.forget(tx, installation, KeyId(key.kid))


async def _under_way(tx: Tx, kek: Kek, installation: InstallationId, epoch: int, now: datetime) -> CallKey | None:
    for key in await keyring.listed(tx, installation):
        if not key.active and key.epoch == epoch:
            return await keyring.call_key(tx, kek, installation, kid=key.kid, now=now)
    return None
