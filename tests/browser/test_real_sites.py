"""What people live through with real sites, in a real browser: first start, connecting, an update watched to its end, a bad one taken back, going back.

One `serve`, one WordPress and three people for the whole file; what they did stands in fixtures, so that each story can run alone.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from lab.packages import Kind, write_plugin
from lab.site import Lab, Site
from lab.updates import UpdateServer
from tests.browser.real import SOON, Served, Somebody, asks_for_updates, join, paste_in_wordpress, set_up, somebody
from tests.stories.scene import until

pytestmark = [pytest.mark.site, pytest.mark.req("X1")]

CONNECTOR = Path(__file__).parents[2] / "connector"


@dataclass
class Agency:
    served: Served
    updates: UpdateServer
    site: Site
    owner: Somebody
    approver: Somebody
    operator: Somebody
    browser: Browser


@pytest.fixture(scope="module")
def agency(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    """The owner has set up and invited two people."""
    folder = tmp_path_factory.mktemp("real")
    with Lab() as lab, UpdateServer.start() as updates:
        served = Served(folder / "home", updates)
        served.start()
        try:
            site = lab.site("alder")
            site.install_plugin(CONNECTOR, folder="presswarden-connector")
            site.use_updates(updates.url)
            for slug in ("steady", "broken"):
                site.install_plugin(write_plugin(folder, slug, "1.0"))
            with (
                somebody(browser, served.console, "Olga") as owner,
                somebody(browser, served.console, "Nora") as approver,
                somebody(browser, served.console, "Otto") as operator,
            ):
                set_up(owner, served.setup_code())
                join(owner, approver, "approver")
                join(owner, operator, "operator")
                yield Agency(served, updates, site, owner, approver, operator, browser)
        finally:
            served.stop()


@dataclass
class Connected:
    label: str
    page: str
    words_here: list[str]
    words_there: str


@pytest.fixture(scope="module")
def connected(agency: Agency) -> Connected:
    page = agency.owner.page
    page.goto("/sites/new")
    page.get_by_label("Name", exact=True).fill("Alder Bakery")
    page.get_by_label("Begin in mode").select_option("")
    page.get_by_role("button", name="Make a pairing string").click()
    expect(page.locator("#pairing")).to_contain_text("No site has used the string yet")
    there = paste_in_wordpress(agency.browser, agency.site, page.locator("#string").inner_text())
    # Nobody touches this page: it moves on by itself.
    expect(page.locator("#pairing")).to_contain_text("proved the string", timeout=SOON)
    expect(page.locator("#pairing")).to_contain_text("First inventory:", timeout=SOON)
    here = page.locator("#pairing .words span").all_inner_texts()
    page.get_by_role("link", name="Go to Alder Bakery").click()
    page.wait_for_url(re.compile("/sites/[0-9a-f-]{36}$"))
    return Connected("Alder Bakery", page.url, here, there)


def served_version(site: Site, slug: str) -> str:
    with urllib.request.urlopen(f"{site.url}/wp-json/{slug}/v1/version", timeout=30) as answer:
        return str(json.load(answer)["version"])


def propose(agency: Agency, connected: Connected, slug: str) -> str:
    """The operator asks for the update on the site's page; the path of the proposal."""
    asks_for_updates(agency.site)
    until(lambda: agency.updates.downloads(slug) > 0, "the courier has fetched the package")
    page = agency.operator.page
    button = page.get_by_role("button", name=re.compile(rf"^Update now: {slug} ", re.IGNORECASE))

    def offered() -> bool:
        page.goto(f"{connected.page}/components")
        return button.count() > 0

    until(offered, "the page offers the update")
    button.click()
    file = page.get_by_role("button", name=re.compile("File the update"))
    heading = page.get_by_role("heading", name="What changes")
    expect(file.or_(heading).first).to_be_visible(timeout=SOON)  # read a moment ago, or read now first
    if file.count():
        file.click()
    expect(heading).to_be_visible()
    return page.url


def digest_on(page: Page) -> str:
    return page.locator("#decision input[name=digest]").first.get_attribute("value") or ""


def follow(agency: Agency, proposal: str, ends: str) -> Page:
    """The operator opens the change while it is under way, and touches nothing until the page says how it ended."""
    page = agency.operator.page
    page.goto(proposal)
    page.locator("section[aria-labelledby=became]").get_by_role("link").first.click()
    expect(page.locator("#course")).to_contain_text(ends, timeout=SOON)
    return page


@pytest.fixture(scope="module")
def updated(agency: Agency, connected: Connected) -> str:
    """The path of a change that succeeded: asked for by the operator, agreed to by the approver after a fresh proof."""
    agency.updates.offer("steady", "1.1")
    proposal = propose(agency, connected, "steady")
    page = agency.approver.page
    page.goto(proposal)
    page.goto(f"/confirm?next={urlsplit(proposal).path}")
    agency.approver.confirm()
    page.get_by_role("button", name="Approve 1 site").click()
    expect(page.get_by_text("Approved").first).to_be_visible()
    return follow(agency, proposal, "Succeeded").url


@pytest.mark.req("X10")
def test_the_first_owner_and_two_invited_people_come_with_passkeys(agency: Agency) -> None:
    page = agency.owner.page
    page.goto("/people")
    for name in ("Olga", "Nora", "Otto"):
        expect(page.get_by_role("row", name=re.compile(name))).to_contain_text("yes")
    assert page.goto("/setup").status == 404  # type: ignore[union-attr]  # a page that was fetched has an answer
    for each in (agency.owner, agency.approver, agency.operator):
        each.watched.quiet()


