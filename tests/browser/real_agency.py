"""An agency on a real site for the length of a file: `presswarden serve`, one WordPress with plugins that can be updated, and people with passkeys.

Beside it, what such people do in every story: connect the site, ask for an update, agree, watch. Limits: one site; each file has its own.
"""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from lab.packages import write_plugin
from lab.site import Lab, Site
from lab.updates import UpdateServer
from tests.browser.keys import Keys
from tests.browser.real import SOON, Served, Somebody, asks_for_updates, join, paste_in_wordpress, set_up, somebody
from tests.stories.scene import until

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


@contextmanager
def opened_agency(browser: Browser, folder: Path, plugins: tuple[str, ...]) -> Iterator[Agency]:
    """The owner has set up and invited two people; the site is not connected yet."""
    with Lab() as lab, UpdateServer.start() as updates:
        served = Served(folder / "home", updates)
        served.start()
        try:
            site = lab.site("alder")
            site.install_plugin(CONNECTOR, folder="presswarden-connector")
            site.use_updates(updates.url)
            for slug in plugins:
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


def connect(agency: Agency) -> Connected:
    """With the keyboard; then nobody touches the page, which moves on by itself."""
    page, keys = agency.owner.page, Keys(agency.owner.page)
    page.goto("/sites")
    keys.press("Connect a site")
    expect(page.get_by_role("heading", name="1. Name it")).to_be_visible()
    keys.write("Name$", "Alder Bakery")
    keys.to("Begin in mode")
    page.keyboard.press("End")  # as the policy says
    keys.press("Make a pairing string")
    expect(page.locator("#pairing")).to_contain_text("No site has used the string yet")
    there = paste_in_wordpress(agency.browser, agency.site, page.locator("#string").inner_text())
    expect(page.locator("#pairing")).to_contain_text("proved the string", timeout=SOON)
    expect(page.locator("#pairing")).to_contain_text("First inventory:", timeout=SOON)
    here = page.locator("#pairing .words span").all_inner_texts()
    site = page.get_by_role("link", name="Go to Alder Bakery").get_attribute("href") or ""
    return Connected("Alder Bakery", f"{agency.served.console}{site}", here, there)


def served_version(site: Site, slug: str) -> str:
    with urllib.request.urlopen(f"{site.url}/wp-json/{slug}/v1/version", timeout=30) as answer:
        return str(json.load(answer)["version"])


def propose(agency: Agency, connected: Connected, slug: str) -> str:
    """The operator asks for the update on the site's page; the address of the proposal."""
    asks_for_updates(agency.site)
    until(lambda: agency.updates.downloads(slug) > 0, "the courier has fetched the package")
    page = agency.operator.page
    button = page.get_by_role("button", name=re.compile(rf"^Update now: {slug} ", re.IGNORECASE))

    def offered() -> bool:
        page.goto(f"{connected.page}/components")
        return button.count() > 0

    until(offered, "the page offers the update")
    button.click()
    return filed(page)


def filed(page: Page) -> str:
    """On to the proposal: at once where the site was read a moment ago, or with one more press once it is read."""
    file = page.get_by_role("button", name=re.compile("File the update"))
    heading = page.get_by_role("heading", name="What changes")
    expect(file.or_(heading).first).to_be_visible(timeout=SOON)
    if file.count():
        file.click()
    expect(heading).to_be_visible()
    return page.url


def agree(person: Somebody, proposal: str) -> None:
    """To a medium risk, after a fresh proof."""
    person.page.goto(f"/confirm?next={urlsplit(proposal).path}")
    person.confirm()
    person.page.get_by_role("button", name="Approve 1 site").click()
    expect(person.page.get_by_text("Approved").first).to_be_visible()


def agree_by_keys(person: Somebody, title: str) -> None:
    """The same from the inbox on, with the keyboard; ends on the page of the change."""
    page, keys = person.page, Keys(person.page)
    page.goto("/confirm?next=/")
    keys.press("Confirm with a passkey")
    expect(page.get_by_role("heading", name="Waits for your yes or no")).to_be_visible()
    keys.past_the_menu()
    keys.press(title)
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    keys.past_the_menu()
    keys.press("Approve 1 site")
    expect(page.locator("section[aria-labelledby=became]")).to_be_visible()
    keys.press("Alder Bakery", "became")
    expect(page.locator("#course")).to_be_visible()


def age(agency: Agency, proposal: str) -> None:
    """Its time for approvals is over, as far as the control plane's own table says: the shortest that a policy allows is an hour.

    The table refuses that too (what was proposed is fixed), so its guard is lifted for this one statement, in the same transaction.
    """
    file, wanted = agency.served.home / "presswarden.sqlite", proposal.rpartition("/")[2]
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as rows:
        rows.execute("BEGIN IMMEDIATE")
        guards = rows.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'proposals'").fetchall()
        for name, _ in guards:
            rows.execute(f'DROP TRIGGER "{name}"')
        assert rows.execute("UPDATE proposals SET approve_by = filed_at WHERE id = ?", (wanted,)).rowcount == 1
        for _, text in guards:
            rows.execute(text)
        rows.execute("COMMIT")


@contextmanager
def marked_critical(owner: Somebody, connected: Connected) -> Iterator[None]:
    def press(name: str) -> None:
        owner.page.goto(f"/confirm?next={urlsplit(connected.page).path}")
        owner.confirm()
        owner.page.get_by_role("button", name=name).click()
        expect(owner.page.get_by_role("button", name=name)).to_have_count(0)

    press("Mark as critical")
    try:
        yield
    finally:
        press("Take the mark away")


def digest_on(page: Page) -> str:
    return page.locator("#decision input[name=digest]").first.get_attribute("value") or ""


def follow(agency: Agency, proposal: str, ends: str) -> Page:
    """The operator opens the change while it is under way, and touches nothing until the page says how it ended."""
    page = agency.operator.page
    page.goto(proposal)
    page.locator("section[aria-labelledby=became]").get_by_role("link").first.click()
    expect(page.locator("#course")).to_contain_text(ends, timeout=SOON)
    return page
