"""A console that answers on a loopback port, and Debian's Chromium in front of it. Limits: synchronous, as a person is; the server has a thread of its own.

`Console.do` runs a coroutine beside the server, so that a test prepares and looks at the same database. Every page that is opened is watched: what its
policy forbids and what its scripts complain of fails the test (`quiet`).
"""

import asyncio
import fcntl
import shutil
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, ViewportSize

from presswarden.identity.model import Person, Role
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Way
from presswarden.kernel.clock import Clock, SystemClock
from presswarden.kernel.db import Database
from presswarden.processes.web import build_app
from presswarden.surfaces.console.door import COOKIE
from tests.console.rig import KEK, CountedWake, House, open_house

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
         "--no-first-run", "--host-resolver-rules=MAP *.localhost 127.0.0.1"]  # fmt: skip
WIDE, NARROW = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
_AXE = Path(__file__).parents[2] / "tools" / "browser"
_T = TypeVar("_T")


@dataclass
class Console:
    url: str
    house: House
    _loop: asyncio.AbstractEventLoop

    def do(self, work: Callable[[House], Awaitable[_T]]) -> _T:
        async def whole() -> _T:
            return await work(self.house)

        return asyncio.run_coroutine_threadsafe(whole(), self._loop).result(120)

    def sign_in(self, context: BrowserContext, person: Person) -> None:
        """Give the browser a session of this person, without the pages of the login."""

        async def begin(house: House) -> str:
            async with house.transaction() as tx:
                key, _ = await sessions.begin(tx, person.id, Way.PASSKEY, source="127.0.0.1", browser="", now=house.clock.now())
            return key.text

        context.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": self.do(begin),
                    "url": self.url.replace("http:", "https:"),
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )


@contextmanager
def running(template: Path, folder: Path, clock: Clock | None = None) -> Iterator[Console]:
    """The real application on SQLite, by the machine's clock or another."""
    file = folder / "presswarden.sqlite"
    shutil.copyfile(template, file)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    url, loop, ready, made = f"http://localhost:{port}", asyncio.new_event_loop(), threading.Event(), []

    async def serve() -> None:
        database, now = Database(f"sqlite:///{file}"), clock or SystemClock()
        app = build_app(database, now, KEK, CountedWake(), url)
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
        made.extend([await open_house(database, now, app=app), server])
        ready.set()
        await server.serve()
        await database.dispose()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        assert ready.wait(30), "the console did not start"
        while not made[1].started:
            threading.Event().wait(0.05)
        yield Console(url, made[0], loop)
    finally:
        if len(made) > 1:
            made[1].should_exit = True
        thread.join(20)
        loop.close()


@dataclass
class Watched:
    """A page, and everything that went wrong in it."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def heard(self, message: ConsoleMessage) -> None:
        # A status of 4xx is said by the browser itself; tests look at those answers.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def quiet(self) -> None:
        found = [*self.faults, *self.page.evaluate("() => window.__violations ?? []")]
        assert not found, f"{self.page.url}: {found}"


LISTEN = """addEventListener("securitypolicyviolation", (event) => {
    (window.__violations ??= []).push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sourceFile ?? ""}`);
});"""


def chromium(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@contextmanager
def opened(
    browser: Browser, console: Console, person: Person | Role | None = None, *, viewport: ViewportSize = WIDE, dark: bool = False,
    scripts: bool = True, bypass: bool = False,
) -> Iterator[Watched]:  # fmt: skip
    """A page of a browser of its own, signed in as `person` (or the house's person of that role). Without `scripts` JavaScript is off."""
    context = browser.new_context(
        base_url=console.url, viewport=viewport, color_scheme="dark" if dark else "light", java_script_enabled=scripts, bypass_csp=bypass,
        reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(30_000)
    if person is not None:
        console.sign_in(context, console.house.people[person] if isinstance(person, Role) else person)
    page = context.new_page()
    watched = Watched(page)
    if scripts:
        page.add_init_script(LISTEN)
    page.on("console", watched.heard)
    page.on("pageerror", lambda error: watched.faults.append(str(error)))
    try:
        yield watched
    finally:
        context.close()


def axe_source() -> str:
    """The rules, from the pinned package; fetched once."""
    file = _AXE / "node_modules" / "axe-core" / "axe.min.js"
    with (_AXE / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not file.exists():
            subprocess.run(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=_AXE, check=True)
    return file.read_text()


def axe(page: Page, *rules: str) -> list[str]:
    """What a page owes people who can't see it, hear it or use a mouse: each violation with where it is. The context was made with `bypass`.

    With `rules`, these alone: of a page that is looked at in its other colours, those that ask about colours.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe_source())
    kinds = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found: Any = page.evaluate("(asked) => axe.run(document, {runOnly: asked, resultTypes: ['violations']})", list(rules) or kinds)
    return [
        f"{each['id']}: {node['target']} {' '.join(node['failureSummary'].split())}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
