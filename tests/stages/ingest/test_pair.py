"""A plugin redeems a pairing string over the wire: what is accepted, and each refusal with its code."""

import asyncio
import base64
import json
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from presswarden.audit import service as audit
from presswarden.kernel.ids import EVERYONE, InstallationId
from presswarden.sites import service as sites
from presswarden.sites import store
from presswarden.sites.model import InstallationState
from tests.fakes.connector import Connector, jcs
from tests.stages.ingest.conftest import Plane

pytestmark = pytest.mark.req("X1", "X2", "P1")

SMALL_ORDER = base64.b64encode(bytes([1]) + bytes(31)).decode()
NOT_CANONICAL = base64.b64encode((2**255 - 19 + 3).to_bytes(32, "little")).decode()


def site(plane: Plane, home: str = "https://shop.example", alg: str = "ed25519") -> Connector:
    return Connector(home, plane.now, alg=alg)


async def test_a_right_proof_is_accepted_and_waits_for_the_first_signed_call(plane: Plane) -> None:
    text, made = await plane.begin()
    answer = await plane.post_pair(site(plane).pair_body(text))
    assert (answer.status_code, answer.content) == (202, b'{"status":"confirming","v":1}')
    assert plane.wake.rung == ["dispatch", "probe"]
    async with plane.database.reading(EVERYONE) as tx:
        due = await sites.confirmations_due(EVERYONE, tx)
    assert [(one.installation, one.home, one.verifier) for one in due] == [(made.id, "https://shop.example", None)]


async def test_the_secret_stands_nowhere_and_the_verifier_goes_with_the_burnt_code(plane: Plane) -> None:
    text, made = await plane.begin()
    assert await _verifier(plane, made.id) is not None
    await plane.post_pair(site(plane).pair_body(text))
    assert await _verifier(plane, made.id) is None


@pytest.mark.parametrize("alg", ["ed25519", "hmac-sha256"])
async def test_both_screens_show_the_same_four_words(plane: Plane, alg: str) -> None:
    text, made = await plane.begin()
    connector = site(plane, alg=alg)
    assert (await plane.post_pair(connector.pair_body(text))).status_code == 202
    found = await plane.installation(connector)
    assert found.words.split() == connector.words(made.control_public, _word_list())


@pytest.mark.req("W2")
async def test_hmac_mode_gives_both_sides_the_same_keys_one_for_each_direction(plane: Plane) -> None:
    text, _ = await plane.begin()
    connector = site(plane, alg="hmac-sha256")
    assert (await plane.post_pair(connector.pair_body(text))).status_code == 202
    async with plane.database.reading(EVERYONE) as tx:
        keys = sites.hmac_keys((await sites.confirmations_due(EVERYONE, tx))[0])
    assert (keys.call, keys.site) == (connector.call_key, connector.site_key)
    assert keys.call != keys.site


async def test_a_string_redeemed_before_is_refused_as_used(plane: Plane) -> None:
    text, _ = await plane.begin()
    await plane.post_pair(site(plane).pair_body(text))
    answer = await plane.post_pair(site(plane, "https://thief.example").pair_body(text))
    assert (answer.status_code, answer.json()["code"]) == (409, "pairing.used")


async def test_a_paired_installation_takes_no_second_pairing(plane: Plane) -> None:
    text, made = await plane.begin()
    connector = site(plane)
    await plane.post_pair(connector.pair_body(text))
    found = await plane.installation(connector)
    async with plane.database.transaction(plane.org) as tx:
        await sites.confirm_paired(tx, made.id, home=found.home, words=found.words.split(), now=plane.clock.now())
    answer = await plane.post_pair(site(plane).pair_body(text))
    assert (answer.status_code, answer.json()["code"]) == (409, "pairing.live")


async def test_a_home_with_a_live_pairing_takes_no_second_one(plane: Plane) -> None:
    await plane.paired("first", home="https://shop.example")
    text, _ = await plane.begin("second")
    answer = await plane.post_pair(site(plane, "https://shop.example").pair_body(text))
    assert (answer.status_code, answer.json()["code"]) == (409, "pairing.live")


async def test_a_string_is_refused_after_ten_minutes(plane: Plane) -> None:
    text, _ = await plane.begin()
    plane.clock.advance(minutes=10)
    answer = await plane.post_pair(site(plane).pair_body(text))
    assert (answer.status_code, answer.json()["code"]) == (410, "pairing.expired")


