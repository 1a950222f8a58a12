"""Claim: nobody acts in the console but a person who signed in, in their own browser, from its own pages.

Each way round that is known is tried through the real application: sessions that were planted, forms from elsewhere, codes and links used twice, passkeys of
other places, guessing at will, and a flood of logins. Limits: TLS and the proxy in front are not here; malware in the person's browser is not held off.
"""

import asyncio
import base64
import re
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presswarden.identity.accounts.model import LoginBusy
from presswarden.identity.accounts.passwords import Passwords
from presswarden.identity.model import Role
from presswarden.identity.sessions.model import Key
from presswarden.kernel.db import Database
from presswarden.kernel.ids import new_id
from presswarden.surfaces.console import door
from tests.console.newcomer import PASSWORD, Newcomer, code_of, invited, newcomer, passkey
from tests.console.rig import URL, House, open_house
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("X10")


@pytest.fixture
async def house(database: Database, frozen: FrozenClock) -> House:
    return await open_house(database, frozen)


@pytest.fixture
async def lone(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock) -> AsyncIterator[House]:
    path = tmp_path / "presswarden.sqlite"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield await open_house(database, frozen)
    await database.dispose()


async def test_a_session_that_was_planted_is_worth_nothing(lone: House) -> None:
    joined, key = await invited(lone), passkey("nora")
    await joined.add_key(key)
    planted = Key(lone.org, b"\x01" * 32).text
    victim = newcomer(lone)
    victim.jar["__Host-presswarden"] = planted
    assert (await victim.get("/account")).headers["location"].startswith("/login")
    assert (await victim.sign_in_by_key(key)).status_code == 303
    assert victim.jar["__Host-presswarden"] != planted
    thief = newcomer(lone)
    thief.jar["__Host-presswarden"] = planted
    assert (await thief.get("/account")).status_code == 303
    # And the one before the sign-in is not the one after it.
    first = victim.jar["__Host-presswarden"]
    await victim.sign_in_by_key(key)
    assert victim.jar["__Host-presswarden"] != first


BENT = ["", "x", "x.y", f"{new_id()}.", f"{new_id()}.AAAA", f"{new_id()}.{'A' * 43}", "A" * 4000, "é.ü", f"{'0' * 36}.{'A' * 43}"]


async def test_a_cookie_that_we_did_not_make_is_nobody(lone: House) -> None:
    browser = newcomer(lone)
    for text in BENT:
        browser.jar["__Host-presswarden"] = text.encode("ascii", "ignore").decode()
        assert (await browser.get("/account")).status_code == 303, text


async def test_a_session_of_one_organisation_is_none_in_another(lone: House, frozen: FrozenClock) -> None:
    other = await open_house(lone.database, frozen, name="Southwind", app=lone.app)
    joined = await invited(lone)
    secret = joined.jar["__Host-presswarden"].partition(".")[2]
    thief = newcomer(other)
    thief.jar["__Host-presswarden"] = f"{other.org}.{secret}"
    assert (await thief.get("/account")).status_code == 303


