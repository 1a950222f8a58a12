"""What people live through with real sites, in a real browser: first start, connecting, an update watched to its end, a bad one taken back, going back.

One `serve`, one WordPress and three people for the whole file; what they did stands in fixtures, so that each story can run alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from lab.packages import Kind
from tests.browser.keys import Keys
from tests.browser.real import SOON, join, somebody
from tests.browser.real_agency import (
    Agency,
    Connected,
    age,
    agree_by_keys,
    connect,
    digest_on,
    filed,
    follow,
    marked_critical,
    opened_agency,
    propose,
    served_version,
)

pytestmark = [pytest.mark.site, pytest.mark.req("X1")]


@pytest.fixture(scope="module")
def agency(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    with opened_agency(browser, tmp_path_factory.mktemp("real"), ("steady", "broken", "late", "moving")) as made:
        yield made


@pytest.fixture(scope="module")
def connected(agency: Agency) -> Connected:
    return connect(agency)


@pytest.fixture(scope="module")
def updated(agency: Agency, connected: Connected) -> str:
    """The path of a change that succeeded: asked for by the operator, agreed to and watched by the approver with the keyboard alone."""
    agency.updates.offer("steady", "1.1")
    propose(agency, connected, "steady")
    agree_by_keys(agency.approver, "Update Steady 1.0 to 1.1")
    expect(agency.approver.page.locator("#course")).to_contain_text("Succeeded", timeout=SOON)
    return agency.approver.page.url


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
def test_a_finished_change_is_taken_back_by_hand_once_two_others_said_yes_with_their_passkeys(
    agency: Agency, connected: Connected, updated: str
) -> None:
    assert connected.page
    page = agency.operator.page
    page.goto(updated)
    page.get_by_role("button", name="Ask for the old files").click()
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


@pytest.mark.req("X10", "W6")
def test_what_is_critical_needs_two_owners_each_in_a_browser_of_their_own(agency: Agency, connected: Connected, updated: str) -> None:
    """A snapshot of a site that people marked as critical is deleted for good; both have the page open before either answers."""
    assert updated
    first, page = agency.owner, agency.operator.page
    with marked_critical(first, connected), somebody(agency.browser, agency.served.console, "Omar") as second:
        join(first, second, "owner")
        page.goto(f"{connected.page}/snapshots")
        page.get_by_role("button", name="Ask the site").click()
        page.get_by_role("link", name="plugin:steady/steady.php").first.click(timeout=SOON)
        snapshot = page.url
        expect(page.locator("main")).to_contain_text("Nothing happens before two owners have agreed")
        page.get_by_role("button", name="Propose it: delete the snapshot").click()
        expect(page.locator("main")).to_contain_text("Critical risk")
        for each in (first, second):
            each.enrol()
            each.page.goto(page.url)
            expect(each.page.locator(".follows")).to_contain_text("You are 1 of 2")
        agency.approver.page.goto(page.url)
        expect(agency.approver.page.locator("#decision")).to_contain_text("approved by owners alone")
        for each, so_far in ((first, "Waits for approval"), (second, "Approved")):
            each.say_yes_with_passkey(digest_on(each.page), f"{each.name} looked at what it is.")
            expect(each.page.locator(".meta")).to_contain_text(so_far)
            each.watched.quiet()
        follow(agency, page.url, "Succeeded")
        page.goto(f"{connected.page}/snapshots")
        page.get_by_role("button", name="Ask the site").click()
        expect(page.locator("#kept")).to_contain_text("As the site told", timeout=SOON)
        assert page.locator(f"a[href='{urlsplit(snapshot).path}']").count() == 0


@pytest.mark.req("X6")
def test_what_ran_out_while_its_page_was_open_takes_no_yes_and_is_asked_for_again(agency: Agency, connected: Connected) -> None:
    agency.updates.offer("late", "1.1")
    proposal = propose(agency, connected, "late")
    page = agency.approver.page
    page.goto(f"/confirm?next={urlsplit(proposal).path}")
    agency.approver.confirm()
    yes = page.get_by_role("button", name="Approve 1 site")
    expect(yes).to_be_visible()
    age(agency, proposal)
    page.get_by_label("Reason, for the audit trail").fill("I read it all.")
    yes.click()
    expect(page.get_by_role("alert")).to_contain_text("Your answer was not taken")
    expect(page.locator("#decision")).to_contain_text("an operator, admin or owner files it again")
    expect(yes).to_have_count(0)
    assert served_version(agency.site, "late") == "1.0"
    page = agency.operator.page
    page.goto(proposal)
    again = page.get_by_role("link", name="Ask for it again")
    expect(again).to_be_visible()
    again.click()
    assert filed(page) != proposal
    page.get_by_label("Reason").fill("That was for the test alone.")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator(".meta")).to_contain_text("Rejected")


@pytest.mark.req("X6")
def test_a_yes_to_a_plan_that_changed_meanwhile_meets_the_new_one_with_what_differs(agency: Agency, connected: Connected) -> None:
    agency.updates.offer("moving", "1.1")
    old = propose(agency, connected, "moving")
    page, reason = agency.approver.page, "I read the whole changelog."
    page.goto(f"/confirm?next={urlsplit(old).path}")
    agency.approver.confirm()
    page.get_by_label("Reason, for the audit trail").fill(reason)
    before = digest_on(page)
    agency.operator.page.get_by_label("Reason").fill("A newer one is out.")
    agency.operator.page.get_by_role("button", name="Reject").click()
    agency.updates.offer("moving", "1.2")
    new = propose(agency, connected, "moving")
    page.get_by_role("button", name="Approve 1 site").click()
    expect(page.get_by_role("alert")).to_contain_text("Changed since you opened it.")
    expect(page.locator("section[aria-labelledby=differs]")).to_contain_text(re.compile(r"To version\s*was 1\.1 → is 1\.2"))
    expect(page.get_by_label("Reason, for the audit trail")).to_have_value(reason)
    assert digest_on(page) not in {before, ""}
    assert served_version(agency.site, "moving") == "1.0"
    page.get_by_role("button", name="Approve 1 site").click()
    expect(page.get_by_text("Approved").first).to_be_visible()
    assert page.url == new
    follow(agency, new, "Succeeded")
    assert served_version(agency.site, "moving") == "1.2"
    agency.approver.watched.quiet()


@pytest.mark.req("A8", "N9", "N18")
def test_with_the_keyboard_alone_somebody_stops_everything_verifies_the_record_and_an_owner_resumes(agency: Agency, updated: str) -> None:
    """Connecting, reviewing, approving and watching came this way too: `connected` and `updated`."""
    page, keys = agency.approver.page, Keys(agency.approver.page)
    page.goto(updated)
    keys.press("Stop all agents")
    keys.write("Why", "Something is odd")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("Something is odd")
    for key in "ga":
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    keys.past_the_menu()
    keys.press("Verify the record")
    expect(page.get_by_role("heading", name="Verify the record")).to_be_visible()
    keys.press("Verify [0-9]+ entries")
    expect(page.locator("#checks")).to_contain_text("Everything agrees", timeout=SOON)
    page, keys = agency.owner.page, Keys(agency.owner.page)
    page.goto("/confirm?next=/stop")
    keys.press("Confirm with a passkey")
    expect(page.get_by_role("article")).to_contain_text("Something is odd")
    keys.past_the_menu()
    keys.press("Resume", "now")
    keys.write("Why it may go on", "It was a false alarm.")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is stopped")).to_be_visible()
    for each in (agency.approver, agency.owner):
        each.watched.quiet()


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