async def test_a_string_is_still_taken_a_second_before_its_end(plane: Plane) -> None:
    text, _ = await plane.begin()
    plane.clock.advance(minutes=9, seconds=59)
    assert (await plane.post_pair(site(plane).pair_body(text))).status_code == 202


async def test_a_revoked_string_is_refused_as_expired(plane: Plane) -> None:
    text, _ = await plane.begin()
    await plane.begin()
    answer = await plane.post_pair(site(plane).pair_body(text))
    assert (answer.status_code, answer.json()["code"]) == (410, "pairing.expired")


async def test_an_unknown_id_is_refused_and_burns_nobodys_code(plane: Plane) -> None:
    text, _ = await plane.begin()
    body = site(plane).pair_body(text)
    for _ in range(5):
        answer = await plane.post_pair({**body, "installation": "5d0f3c52-0a5b-4d54-8a67-0f4b0f1c2d3e"}, source="198.51.100.7")
        assert (answer.status_code, answer.json()["code"]) == (404, "pairing.unknown")
    sixth = await plane.post_pair({**body, "installation": "5d0f3c52-0a5b-4d54-8a67-0f4b0f1c2d3e"}, source="198.51.100.7")
    assert (sixth.status_code, sixth.json()["code"]) == (429, "pairing.too_many_tries")
    assert (await plane.post_pair(body)).status_code == 202


async def test_the_sixth_try_at_a_code_is_refused_from_any_address_even_with_the_right_proof(plane: Plane) -> None:
    text, _ = await plane.begin()
    connector = site(plane)
    for number in range(5):
        wrong = connector.pair_body(text, mac="0" * 64)
        answer = await plane.post_pair(wrong, source=f"192.0.2.{number + 10}")
        assert (answer.status_code, answer.json()["code"]) == (403, "pairing.proof")
    answer = await plane.post_pair(connector.pair_body(text), source="192.0.2.99")
    assert (answer.status_code, answer.json()["code"]) == (429, "pairing.too_many_tries")


async def test_the_sixth_try_of_an_address_is_refused_at_any_code_until_ten_minutes_passed(plane: Plane) -> None:
    for number in range(5):
        text, _ = await plane.begin(f"site {number}")
        await plane.post_pair(site(plane, f"https://s{number}.example").pair_body(text, mac="0" * 64))
    text, _ = await plane.begin("good")
    answer = await plane.post_pair(site(plane).pair_body(text))
    assert (answer.status_code, answer.json()["code"]) == (429, "pairing.too_many_tries")
    plane.clock.advance(minutes=10)
    text, _ = await plane.begin("good")
    assert (await plane.post_pair(site(plane).pair_body(text))).status_code == 202


async def test_many_right_pairings_from_one_address_spend_no_tries(plane: Plane) -> None:
    for number in range(7):
        text, _ = await plane.begin(f"site {number}")
        assert (await plane.post_pair(site(plane, f"https://s{number}.example").pair_body(text))).status_code == 202


@pytest.mark.parametrize("field", ["home", "alg", "public_key", "nonce", "mac"])
async def test_every_field_of_the_transcript_is_covered_by_the_proof(plane: Plane, field: str) -> None:
    text, _ = await plane.begin()
    other = {
        "home": "https://evil.example", "alg": "hmac-sha256", "public_key": base64.b64encode(bytes(SigningKey.generate().verify_key)).decode(),
        "nonce": "0" * 32, "mac": "f" * 64,
    }  # fmt: skip
    answer = await plane.post_pair(site(plane).pair_body(text, **{field: other[field]}))
    assert (answer.status_code, answer.json()["code"]) == (403, "pairing.proof")


async def test_a_key_without_its_own_signature_is_refused(plane: Plane) -> None:
    text, _ = await plane.begin()
    answer = await plane.post_pair(site(plane).pair_body(text, signature=base64.b64encode(bytes(64)).decode()))
    assert (answer.status_code, answer.json()["code"]) == (403, "pairing.proof")


@pytest.mark.parametrize("key", ["", "AAAA", SMALL_ORDER, NOT_CANONICAL], ids=["empty", "short", "small-order", "non-canonical"])
async def test_a_bad_key_is_refused_and_spends_no_try(plane: Plane, key: str) -> None:
    text, made = await plane.begin()
    answer = await plane.post_pair(site(plane).pair_body(text, claimed_key=key))
    assert (answer.status_code, answer.json()["code"]) == (422, "pairing.key")
    assert (await plane.post_pair(site(plane).pair_body(text))).status_code == 202
    async with plane.database.reading(plane.org) as tx:
        assert (await sites.installation(tx, made.id)).state is InstallationState.CONFIRMING


