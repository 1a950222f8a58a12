"""Reviewing in a real browser: passkeys by its virtual authenticator, two people, without JavaScript, by keyboard alone, live, and too late."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from presswarden.identity.model import Role
from presswarden.kernel.ids import ChangeId
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from tests.browser.reviewing import Desk, fill, office_of
from tests.browser.rig import Console, opened
from tests.console.rig import House

pytestmark = pytest.mark.req("X6")

File = Callable[..., Proposal]


@pytest.fixture(scope="module")
def desk(console: Console) -> Desk:
    return console.do(fill)


@pytest.fixture(scope="module")
def fresh(console: Console) -> File:
    """Proposals of one's own: a test says its label and risk."""

    def make(label: str, **more: object) -> Proposal:
        async def file(house: House) -> Proposal:
            office = office_of(house)
            filed, _ = await office.submit(office.item(await office.site(label), **more), by=house.people[Role.OPERATOR].id)
            return filed

        return console.do(file)

    return make


def _state(console: Console, proposal: Proposal) -> ProposalState:
    async def look(house: House) -> ProposalState:
        return (await office_of(house).look(proposal.id)).state

    return console.do(look)


def _authenticator(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _enrol(page: Page) -> None:
    page.goto("/account/consents")
    page.get_by_role("button", name="Add one").click()
    page.get_by_label("What you call it").fill("blue key")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("rowheader", name="blue key")).to_be_visible()


def _fill_in(page: Page, filed: Proposal) -> None:
    page.goto(f"/proposals/{filed.id}")
    page.get_by_label("To approve, type the number of sites").fill("1")
    page.get_by_label("Reason, for the audit trail").fill("I read the changelog.")
    page.get_by_role("button", name="Approve 1 site with your passkey").click()


@pytest.mark.req("X10")
def test_two_people_approve_a_high_risk_each_with_a_passkey_of_their_own(console: Console, browser: Browser, fresh: File) -> None:
    filed = fresh("two", package="")
    for role, last in ((Role.APPROVER, False), (Role.ADMIN, True)):
        with opened(browser, console, role) as watched:
            page = watched.page
            _authenticator(page)
            _enrol(page)
            _fill_in(page, filed)
            expect(page.get_by_text("The texts and the digest belong together.")).to_be_visible()
            assert page.url.startswith(console.url.replace("://", "://consent."))
            assert page.locator("#root").inner_text() == filed.plan.digest
            watched.quiet()
            page.get_by_role("button", name="Say yes with your passkey").click()
            page.wait_for_url(f"{console.url}/proposals/{filed.id}")
            expect(page.get_by_text("Approved" if last else "You said yes to this already.").first).to_be_visible()
            watched.quiet()
    assert _state(console, filed) is ProposalState.APPROVED


def test_a_text_that_is_not_of_the_plan_gets_no_button(console: Console, browser: Browser, fresh: File) -> None:
    """Whoever changes what the page shows, in a proxy or in the server, gets another root than the digest."""
    filed = fresh("tampered", package="")
    with opened(browser, console, Role.OWNER) as watched:
        page = watched.page
        _authenticator(page)
        _enrol(page)

        def twisted(route: Route) -> None:
            asked = route.request
            host = asked.url.split("/")[2]  # only the browser knows that the name is this machine
            answer = route.fetch(url=asked.url.replace("consent.localhost", "127.0.0.1"), headers={**asked.headers, "host": host})
            text = answer.text().replace("1.0.1", "6.6.6")
            route.fulfill(response=answer, body=text)

        _fill_in(page, filed)
        expect(page.locator("#yes")).to_be_visible()
        page.route("**/consent/*", twisted)
        page.reload()
        expect(page.get_by_text("Don't say yes; tell your operator.")).to_be_visible()
        expect(page.locator("#yes")).to_be_hidden()