FOREIGN: list[dict[str, str]] = [
    {"Origin": "", "Sec-Fetch-Site": ""},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": ""},
    {"Origin": "null", "Sec-Fetch-Site": ""},
    {"Origin": "null"},
    {"Origin": URL + ".evil.example"},
    {"Origin": "http://localhost"},
    {"Origin": "https://localhost:8700"},
    {"Origin": "http://consent.localhost:8700"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Host": "evil.example"},
    {"Host": "127.0.0.1:8700"},
]


async def test_a_form_from_elsewhere_does_nothing(lone: House) -> None:
    joined = await invited(lone)
    for headers in FOREIGN:
        await joined.get("/account")
        refused = await joined.send("/logout", **headers)
        assert refused.status_code in (403, 421), headers
        assert (await joined.get("/account")).status_code == 200


async def test_a_form_without_the_sessions_own_token_does_nothing(lone: House) -> None:
    joined, other = await invited(lone), await invited(lone, "Eva")
    await other.get("/account")
    foreign = other.value("token")
    await joined.get("/account")
    for token in ("", "x", foreign, joined.value("token")[::-1], joined.value("token")[:-1]):
        assert (await joined.send("/logout", token=token)).status_code == 403
    twice = await joined.client.post(
        "/logout", data={"token": [joined.value("token"), joined.value("token")]},
        headers={"Origin": URL, "Sec-Fetch-Site": "same-origin", "Cookie": f"__Host-presswarden={joined.jar['__Host-presswarden']}"},
    )  # fmt: skip
    assert twice.status_code == 403
    assert (await joined.get("/account")).status_code == 200


async def test_nobody_is_signed_in_by_a_form_from_elsewhere(lone: House) -> None:
    """Else a stranger could sign a victim into the stranger's own account."""
    joined, key = await invited(lone), passkey("nora")
    await joined.add_key(key)
    browser = newcomer(lone)
    await browser.get("/login")
    challenge, token = browser.value("challenge"), browser.value("token")
    fields = {**key.sign(_raw(challenge)), "challenge": challenge, "next": "/"}
    assert (
        await browser.send("/login/passkey", fields, Origin="https://evil.example", **{"Sec-Fetch-Site": "cross-site"})
    ).status_code == 403
    assert (await browser.send("/login/passkey", fields, token="0" * 64)).status_code == 403
    bare = newcomer(lone)
    assert (await bare.send("/login/passkey", fields, token=token)).status_code == 403
    assert not browser.is_in
    assert not bare.is_in


@pytest.mark.parametrize("size", ["-1", "", "70000", "1e3", "99999999999"])
async def test_a_form_says_how_long_it_is_and_is_not_long(lone: House, size: str) -> None:
    joined = await invited(lone)
    await joined.get("/account")
    headers = {"Content-Length": size, "Cookie": f"__Host-presswarden={joined.jar['__Host-presswarden']}", "Origin": URL}
    answer = await joined.client.post("/logout", content=b"token=" + joined.value("token").encode(), headers={
        **headers, "Content-Type": "application/x-www-form-urlencoded",
    })  # fmt: skip
    assert answer.status_code in (400, 413)


ELSEWHERE = (
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "http:evil", "/a\nb", "/a\x00b",
    "evil", "///evil.example", "/é",
)  # fmt: skip


async def test_a_sign_in_leads_to_our_own_pages_alone(lone: House) -> None:
    joined, key = await invited(lone), passkey("nora")
    await joined.add_key(key)
    for target in ELSEWHERE:
        assert door.local(target) == "/"
        assert (await newcomer(lone).sign_in_by_key(key, to=target)).headers["location"] == "/", target
    assert door.local("/" + "a" * 1001) == "/"
    assert door.local("/people?sort=name&down=1#top") == "/people?sort=name&down=1#top"


async def test_an_address_nobody_has_is_answered_like_a_wrong_password(lone: House, frozen: FrozenClock) -> None:
    joined = await invited(lone)
    seed, _ = await joined.set_password()
    frozen.advance(seconds=30)
    pages, times = [], []
    for mail, password in (
        ("nora@example.org", "not the password"),
        ("nobody@example.org", "not the password"),
        ("nora@example.org", PASSWORD),
    ):
        browser = newcomer(lone)
        began = time.perf_counter()
        answer = await browser.sign_in(mail, password, "123123")
        times.append(time.perf_counter() - began)
        pages.append((answer.status_code, _without_what_differs(answer.text).replace(mail, "")))
    assert pages[0] == pages[1] == pages[2]
    # The hash is made for an address that nobody has, too: without it the answer takes a tenth.
    assert times[1] > times[0] / 3
    assert seed


async def test_guessing_is_slowed_and_keeps_nobody_out_for_long(lone: House, frozen: FrozenClock) -> None:
    joined, key = await invited(lone), passkey("nora")
    seed, _ = await joined.set_password()
    await joined.add_key(key)
    frozen.advance(seconds=30)
    known = newcomer(lone)
    assert (await known.sign_in("nora@example.org", PASSWORD, code_of(seed, lone))).status_code == 303
    frozen.advance(seconds=30)
    guessing = newcomer(lone, "203.0.113.9")
    seen = [(await guessing.sign_in("nora@example.org", f"guess number {number}", "1")).status_code for number in range(12)]
    assert seen == [403] * 10 + [429] * 2
    assert (await newcomer(lone, "203.0.113.9").sign_in("nora@example.org", PASSWORD, code_of(seed, lone))).status_code == 429
    # From elsewhere, from a browser that is known, and with a passkey the person comes in at once; from there, a quarter of an hour later.
    assert (await newcomer(lone, "203.0.113.10").sign_in("nora@example.org", PASSWORD, code_of(seed, lone))).status_code == 303
    assert (await newcomer(lone, "203.0.113.9").sign_in_by_key(key)).status_code == 303
    frozen.advance(seconds=30)
    at_the_guessers = Newcomer(lone, guessing.client, {"__Host-presswarden-known": known.jar["__Host-presswarden-known"]})
    assert (await at_the_guessers.sign_in("nora@example.org", PASSWORD, code_of(seed, lone))).status_code == 303
    frozen.advance(minutes=15)
    assert (await newcomer(lone, "203.0.113.9").sign_in("nora@example.org", PASSWORD, code_of(seed, lone))).status_code == 303


async def test_fourteen_guesses_at_once_are_fourteen(lone: House) -> None:
    """Counted before they are compared: none slips past while the others are looked at."""
    await (await invited(lone)).add_key(passkey("nora"))
    guessing = [newcomer(lone, "203.0.113.9") for _ in range(14)]
    answers = await asyncio.gather(*(each.sign_in("nora@example.org", "a guess that is long", "1") for each in guessing))
    assert sorted(answer.status_code for answer in answers) == [403] * 10 + [429] * 4


async def test_a_flood_of_logins_takes_no_more_memory_than_two() -> None:
    """A hash takes 64 MiB: two are made at once, twenty wait, and whoever comes then is told to come again."""
    inside, most = 0, 0

    class Slow:
        def hash(self, password: str) -> str:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            time.sleep(0.02)
            inside -= 1
            return password

    passwords = Passwords(Slow())  # type: ignore[arg-type]  # what it is asked for
    results = await asyncio.gather(*(passwords.hashed("a password of some length") for _ in range(100)), return_exceptions=True)
    assert most == 2
    assert sum(isinstance(each, LoginBusy) for each in results) == 78
    assert await passwords.hashed("and afterwards it goes on") == "and afterwards it goes on"


async def test_one_code_signs_in_one_browser_however_many_send_it_at_once(house: House, frozen: FrozenClock) -> None:
    joined = await invited(house)
    seed, _ = await joined.set_password()
    frozen.advance(seconds=30)
    code = code_of(seed, house)
    browsers = [newcomer(house, f"198.51.100.{number}") for number in range(5)]
    answers = await asyncio.gather(*(each.sign_in("nora@example.org", PASSWORD, code) for each in browsers))
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403, 403]