@pytest.mark.req("X3")
@pytest.mark.parametrize(
    "home",
    ["http://shop.example", "http://127.0.0.1.example", "http://10.0.0.1", "https://shop.example/", "https://u@shop.example", "ftp://shop.example",
     "https://SHOP.example", "https://shop.example:443", "https://shop.example?x=1", "javascript:alert(1)", "http://localhost.evil.example",
     "http://2130706433", "http://0x7f.1"],
)  # fmt: skip
async def test_a_home_that_is_no_permitted_url_is_refused(plane: Plane, home: str) -> None:
    text, _ = await plane.begin()
    answer = await plane.post_pair(site(plane, home).pair_body(text))
    assert (answer.status_code, answer.json()["code"]) == (422, "pairing.home")


@pytest.mark.parametrize(
    "home", ["http://localhost:8080", "http://shop.localhost", "http://127.8.9.1:81/wp", "http://[::1]:8080", "https://shop.example/a/b"]
)
async def test_a_permitted_home_is_accepted(plane: Plane, home: str) -> None:
    text, _ = await plane.begin()
    assert (await plane.post_pair(site(plane, home).pair_body(text))).status_code == 202


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"v": True}, {"extra": 1}, {"alg": "none"}, {"alg": "ED25519"}, {"installation": "x"}, {"mac": []}, {"nonce": "zz"},
     {"php": "<b>"}, {"home": 7}, {"signature": "A" * 300}],
)  # fmt: skip
async def test_a_pairing_message_of_another_form_is_refused(plane: Plane, change: dict[str, object]) -> None:
    text, _ = await plane.begin()
    answer = await plane.post_pair({**site(plane).pair_body(text), **change})
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xef\xbb\xbf{}", b'{"a":1,"a":2}', b"\xff", b'{"v":1.0}'])
async def test_a_body_that_is_no_strict_json_object_is_refused(plane: Plane, raw: bytes) -> None:
    answer = await plane.post_pair(raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


async def test_a_body_over_one_mebibyte_is_refused(plane: Plane) -> None:
    answer = await plane.post_pair(b" " * 1_048_577)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


async def test_of_two_plugins_that_race_for_one_code_one_wins(plane: Plane) -> None:
    text, made = await plane.begin()
    bodies = [site(plane, f"https://s{number}.example").pair_body(text) for number in range(2)]
    async with plane.client("192.0.2.1") as one, plane.client("192.0.2.2") as two:
        answers = await asyncio.gather(
            one.post("/ingest/v1/pair", content=jcs(bodies[0])), two.post("/ingest/v1/pair", content=jcs(bodies[1]))
        )
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    winner = next(i for i, answer in enumerate(answers) if answer.status_code == 202)
    async with plane.database.reading(plane.org) as tx:
        assert (await sites.installation(tx, made.id)).home == bodies[winner]["home"]


async def test_parallel_guesses_get_no_more_than_five_tries(plane: Plane) -> None:
    text, _ = await plane.begin()
    wrong = site(plane).pair_body(text, mac="0" * 64)

    async def guess(number: int) -> int:
        return (await plane.post_pair(wrong, source=f"192.0.2.{number}")).status_code

    assert sorted(await asyncio.gather(*(guess(number) for number in range(1, 9)))) == [403] * 5 + [429] * 3


@pytest.mark.req("W19")
async def test_accepted_and_refused_proofs_stand_in_the_record_without_their_secrets(plane: Plane) -> None:
    text, _ = await plane.begin()
    connector = site(plane)
    await plane.post_pair(connector.pair_body(text, mac="0" * 64))
    body = connector.pair_body(text)
    await plane.post_pair(body)
    async with plane.database.reading(plane.org) as tx:
        recorded = await audit.events(tx, limit=50)
    kinds = [one.kind for one in recorded]
    assert {"site.pairing_begun", "site.pairing_refused", "site.pairing_accepted"} <= set(kinds)
    assert not any(body["mac"] in str(one.payload) or body["signature"] in str(one.payload) for one in recorded)


async def _verifier(plane: Plane, installation: InstallationId) -> bytes | None:
    async with plane.database.reading(plane.org) as tx:
        return await store.verifier(plane.org, tx, installation)


def _word_list() -> list[str]:
    return list(json.loads((Path(__file__).parents[3] / "contract" / "words.json").read_text()))
