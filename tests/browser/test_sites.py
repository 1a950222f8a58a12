"""Sites and the record in a real browser: what moves on by itself does."""

import re

import pytest
from playwright.sync_api import Browser, expect

from presswarden.identity.model import Role
from presswarden.sites import service as sites
from presswarden.sites import store as sites_store
from presswarden.sites.model import InstallationState
from tests.browser.agency import Agency, check, fill
from tests.browser.rig import Console, opened
from tests.console.rig import House


@pytest.fixture(scope="module")
def agency(console: Console) -> Agency:
    return console.do(fill)


@pytest.mark.req("X1")
def test_the_page_of_a_pairing_moves_on_by_itself_to_the_four_words(browser: Browser, console: Console, agency: Agency) -> None:
    assert agency.well

    async def prove(house: House) -> None:
        async with house.transaction() as tx:
            site = await sites.find_site(tx, "Fennel")
            assert site.installation is not None
            words = {"state": InstallationState.CONFIRMING.value, "words": "amber basil cedar delta", "home": "https://fennel.example"}
            await sites_store.set_installation(house.org, tx, site.installation, **words)

    with opened(browser, console, Role.ADMIN) as watched:
        page = watched.page
        page.goto("/sites/new")
        page.get_by_label("Name", exact=True).fill("Fennel")
        page.get_by_role("button", name="Make a pairing string").click()
        expect(page.locator("#string")).to_have_text(re.compile(r"presswarden-1\."))
        expect(page.locator("#pairing")).to_contain_text("No site has used the string yet")
        console.do(prove)
        expect(page.locator("#pairing .words")).to_have_text(re.compile(r"amber\s*basil\s*cedar\s*delta"))
        expect(page.locator("#string")).to_be_visible()
        watched.quiet()


@pytest.mark.req("N9")
def test_a_verification_is_followed_to_its_end_and_works_without_scripts(browser: Browser, console: Console, agency: Agency) -> None:
    assert agency.well
    with opened(browser, console, Role.AUDITOR) as watched:
        page = watched.page
        page.goto("/audit/verify")
        page.get_by_role("button", name=re.compile("Verify [0-9]+ entries")).click()
        expect(page.locator("#checks")).to_contain_text("Waiting for the janitor")
        assert console.do(check) == 1
        expect(page.locator("#checks")).not_to_contain_text("Waiting for the janitor")
        expect(page.locator("#checks")).to_contain_text("Everything agrees")
        watched.quiet()
    with opened(browser, console, Role.AUDITOR, scripts=False) as watched:
        page = watched.page
        page.goto("/audit?kind=change.")
        page.get_by_role("link", name="change.ended").click()
        expect(page.get_by_role("link", name="Inclusion proof")).to_be_visible()
        page.goto("/audit/verify")
        page.get_by_role("button", name=re.compile("Verify [0-9]+ entries")).click()
        expect(page.locator("#checks")).to_contain_text("Waiting for the janitor")
        console.do(check)
        page.reload()
        expect(page.locator("#checks")).not_to_contain_text("Waiting for the janitor")
