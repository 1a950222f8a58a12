"""Coming in: the first start, invitations, passkeys, passwords with codes, recovery codes, and proving it again. Through the real application."""

import pytest

from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.model import Role
from presswarden.identity.sessions.model import read_key
from presswarden.identity.tokens import service as tokens
from presswarden.kernel.ids import EVERYONE
from tests.console.newcomer import PASSWORD, Newcomer, code_of, invited, newcomer, passkey
from tests.console.rig import House, text_of
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("X10")


async def _setup_code(house: House) -> str:
    async with house.transaction() as tx:
        return await accounts.make_setup_code(tx, now=house.clock.now())


async def test_the_first_start_gives_the_owner_a_name_and_a_way_to_sign_in(house: House) -> None:
    browser, key = newcomer(house), passkey("olga")
    assert (await browser.get("/login")).headers["location"] == "/setup"
    code = await _setup_code(house)
    await browser.get("/setup")
    given = {"organisation": "Fjord Agency", "name": "Olga Berg", "mail": "Olga@Fjord.example"}
    wrong = await browser.send("/setup", {"code": "2222-2222-2222-2222", **given})
    assert (wrong.status_code, browser.is_in) == (403, False)
    answer = await browser.send("/setup", {"code": code.upper().replace("-", " "), **given})
    assert (answer.status_code, answer.headers["location"]) == (303, "/welcome")
    assert (await browser.add_key(key)).status_code == 303
    assert "Olga Berg" in text_of(await browser.get("/people"))
    again = newcomer(house)
    assert (await again.get("/setup")).status_code == 404
    assert (await again.sign_in_by_key(key)).headers["location"] == "/"
    assert again.is_in


async def test_a_code_of_the_first_start_works_once_and_for_a_day(lone: House, frozen: FrozenClock) -> None:
    code, given = await _setup_code(lone), {"organisation": "A", "name": "B", "mail": "b@example.org"}
    frozen.advance(hours=24)
    late = newcomer(lone)
    await late.get("/setup")
    assert (await late.send("/setup", {"code": code, **given})).status_code == 403
    fresh = await _setup_code(lone)
    await late.get("/setup")
    assert (await late.send("/setup", {"code": fresh, **given})).status_code == 303
    second = newcomer(lone)
    await second.get("/setup")
    assert (await second.send("/setup", {"code": fresh, **given})).status_code == 403


async def test_codes_of_the_first_start_can_not_be_tried_at_will(lone: House) -> None:
    browser, given = newcomer(lone), {"organisation": "A", "name": "B", "mail": "b@example.org"}
    await browser.get("/setup")
    tried = [(await browser.send("/setup", {"code": f"{number:016}", **given})).status_code for number in range(11)]
    assert tried == [403] * 10 + [429]


async def test_an_invitation_makes_a_person_with_its_role_once(house: House) -> None:
    nora = await invited(house, role="operator")
    path = f"{nora.page.url.path}" if nora.page else ""
    assert "/invitation/" in path
    assert (await newcomer(house).get(path)).status_code == 410
    people = text_of(await (await house.as_role(Role.OWNER)).get("/people"))
    assert "Nora" in people
    assert "operator" in people


async def test_a_link_is_not_taken_by_opening_it(lone: House) -> None:
    """What scans mail opens links."""
    owner = await lone.as_role(Role.OWNER)
    made = await owner.post("/people/invite", {"name": "Ida", "mail": "ida@example.org", "role": "viewer", "over": "everything"})
    path = "/invitation/" + made.text.split("/invitation/")[1][:43]
    for _ in range(2):
        assert (await newcomer(lone).get(path)).status_code == 200
    assert "ida@example.org" in (await owner.get("/people")).text


