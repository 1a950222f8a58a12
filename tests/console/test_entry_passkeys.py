"""Passkeys that must not sign in: of other places, for other challenges, twice, copied, and somebody else's."""

import base64
from typing import Any

import pytest

from lab.authenticator import Authenticator
from presswarden.audit import service as audit
from tests.console.newcomer import Newcomer, invited, newcomer, passkey
from tests.console.rig import URL, House, text_of
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("X10")


@pytest.mark.parametrize(
    ("bent", "says"),
    [
        ({"origin": "https://evil.example"}, "another page"),
        ({"origin": "http://consent.localhost:8700", "rp_id": "consent.localhost"}, "another"),
        ({"rp_id": "evil.example"}, "another relying party"),
    ],
)
async def test_a_passkey_of_another_place_does_not_sign_in(lone: House, bent: dict[str, str], says: str) -> None:
    joined, key = await invited(lone), passkey("nora")
    await joined.add_key(key)
    other = Authenticator("nora", bent.get("rp_id", "localhost"), bent.get("origin", URL))
    browser = newcomer(lone)
    answer = await browser.sign_in_by_key(other)
    assert (answer.status_code, browser.is_in) == (403, False)
    assert says in text_of(answer)


async def test_an_answer_to_another_challenge_does_not_sign_in(lone: House, frozen: FrozenClock) -> None:
    joined, key = await invited(lone), passkey("nora")
    await joined.add_key(key)
    mine, other = newcomer(lone), newcomer(lone)
    await mine.get("/login")
    await other.get("/login")
    foreign, own = other.value("challenge"), mine.value("challenge")
    # Another browser's; one that the form does not name; one that is ours for something else; one that was made up.
    await joined.get("/account")
    for signed, told in (
        (foreign, foreign),
        (foreign, own),
        (joined.value("challenge"),) * 2,
        (base64.urlsafe_b64encode(b"x" * 52).decode().rstrip("="),) * 2,
    ):
        refused = await mine.send("/login/passkey", {**key.sign(_raw(signed)), "challenge": told})
        assert (refused.status_code, mine.is_in) == (403, False)
    await mine.get("/login")
    late = mine.value("challenge")
    frozen.advance(minutes=10)
    assert (await mine.send("/login/passkey", {**key.sign(_raw(late)), "challenge": late})).status_code == 403


async def test_a_passkeys_answer_counts_once(house: House) -> None:
    joined, key = await invited(house), passkey("nora")
    key.counts = False
    await joined.add_key(key)
    browser = newcomer(house)
    await browser.get("/login")
    challenge, token, jar = browser.value("challenge"), browser.value("token"), dict(browser.jar)
    fields = {**key.sign(_raw(challenge)), "challenge": challenge}
    assert (await browser.send("/login/passkey", fields)).status_code == 303
    again = Newcomer(house, browser.client, jar)
    assert (await again.send("/login/passkey", fields, token=token)).status_code == 403
    assert not again.is_in


async def test_a_passkey_whose_count_goes_back_does_not_sign_in_and_is_told(house: House) -> None:
    joined, key = await invited(house), passkey("nora")
    await joined.add_key(key)
    for _ in range(3):
        assert (await newcomer(house).sign_in_by_key(key)).status_code == 303
    copied = passkey("nora")
    copied.count = 1
    browser = newcomer(house)
    refused = await browser.sign_in_by_key(copied)
    assert (refused.status_code, browser.is_in) == (403, False)
    assert "count went back" in text_of(refused)
    async with house.database.reading(house.org) as tx:
        assert len(await audit.events(tx, kind="login.passkey_went_back")) == 1


async def test_one_passkey_is_one_persons(lone: House) -> None:
    joined, other, key = await invited(lone), await invited(lone, "Eva"), passkey("shared")
    assert (await joined.add_key(key)).status_code == 303
    assert (await other.add_key(key)).status_code == 403
    renamed = passkey("shared")
    object.__setattr__(renamed, "_derived", _with_another_id(renamed))
    assert (await other.add_key(renamed)).status_code == 403


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _with_another_id(key: Authenticator) -> Any:
    original = key._derived

    def derived(what: str) -> bytes:
        return b"another id of the same key......" if what == "id" else original(what)

    return derived
