"""`python -m tests.browser.pictures FOLDER PATH...`: pictures of pages as the owner of a small agency sees them: wide and narrow, light and dark.

With no path, those of PAGES. `--only wide-light` takes one of the four. Limits: for looking; no test compares pixels.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from presswarden.identity.model import Role
from presswarden.kernel.db import Database
from presswarden.migrations.runner import upgrade
from tests.browser.rig import NARROW, WIDE, axe, chromium, opened, running
from tests.browser.sample import fill

PAGES = ("/sites", "/components", "/jobs", "/help", "/help/keys", "/safety", "/nowhere")


def main() -> None:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("folder", type=Path)
    wanted.add_argument("paths", nargs="*", default=list(PAGES))
    wanted.add_argument("--only", default="")
    wanted.add_argument("--full", action="store_true", help="the whole height of the page")
    asked = wanted.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as room:
        template = Path(room) / "template.sqlite"
        asyncio.run(migrated(template))
        with running(template, Path(room)) as console, sync_playwright() as playwright:
            console.do(fill)
            browser = chromium(playwright)
            for width, viewport in (("wide", WIDE), ("narrow", NARROW)):
                for theme in ("light", "dark"):
                    if asked.only not in ("", f"{width}-{theme}"):
                        continue
                    with opened(browser, console, Role.OWNER, viewport=viewport, dark=theme == "dark", bypass=True) as watched:
                        for path in asked.paths:
                            watched.page.goto(path)
                            name = path.strip("/").replace("/", "-").replace("?", "-") or "inbox"
                            watched.page.screenshot(path=asked.folder / f"{name}-{width}-{theme}.png", full_page=asked.full)
                            print(path, width, theme, *axe(watched.page), *watched.faults, sep="\n  ")
                            watched.faults.clear()
            browser.close()


async def migrated(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    await upgrade(database)
    await database.dispose()


if __name__ == "__main__":
    main()