async def test_an_invitation_ends_after_seven_days_and_with_the_right_of_whoever_made_it(lone: House, frozen: FrozenClock) -> None:
    admin = await lone.as_role(Role.ADMIN)
    paths = []
    for name in ("ida", "eva"):
        made = await admin.post("/people/invite", {"name": name, "mail": f"{name}@example.org", "role": "viewer", "over": "everything"})
        paths.append("/invitation/" + made.text.split("/invitation/")[1][:43])
    owner = await lone.as_role(Role.OWNER)
    removed = await owner.post(f"/people/{lone.people[Role.ADMIN].id}/remove", {"sure": "yes"})
    assert removed.status_code == 303
    guest = newcomer(lone)
    assert (await guest.get(paths[0])).status_code == 410
    frozen.advance(days=7)
    assert (await guest.get(paths[1])).status_code == 410


async def test_a_password_signs_in_with_a_code_and_never_without(house: House, frozen: FrozenClock) -> None:
    joined = await invited(house)
    seed, codes = await joined.set_password()
    assert len(codes) == 10
    frozen.advance(seconds=30)
    for password, code in ((PASSWORD, ""), (PASSWORD, "000000"), ("something else that is long", code_of(seed, house)), ("", "")):
        browser = newcomer(house)
        refused = await browser.sign_in("nora@example.org", password, code)
        assert (refused.status_code, browser.is_in) == (403, False)
        assert "Mail address, password and code do not fit together." in text_of(refused)
    browser = newcomer(house)
    answer = await browser.sign_in("Nora@Example.org", PASSWORD, code_of(seed, house), to="/people")
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    assert (await browser.get("/account")).status_code == 200


async def test_a_code_is_taken_once(house: House, frozen: FrozenClock) -> None:
    joined = await invited(house)
    seed, _ = await joined.set_password()
    used_at_setup = newcomer(house)
    assert (await used_at_setup.sign_in("nora@example.org", PASSWORD, code_of(seed, house))).status_code == 403
    frozen.advance(seconds=30)
    code = code_of(seed, house)
    assert (await newcomer(house).sign_in("nora@example.org", PASSWORD, code)).status_code == 303
    assert (await newcomer(house).sign_in("nora@example.org", PASSWORD, code)).status_code == 403
    frozen.advance(minutes=5)
    assert (await newcomer(house).sign_in("nora@example.org", PASSWORD, code)).status_code == 403


async def test_a_recovery_code_stands_in_for_the_app_once(lone: House) -> None:
    joined = await invited(lone)
    _, codes = await joined.set_password()
    assert (await newcomer(lone).sign_in("nora@example.org", PASSWORD, codes[3].upper())).status_code == 303
    assert (await newcomer(lone).sign_in("nora@example.org", PASSWORD, codes[3])).status_code == 403
    fresh = await joined.send("/account/recovery-codes", token=_token(joined))
    assert fresh.status_code == 200
    assert (await newcomer(lone).sign_in("nora@example.org", PASSWORD, codes[4])).status_code == 403


async def test_a_person_may_have_a_passkey_alone(lone: House) -> None:
    joined, key = await invited(lone), passkey("nora")
    assert (await joined.add_key(key)).status_code == 303
    browser = newcomer(lone)
    assert (await browser.sign_in_by_key(key)).status_code == 303
    assert "A passkey alone is enough." in text_of(await browser.get("/account"))


async def test_the_last_way_to_sign_in_stays(lone: House) -> None:
    joined, key = await invited(lone), passkey("nora")
    await joined.add_key(key)
    for foreign in ("AA", passkey("somebody else").credential):
        assert (await joined.send("/account/passkeys/remove", {"passkey": foreign}, token=_token(joined))).status_code == 404
    refused = await joined.send("/account/passkeys/remove", {"passkey": key.credential}, token=_token(joined))
    assert refused.status_code == 409
    await joined.set_password()
    assert (await joined.send("/account/passkeys/remove", {"passkey": key.credential}, token=_token(joined))).status_code == 303
    refused = await joined.send("/account/password/remove", token=_token(joined))
    assert refused.status_code == 409


