"""Every page of the running program, in Debian's Chromium: no rule of accessibility is broken, nothing meets the page's own policy, no page weighs too much.

In light and dark, at 1440 and 390 pixels. Limits: with what `furnish` left; hostile text has a file of its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession

from presswarden.identity.model import Role
from tests.browser.every import CONSENTS, STRANGERS, TICK, Visited, answers, fill, judged, odd_names, reads, unknown, weighed
from tests.browser.rig import Console, Watched, opened, running
from tests.console.furnished import Furnished, filled
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("N18")

SCRIPTS, STYLES, WHOLE = 25_000, 12_000, 110_000
"""Bytes on the wire, headers and all."""


@pytest.fixture(scope="module")
def console(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running(sqlite_template, tmp_path_factory.mktemp("console"), FrozenClock()) as made:
        yield made


@pytest.fixture(scope="module")
def own(console: Console) -> Furnished:
    return fill(console)


def test_no_route_is_left_out(console: Console) -> None:
    assert unknown(console) == set()


def test_no_page_meets_its_own_policy_or_complains_or_weighs_too_much(browser: Browser, console: Console, own: Furnished) -> None:
    with opened(browser, console, Role.OWNER) as watched:
        wrong = _walk(watched, list(reads(own)))
    with opened(browser, console) as watched:
        wrong += _walk(watched, [Visited(path) for path in _for_strangers(console, own)])
    assert not wrong, "\n".join(wrong)


def test_a_message_of_a_live_page_is_small(console: Console, own: Furnished, browser: Browser) -> None:
    sizes = weighed(browser, console, own)
    assert {path: size for path, size in sizes.items() if size > TICK} == {}


def test_no_page_breaks_a_rule_of_accessibility(browser: Browser, console: Console, own: Furnished) -> None:
    with opened(browser, console, Role.OWNER, bypass=True) as watched:
        wrong = [said for visited in (*reads(own), *answers(own)) for said in judged(watched.page, visited)]
    with opened(browser, console, bypass=True) as watched:
        wrong += [said for path in _for_strangers(console, own) for said in judged(watched.page, Visited(path))]
    with opened(browser, console, Role.VIEWER, bypass=True) as watched:
        wrong += [said for path in ("/", "/people", "/sites", "/settings/notifications") for said in judged(watched.page, Visited(path))]
    assert not wrong, "\n".join(wrong)


def _for_strangers(console: Console, own: Furnished) -> list[str]:
    of_consents = console.url.replace("://", "://consent.")
    return [filled(path, own.names) for path in STRANGERS] + [of_consents + filled(path, own.names) for path in CONSENTS]


def _walk(watched: Watched, all_of_them: list[Visited]) -> list[str]:
    wrong = []
    session = watched.page.context.new_cdp_session(watched.page)
    weight = _Weight(session)
    for visited in all_of_them:
        weight.begin()
        visited.open(watched.page)
        watched.page.wait_for_load_state("load")
        violations = watched.page.evaluate("() => window.__violations ?? []")
        wrong += [f"{visited.name}: {said}" for said in (*watched.faults, *violations, *weight.too_much(), *odd_names(watched.page))]
        watched.faults.clear()
    return wrong


class _Weight:
    """What a page costs whoever opens it first, as it came over the wire."""

    def __init__(self, session: CDPSession) -> None:
        self._kinds: dict[str, str] = {}
        self._sums: dict[str, int] = {}
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.responseReceived", lambda told: self._kinds.update({told["requestId"]: told["type"]}))
        session.on("Network.loadingFinished", self._add)

    def begin(self) -> None:
        self._sums.clear()

    def _add(self, told: dict[str, object]) -> None:
        kind = self._kinds.get(str(told["requestId"]), "Other")
        self._sums[kind] = self._sums.get(kind, 0) + int(str(told["encodedDataLength"]).split(".")[0])

    def too_much(self) -> Iterator[str]:
        for what, size, most in (
            ("scripts", self._sums.get("Script", 0), SCRIPTS),
            ("styles", self._sums.get("Stylesheet", 0), STYLES),
            ("all of it", sum(self._sums.values()), WHOLE),
        ):
            if size > most:
                yield f"{what}: {size} bytes, more than {most}"
