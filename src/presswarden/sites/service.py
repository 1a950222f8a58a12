"""Verbs of sites: pair, confirm, revoke, pause, move, and the keys pinned on the way. Limits: signs nothing and sends nothing; what a site should do stands
here as a wish, which the dispatcher carries to it.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from presswarden.audit.model import Actor
from presswarden.kernel import verify
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, Everyone, InstallationId, KeyId, PersonId, SiteId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.sites import pairing, redeem, rotation, store
from presswarden.sites.arrivals import store as arrivals
from presswarden.sites.keys import store as keys
from presswarden.sites.lookup import (
    find_site,
    in_state,
    installation,
    installation_of,
    installations_to_serve,
    list_sites,
    page,
    paired_by_algorithm,
    paired_count,
    plain,
    record,
    site_of,
    some_sites,
)
from presswarden.sites.messages import claim_message, count_refused_signature, is_late_arrival, message_keys, site_keys
from presswarden.sites.model import (
    Algorithm,
    Confirmation,
    ConfirmMismatch,
    ControlKey,
    Installation,
    InstallationState,
    LabelRefused,
    NoControlKey,
    PairingRefusal,
    PairingString,
    PairRequest,
    Site,
    SiteKey,
    SiteLive,
    SiteNotPaired,
    base_url,
)
from presswarden.sites.moving import complete_move, confirm_move, file_move, move_of, moves_confirmed
from presswarden.sites.pages import health_pages, set_health_pages
from presswarden.sites.pending import store as pending

# The verbs that stand in rooms of their own; this module is the stage's one door.
__all__ = [
    "abandon_confirmation",
    "accept_pairing",
    "add_pooled_keys",
    "begin_pairing",
    "claim_message",
    "complete_move",
    "confirm_move",
    "confirm_paired",
    "confirmations_due",
    "count_refused_signature",
    "expire_pairings",
    "file_move",
    "find_site",
    "health_pages",
    "hmac_keys",
    "in_state",
    "installation",
    "installation_of",
    "installations_to_serve",
    "is_late_arrival",
    "list_sites",
    "message_keys",
    "move_of",
    "moves_confirmed",
    "page",
    "paired_by_algorithm",
    "paired_count",
    "pause",
    "pin_control_key",
    "pool_size",
    "refuse_unknown_pairing",
    "resume",
    "revocation_told",
    "revoke",
    "rotate_site_key",
    "set_health_pages",
    "site_keys",
    "site_of",
    "some_sites",
]  # fmt: skip

REMEMBER_MESSAGES = timedelta(minutes=15)


async def begin_pairing(
    tx: Tx, *, home_label: str, control_url: str, requested_by: PersonId, now: datetime
) -> tuple[PairingString, Site, Installation]:
    """A pairing string for a new site, or for the one of that label. Raises `SiteLive`, `NoControlKey`, `UrlRefused`, `LabelRefused`.

    A string made before for the same site stops being valid: one is out at a time.
    """
    base_url(control_url)
    key = await _control_key(tx)
    site = await _site_for(tx, home_label.strip().rstrip("/"), now)
    secret, installation = secrets.token_bytes(pairing.SECRET_BYTES), InstallationId(new_id())
    new = Installation(
        org=tx.org, id=installation, site=site.id, state=InstallationState.WAITING, alg=Algorithm.ED25519, home="", control_url=control_url,
        control_key=key.id, control_public=key.public, control_epoch=1, site_epoch=1, seq=0, last_message_at=None, created_at=now,
        expires_at=now + redeem.VALID_FOR, used_at=None, paired_at=None, revoked_at=None, revocation_told_at=None, words="", connector="",
        php="", wordpress="", wanted_paused=site.paused,
    )  # fmt: skip
    await store.add_installation(tx.org, tx, new, pairing.verifier_of(secret))
    told: dict[str, Json] = {"installation": installation, "control": control_url, "control_key": key.id}
    await record(tx, "site.pairing_begun", Actor("person", requested_by), site.id, told, now, CorrelationId(installation))
    text = pairing.pairing_string(control=control_url, fingerprint=verify.fingerprint(key.public), installation=installation, secret=secret)
    return text, await site_of(tx, site.id), new


async def accept_pairing(tx: Tx, request: PairRequest, source_address: str, kek: Kek, *, now: datetime) -> PairingRefusal | None:
    """None when the proof held and the dispatcher has been asked to confirm. `kek` is the web process's: it keeps its HMAC key under it.

    Commit in either case: a refusal has spent a try.
    """
    refusal = await redeem.redeem(tx, request, source_address, kek, now=now)
    found = await store.installation(tx.org, tx, request.installation)
    # Refusals that ask no knowledge of the secret are not recorded: a stranger could fill the record with them.
    if found is not None and refusal in {None, PairingRefusal.PROOF, PairingRefusal.KEY, PairingRefusal.HOME}:
        kind = "site.pairing_accepted" if refusal is None else "site.pairing_refused"
        told: dict[str, Json] = {"installation": found.id, "alg": request.alg.value, "home": request.home, "code": refusal or ""}
        await record(tx, kind, Actor("site", found.id), found.site, told, now, CorrelationId(found.id))
    return refusal


async def refuse_unknown_pairing(everyone: Everyone, tx: Tx, source_address: str, *, now: datetime) -> PairingRefusal:
    """A code that nobody made counts for the source address alone: a wrong id never burns a stranger's code."""
    spent = await arrivals.spend_source_try(everyone, tx, source_address, now, now - redeem.VALID_FOR, redeem.TRIES)
    return PairingRefusal.UNKNOWN if spent else PairingRefusal.TOO_MANY_TRIES


