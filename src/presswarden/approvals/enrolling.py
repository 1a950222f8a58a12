"""Verbs of passkeys: give a challenge out, take a new passkey in, remove one. Limits: the public half only; what a passkey signs is checked in `passkeys`.

A person adds their own passkey and nobody else's. The first one is taken on their word; each later one has to be vouched for by one that is there already,
so that whoever sits at their desk can't add a hand of their own.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from presswarden.approvals import passkeys
from presswarden.approvals.keys import store
from presswarden.approvals.model import Enrolment, Party, Passkey, PasskeyRefused
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId, new_id
from presswarden.policy.model import AFTER_A_REMOVAL

CHALLENGE_LIVES: Final = timedelta(minutes=10)
MOST_PASSKEYS: Final = 10
"""Of one person."""


async def passkeys_of(tx: Tx, person: PersonId | None = None) -> tuple[Passkey, ...]:
    """Those in use, of one person or of all."""
    return await store.passkeys(tx.org, tx, person)


async def people_have_passkeys(tx: Tx, now: datetime) -> bool:
    """Somebody has one, or had one a day ago: who takes the last one out of use does not get round the tap with it."""
    removed_at = await store.last_removed(tx.org, tx)
    return (removed_at is not None and now - removed_at < AFTER_A_REMOVAL) or bool(await store.passkeys(tx.org, tx))


async def begin_passkey(tx: Tx, person: PersonId, party: Party, *, now: datetime) -> Enrolment:
    """A challenge for a new passkey of this person; the one before is void. Raises `PersonUnknown`."""
    await identity.person(tx, person)
    made = Enrolment(person, secrets.token_bytes(32), party, now + CHALLENGE_LIVES)
    await store.put_enrolment(tx.org, tx, made)
    return made


async def add_passkey(
    tx: Tx, person: PersonId, registration: Mapping[str, Json], *, name: str, now: datetime, vouched: Mapping[str, Json] | None = None
) -> Passkey:
    """Take what the authenticator answered to the challenge that is out. `vouched`: an assertion of an older passkey over
    `passkeys.vouching_challenge`, asked for once there is one. Raises `PasskeyRefused`; the challenge is spent with any answer that is taken.
    """
    await identity.person(tx, person)
    before, enrolment = await store.passkeys(tx.org, tx, person), await store.take_enrolment(tx.org, tx, person)
    if enrolment is None or now >= enrolment.until:
        raise PasskeyRefused("No challenge is out for this person, or its ten minutes are over.", do="Begin again.", where="challenge")
    found = passkeys.register(registration, party=enrolment.party, expected=enrolment.challenge)
    if before:
        await _vouch(tx, before, vouched, enrolment)
    if len(before) >= MOST_PASSKEYS:
        raise PasskeyRefused(f"A person has at most {MOST_PASSKEYS} passkeys.", do="Remove one first.", where="count")
    plain = "".join(char for char in name if char.isprintable())[:100].strip() or "passkey"
    made = Passkey(
        found.id, person, plain, enrolment.party.rp_id, enrolment.party.origin, found.public, found.sign_count, now,
    )  # fmt: skip
    if not await store.add(tx.org, tx, made, found.fingerprint):
        raise PasskeyRefused(
            "This passkey was registered in this organisation before.",
            do="Use another authenticator: one passkey is one person.",
            where="known",
        )
    await _record(tx, "passkey.added", person, made, now)
    return made


async def remove_passkey(tx: Tx, passkey: str, *, by: PersonId, now: datetime) -> None:
    """Its owner, or whoever manages owners, takes it out of use; nobody can ever register it again. Raises `PasskeyRefused`, `Forbidden`."""
    found = next((one for one in await store.passkeys(tx.org, tx) if one.id == passkey), None)
    if found is None:
        raise PasskeyRefused("There is no such passkey in use.", do="List them with `presswarden person passkey list`.", where="credential")
    if found.person != by:
        await identity.require(tx, by, Permission.OWNERS_MANAGE)
    await store.remove(tx.org, tx, passkey, now)
    await _record(tx, "passkey.removed", by, found, now)


async def forget_passkeys(tx: Tx, person: PersonId, *, now: datetime) -> None:
    """Somebody is erased: their passkeys are out of use and have no name any more."""
    await store.forget_names(tx.org, tx, person, now)


async def _vouch(tx: Tx, before: tuple[Passkey, ...], vouched: Mapping[str, Json] | None, enrolment: Enrolment) -> None:
    older = next((one for one in before if vouched is not None and one.id == vouched.get("id")), None)
    if vouched is None or older is None:
        raise PasskeyRefused(
            "This person has a passkey already, which has to vouch for another one.", do="Tap with the older passkey too.", where="vouched"
        )
    count = passkeys.check(older, vouched, passkeys.vouching_challenge(enrolment.challenge))
    await store.count(tx.org, tx, older.id, max(count, older.sign_count))


async def counted(tx: Tx, passkey: Passkey, sign_count: int) -> bool:
    """Keep the sign count of a use. False when it did not go up although this passkey counts: two authenticators may hold it."""
    went_back = sign_count <= passkey.sign_count and (sign_count, passkey.sign_count) != (0, 0)
    await store.count(tx.org, tx, passkey.id, max(sign_count, passkey.sign_count))
    return not went_back


async def _record(tx: Tx, kind: str, by: PersonId, passkey: Passkey, now: datetime) -> None:
    told: dict[str, Json] = {"passkey": passkey.id[:64], "name": passkey.name, "rp_id": passkey.rp_id}
    await audit.record(tx, Entry(kind, Actor("person", by), f"person:{passkey.person}", new_id(), told), now=now)