async def test_a_new_password_ends_every_other_session(lone: House, frozen: FrozenClock) -> None:
    joined = await invited(lone)
    seed, _ = await joined.set_password()
    frozen.advance(seconds=30)
    elsewhere = newcomer(lone)
    await elsewhere.sign_in("nora@example.org", PASSWORD, code_of(seed, lone))
    await joined.get("/account/password")
    changed = await joined.send("/account/password", {"password": "another long sentence"})
    assert (changed.status_code, changed.headers["location"]) == (303, "/account")
    assert (await elsewhere.get("/account")).headers["location"].startswith("/login")
    assert (await joined.get("/account")).status_code == 200


@pytest.mark.parametrize("password", ["short", "nora@example.org", "noranoranoranora", "Nora example NORA", "aaaaaaaaaaaaaaaa"])
async def test_a_password_is_long_and_not_ones_name(lone: House, password: str) -> None:
    joined = await invited(lone)
    await joined.get("/account/password")
    sealed = joined.value("sealed")
    refused = await joined.send("/account/password", {"password": password, "sealed": sealed, "code": "000000"})
    assert refused.status_code == 422
    assert "Not set." in text_of(refused)


async def test_what_matters_asks_again_after_five_minutes_who_sits_there(house: House, frozen: FrozenClock) -> None:
    joined, key = await invited(house), passkey("nora")
    await joined.add_key(key)
    await joined.get("/account")
    before, token = dict(joined.jar), _token(joined)
    frozen.advance(minutes=5, seconds=1)
    asked = await joined.send(
        "/account/name", {"name": "Nora B", "mail": "nora@example.org"}, token=token, Referer="http://localhost:8700/account"
    )
    assert asked.headers["location"] == "/confirm?next=%2Faccount"
    await joined.get("/confirm?next=%2Faccount")
    confirmed = await joined.answer(key, "/confirm/passkey", {"next": "/account"})
    assert (confirmed.status_code, confirmed.headers["location"]) == (303, "/account")
    assert joined.jar["__Host-presswarden"] != before["__Host-presswarden"]
    old = Newcomer(house, joined.client, before)
    assert (await old.get("/account")).headers["location"].startswith("/login")
    await joined.get("/account")
    assert (await joined.send("/account/name", {"name": "Nora B", "mail": "nora@example.org"}, token=_token(joined))).status_code == 303


async def test_a_code_confirms_too_and_ten_wrong_ones_an_hour_are_taken(lone: House, frozen: FrozenClock) -> None:
    joined = await invited(lone)
    seed, _ = await joined.set_password()
    frozen.advance(minutes=6)
    await joined.get("/confirm?next=/account")
    for _ in range(10):
        assert (await joined.send("/confirm", {"code": "000000", "next": "/account"})).status_code == 403
    assert (await joined.send("/confirm", {"code": code_of(seed, lone), "next": "/account"})).status_code == 403
    frozen.advance(hours=1)
    assert (await joined.send("/confirm", {"code": code_of(seed, lone), "next": "/account"})).headers["location"] == "/account"


async def test_a_way_back_voids_the_old_ways_and_is_an_owners_to_give(lone: House) -> None:
    joined, key = await invited(lone), passkey("nora")
    await joined.add_key(key)
    await (await invited(lone, "Dora")).add_key(passkey("dora"))
    nora = next(one for one in (await _people(lone)) if one.endswith("nora@example.org"))
    admin, owner = await lone.as_role(Role.ADMIN), await lone.as_role(Role.OWNER)
    assert (await admin.post(f"/people/{nora[:36]}/back")).status_code == 403
    made = await owner.post(f"/people/{nora[:36]}/back")
    path = "/invitation/" + made.text.split("/invitation/")[1][:43]
    back = newcomer(lone)
    await back.get(path)
    assert (await back.send(path)).headers["location"] == "/welcome"
    assert (await joined.get("/account")).headers["location"].startswith("/login")
    assert (await newcomer(lone).sign_in_by_key(key)).status_code == 403
    assert (await back.add_key(passkey("new phone"))).status_code == 303
    assert (await newcomer(lone).sign_in_by_key(passkey("new phone"))).status_code == 303