async def test_one_link_lets_one_in_however_many_take_it_at_once(house: House) -> None:
    owner = await house.as_role(Role.OWNER)
    made = await owner.post("/people/invite", {"name": "Ida", "mail": "ida@example.org", "role": "viewer", "over": "everything"})
    path = "/invitation/" + made.text.split("/invitation/")[1][:43]
    browsers = [newcomer(house) for _ in range(5)]
    for each in browsers:
        await each.get(path)
    answers = await asyncio.gather(*(each.send(path, {"name": "Ida"}) for each in browsers))
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410, 410]


async def test_a_removed_person_is_out_at_once(house: House) -> None:
    joined, key = await invited(house), passkey("nora")
    await joined.add_key(key)
    await (await invited(house, "Dora")).add_key(passkey("dora"))
    owner = await house.as_role(Role.OWNER)
    listed = await owner.get("/people")
    nora = re.findall(r'/people/([0-9a-f-]{36})">Nora<', listed.text)[0]
    assert (await owner.post(f"/people/{nora}/remove", {"sure": "yes"})).status_code == 303
    assert (await joined.get("/account")).status_code == 303
    assert (await newcomer(house).sign_in_by_key(key)).status_code == 403


async def test_what_the_database_holds_signs_nobody_in(lone: House, frozen: FrozenClock) -> None:
    """Sessions, links, recovery codes and tokens are kept as hashes, the app's seed sealed: none of them stands in the file."""
    joined = await invited(lone)
    seed, codes = await joined.set_password()
    await joined.get("/account")
    made = await joined.send("/account/tokens", {"name": "t", "scope": "read", "days": "7"})
    token = made.text.split("<pre>")[1].split("<")[0].strip()
    path = lone.database.sqlite_path
    assert path is not None
    await lone.database.fold()
    raw = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    cookie = joined.jar["__Host-presswarden"].partition(".")[2]
    for secret in (cookie, token, token.removeprefix("pwt_"), *codes, seed, PASSWORD, joined.jar["__Host-presswarden-known"]):
        assert secret.encode() not in raw
        assert base64.b32decode(secret) not in raw if secret == seed else True
    assert base64.urlsafe_b64decode(cookie + "=") not in raw


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _without_what_differs(page: str) -> str:
    page = re.sub(r'name="(token|challenge)" value="[^"]*"', "", page)
    page = re.sub(r'data-options="[^"]*"', "", page)
    return re.sub(r'nonce="[^"]*"', "", page)
