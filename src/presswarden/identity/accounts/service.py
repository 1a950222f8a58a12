"""Verbs of a person's ways to sign in: passkeys, a password with codes, recovery codes; the first start. One door for the rooms below it.

Whoever changes a way has proved just before who they are (the edge asks for that). A password never stands alone: it comes with codes from an app.
Limits: nobody signs in here (`entering`), and a passkey to sign in with never stands for a consent.
"""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.accounts import challenges, codes, store
from presswarden.identity.accounts.challenges import REGISTER, SIGN_IN, STEP_UP
from presswarden.identity.accounts.challenges import make as new_challenge
from presswarden.identity.accounts.codes import address, new_seed, seed_text
from presswarden.identity.accounts.entering import (
    Entered,
    Place,
    begin,
    candidates,
    enter,
    proves_by_code,
    proves_by_key,
    whose_key,
)
from presswarden.identity.accounts.keys import store as keys
from presswarden.identity.accounts.model import CodeRefused, KeyRefused, KeyUnknown, LastWay, LoginKey, SetupRefused, Ways
from presswarden.identity.accounts.passwords import Passwords, judge
from presswarden.identity.accounts.tries import slowing
from presswarden.identity.accounts.tries import store as tries
from presswarden.identity.accounts.tries.slowing import take_setup
from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import Limit
from presswarden.identity.sessions import service as sessions
from presswarden.identity.tokens import service as tokens
from presswarden.kernel import store as kernel
from presswarden.kernel import webauthn
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, PersonId, SessionId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.kernel.webauthn import Party

# The verbs that stand in files of their own; this module is the room's one door.
__all__ = [
    "REGISTER", "SIGN_IN", "STEP_UP", "Entered", "Passwords", "Place", "add_key", "address", "any_way", "begin", "candidates", "enter", "forget",
    "forget_tries", "judge", "make_setup_code", "new_challenge", "new_recovery_codes", "new_seed", "proves_by_code", "proves_by_key", "remove_key",
    "remove_password", "remove_person", "seed_text", "set_password", "set_up", "start_over", "take_setup", "ways", "whose_key",
]  # fmt: skip

MOST_KEYS: Final = 10
"""Of one person."""
SETUP_LIVES: Final = timedelta(hours=24)


async def ways(tx: Tx, person: PersonId) -> Ways:
    kept, left = await store.account(tx.org, tx, person), await store.recovery_left(tx.org, tx, person)
    return Ways(bool(kept.password), bool(kept.seed), left, await keys.of_person(tx.org, tx, person))


async def any_way(everyone: Everyone, tx: Tx) -> bool:
    """Somebody can sign in. While nobody can, the first start is not over."""
    return await store.passwords_exist(everyone, tx) or await keys.exist(everyone, tx)


async def set_password(
    tx: Tx, kek: Kek, person: PersonId, hashed: str, *, seed: bytes | None, code: str, keep: SessionId | None, now: datetime
) -> tuple[str, ...]:
    """`seed`: of the codes that go with it from now on, proved by a first `code`; None keeps the ones there are. All other sessions of the person end.

    Gives ten recovery codes where the seed is new, else none. Raises `CodeRefused`.
    """
    kept = await store.account(tx.org, tx, person)
    fresh: tuple[str, ...] = ()
    if seed is not None:
        step = codes.step_of(seed, code, now)
        if step is None:
            raise CodeRefused(
                "This is not the code that the app shows now.", do="Look whether the phone's clock is right, and type the newest one."
            )
        sealed = (await kernel.org_key(tx.org, tx, kek)).seal(seed, table="accounts", row=person, column="seed")
        kept = replace(kept, seed=sealed, step=step)
        fresh = codes.new_recovery_codes()
    elif not kept.seed:
        raise CodeRefused("A password comes with codes from an app.", do="Set up the app first.")
    await store.put(tx.org, tx, replace(kept, org=tx.org, person=person, password=hashed), now)
    if fresh:
        await store.replace_recovery(tx.org, tx, person, [codes.recovery_digest(tx.org, person, each) for each in fresh])
    await sessions.end_others(tx, person, keep, now=now)
    await tries.forget_browsers(tx.org, tx, person=person)
    await _record(tx, "login.password_set", person, {"codes": seed is not None}, now)
    return fresh


async def remove_password(tx: Tx, person: PersonId, rp_id: str, *, keep: SessionId | None, now: datetime) -> None:
    """With its codes and recovery codes; all other sessions end, for it may have begun one. Raises `LastWay`."""
    found = await ways(tx, person)
    if not replace(found, password=False).any(rp_id):
        raise LastWay("Without the password you could not sign in any more.", do="Add a passkey first.")
    await store.forget_account(tx.org, tx, person)
    await sessions.end_others(tx, person, keep, now=now)
    await tries.forget_browsers(tx.org, tx, person=person)
    await _record(tx, "login.password_removed", person, {}, now)


async def new_recovery_codes(tx: Tx, person: PersonId, *, now: datetime) -> tuple[str, ...]:
    """Ten new ones; the old ones are void. Raises `CodeRefused` for somebody without a password."""
    if not (await store.account(tx.org, tx, person)).password:
        raise CodeRefused("Recovery codes stand in for the codes of a password, and you have none.", do="Add a second passkey instead.")
    fresh = codes.new_recovery_codes()
    await store.replace_recovery(tx.org, tx, person, [codes.recovery_digest(tx.org, person, each) for each in fresh])
    await _record(tx, "login.recovery_codes_made", person, {}, now)
    return fresh


