"""Passkeys of people: a challenge used once, one passkey one person, a second one only with the first one's word; assertions bent in every part."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lab.authenticator import Authenticator
from presswarden.approvals import passkeys
from presswarden.approvals import service as approvals
from presswarden.approvals.model import Party, Passkey, PasskeyRefused
from presswarden.identity.model import Forbidden, Role
from presswarden.kernel.ids import PersonId
from tests.stages.approvals.office import PARTY, Office

pytestmark = pytest.mark.req("N1", "X6")
EXPECTED = b"\x07" * 32
ALGORITHMS = ["es256", "ed25519"]
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _key(seed: str = "anna", algorithm: str = "es256") -> Authenticator:
    return Authenticator(seed, PARTY.rp_id, PARTY.origin, algorithm)


def _passkey(authenticator: Authenticator, **more: Any) -> Passkey:
    found = passkeys.register(authenticator.register(EXPECTED), party=PARTY, expected=EXPECTED)
    whole = Passkey(found.id, PersonId("p"), "key", PARTY.rp_id, PARTY.origin, found.public, 0, AT)
    return replace(whole, **more)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_software_authenticator_is_the_same_for_the_same_seed_and_verifies(algorithm: str) -> None:
    one, same, other = _key("a", algorithm), _key("a", algorithm), _key("b", algorithm)
    assert one.register(EXPECTED) == same.register(EXPECTED) != other.register(EXPECTED)
    assertion = one.sign(EXPECTED)
    assert assertion == same.sign(EXPECTED)
    assert passkeys.check(_passkey(_key("a", algorithm)), assertion, EXPECTED) == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_assertion_of_another_key_of_the_same_name_is_refused(algorithm: str) -> None:
    passkey = replace(_passkey(_key("a", algorithm)), id=_key("b", algorithm).credential)
    with pytest.raises(PasskeyRefused) as refused:
        passkeys.check(passkey, _key("b", algorithm).sign(EXPECTED), EXPECTED)
    assert refused.value.where == "signature"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_bit_of_an_assertion_counts(algorithm: str) -> None:
    passkey, whole = _passkey(_key("a", algorithm)), _key("a", algorithm).sign(EXPECTED)
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        raw = _raw(whole[name])
        for place in range(0, len(raw), 7):
            bent = bytearray(raw)
            bent[place] ^= 1
            with pytest.raises(PasskeyRefused):
                passkeys.check(passkey, {**whole, name: _text(bytes(bent))}, EXPECTED)


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"type": "webauthn.create"}, "type"),
        ({"origin": "https://evil.example"}, "origin"),
        ({"origin": PARTY.origin + "/"}, "origin"),
        ({"crossOrigin": True}, "cross-origin"),
        ({"crossOrigin": None}, "cross-origin"),
        ({"topOrigin": PARTY.origin}, "cross-origin"),
        ({"challenge": ""}, "challenge"),
        ({"challenge": base64.urlsafe_b64encode(EXPECTED).decode()}, "challenge"),  # with its padding
    ],
)
def test_client_data_of_another_kind_or_page_is_refused(told: dict[str, Any], where: str) -> None:
    authenticator = _key()
    passkey, assertion = _passkey(_key()), authenticator.sign(EXPECTED)
    client = json.loads(_raw(assertion["clientDataJSON"])) | told
    bent = {**assertion, "clientDataJSON": _text(json.dumps(client).encode())}
    with pytest.raises(PasskeyRefused) as refused:
        passkeys.check(passkey, bent, EXPECTED)
    assert refused.value.where == where


def test_a_challenge_is_never_the_bare_digest() -> None:
    digest = "ab" * 32
    assert passkeys.challenge(digest) != bytes.fromhex(digest)
    assert passkeys.challenge(digest) != passkeys.vouching_challenge(bytes.fromhex(digest))


@pytest.mark.parametrize("other", [Party("evil.example", PARTY.origin), Party(PARTY.rp_id, "https://evil.example")])
def test_a_registration_for_another_party_is_refused(other: Party) -> None:
    with pytest.raises(PasskeyRefused):
        passkeys.register(Authenticator("a", other.rp_id, other.origin).register(EXPECTED), party=PARTY, expected=EXPECTED)


@pytest.mark.parametrize("bent", [{"id": "AAAA"}, {"id": ""}, {"extra": "x"}, {"clientDataJSON": 5}, {"attestationObject": "AAAA"}])
def test_a_registration_that_is_bent_is_refused(bent: dict[str, Any]) -> None:
    with pytest.raises(PasskeyRefused):
        passkeys.register({**_key().register(EXPECTED), **bent}, party=PARTY, expected=EXPECTED)


# Kept in the office.


async def test_a_passkey_is_registered_under_a_challenge_that_counts_once(office: Office) -> None:
    anna = await office.person("Anna")
    made = await office.passkey(anna)
    async with office.database.transaction(office.org) as tx:
        assert await approvals.passkeys_of(tx, anna) == (made,)
        with pytest.raises(PasskeyRefused):
            await approvals.add_passkey(tx, anna, _key("x").register(EXPECTED), name="x", now=office.clock.now())
    (told,) = await office.kinds("passkey.added")
    assert told["rp_id"] == PARTY.rp_id


async def test_a_challenge_lives_for_ten_minutes_and_for_its_person_alone(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    async with office.database.transaction(office.org) as tx:
        out = await approvals.begin_passkey(tx, anna, PARTY, now=office.clock.now())
    answer = _key().register(out.challenge)
    for person, minutes in ((berta, 0), (anna, 10)):
        office.later(minutes=minutes)
        with pytest.raises(PasskeyRefused):
            async with office.database.transaction(office.org) as tx:
                await approvals.add_passkey(tx, person, answer, name="key", now=office.clock.now())


async def test_one_passkey_is_one_person_for_ever(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    first = await office.passkey(anna, seed="shared")
    with pytest.raises(PasskeyRefused) as refused:
        await office.passkey(berta, seed="shared")
    assert refused.value.where == "known"
    async with office.database.transaction(office.org) as tx:
        await approvals.remove_passkey(tx, first.id, by=anna, now=office.clock.now())
    with pytest.raises(PasskeyRefused):
        await office.passkey(berta, seed="shared")


async def test_a_second_passkey_needs_the_word_of_the_first(office: Office) -> None:
    anna = await office.person("Anna")
    await office.passkey(anna)
    older, newer = office.keys[anna], _key("newer")
    for vouched in (None, newer.sign(EXPECTED), older.sign(EXPECTED)):
        with pytest.raises(PasskeyRefused):
            await _second(office, anna, newer, vouched)
    made = await _second(office, anna, newer, older)
    async with office.database.reading(office.org) as tx:
        assert made.id in {one.id for one in await approvals.passkeys_of(tx, anna)}


async def _second(office: Office, person: PersonId, newer: Authenticator, vouched: Any) -> Passkey:
    async with office.database.transaction(office.org) as tx:
        out = await approvals.begin_passkey(tx, person, PARTY, now=office.clock.now())
        word = vouched.sign(approvals.vouching_challenge(out.challenge)) if isinstance(vouched, Authenticator) else vouched
        return await approvals.add_passkey(tx, person, newer.register(out.challenge), name="newer", now=office.clock.now(), vouched=word)


@pytest.mark.req("X10")
async def test_a_passkey_is_removed_by_its_person_or_an_owner(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta", Role.ADMIN)
    made = await office.passkey(anna)
    async with office.database.transaction(office.org) as tx:
        with pytest.raises(Forbidden):
            await approvals.remove_passkey(tx, made.id, by=berta, now=office.clock.now())
        await approvals.remove_passkey(tx, made.id, by=office.olga, now=office.clock.now())
        with pytest.raises(PasskeyRefused):
            await approvals.remove_passkey(tx, made.id, by=office.olga, now=office.clock.now())
        assert await approvals.passkeys_of(tx) == ()


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
