"""Signing in as a browser does it: passkeys of a virtual authenticator, cookies on this machine's own name, and all of it without JavaScript."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from presswarden.identity.accounts import service as accounts
from presswarden.identity.model import Grant, Person, Role
from tests.browser.rig import NARROW, Console, Watched, axe, opened
from tests.console.newcomer import PASSWORD
from tests.console.rig import KEK, House

pytestmark = pytest.mark.req("X10")


@contextmanager
def _authenticator(page: Page) -> Iterator[None]:
    """A passkey in the machine that says yes by itself."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
                     "automaticPresenceSimulation": True}},
    )  # fmt: skip
    yield


def _invitation(console: Console, browser: Browser, name: str) -> str:
    """Made by the owner, on the page for it."""
    with opened(browser, console, Role.OWNER) as watched:
        page = watched.page
        page.goto("/people")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Mail address").fill(f"{name.lower()}@example.org")
        page.get_by_role("button", name="Make the invitation").click()
        link = page.locator("pre").inner_text()
        watched.quiet()
    return link


def _leave(page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_an_invited_person_joins_with_a_passkey_and_comes_back_with_it(console: Console, browser: Browser) -> None:
    link = _invitation(console, browser, "Nora")
    with opened(browser, console) as watched:
        page = watched.page
        with _authenticator(page):
            page.goto(link)
            page.get_by_role("button", name="Join and choose how to sign in").click()
            expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
            page.get_by_role("button", name="Add a passkey").click()
            expect(page.get_by_role("heading", name="Your account")).to_be_visible()
            expect(page.get_by_role("button", name="Remove the passkey My passkey")).to_be_visible()
            cookies = {each["name"]: each for each in page.context.cookies()}
            kept = cookies["__Host-presswarden"]
            assert (kept["secure"], kept["httpOnly"], kept["sameSite"], kept["path"]) == (True, True, "Lax", "/")
            assert page.evaluate("document.cookie") == ""
            # The browser offers the passkey at the field by itself, and this one takes it at once.
            page.get_by_role("button", name="Sign out").click()
            expect(page).to_have_url(re.compile(r"localhost:\d+/$"))
            page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
            page.context.clear_cookies(name="__Host-presswarden")
            page.goto("/people")
            page.get_by_role("button", name="Sign in with a passkey").click()
            expect(page).to_have_url(re.compile(r"/people$"))
        watched.quiet()


def test_a_password_with_a_code_works_without_javascript(console: Console, browser: Browser) -> None:
    link = _invitation(console, browser, "Paul")
    with opened(browser, console, scripts=False, viewport=NARROW) as watched:
        page = watched.page
        page.goto(link)
        page.get_by_role("button", name="Join and choose how to sign in").click()
        page.get_by_role("link", name="Set a password").click()
        seed = page.locator("main code").first.inner_text().replace(" ", "")
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The code it shows").fill(pyotp.TOTP(seed).now())
        page.get_by_role("button", name="Set the password").click()
        codes = page.locator("pre").inner_text().split()
        assert len(codes) == 10
        _leave(page)
        for code in ("nonsense", codes[0]):
            page.get_by_label("Mail address").fill("paul@example.org")
            page.get_by_role("textbox", name="Password").fill(PASSWORD)
            page.get_by_role("textbox", name="Code").fill(code)
            page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="Sign in", exact=True)).to_have_count(0)


def test_the_number_of_this_machine_leads_to_its_name(console: Console, browser: Browser) -> None:
    """A passkey belongs to a name; and a session held under a number would be another one."""
    with opened(browser, console) as watched:
        watched.page.goto(console.url.replace("localhost", "127.0.0.1") + "/login?next=/people")
        assert watched.page.url.startswith(console.url)


def _passworded(console: Console) -> Person:
    async def make(house: House) -> Person:
        person = await house.add("Vera", Grant(Role.ADMIN))
        async with house.transaction() as tx:
            seed = accounts.new_seed()
            code = pyotp.TOTP(accounts.seed_text(seed)).at(house.clock.now())
            await accounts.set_password(tx, KEK, person.id, "$argon2id$x", seed=seed, code=code, keep=None, now=house.clock.now())
        return person

    return console.do(make)


PAGES = ["/account", "/account/password", "/account/password?app=new", "/confirm?next=/people", "/welcome", "/people", "/clients"]


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_of_coming_in_and_of_people_are_for_everybody(console: Console, browser: Browser, width: str, dark: bool) -> None:
    person = _passworded(console) if width == "wide" and not dark else next(iter(console.house.people.values()))
    views = {"viewport": NARROW} if width == "narrow" else {}
    with opened(browser, console, person, dark=dark, bypass=True, **views) as watched:  # type: ignore[arg-type]  # of the name
        for path in [*PAGES, f"/people/{person.id}"]:
            watched.page.goto(path)
            assert _found(watched) == [], path
    with opened(browser, console, dark=dark, bypass=True, **views) as watched:  # type: ignore[arg-type]  # as above
        watched.page.goto("/login")
        assert _found(watched) == []


def _found(watched: Watched) -> list[str]:
    sideways = watched.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*axe(watched.page), *(["it scrolls sideways"] if sideways else []), *watched.faults]