async def test_sessions_are_listed_and_ended_one_by_one_or_all(lone: House) -> None:
    joined, key = await invited(lone), passkey("nora")
    await joined.add_key(key)
    others = [newcomer(lone, f"198.51.100.{number}") for number in range(3)]
    for each in others:
        await each.sign_in_by_key(key)
    page = await joined.get("/account")
    assert "From 198.51.100.2" in text_of(page)
    one = page.text.split("the session from 198.51.100.1")[0].rsplit('name="session" value="', 1)[1][:36]
    assert (await joined.send("/account/sessions/end", {"session": one})).status_code == 303
    assert [(await each.get("/account")).status_code for each in others] == [200, 303, 200]
    assert (await joined.send("/account/sessions/end-others", token=_token(joined))).status_code == 303
    assert [(await each.get("/account")).status_code for each in others] == [303, 303, 303]
    assert (await joined.get("/account")).status_code == 200


async def test_a_session_ends_after_twelve_idle_hours_and_after_thirty_days(lone: House, frozen: FrozenClock) -> None:
    joined = await invited(lone)
    frozen.advance(hours=11, minutes=59)
    assert (await joined.get("/welcome")).status_code == 200
    frozen.advance(hours=12)
    assert (await joined.get("/welcome")).status_code == 303
    diligent = await invited(lone, "Dora")
    for _ in range(60):
        frozen.advance(hours=11, minutes=59)
        assert (await diligent.get("/welcome")).status_code == 200
    frozen.advance(hours=2)
    assert (await diligent.get("/welcome")).status_code == 303


async def test_signing_out_ends_the_session_and_not_only_the_cookie(lone: House) -> None:
    joined = await invited(lone)
    await joined.get("/account")
    kept = dict(joined.jar)
    assert (await joined.send("/logout")).headers["location"] == "/login"
    assert not joined.is_in
    assert (await Newcomer(lone, joined.client, kept).get("/account")).status_code == 303


async def test_a_token_for_programs_is_shown_once_and_revoked(lone: House, frozen: FrozenClock) -> None:
    joined = await invited(lone)
    await joined.get("/account")
    refused = await joined.send("/account/tokens", {"name": "backup", "days": "7"})
    assert refused.status_code == 422
    made = await joined.send("/account/tokens", {"name": "backup", "scope": "read", "days": "7"}, token=_token(joined))
    text = made.text.split("<pre>")[1].split("<")[0].strip()
    assert text.startswith("pwt_")
    page = await joined.get("/account")
    assert text not in page.text
    async with lone.database.transaction(EVERYONE) as tx:
        found = await tokens.token_of(EVERYONE, tx, text, lone.clock.now())
        assert found is not None
        assert (found[0].id, found[1].name, found[2]) == (lone.org, "Nora", {"read"})
        assert await tokens.token_of(EVERYONE, tx, text[:-1] + "_", lone.clock.now()) is None
        assert await tokens.token_of(EVERYONE, tx, text, frozen.advance(days=7)) is None
    frozen.advance(days=-7)
    which = joined.value("token_id")
    assert (await joined.send("/account/tokens/revoke", {"token_id": which})).status_code == 303
    async with lone.database.transaction(EVERYONE) as tx:
        assert await tokens.token_of(EVERYONE, tx, text, lone.clock.now()) is None


def _token(browser: Newcomer) -> str:
    key = read_key(browser.jar["__Host-presswarden"])
    assert key is not None
    return key.token


async def _people(house: House) -> list[str]:
    async with house.database.reading(house.org) as tx:
        return [f"{one.id} {one.mail}" for one in await identity.people(tx)]
