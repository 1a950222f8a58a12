"""Stopping as people do it: from any page with a click, with keys alone, without JavaScript; and nothing of it breaks a rule of accessibility."""

import pytest
from playwright.sync_api import Browser, expect

from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity.model import Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import CorrelationId, new_id
from presswarden.sites import service as sites
from tests.browser.rig import NARROW, WIDE, Console, axe, opened
from tests.browser.sample import fill
from tests.console.rig import House

pytestmark = pytest.mark.req("A8")


@pytest.fixture(scope="module", autouse=True)
def _agency(console: Console) -> None:
    console.do(fill)


async def _filled(house: House) -> None:
    """A stop of each kind, one with text that means harm, and a site that its own admin stopped."""
    async with house.transaction() as tx:
        first, second, *_ = await sites.list_sites(tx)
        for scope, subject in ((StopScope.SITE, first.id), (StopScope.AGENT, "analyst")):
            await gate.stop(
                tx,
                house.owner.id,
                "<b>no</b>\u202e",
                scope=scope,
                subject=subject,
                correlation=CorrelationId(new_id()),
                now=house.clock.now(),
            )
        await incidents.raise_signal(tx, SignalKind.SITE_PAUSED, second.id, {"paused": "local"}, house.clock.now())


async def _lifted(house: House) -> None:
    async with house.transaction() as tx:
        for one in await gate.stops(tx, house.clock.now()):
            await gate.lift(
                tx,
                house.owner.id,
                "mended",
                scope=one.scope,
                subject=one.subject,
                correlation=CorrelationId(new_id()),
                now=house.clock.now(),
            )


async def _standing(house: House) -> list[str]:
    async with house.database.reading(house.org) as tx:
        return [one.scope.value for one in await gate.stops(tx, house.clock.now())]


def test_a_click_on_any_page_opens_the_dialog_and_another_stops(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.OPERATOR) as watched:
        page = watched.page
        page.goto("/components")
        page.get_by_role("link", name="Stop all agents").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nothing new starts on any of 130 sites.")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        page.get_by_role("link", name="Stop all agents").press("Enter")
        page.get_by_label("Why").fill("Something is odd")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Stops", exact=True)).to_be_visible()
        expect(page.locator(".note.stops")).to_contain_text("Something is odd")
        watched.quiet()
    assert console.do(_standing) == ["organisation"]
    console.do(_lifted)


def test_without_javascript_one_site_is_stopped_and_the_owner_resumes_it(browser: Browser, console: Console) -> None:
    with opened(browser, console, Role.OWNER, scripts=False) as watched:
        page = watched.page
        page.goto("/sites")
        page.get_by_role("link", name="Stop all agents").click()
        page.get_by_text("Only one agent").click()
        page.get_by_role("button", name="Stop this agent").click()
        expect(page.get_by_role("article", name="One agent: analyst")).to_be_visible()
        page.get_by_text("Resume", exact=True).first.click()
        page.get_by_label("Why it may go on").fill("It was a false alarm.")
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("article", name="One agent: analyst")).to_have_count(0)
    assert console.do(_standing) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_page_breaks_a_rule_of_accessibility(browser: Browser, console: Console, viewport: object, dark: bool) -> None:
    console.do(_filled)
    with opened(browser, console, Role.OWNER, viewport=viewport, dark=dark, bypass=True) as watched:  # type: ignore[arg-type]  # one of the two
        for path in ("/stop", "/settings", "/settings/notifications"):
            watched.page.goto(path)
            for fold in watched.page.locator("main details").all():
                fold.evaluate("each => { each.open = true; }")
            assert axe(watched.page) == [], path
            assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than its window"


def test_no_page_meets_its_own_policy_or_complains(browser: Browser, console: Console) -> None:
    console.do(_filled)
    with opened(browser, console, Role.OWNER) as watched:
        for path in ("/stop", "/settings", "/settings/notifications"):
            watched.page.goto(path)
            watched.quiet()
