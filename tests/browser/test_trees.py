"""The main pages as they are told to whoever does not see them: a role, a name or an order that changes fails with the difference.

`make trees` keeps them anew; read what changed before you commit it. Limits: one organisation, at one moment.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from presswarden.identity.model import Role
from tests.browser.every import fill
from tests.browser.rig import Console, opened, running
from tests.browser.trees import differs, tree
from tests.console.furnished import Furnished, filled
from tests.fakes.clock import TickingClock

pytestmark = pytest.mark.req("N18")

RENEW = os.environ.get("PRESSWARDEN_RENEW_TREES") == "1"
PAGES = {
    "inbox": "/", "fleet": "/sites?q=amber", "site": "/sites/{site}", "review": "/proposals/{proposal}", "change": "/changes/{change}",
    "incidents": "/incidents", "incident": "/incidents/{incident}", "record": "/audit?kind=change.ended", "policies": "/policies/organisation",
    "people": "/people", "stop": "/stop",
}  # fmt: skip


@pytest.fixture(scope="module")
def console(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running(sqlite_template, tmp_path_factory.mktemp("console"), TickingClock()) as made:
        yield made


@pytest.fixture(scope="module")
def own(console: Console) -> Furnished:
    return fill(console)


def test_the_main_pages_are_told_as_they_were(browser: Browser, console: Console, own: Furnished) -> None:
    with opened(browser, console, Role.OWNER) as watched:
        changed = []
        for name, path in PAGES.items():
            watched.page.goto(filled(path, own.names))
            changed.append(differs(name, tree(watched.page), renew=RENEW))
    assert not any(changed), "\n\n".join([*filter(None, changed), "If this is as it should be: make trees"])


def test_a_heading_that_is_none_any_more_is_seen(browser: Browser, console: Console, own: Furnished) -> None:
    assert own.site
    with opened(browser, console, Role.OWNER) as watched:
        watched.page.goto("/stop")
        watched.page.evaluate("document.querySelector('h1').setAttribute('role', 'presentation')")
        lines = differs("stop", tree(watched.page), renew=False).splitlines()
    assert any(line.startswith("-") and 'heading "Stops" [level=1]' in line for line in lines)
