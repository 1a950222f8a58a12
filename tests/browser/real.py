"""A running `presswarden serve` as people meet it: in a browser, with passkeys of their own, and a WordPress from the lab behind it.

Nothing is written into its tables: people come by its setup code and by invitations, sites by their own admin's hand. Limits: loopback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from lab.demo.control import Control
from lab.site import Site
from lab.updates import UpdateServer
from tests.browser.rig import LISTEN, WIDE, Watched
from tests.stories.scene import until

SOON = 60_000
"""Milliseconds in which a real site has done its part, however busy the machine is."""
_CODE = re.compile(r"type this code: (\S+)")


class Served(Control):
    """`presswarden serve` that fetches packages from the lab's update server."""

    def __init__(self, home: Path, updates: UpdateServer) -> None:
        super().__init__(home)
        self.updates = updates

    @property
    def console(self) -> str:
        return self.url.replace("127.0.0.1", "localhost")

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "PRESSWARDEN_HEALTH_SECONDS": "3",
            "PRESSWARDEN_PACKAGE_HOSTS": f"downloads.wordpress.org={self.updates.url}/downloads.wordpress.org",
        }

    def setup_code(self) -> str:
        """It is printed once the program listens."""
        until(lambda: _CODE.search(self.log()), "the code of the first start in the log")
        return str(_CODE.findall(self.log())[-1])


@dataclass
class Somebody:
    """A person in a browser of their own, with an authenticator that holds their passkeys."""

    name: str
    context: BrowserContext
    watched: Watched

    @property
    def page(self) -> Page:
        return self.watched.page

    def sign_in(self, path: str = "/") -> None:
        self.page.goto(path)
        self.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(self.page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)

    def confirm(self) -> None:
        """On the page that asks once more who this is."""
        expect(self.page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
        self.page.get_by_role("button", name="Confirm with a passkey").click()
        expect(self.page.get_by_role("heading", name="Confirm that it is you")).to_have_count(0)

    def enrol(self) -> None:
        """Add a passkey for consents, unless they have one."""
        self.page.goto("/account/consents")
        if self.page.get_by_role("rowheader", name="for consents").count():
            return
        self.page.get_by_role("button", name="Add one").click()
        if self.page.get_by_role("heading", name="Confirm that it is you").count():
            self.confirm()
            self.page.get_by_role("button", name="Add one").click()
        self.page.get_by_label("What you call it").fill("for consents")
        self.page.get_by_role("button", name="Add it").click()
        expect(self.page.get_by_role("rowheader", name="for consents")).to_be_visible()

    def say_yes_with_passkey(self, digest: str, reason: str) -> None:
        """From the proposal's page over the page for consents, back to where it began."""
        before = self.page.url
        self.page.get_by_label("To approve, type the number of sites").fill("1")
        self.page.get_by_label("Reason, for the audit trail").fill(reason)
        self.page.get_by_role("button", name="Approve 1 site with your passkey").click()
        expect(self.page.get_by_text("The texts and the digest belong together.")).to_be_visible()
        assert "://consent." in self.page.url
        assert self.page.locator("#root").inner_text() == digest
        self.page.get_by_role("button", name="Say yes with your passkey").click()
        self.page.wait_for_url(before)

    @contextmanager
    def without_scripts(self, browser: Browser) -> Iterator[Page]:
        """The same session where JavaScript is off."""
        origin = "/".join(self.page.url.split("/")[:3])
        context = browser.new_context(base_url=origin, java_script_enabled=False, viewport=WIDE)
        context.set_default_timeout(30_000)
        context.add_cookies(self.context.cookies())  # type: ignore[arg-type]  # what one context gives, another takes
        try:
            yield context.new_page()
        finally:
            context.close()


@contextmanager
def somebody(browser: Browser, console: str, name: str, viewport: ViewportSize = WIDE) -> Iterator[Somebody]:
    context = browser.new_context(base_url=console, viewport=viewport, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.add_init_script(LISTEN)
    # An authenticator that answers at once would sign people in before they press anything.
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    watched = Watched(page)
    page.on("console", watched.heard)
    page.on("pageerror", lambda error: watched.faults.append(str(error)))
    authenticator(page)
    try:
        yield Somebody(name, context, watched)
    finally:
        context.close()


def authenticator(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def set_up(owner: Somebody, code: str) -> None:
    page = owner.page
    page.goto("/setup")
    for label, text in (
        ("Code of the first start", code),
        ("Your organisation", "Alder & Sons"),
        ("Your name", owner.name),
        ("Your mail address", f"{owner.name.lower()}@example.org"),
    ):
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Go on to signing in").click()
    _add_passkey(owner)


def join(owner: Somebody, comer: Somebody, role: str) -> None:
    """Invited by the owner for a role, and there with a passkey."""
    page = owner.page
    page.goto("/people")
    page.get_by_label("Name", exact=True).fill(comer.name)
    page.get_by_label("Mail address").fill(f"{comer.name.lower()}@example.org")
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Make the invitation").click()
    comer.page.goto(page.locator("pre").inner_text())
    comer.page.get_by_role("button", name="Join and choose how to sign in").click()
    _add_passkey(comer)


def _add_passkey(person: Somebody) -> None:
    person.page.get_by_role("button", name="Add a passkey").click()
    expect(person.page.get_by_role("heading", name="Your account")).to_be_visible()


def paste_in_wordpress(browser: Browser, site: Site, string: str) -> str:
    """Paired by the site's own administrator, in a browser; the four words on their screen.

    WordPress would report within seconds by its cron, which is off in the lab; so they press the button for it.
    """
    context = browser.new_context(base_url=site.url, viewport=WIDE)
    context.set_default_timeout(30_000)
    try:
        page = context.new_page()
        page.goto("/wp-login.php")
        page.locator("#user_login").fill(site.admin[0])
        page.locator("#user_pass").fill(site.admin[1])
        page.locator("#wp-submit").click()
        page.goto("/wp-admin/tools.php?page=presswarden")
        page.get_by_label("Pairing string from the console").fill(string)
        page.get_by_role("button", name="Pair", exact=True).click()
        words = page.locator(".presswarden-words strong")
        for _ in range(30):
            if words.count():
                break
            page.wait_for_timeout(500)
            page.goto("/wp-admin/tools.php?page=presswarden")
        told = words.inner_text()
        page.get_by_role("button", name="Send a heartbeat now").click()
        expect(page.locator(".notice[role=status]").first).to_be_visible()
        return told
    finally:
        context.close()


def asks_for_updates(site: Site) -> None:
    """The site hears of updates, as it does twice a day, and tells us."""
    site.php("delete_site_transient('update_plugins'); wp_update_plugins();")
    done = site.wp("presswarden", "heartbeat")
    assert done.code == 0, done