async def confirmations_due(everyone: Everyone, tx: Tx) -> tuple[Confirmation, ...]:
    """Oldest first, those past their deadline too: for them the dispatcher calls `abandon_confirmation`."""
    return await pending.confirmations(everyone, tx)


def hmac_keys(confirmation: Confirmation) -> pairing.DirectionKeys:
    """Both direction keys of an HMAC pairing. Raises `ConfirmMismatch` when the verifier is gone."""
    if confirmation.verifier is None:
        raise ConfirmMismatch("This pairing has no verifier any more.", do="Make a new pairing string.")
    return pairing.direction_keys(confirmation.verifier, confirmation.transcript)


async def confirm_paired(tx: Tx, installation: InstallationId, *, home: str, words: Sequence[str], now: datetime) -> Installation:
    """The site answered the first signed call, and the caller verified its receipt. Raises `ConfirmMismatch`, `SiteLive`, `SiteUnknown`."""
    found = await in_state(tx, installation, InstallationState.CONFIRMING)
    if home != found.home or not pairing.same(" ".join(words), found.words):
        raise ConfirmMismatch("The site's answer names another home or other words.", do="Stop, and make a new pairing string.")
    if any(one.state is InstallationState.PAIRED for one in await store.installations(tx.org, tx, site=found.site)):
        raise SiteLive("The site was paired in the meantime.", do="Revoke that pairing first.")
    await store.set_installation(tx.org, tx, installation, state=InstallationState.PAIRED.value, paired_at=now, verifier=None)
    await pending.drop_confirmation(tx.org, tx, installation)
    told: dict[str, Json] = {"installation": installation, "home": home, "alg": found.alg.value, "connector": found.connector}
    await record(tx, "site.paired", Actor("process", "dispatcher"), found.site, told, now, CorrelationId(installation))
    return await in_state(tx, installation, InstallationState.PAIRED)


async def abandon_confirmation(tx: Tx, installation: InstallationId, *, reason: str, now: datetime) -> None:
    """The first signed call failed for good: the string is spent, the pairing ends before it began."""
    found = await in_state(tx, installation, InstallationState.CONFIRMING)
    await _end(tx, found, now)
    told: dict[str, Json] = {"installation": installation, "reason": reason}
    await record(tx, "site.pairing_abandoned", Actor("process", "dispatcher"), found.site, told, now, CorrelationId(installation))


async def rotate_site_key(tx: Tx, of: InstallationId, *, epoch: int, public_key: str, signature: str, now: datetime) -> SiteKey:
    """Pin the site's new key beside the old one, which ends in 24 hours. Raises `RotationRefused`, `SiteNotPaired`."""
    found = await in_state(tx, of, InstallationState.PAIRED)
    new = await rotation.rotate_site_key(tx, found, epoch=epoch, public_key=public_key, signature=signature, now=now)
    told: dict[str, Json] = {"installation": of, "epoch": epoch, "kid": new.kid}
    await record(tx, "site.key_rotated", Actor("site", of), found.site, told, now)
    return new


async def pin_control_key(tx: Tx, of: InstallationId, key: ControlKey, *, epoch: int, now: datetime) -> None:
    """The site took the new control key: its receipt says so. Raises `RotationRefused`, `SiteNotPaired`."""
    found = await in_state(tx, of, InstallationState.PAIRED)
    await rotation.pin_control_key(tx, found, key, epoch=epoch)
    told: dict[str, Json] = {"installation": of, "epoch": epoch, "kid": key.id}
    await record(tx, "site.control_key_rotated", Actor("process", "dispatcher"), found.site, told, now)


async def revoke(tx: Tx, site: SiteId, *, by: Actor, reason: str, now: datetime) -> Installation:
    """End the site's pairing, or the string that is out for it, now and here; the dispatcher tells the site. Raises `SiteNotPaired`, `SiteUnknown`."""
    found = await _newest(tx, site)
    if found.state is InstallationState.REVOKED:
        raise SiteNotPaired("The site is not paired.", do="There is nothing to revoke.")
    await _end(tx, found, now)
    await record(tx, "site.revoked", by, site, {"installation": found.id, "was": found.state.value, "reason": plain(reason)}, now)
    return await installation(tx, found.id)


