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
from tests.browser.every import Visited, judged
from tests.browser.rig import Console, opened
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


def test_the_pages_of_stops_break_no_rule_of_accessibility_and_complain_of_nothing(browser: Browser, console: Console) -> None:
    """With a stop of each kind in force, which no other page's test has."""
    console.do(_filled)
    with opened(browser, console, Role.OWNER, bypass=True) as watched:
        for path in ("/stop", "/settings"):
            assert list(judged(watched.page, Visited(path))) == []
    with opened(browser, console, Role.OWNER) as watched:
        watched.page.goto("/stop")
        watched.quiet()
