"""Redeeming a pairing string: the rules of the wire's pairing message, in their order. Limits: proves who holds the secret, not who answers at the home URL;
that is the dispatcher's first call.
"""

import secrets
from datetime import datetime, timedelta

from presswarden.kernel import store as kernel_store
from presswarden.kernel import verify
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import KeyId
from presswarden.kernel.sealing import Kek
from presswarden.sites import pairing, store
from presswarden.sites.arrivals import store as arrivals
from presswarden.sites.keys import store as keys
from presswarden.sites.model import (
    Algorithm,
    Installation,
    InstallationState,
    PairingRefusal,
    PairRequest,
    SiteKey,
    UrlRefused,
    base_url,
)
from presswarden.sites.pending import store as pending
from presswarden.sites.probes import service as probes

TRIES = 5
VALID_FOR = timedelta(minutes=10)
CONFIRM_WITHIN = timedelta(minutes=10)


async def redeem(tx: Tx, request: PairRequest, source: str, kek: Kek, *, now: datetime) -> PairingRefusal | None:
    """None when the code is burnt and the confirmation filed. A wrong proof spends one try of the code and one of the source address."""
    # A try is spent before the proof is looked at, and given back when it was not a guess: no number of parallel guesses gets more than five.
    if not await arrivals.spend_source_try_in(tx.org, tx, source, now, now - VALID_FOR, TRIES):
        return PairingRefusal.TOO_MANY_TRIES
    spent = await store.spend_try(tx.org, tx, request.installation, TRIES)
    found = await store.installation(tx.org, tx, request.installation)
    refusal = PairingRefusal.UNKNOWN if found is None else _standing(found, now)
    if found is not None and refusal is None:
        refusal = await _judge(tx, found, request, kek, now) if spent else PairingRefusal.TOO_MANY_TRIES
    if spent and refusal is not PairingRefusal.PROOF:
        await store.give_try_back(tx.org, tx, request.installation)
    if refusal not in {PairingRefusal.PROOF, PairingRefusal.UNKNOWN}:
        await arrivals.give_source_try_back(tx.org, tx, source)
    return refusal


def _standing(found: Installation, now: datetime) -> PairingRefusal | None:
    if found.state is InstallationState.PAIRED:
        return PairingRefusal.LIVE
    if found.used_at is not None:
        return PairingRefusal.USED
    ended = found.state is InstallationState.REVOKED or now >= found.expires_at
    return PairingRefusal.EXPIRED if ended else None


async def _judge(tx: Tx, found: Installation, request: PairRequest, kek: Kek, now: datetime) -> PairingRefusal | None:
    verifier = await store.verifier(tx.org, tx, found.id)
    fingerprint = verify.fingerprint(found.control_public)
    text = pairing.transcript(request, control=found.control_url, fingerprint=fingerprint)
    # An absent verifier still costs the comparison, with a key that nobody holds.
    if not pairing.mac_ok(request.mac, text, verifier or secrets.token_bytes(32)) or verifier is None:
        return PairingRefusal.PROOF
    public = b""
    if request.alg is Algorithm.ED25519:
        public = pairing.unbase64(request.public_key, 32) or b""
        if not verify.key_ok(public):
            return PairingRefusal.KEY
        if not verify.ed25519(pairing.unbase64(request.signature, 64) or b"", text.encode(), public):
            return PairingRefusal.PROOF
    elif request.public_key or request.signature:
        return PairingRefusal.KEY
    try:
        base_url(request.home)
    except UrlRefused:
        return PairingRefusal.HOME
    others = await store.installations(tx.org, tx, home=request.home)
    if any(one.state is InstallationState.PAIRED for one in others):
        return PairingRefusal.LIVE
    return await _burn(tx, found, request, text, public, verifier, kek, now)


async def _burn(
    tx: Tx, found: Installation, request: PairRequest, text: str, public: bytes, verifier: bytes, kek: Kek, now: datetime
) -> PairingRefusal | None:
    is_hmac = request.alg is Algorithm.HMAC
    burnt = await store.burn(
        tx.org, tx, found.id, now, state=InstallationState.CONFIRMING.value, alg=request.alg.value, home=request.home,
        words=pairing.words_of(text, b"" if is_hmac else found.control_public), connector=request.connector, php=request.php,
        wordpress=request.wordpress, verifier=verifier if is_hmac else None,
    )  # fmt: skip
    if not burnt:
        return PairingRefusal.USED
    if is_hmac:
        raw = pairing.direction_keys(verifier, text).site
        kid = KeyId(verify.key_id(raw))
        org_key = await kernel_store.org_key(tx.org, tx, kek)
        sealed = org_key.seal(raw, table="site_keys", row=f"{found.id}|{kid}", column="sealed")
        await keys.add_site_key(tx.org, tx, found.id, SiteKey(kid, request.alg, b"", 1, None), sealed)
    else:
        kid = KeyId(verify.key_id(public))
        await keys.add_site_key(tx.org, tx, found.id, SiteKey(kid, request.alg, public, 1, None), None)
    await pending.add_confirmation(tx.org, tx, found.id, text, now, now + CONFIRM_WITHIN)
    # Looked at from outside meanwhile: where our first call can't get through, that says why.
    await probes.want(tx, found.site, request.home, now)
    return None