async def ended_by_site(tx: Tx, of: InstallationId, *, now: datetime) -> None:
    """The site's own administrator ended the pairing: its goodbye is the last message that counts. Raises `SiteNotPaired`."""
    found = await in_state(tx, of, InstallationState.PAIRED)
    await _end(tx, found, now)
    await store.set_installation(tx.org, tx, of, revocation_told_at=now)
    await keys.drop_site_keys(tx.org, tx, of)
    told: dict[str, Json] = {"installation": of, "was": found.state.value, "reason": "ended on the site"}
    await record(tx, "site.revoked", Actor("site", of), found.site, told, now)


async def revocation_told(tx: Tx, of: InstallationId, *, now: datetime) -> None:
    """The site answered that it is revoked: its keys go, and its messages are turned away from now on."""
    found = await in_state(tx, of, InstallationState.REVOKED)
    await store.set_installation(tx.org, tx, of, revocation_told_at=now)
    await keys.drop_site_keys(tx.org, tx, of)
    await record(tx, "site.revocation_told", Actor("process", "dispatcher"), found.site, {"installation": of}, now)


async def pause(tx: Tx, site: SiteId, reason: str, *, by: Actor, now: datetime) -> Site:
    """Want the site paused; pausing twice keeps the first reason. The dispatcher brings it there."""
    found = await site_of(tx, site)
    if not found.paused:
        await store.set_site(tx.org, tx, site, pause_reason=plain(reason), paused_at=now)
        await record(tx, "site.pause_wanted", by, site, {"reason": plain(reason)}, now)
    return await site_of(tx, site)


async def resume(tx: Tx, site: SiteId, reason: str, *, by: Actor, now: datetime) -> Site:
    """Want our own pause lifted; a pause that the site's admin set stays."""
    found = await site_of(tx, site)
    if found.paused:
        await store.set_site(tx.org, tx, site, pause_reason=None, paused_at=None)
        await record(tx, "site.resume_wanted", by, site, {"reason": plain(reason)}, now)
    return await site_of(tx, site)


async def add_pooled_keys(everyone: Everyone, tx: Tx, made: Sequence[tuple[KeyId, bytes]], *, now: datetime) -> None:
    await keys.add_pooled(everyone, tx, tuple(ControlKey(kid, public) for kid, public in made), now)


async def pool_size(everyone: Everyone, tx: Tx) -> int:
    """How many control keys are free."""
    return await keys.pool_size(everyone, tx)


async def expire_pairings(everyone: Everyone, tx: Tx, now: datetime) -> None:
    """Forget verifiers that have served or ran out, messages older than any replay can be, and source addresses whose window closed."""
    late = tuple(one.installation for one in await pending.confirmations(everyone, tx) if one.deadline <= now)
    await store.forget_verifiers(everyone, tx, now, late)
    await arrivals.forget(everyone, tx, now - REMEMBER_MESSAGES)


async def _site_for(tx: Tx, label: str, now: datetime) -> Site:
    if not label or len(label) > 200 or not label.isprintable():
        raise LabelRefused("A site needs a name or its address.", do="Give 1 to 200 plain characters.")
    for known in await store.sites(tx.org, tx):
        if label in (known.id, known.label, known.home):
            if known.state is InstallationState.PAIRED:
                raise SiteLive(
                    f"The site is paired already, since {known.paired_at:%Y-%m-%d}.", do="Revoke that pairing first, or name another site."
                )
            if known.installation is not None and known.state is not InstallationState.REVOKED:
                await _end(tx, await installation(tx, known.installation), now)
            return known
    new = SiteId(new_id())
    await store.add_site(tx.org, tx, new, label, now)
    return await site_of(tx, new)


async def _newest(tx: Tx, site: SiteId) -> Installation:
    found = await site_of(tx, site)
    if found.installation is None:
        raise SiteNotPaired("The site was never paired.", do="Make a pairing string for it.")
    return await installation(tx, found.installation)


async def _end(tx: Tx, found: Installation, now: datetime) -> None:
    """Revoked. Keys of a paired site stay until it was told, so that its answer to that can be verified."""
    await store.set_installation(tx.org, tx, found.id, state=InstallationState.REVOKED.value, revoked_at=now, verifier=None)
    await pending.drop_confirmation(tx.org, tx, found.id)
    await pending.drop_move(tx.org, tx, found.id)
    if found.state is not InstallationState.PAIRED:
        await keys.drop_site_keys(tx.org, tx, found.id)


async def _control_key(tx: Tx) -> ControlKey:
    key = await keys.take_pooled(tx.org, tx)
    if key is None:
        raise NoControlKey("The dispatcher has not made keys yet.", do="Start it (`presswarden serve` does), wait a moment, and try again.")
    return key
