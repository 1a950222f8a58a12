"""The fleet as people use it: with a mouse, with keys alone, without JavaScript, on a phone."""

import re

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from presswarden.identity.model import Role
from tests.browser.rig import NARROW, Console, axe, opened
from tests.browser.sample import fill
from tests.support.fleet import name_of


@pytest.fixture(scope="module", autouse=True)
def _agency(console: Console) -> None:
    console.do(fill)


def test_the_filter_swaps_the_table_and_keeps_what_is_typed(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.VIEWER) as watched:
        page = watched.page
        page.goto("/sites")
        page.get_by_label("Filter").fill("cedar")
        expect(page.locator("tbody tr")).to_have_count(11)
        expect(page).to_have_url(re.compile(r"[?&]q=cedar"))
        expect(page.get_by_label("Filter")).to_be_focused()
        page.get_by_role("link", name="Site", exact=True).click()
        expect(page.locator("tbody th a").first).to_have_text("Cedar Legal")
        expect(page).to_have_url(re.compile(r"[?&]down=1"))
        page.go_back(wait_until="commit")
        expect(page.locator("tbody th a").first).to_have_text("Cedar Bakery")
        watched.quiet()


def test_sites_are_chosen_by_range_and_checked_as_a_job(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.OPERATOR) as watched:
        page = watched.page
        page.goto("/sites")
        bar = page.locator(".bulk")
        expect(bar).to_be_hidden()
        boxes = page.locator("tbody input[type=checkbox]")
        boxes.nth(1).check()
        boxes.nth(5).click(modifiers=["Shift"])
        expect(bar.locator("[data-count]")).to_have_text("5")
        bar.get_by_role("button", name=re.compile("Choose all 130")).click()
        expect(bar.locator("[data-count]")).to_have_text("All 130")
        bar.get_by_role("button", name="Clear").click()
        expect(bar).to_be_hidden()
        boxes.nth(0).check()
        bar.get_by_role("button", name="Check for updates").click()
        expect(page).to_have_url(re.compile(r"/jobs/[0-9a-f-]{36}$"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Check for updates on 1 site")
        watched.quiet()


def test_the_fleet_is_walked_with_keys_alone(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.OPERATOR) as watched:
        page = watched.page
        page.goto("/sites")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.locator(".bulk [data-count]")).to_have_text("1")
        page.keyboard.press("/")
        page.keyboard.type("harbor boo")
        found = page.locator("#found a").first
        expect(found).to_contain_text("Harbor Books")
        page.keyboard.press("ArrowDown")
        expect(found).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#found")).to_be_hidden()
        page.locator("h1").click()
        page.keyboard.press("?")
        expect(page).to_have_url(re.compile("/help/keys$"))
        page.get_by_role("button", name="Switch shortcuts off").press("Enter")
        expect(page.get_by_role("heading", name="Shortcuts are off")).to_be_visible()
        page.goto("/sites")
        page.keyboard.press("?")
        expect(page).to_have_url(re.compile("/sites$"))
        watched.quiet()


def test_without_javascript_one_filters_orders_turns_pages_and_tags(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.ADMIN, scripts=False) as watched:
        page = watched.page
        page.goto("/sites")
        page.get_by_label("Filter").fill("osprey h")
        page.get_by_role("button", name="Apply").last.click()
        expect(page.locator("tbody tr")).to_have_count(1)
        page.goto("/sites?sort=name&down=1")
        last = page.locator("tbody th a").first.inner_text()
        page.get_by_role("link", name="Next").click()
        expect(page.locator("tbody th a").first).not_to_have_text(last)
        page.goto("/sites")
        page.locator("tbody input[type=checkbox]").first.check()
        page.get_by_text("Tag…").click()
        page.get_by_label("Tag", exact=True).last.fill("no-script")
        page.get_by_role("button", name="Put on").click()
        expect(page.get_by_text("Done for 1 site.")).to_be_visible()


def test_the_theme_is_switched_and_stays(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.VIEWER) as watched:
        page = watched.page
        page.goto("/sites?tab=updates")
        page.get_by_role("button", name="Switch to the dark theme").click()
        expect(page).to_have_url(re.compile(r"tab=updates"))
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
        watched.quiet()


def test_a_phone_shows_three_columns_and_a_link(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.VIEWER, viewport=NARROW) as watched:
        page = watched.page
        page.goto("/sites")
        assert page.locator("thead th:visible").all_inner_texts() == ["Site", "Health", "Updates"]
        expect(page.get_by_role("link", name="Amber Bakery")).to_be_visible()


def test_the_hostile_name_of_a_site_stays_text_on_every_list(browser: Browser, console: Console) -> None:
    hostile = '<img src=x onerror=alert(1)> <b hx-get="/x">\u202ebold</b>'

    async def rename(house: object) -> None:
        async with console.house.transaction() as tx:
            connection = await tx.connection()
            await connection.execute(text("UPDATE sites SET label = :label WHERE label = :was"), {"label": hostile, "was": name_of(0)})

    console.do(rename)
    with opened(browser, console, Role.OWNER) as watched:
        for path in ("/sites?q=onerror", "/jump?q=onerror"):
            watched.page.goto(path)
            expect(watched.page.locator("main").get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
            expect(watched.page.locator("main").get_by_text("U+202E").first).to_be_visible()
            assert watched.page.locator("main img, main b[hx-get]").count() == 0
            watched.quiet()


def test_a_console_that_lost_its_server_says_so_and_stops_saying_it_when_it_is_back(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.VIEWER) as watched:
        page = watched.page
        page.goto("/sites")
        lost = page.get_by_role("alert")
        expect(lost).to_be_hidden()
        page.route("**/*", lambda route: route.abort())
        page.get_by_label("Filter").fill("cedar")
        expect(lost).to_contain_text("No answer from Presswarden since")
        page.unroute_all()
        expect(lost).to_be_hidden()
        page.get_by_label("Filter").fill("harbor")
        expect(page).to_have_url(re.compile(r"[?&]q=harbor"))
        watched.faults.clear()  # the browser's own words about what was cut


@pytest.mark.req("S5")
def test_updates_are_planned_for_chosen_sites_and_each_says_what_came_of_it(browser: Browser, console: Console) -> None:
    for scripts in (True, False):
        with opened(browser, console, Role.OPERATOR, scripts=scripts, bypass=scripts) as watched:
            page = watched.page
            page.goto("/sites?tab=updates")
            page.locator("tbody input[type=checkbox]").first.check()
            page.locator(".bulk summary", has_text="Plan updates").click()
            page.get_by_label("What is updated there").select_option("plugin")
            page.get_by_role("button", name="Plan them").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Updates planned")
            expect(page.get_by_role("status").first).to_contain_text("Nothing was agreed to")
            expect(page.locator("tbody tr").first).to_be_visible()
            if scripts:
                assert axe(page) == []
                page.goto("/components/plugin:akismet/akismet.php")
                assert axe(page) == []
                page.goto("/components")
                assert axe(page) == []
