"""What every answer carries, which name reaches what, and pages for what went wrong."""

import re

import pytest

from presswarden.identity.model import Role
from tests.console.reviewed import paired
from tests.console.rig import CONSENTS, House, text_of


async def test_a_page_carries_one_strict_policy_with_a_nonce_of_its_own(lone: House) -> None:
    browser = await lone.as_role(Role.VIEWER)
    policies = [(await browser.get("/help/keys")).headers["content-security-policy"] for _ in range(2)]
    nonces = [re.search(r"script-src 'self' 'nonce-([A-Za-z0-9_-]{22})'", policy) for policy in policies]
    assert all(nonces)
    assert policies[0] != policies[1]
    assert "default-src 'none'" in policies[0]
    assert "require-trusted-types-for 'script'" in policies[0]
    assert "frame-ancestors 'none'" in policies[0]
    assert "unsafe" not in policies[0]


async def test_every_answer_says_what_a_browser_may_not_do(lone: House) -> None:
    stranger = lone.stranger()
    for path in ("/healthz", "/nowhere", "/static/nothing.js"):
        headers = (await stranger.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_files_for_browsers_are_named_by_their_content_and_kept(lone: House) -> None:
    page = (await (await lone.as_role(Role.VIEWER)).get("/help/keys")).text
    names = set(re.findall(r"/static/[A-Za-z0-9.-]+", page))
    assert {name.split(".")[0] for name in names} >= {"/static/app", "/static/vendor", "/static/icons", "/static/inter-latin"}
    for name in names:
        answer = await lone.stranger().get(name, **{"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


async def test_the_origin_of_consents_answers_with_nothing_else(lone: House) -> None:
    assert (await lone.stranger(CONSENTS).get("/help/keys")).status_code == 404
    assert (await lone.stranger(CONSENTS).get("/login")).status_code == 404
    assert (await lone.stranger().get("/consent/something")).status_code == 404


async def test_who_is_not_signed_in_is_sent_to_the_login_and_back(lone: House) -> None:
    answer = await lone.stranger().get("/help/keys")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fhelp%2Fkeys"


@pytest.mark.parametrize("role", Role)
async def test_the_pages_for_clients_stand_in_the_side_bar_of_whoever_reads_them(lone: House, role: Role) -> None:
    browser = await lone.as_role(role)
    side = (await browser.get("/help/keys")).text.partition('<nav class="side"')[2].partition("</nav>")[0]
    for path in ("/changed", "/questions"):
        assert f'href="{path}"' in side
        assert (await browser.get(path)).status_code == 200


async def test_what_nobody_may_read_does_not_stand_in_their_side_bar(lone: House) -> None:
    browser = await lone.scoped(Role.VIEWER, (await paired(lone, "shop")).site)
    side = (await browser.get("/help/keys")).text.partition('<nav class="side"')[2].partition("</nav>")[0]
    assert 'href="/changed"' in side
    assert 'href="/questions"' not in side
    assert (await browser.get("/questions")).status_code == 403


async def test_a_page_that_is_not_there_says_so_and_shows_a_way_on(lone: House) -> None:
    answer = await lone.stranger().get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in text_of(answer)
    assert answer.headers["x-request-id"] in answer.text


async def test_the_token_of_a_form_never_looks_the_same_twice_and_each_is_taken(lone: House) -> None:
    browser = await lone.as_role(Role.VIEWER)
    seen = [re.findall(r'name="token" value="([0-9a-f]{256})"', (await browser.get("/help/keys")).text)[0] for _ in range(2)]
    assert seen[0] != seen[1]
    for token in seen:
        assert (await browser.post("/theme", {"token": token, "theme": "dark", "next": "/help/keys"})).status_code == 303
    for spoilt in (seen[0][:-2] + "00", seen[0][:128], "é" * 256, "0" * 256):
        assert (await browser.post("/theme", {"token": spoilt, "theme": "dark"})).status_code == 403


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_theme_is_the_servers_from_the_first_byte(lone: House, theme: str) -> None:
    browser = await lone.as_role(Role.VIEWER)
    answer = await browser.post("/theme", {"theme": theme, "next": "/help/keys"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/help/keys")
    assert f"theme={theme}" in answer.headers["set-cookie"]
    page = await browser.client.get("/help/keys", headers={"Cookie": f"__Host-presswarden={browser.cookie}; theme={theme}"})
    assert f'data-theme="{theme}"' in page.text


async def test_shortcuts_can_be_switched_off(lone: House) -> None:
    browser = await lone.as_role(Role.VIEWER)
    answer = await browser.post("/help/keys", {"keys": "off", "next": "https://elsewhere.example/"})
    assert answer.headers["location"] == "/"
    page = await browser.client.get("/help/keys", headers={"Cookie": f"__Host-presswarden={browser.cookie}; keys=off"})
    assert 'data-keys="off"' in page.text
    assert "Shortcuts are off" in text_of(page)