async def add_key(
    tx: Tx,
    kek: Kek,
    person: PersonId,
    registration: Mapping[str, Json],
    challenge: bytes,
    party: Party,
    *,
    name: str,
    bound: str,
    now: datetime,
) -> LoginKey:
    """Raises `KeyRefused`."""
    await identity.person(tx, person)
    if not challenges.holds(kek, challenge, REGISTER, bound, now):
        raise _refused("challenge", "The page was open for too long.")
    try:
        found = webauthn.register(registration, party=party, expected=challenge)
    except webauthn.Refused as fault:
        raise _refused(fault.where, fault.says) from fault
    if len(await keys.of_person(tx.org, tx, person)) >= MOST_KEYS:
        raise _refused("count", f"A person has at most {MOST_KEYS} passkeys.")
    plain = "".join(char for char in name if char.isprintable())[:100].strip() or "passkey"
    made = LoginKey(found.id, person, plain, party.rp_id, party.origin, found.public, found.sign_count, now, None)
    if not await store.spend(tx.org, tx, challenges.digest_of(challenge), now) or not await keys.add(tx.org, tx, made, found.fingerprint):
        raise _refused("known", "This passkey was added before.")
    await _record(tx, "login.passkey_added", person, {"passkey": made.id[:64], "name": made.name, "rp_id": made.rp_id}, now)
    return made


async def remove_key(tx: Tx, person: PersonId, credential: str, rp_id: str, *, keep: SessionId | None, now: datetime) -> None:
    """One of one's own; all other sessions end, for it may have begun one. Raises `KeyUnknown`, `LastWay`."""
    found = await ways(tx, person)
    left = tuple(key for key in found.passkeys if key.id != credential)
    if left == found.passkeys:
        raise KeyUnknown("There is no such passkey of yours.", do="Load the page again.")
    if not replace(found, passkeys=left).any(rp_id):
        raise LastWay("Without this passkey you could not sign in any more.", do="Add another passkey, or a password, first.")
    await keys.remove(tx.org, tx, person, credential)
    await sessions.end_others(tx, person, keep, now=now)
    await _record(tx, "login.passkey_removed", person, {"passkey": credential[:64]}, now)


async def start_over(tx: Tx, person: PersonId, *, now: datetime) -> None:
    """A person who lost their ways comes back by a link: the old ways, sessions and tokens are void."""
    await _drop_ways(tx, person, now)
    await _record(tx, "login.started_over", person, {}, now)


async def remove_person(tx: Tx, who: PersonId, *, by: PersonId, now: datetime) -> None:
    """All roles, ways, sessions and tokens end now. Raises `LastOwner`, `Forbidden`, `PersonUnknown`."""
    await identity.remove_person(tx, who, by=by, now=now)
    await _drop_ways(tx, who, now)


async def make_setup_code(tx: Tx, *, now: datetime) -> str:
    """For the process to print while nobody can sign in; the one before is void."""
    code = codes.new_setup_code()
    await store.put_setup_code(tx.org, tx, codes.setup_digest(tx.org, code), now + SETUP_LIVES)
    return code


async def set_up(everyone: Everyone, tx: Tx, code: str, *, organisation: str, name: str, mail: str, now: datetime) -> PersonId:
    """The first owner takes over what the first start made, with the code that was printed. Raises `SetupRefused`, `NameRefused`, `MailTaken`."""
    kept = await store.setup_code(tx.org, tx)
    fits = kept is not None and hmac.compare_digest(kept[0], codes.setup_digest(tx.org, code)) and now < kept[1]
    if not fits or await any_way(everyone, tx) or not await store.drop_setup_code(tx.org, tx):
        raise SetupRefused(
            "That is not the code which was printed at the last start, or somebody can sign in already.",
            do="Start the control plane again: it prints a new code as long as nobody can sign in.",
        )
    owner = await identity.owner(tx)
    await identity.introduce(tx, owner.id, organisation=organisation, name=name, mail=mail, now=now)
    return owner.id


async def forget(tx: Tx, now: datetime) -> int:
    """Spent challenges that are too old anyway, and browsers nobody came back with. How many rows."""
    spent = await store.forget_challenges(tx.org, tx, now - 2 * challenges.LIVES)
    return spent + await tries.forget_browsers(tx.org, tx, before=now - (await limits.limits(tx)).span(Limit.BROWSERS))


async def forget_tries(everyone: Everyone, tx: Tx, now: datetime) -> int:
    return await tries.forget(everyone, tx, now - slowing.CODES_WINDOW)


async def _drop_ways(tx: Tx, person: PersonId, now: datetime) -> None:
    await store.forget_account(tx.org, tx, person)
    await keys.remove(tx.org, tx, person)
    await tries.forget_browsers(tx.org, tx, person=person)
    await tokens.revoke_all(tx, person, now=now)
    await sessions.end_others(tx, person, None, now=now)


def _refused(where: str, says: str) -> KeyRefused:
    return KeyRefused(says, do="Begin again on this page.", where=where)


async def _record(tx: Tx, kind: str, person: PersonId, payload: Mapping[str, Json], now: datetime) -> None:
    await audit.record(tx, Entry(kind, Actor("person", person), f"person:{person}", new_id(), payload), now=now)
