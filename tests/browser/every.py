"""Every page there is, from the routes that the running program lists: signed in, for strangers, of forms, of faults. And one organisation that fills them.

Limits: a page is known by its route; what a route shows in other states is in `STATES` or in its room's tests.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Browser, Page

from presswarden.identity.model import Role
from presswarden.surfaces.api.routes import PREFIX
from presswarden.surfaces.console.door import COOKIE
from tests.browser.rig import NARROW, WIDE, Console, axe, opened
from tests.console.answers import BEFORE, GETS, LIVE, POSTS
from tests.console.furnished import Furnished, filled, furnish, routes
from tests.console.rig import House
from tests.support.fleet import make_fleet

DOWNLOADS = frozenset({"/sites.csv", "/audit/{entry}/leaf", "/audit/{entry}/proof", "/audit/export"})
STATES = (
    "/sites?q=nothing-like-it", "/sites?tab=attention", "/proposals?view=recommended", "/proposals?view=decided", "/incidents?all=1",
    "/audit?site=nobody", "/stop?scope=site&subject={site}", "/jump?q=shop", "/sites/{failing}", "/sites/{failing}/components",
    "/sites/{failing}/health", "/sites/{site}/update?component={component}", "/proposals/{high}",
    "/proposals/{recommended}", "/changes/{open}", "/policies/{site}", "/account/password?app=new", "/nowhere", "/sites/{token}",
)  # fmt: skip
"""Pages that a route shows besides the one of the table."""
STRANGERS = ("/login", "/invitation/{secret}", "/invitation/nothing", "/help", "/safety", "/nowhere")
TICK = 4_000
"""Bytes on the wire of one message of a live page."""
COLOURS = ("color-contrast", "link-in-text-block")
"""All that differs between light and dark."""
CONSENTS = ("/enrol/{ticket}", "/enrol/nothing", "/consent/nothing")


@dataclass(frozen=True)
class Visited:
    """Where a page is, and the form that leads to it."""

    path: str
    form: Mapping[str, str] | None = None

    def open(self, page: Page) -> None:
        if self.form is None:
            page.goto(self.path)
            return
        page.goto("/help")
        with page.expect_navigation():
            page.evaluate(_SEND, [self.path, dict(self.form)])

    @property
    def name(self) -> str:
        return self.path + (f" with {urlencode(self.form)}" if self.form else "")


_GAP = re.compile(r'^\s*- (?:button|link|heading|cell|checkbox|radio|textbox|combobox) "[^"]* [:;,.](?: [^"]*)?"')
_SEND = """([path, given]) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = path;
    given.token = document.querySelector("input[name=token]").value;
    for (const [name, value] of Object.entries(given)) {
        const field = document.createElement("input");
        field.name = name;
        field.value = value;
        form.append(field);
    }
    document.body.append(form);
    form.submit();
}"""


def fill(console: Console) -> Furnished:
    return console.do(_fill)


async def _fill(house: House) -> Furnished:
    await make_fleet(house.database, house.org, 30, house.clock.now())
    return await furnish(house)


def names(own: Furnished) -> dict[str, str]:
    return {**own.names, "failing": own.agency.failing, "recommended": own.desk.recommended.id, "open": own.desk.change}


def reads(own: Furnished) -> Iterator[Visited]:
    """What an owner opens."""
    for path in (*GETS, *STATES):
        if path not in DOWNLOADS:
            yield Visited(filled(path, names(own)))


def answers(own: Furnished) -> Iterator[Visited]:
    """What forms lead to that show a page and lead no further."""
    for path, case in POSTS.items():
        if case.first != 303 and path not in DOWNLOADS:
            yield Visited(filled(path, names(own)), {name: filled(value, names(own)) for name, value in case.form.items()})


def unknown(console: Console) -> set[str]:
    """Routes of the program that no table here names."""
    listed = {path for method in ("GET", "POST") for path in routes(console.house.app, method) if not path.startswith(PREFIX)}
    return listed - {*GETS, *LIVE, *POSTS, *BEFORE}


def weighed(browser: Browser, console: Console, own: Furnished) -> dict[str, int]:
    """What the first message of each live page costs, as it comes over the wire."""
    sizes = {}
    paths = [filled(template, names(own)) for template in LIVE] + [f"/changes/{own.desk.change}/live"]
    with opened(browser, console, Role.OWNER) as watched:
        (cookie,) = [each for each in watched.page.context.cookies() if each["name"] == COOKIE]  # type: ignore[typeddict-item]  # it has a name
        headers = {"Cookie": f"{COOKIE}={cookie['value']}", "Accept-Encoding": "gzip"}  # type: ignore[typeddict-item]  # and a value
        for path in paths:
            with httpx.stream("GET", console.url + path, headers=headers, timeout=20) as answer:
                sizes[path] = _first(answer)
    return sizes


def _first(answer: httpx.Response) -> int:
    """Until a message that shows something is whole."""
    text, size, packing = "", 0, zlib.decompressobj(16 + zlib.MAX_WBITS)
    for part in answer.iter_raw():
        text, size = text + packing.decompress(part).decode(), size + len(part)
        if text.endswith("\n\n") and "data:" in text:
            return size
    raise AssertionError(f"{answer.url} ended without a message")


def judged(page: Page, visited: Visited) -> Iterator[str]:
    """In each look of the same page."""
    visited.open(page)
    for fold in page.locator("main details").all():
        fold.evaluate("each => { each.open = true; }")
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        for theme, rules in (("light", ()), ("dark", COLOURS)):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of the two
            yield from (f"{visited.name} {viewport['width']} {theme}: {said}" for said in axe(page, *rules))
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            yield f"{visited.name}: wider than {viewport['width']}"


def odd_names(page: Page) -> list[str]:
    """Names that are read aloud with a gap before their punctuation: words that stand together on the screen and not in the tree."""
    return [f"is read with a gap: {line.strip()}" for line in page.locator("body").aria_snapshot().splitlines() if _GAP.search(line)]
