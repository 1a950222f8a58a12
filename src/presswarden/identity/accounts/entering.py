"""Verbs of signing in and of proving it again: a password with a code, or a passkey. Limits: begins a session and says no; why not is told to nobody.

Comparing a password takes long and opens no transaction: the edge asks for the candidates, compares, and comes back with the one that fitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity import store as people
from presswarden.identity.accounts import challenges, codes, store
from presswarden.identity.accounts.keys import store as keys
from presswarden.identity.accounts.model import Account, KeyRefused, LoginKey
from presswarden.identity.accounts.tries import slowing
from presswarden.identity.accounts.tries import store as tries
from presswarden.identity.accounts.tries.slowing import Tried
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Key, Session, Way
from presswarden.kernel import store as kernel
from presswarden.kernel import webauthn
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId, new_id
from presswarden.kernel.sealing import Kek, SealBroken
from presswarden.kernel.webauthn import Credential, Party

_WEB = Actor("process", "web")
MOST_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody signs in from."""

    source: str
    browser: str
    known: str
    """What this browser was given at an earlier sign-in."""


@dataclass(frozen=True, slots=True)
class Entered:
    key: Key
    session: Session
    known: str = field(repr=False)
    """For the browser to keep: it signed in here before."""


async def candidates(everyone: Everyone, tx: Tx, mail: str, place: Place, now: datetime) -> tuple[Tried, tuple[Account, ...]]:
    """Who has this mail address, in whatever organisation; the try is counted with it, also for an address that nobody has."""
    wanted = mail.strip().lower()
    found = (await people.mail_everywhere(everyone, tx, wanted))[:MOST_CANDIDATES]
    tried = await slowing.take(
        everyone, tx, mail=wanted, source=place.source, browser=place.known, people=[person for _, person in found], now=now
    )
    return tried, tuple([await store.account(org, tx, person) for org, person in found])


async def enter(
    everyone: Everyone, tx: Tx, kek: Kek, account: Account, code: str, tried: Tried, place: Place, *, now: datetime
) -> Entered | None:
    """Its password fitted; the code decides. None when it is wrong, was taken before, or too many were tried: that is recorded."""
    kept = await store.account(tx.org, tx, account.person)
    if kept.password != account.password:
        return None
    way = await _by_code(everyone, tx, kek, kept, code, now)
    if way is None:
        await _record(tx, "login.code_refused", _WEB, account.person, {"source": place.source}, now)
        return None
    await slowing.refund(everyone, tx, tried)
    return await begin(tx, account.person, way, place, now=now)


async def begin(tx: Tx, person: PersonId, way: Way, place: Place, *, now: datetime) -> Entered:
    """The session, and the browser is known from now on. Raises `PersonUnknown`."""
    key, session = await sessions.begin(tx, person, way, source=place.source, browser=place.browser, now=now)
    known = place.known if len(place.known) == 32 else slowing.new_browser()
    await tries.know(tx.org, tx, person, slowing.browser_digest(known), now, slowing.KEPT_BROWSERS)
    return Entered(key, session, known)


async def proves_by_code(everyone: Everyone, tx: Tx, kek: Kek, person: PersonId, code: str, *, now: datetime) -> Way | None:
    """A signed-in person's code or recovery code. None when it is wrong, was taken before, or too many were tried."""
    return await _by_code(everyone, tx, kek, await store.account(tx.org, tx, person), code, now)


async def whose_key(everyone: Everyone, tx: Tx, credential: str) -> tuple[OrgId, PersonId] | None:
    return await keys.whose(everyone, tx, credential) if len(credential) <= 1400 else None


async def proves_by_key(
    tx: Tx,
    kek: Kek,
    person: PersonId,
    assertion: Mapping[str, Json],
    challenge: bytes,
    party: Party,
    *,
    purpose: str,
    bound: str,
    now: datetime,
) -> bool:
    """What the person's passkey signed. Raises `KeyRefused`; False when the passkey's count went back, which is recorded."""
    found = next((key for key in await keys.of_person(tx.org, tx, person) if key.id == assertion.get("id")), None)
    if found is None or found.rp_id != party.rp_id:
        raise _refused("credential", "This passkey is not known here.")
    await identity.person(tx, person)
    count = _checked(kek, found, party, assertion, challenge, purpose=purpose, bound=bound, now=now)
    if not await store.spend(tx.org, tx, challenges.digest_of(challenge), now):
        raise _refused("challenge", "This answer was given before.")
    if not await keys.used(tx.org, tx, found, count, now):
        await _record(tx, "login.passkey_went_back", _WEB, person, {"passkey": found.id[:64], "name": found.name}, now)
        return False
    return True


def _checked(
    kek: Kek, key: LoginKey, party: Party, assertion: Mapping[str, Json], challenge: bytes, *, purpose: str, bound: str, now: datetime
) -> int:
    if not challenges.holds(kek, challenge, purpose, bound, now):
        raise _refused("challenge", "The page was open for too long, or was another browser's.")
    try:
        return webauthn.check(Credential(key.id, key.public, party), assertion, challenge)
    except webauthn.Refused as fault:
        raise _refused(fault.where, fault.says) from fault


async def _by_code(everyone: Everyone, tx: Tx, kek: Kek, account: Account, code: str, now: datetime) -> Way | None:
    tried = await slowing.take_code(everyone, tx, tx.org, account.person, now)
    if not tried.allowed or not account.seed:
        return None
    step = codes.step_of(await _seed(tx, kek, account), code, now)
    if step is not None and await store.advance(tx.org, tx, account.person, step):
        way = Way.PASSWORD
    elif await store.take_recovery(tx.org, tx, account.person, codes.recovery_digest(tx.org, account.person, code)):
        left = await store.recovery_left(tx.org, tx, account.person)
        await _record(tx, "login.recovery_code_used", Actor("person", account.person), account.person, {"left": left}, now)
        way = Way.RECOVERY
    else:
        return None
    await slowing.refund(everyone, tx, tried)
    return way


async def _seed(tx: Tx, kek: Kek, account: Account) -> bytes:
    key = await kernel.org_key(tx.org, tx, kek)
    try:
        return key.open(account.seed, table="accounts", row=account.person, column="seed")
    except SealBroken:
        return b""


def _refused(where: str, says: str) -> KeyRefused:
    return KeyRefused(says, do="Try again, with a passkey that you added here.", where=where)


async def _record(tx: Tx, kind: str, actor: Actor, person: PersonId, payload: Mapping[str, Json], now: datetime) -> None:
    await audit.record(tx, Entry(kind, actor, f"person:{person}", new_id(), payload), now=now)