@pytest.mark.req("W5")
def test_a_site_is_connected_by_its_own_admin_and_both_screens_show_the_same_words(agency: Agency, connected: Connected) -> None:
    assert len(connected.words_here) == 4
    assert re.split(r"[\s-]+", connected.words_there) == connected.words_here
    page = agency.owner.page
    page.goto(connected.page)
    expect(page.get_by_text(agency.site.url).first).to_be_visible()
    page.goto(f"{connected.page}/components")
    expect(page.get_by_role("row").filter(has_text="plugin:steady/steady.php")).to_contain_text("1.0")
    agency.owner.watched.quiet()


@pytest.mark.req("W13", "W14")
def test_an_update_is_agreed_to_after_a_fresh_proof_and_watched_until_it_succeeded(agency: Agency, updated: str) -> None:
    assert served_version(agency.site, "steady") == "1.1"
    page = agency.operator.page
    page.goto(updated)
    for step in ("Read back from the site", "Succeeded"):
        expect(page.get_by_text(step).first).to_be_visible()
    for each in (agency.approver, agency.operator):
        each.watched.quiet()


@pytest.mark.req("W15", "N18")
def test_a_bad_release_is_agreed_to_without_javascript_and_the_page_says_that_it_was_taken_back(
    agency: Agency, connected: Connected
) -> None:
    agency.updates.offer("broken", "1.1", Kind.FATAL)
    proposal = propose(agency, connected, "broken")
    agency.approver.page.goto("/confirm?next=/")
    agency.approver.confirm()
    with agency.approver.without_scripts(agency.browser) as page:
        page.goto("/sites")
        page.get_by_role("link", name=connected.label).first.click()
        expect(page.get_by_role("heading", name=connected.label)).to_be_visible()
        page.goto("/")
        page.get_by_role("link", name=re.compile("Update Broken 1.0 to 1.1")).click()
        assert page.url == proposal
        page.get_by_role("button", name="Approve 1 site").click()
        expect(page.get_by_text("Approved").first).to_be_visible()
    page = follow(agency, proposal, "Rolled back")
    expect(page.locator("#course")).to_contain_text("watchdog.fatal-here")
    expect(page.locator("#course")).not_to_contain_text("Succeeded")
    assert served_version(agency.site, "broken") == "1.0"
    page.get_by_role("link", name=re.compile("taken back|rolled back", re.IGNORECASE)).first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    agency.operator.watched.quiet()


@pytest.mark.req("X10", "W6")
def test_a_snapshot_goes_back_once_two_others_said_yes_with_their_passkeys(agency: Agency, connected: Connected, updated: str) -> None:
    page = agency.operator.page
    page.goto(f"{connected.page}/snapshots")
    page.get_by_role("button", name="Ask the site").click()
    page.get_by_role("link", name="plugin:steady/steady.php").first.click(timeout=SOON)
    page.get_by_role("button", name="Propose it: put the files back").click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    proposal = page.url
    for each, reason in ((agency.approver, "The new one is slower."), (agency.owner, "I agree with whoever it was.")):
        each.enrol()
        each.page.goto(proposal)
        expect(each.page.locator("main")).not_to_contain_text("The new one is slower.")
        each.say_yes_with_passkey(digest_on(each.page), reason)
        each.watched.quiet()
    # Whoever answered may read what the other one wrote.
    expect(agency.owner.page.locator("#decision")).to_contain_text("The new one is slower.")
    follow(agency, proposal, "Succeeded")
    assert served_version(agency.site, "steady") == "1.0"
    assert updated != page.url, "going back is a change of its own"


@pytest.mark.req("A8", "N18")
def test_a_stop_holds_a_yes_back_and_only_a_fresh_proof_of_the_owner_ends_it(agency: Agency, connected: Connected) -> None:
    assert connected.page
    with agency.operator.without_scripts(agency.browser) as page:
        page.goto("/")
        page.get_by_role("link", name="Stop all agents").click()
        page.locator("main").get_by_label("Why (optional; whoever is refused reads it)").fill("Something is odd")
        page.get_by_role("button", name="Stop all agents of this organisation").click()
        expect(page.locator("article.stopped")).to_contain_text("Something is odd")
        expect(page.get_by_text("Owners resume; ask one.")).to_be_visible()
    owner = agency.owner.page
    owner.goto("/confirm?next=/stop")
    agency.owner.confirm()
    owner.get_by_text("Resume", exact=True).first.click()
    owner.get_by_label("Why it may go on").fill("It was a false alarm.")
    owner.get_by_role("button", name="Resume").click()
    expect(owner.get_by_text("Nothing is stopped")).to_be_visible()
    agency.owner.watched.quiet()


@pytest.mark.req("N9")
def test_the_record_of_all_this_verifies_and_is_exported(agency: Agency, updated: str) -> None:
    page = agency.owner.page
    page.goto(updated)
    page.get_by_role("link", name="look it up and verify it").click()
    expect(page.get_by_role("link", name="Inclusion proof")).to_be_visible()
    page.goto("/audit/verify")
    page.get_by_role("button", name=re.compile("Verify [0-9]+ entries")).click()
    expect(page.locator("#checks")).to_contain_text("Everything agrees", timeout=SOON)
    page.goto("/confirm?next=/audit/verify")
    agency.owner.confirm()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Export the whole record").click()
    assert re.fullmatch(r"presswarden-audit-[0-9]+\.tar\.gz", coming.value.suggested_filename)
    agency.owner.watched.quiet()
