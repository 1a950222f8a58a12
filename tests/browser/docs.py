"""`make pictures`: docs/pictures from the real console, light, as the owner of a small agency sees it. Small files, for the pages of docs.

Limits: rows as stages leave them, no site answers; times stand as ages, so two runs differ by a few bytes.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from presswarden.approvals import consent
from presswarden.approvals.model import SignedIn
from presswarden.approvals.wanting import want_update
from presswarden.identity.model import Role
from presswarden.kernel.ids import EVERYONE, ChangeId, KeyId, SiteId, new_id
from presswarden.processes.analyst import Analyst
from presswarden.proposals.model import Proposal
from presswarden.proposals.packages import service as packages
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from presswarden.sites import service as sites
from presswarden.sites import store as sites_store
from presswarden.sites.model import InstallationState
from tests.browser.agency import sign
from tests.browser.pictures import migrated
from tests.browser.rig import chromium, opened, running
from tests.console.rig import House
from tests.support.fleet import make_fleet
from tests.support.shop import AKISMET, URL, Shop, add_shop, offered

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = ViewportSize(width=1200, height=760)
MOST = 150_000
"""Bytes of one picture."""


@dataclass(frozen=True)
class Shown:
    waiting: Proposal
    change: ChangeId
    site: SiteId


async def fill(house: House) -> Shown:
    now = house.clock.now()
    await make_fleet(house.database, house.org, 46, now)
    bakery, studio, books = [
        await add_shop(house.database, house.org, house.owner.id, now, label=label)
        for label in ("Rowan Bakery", "Linden Studio", "Tansy Books")
    ]
    for shop in (bakery, studio, books):
        await shop.report(offered(), now)
    async with house.transaction() as tx:
        await packages.want(tx, [(AKISMET, "5.7.3", URL)], now)
        for package in await packages.due(tx, now, most=9):
            await packages.found(tx, package, "5d" * 32, 5_214_886, now)
    change = await _rolled_back(house, books)
    async with house.transaction() as tx:
        waiting, _ = await want_update(tx, studio.site, AKISMET, by=house.people[Role.OPERATOR].id, now=now)
    await Analyst(house.database, house.clock).look()
    async with house.database.transaction(EVERYONE) as tx:
        keys = [(KeyId(new_id().replace("-", "")[:16]), bytes([number + 1]) * 32) for number in range(3)]
        await sites.add_pooled_keys(EVERYONE, tx, keys, now=now)
    await sign(house)
    return Shown(waiting, change, bakery.site)


async def _rolled_back(house: House, shop: Shop) -> ChangeId:
    now, approver = house.clock.now() - timedelta(minutes=4), house.people[Role.APPROVER].id
    async with house.transaction() as tx:
        filed, _ = await want_update(tx, shop.site, AKISMET, by=house.people[Role.OPERATOR].id, now=now)
        await consent.say_yes(
            tx, filed.id, approver, digest=filed.plan.digest, evidence=SignedIn("passkey", now),
            release=rollouts.release, now=now, reason="I read the changelog.", read_seconds=42,
        )  # fmt: skip
        (change,) = await rollouts.changes(tx, proposal=filed.id)
        await rollouts.begin(tx, change, now=now)
        steps = ("snapshot", "verify", "act", "check", "take_back")
        for number, step in enumerate(steps):
            await rollouts.note(tx, change.id, step, now=now + timedelta(seconds=7 * number))
        says, seen = "The home page answers 500, before it answered 200.", {"version": "5.7.2"}
        await rollouts.end(tx, change.id, Result.ROLLED_BACK, code="page.status", says=says, seen=seen, now=now + timedelta(seconds=38))
    return change.id


async def _prove(house: House) -> None:
    """The site that the browser just made a string for proves it."""
    async with house.transaction() as tx:
        site = await sites.find_site(tx, "Fennel Pottery")
        assert site.installation is not None
        told = {"state": InstallationState.CONFIRMING.value, "words": "amber basil cedar delta", "home": "https://fennel-pottery.example"}
        await sites_store.set_installation(house.org, tx, site.installation, **told)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as room:
        template = Path(room) / "template.sqlite"
        asyncio.run(migrated(template))
        with running(template, Path(room)) as console, sync_playwright() as playwright:
            shown = console.do(fill)
            browser = chromium(playwright)
            with opened(browser, console, Role.OWNER, viewport=SIZE) as watched:
                page = watched.page
                pages = {
                    "fleet": "/sites", "proposal": f"/proposals/{shown.waiting.id}", "change": f"/changes/{shown.change}",
                    "site": f"/sites/{shown.site}/components", "stop": "/stop",
                }  # fmt: skip
                with opened(browser, console, Role.APPROVER, viewport=SIZE) as approver:
                    approver.page.goto("/")
                    _take(approver.page, "inbox")
                    approver.page.goto(pages.pop("proposal"))
                    _take(approver.page, "proposal")
                for name, path in pages.items():
                    page.goto(path)
                    _take(page, name)
                page.goto("/sites/new")
                page.get_by_label("Name", exact=True).fill("Fennel Pottery")
                page.get_by_role("button", name="Make a pairing string").click()
                console.do(_prove)
                page.locator("#pairing .words").wait_for()
                _take(page, "connect")
                watched.quiet()
            browser.close()


def _take(page: Page, name: str) -> None:
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    size = file.stat().st_size
    assert size <= MOST, f"{file.name} has {size} bytes, {MOST} at most"
    print(f"{size:7} {file}")


if __name__ == "__main__":
    main()
