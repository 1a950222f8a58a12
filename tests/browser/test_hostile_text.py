"""Whatever a site, a person or a model wrote: every page shows it as text, and nothing in it acts, hides or turns what stands beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from presswarden.identity.model import Role
from tests.browser.every import TICK, fill, names, reads, weighed
from tests.browser.hostile import HARM, INVISIBLE, LONG, poison
from tests.browser.rig import NARROW, WIDE, Console, opened, running
from tests.console.answers import GETS
from tests.console.furnished import Furnished, filled
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("N18")

ACTING = "img[src=x], [hx-get='/harm'], [hx-trigger=load], a[href^='javascript'], [onerror]"
_SHOWN = """() => {
    const own = [...document.querySelectorAll("*")].filter((each) => !each.closest("input, textarea, script, style"));
    const texts = own.flatMap((each) => [...each.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data));
    return texts.concat(own.flatMap((each) => [...each.attributes].filter((one) => one.name !== "value").map((one) => one.value))).join("\\n");
}"""


_HIDDEN = """() => {
    const deciding = "h1, h2, h3, .btn, .state, .risk, summary, label, .gates, .note, #decision";
    const found = new Set(), range = document.createRange();
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, own = node.parentElement;
        if (!node.data.trim() || !own.closest(deciding) || own.closest(".vh, .matrix, option, textarea") || !own.checkVisibility()) continue;
        range.selectNodeContents(node);
        const boxes = [...range.getClientRects()].filter((box) => box.width >= 1);
        for (let each = own; each !== document.documentElement; each = each.parentElement) {
            if (getComputedStyle(each).overflowX === "visible") continue;
            const edge = each.getBoundingClientRect();
            if (boxes.some((box) => box.right > edge.right + 1 || box.left < edge.left - 1)) found.add(node.data.trim().slice(0, 40));
        }
    }
    return [...found];
}"""
"""Words that somebody decides by and that lie beyond an edge: cut there, or reached only by scrolling sideways."""


@pytest.fixture(scope="module")
def console(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running(sqlite_template, tmp_path_factory.mktemp("console"), FrozenClock()) as made:
        yield made


@pytest.fixture(scope="module")
def own(console: Console) -> Furnished:
    return fill(console)


@pytest.mark.parametrize("harm", [HARM, LONG], ids=["sharp", "long"])
def test_no_text_does_anything_on_any_page_widens_it_or_hides_what_decides(
    browser: Browser, console: Console, own: Furnished, harm: str
) -> None:
    console.do(lambda house: poison(house, harm))
    wrong, shown = list[str](), set[str]()
    with opened(browser, console, Role.OWNER, viewport=NARROW) as watched:
        page = watched.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for visited in reads(own):
            answer = page.goto(visited.path)
            assert answer is not None
            if answer.status >= 500:
                wrong.append(f"{visited.name}: {answer.status}")
            wrong += [f"{visited.name}: {said}" for said in (*_acted(page), *watched.faults)]
            if "onerror=" in page.locator("main").inner_text():
                shown.add(visited.path)
            watched.faults.clear()
            if harm == LONG:
                wrong += [f"{visited.name}: {said}" for said in _squeezed(page)]
        wrong += [url for url in asked if "/harm" in url or url.endswith("/x")]
    assert not wrong, "\n".join(wrong)
    # The test would see nothing where nothing hostile is shown.
    wanted = {
        filled(path, names(own))
        for path in GETS
        if "{site}" in path or path in ("/sites", "/components", "/clients", "/people", "/proposals")
    }
    assert wanted - shown == set()
    assert {path: size for path, size in weighed(browser, console, own).items() if size > TICK} == {}


def _squeezed(page: Page) -> Iterator[str]:
    """Wide and narrow, with everything unfolded. The page is left narrow."""
    for fold in page.locator("main details").all():
        fold.evaluate("each => { each.open = true; }")
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > viewport["width"]:
            yield f"{width} wide in a window of {viewport['width']}"
        yield from (f"beyond an edge at {viewport['width']}: {words}" for words in page.evaluate(_HIDDEN))


def _acted(page: Page) -> Iterator[str]:
    if page.evaluate("() => window.harmed"):
        yield "a script of the text ran"
    if page.locator(ACTING).count():
        yield "an element of the text stands in the page"
    hidden = {f"U+{ord(char):04X}" for char in page.evaluate(_SHOWN) if char in INVISIBLE}
    if hidden:
        yield f"invisible characters: {sorted(hidden)}"
    yield from page.evaluate("() => window.__violations ?? []")