@pytest.mark.req("N18")
def test_reading_and_deciding_work_without_javascript(console: Console, browser: Browser, fresh: File) -> None:
    agreed, refused = fresh("plain"), fresh("plainer")
    with opened(browser, console, Role.APPROVER, scripts=False) as watched:
        page = watched.page
        page.goto("/")
        page.get_by_role("link", name="Proposals").first.click()
        page.goto(f"/proposals/{agreed.id}")
        page.get_by_role("button", name="Approve 1 site").click()
        expect(page.get_by_text("Approved").first).to_be_visible()
        page.goto(f"/proposals/{refused.id}")
        page.get_by_role("button", name="Reject", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("Say why in at least 8 characters.")
        page.get_by_label("Reason, for the audit trail").fill("not on a Friday")
        page.get_by_role("button", name="Reject", exact=True).click()
        expect(page.get_by_text("Rejected").first).to_be_visible()
    assert (_state(console, agreed), _state(console, refused)) == (ProposalState.APPROVED, ProposalState.REJECTED)


def test_it_is_decided_by_keyboard_alone_and_no_single_key_decides(console: Console, browser: Browser, fresh: File) -> None:
    filed = fresh("keys")
    with opened(browser, console, Role.APPROVER) as watched:
        page = watched.page
        page.goto(f"/proposals/{filed.id}")
        assert page.evaluate("document.activeElement.tagName") == "BODY"
        for key in ("a", "y", "Enter"):
            page.keyboard.press(key)
            if key == "a":
                expect(page.get_by_label("Reason, for the audit trail")).to_be_focused()
        assert _state(console, filed) is ProposalState.WAITING
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Approve 1 site")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Approved").first).to_be_visible()
        watched.quiet()


def test_what_changed_meanwhile_is_a_conflict_on_the_page(console: Console, browser: Browser, fresh: File) -> None:
    filed = fresh("raced")
    with opened(browser, console, Role.APPROVER) as first, opened(browser, console, Role.ADMIN) as second:
        for each in (first, second):
            each.page.goto(f"/proposals/{filed.id}")
        first.page.get_by_role("button", name="Approve 1 site").click()
        expect(first.page.get_by_text("Approved").first).to_be_visible()
        second.page.get_by_role("button", name="Approve 1 site").click()
        expect(second.page.get_by_text("Changed since you opened it.")).to_be_visible()


def test_an_open_page_gives_up_its_yes_when_the_time_for_it_runs_out(console: Console, browser: Browser, fresh: File) -> None:
    """By the browser's own clock, which goes ahead; the server, whose clock does not, refuses it in `test_real_sites`."""
    filed = fresh("left open")
    with opened(browser, console, Role.APPROVER) as watched:
        page = watched.page
        page.clock.install()
        page.goto(f"/proposals/{filed.id}")
        expect(page.get_by_role("button", name="Approve 1 site")).to_be_visible()
        page.clock.fast_forward(73 * 3_600_000)
        expect(page.get_by_role("alert")).to_contain_text("Its time ran out while this page was open.")
        expect(page.get_by_role("button", name="Approve 1 site")).to_have_count(0)
        expect(page.get_by_role("button", name="Reject")).to_be_visible()
        watched.quiet()


@pytest.mark.req("W13")
def test_a_change_is_followed_as_it_happens(console: Console, browser: Browser, desk: Desk) -> None:
    with opened(browser, console, Role.VIEWER) as watched:
        page = watched.page
        page.goto(f"/changes/{desk.change}")
        expect(page.locator(".live")).to_contain_text("Live,")
        expect(page.get_by_text("Under way")).to_be_visible()

        async def closes(house: House) -> None:
            async with house.transaction() as tx:
                await rollouts.note(tx, ChangeId(desk.change), "close", now=house.clock.now())

        async def ends(house: House) -> None:
            async with house.transaction() as tx:
                await rollouts.end(tx, ChangeId(desk.change), Result.SUCCEEDED, says="Read back from the site.", now=house.clock.now())

        console.do(closes)
        expect(page.get_by_text("Called good: the site's watchdog is told")).to_be_visible()
        console.do(ends)
        expect(page.get_by_text("Succeeded", exact=True)).to_be_visible()
        watched.quiet()
