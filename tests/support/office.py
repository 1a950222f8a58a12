"""A control plane with one site, worked at through its command line; in this process, or at a real terminal."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner
from typer.testing import Result as Ran

from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, new_id
from presswarden.processes.analyst import Analyst
from presswarden.processes.cli import app
from presswarden.proposals import service as proposals
from presswarden.proposals.packages import service as packages
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from tests.support.shop import AKISMET, URL, Shop, open_shop
from tests.support.terminal import Sat, sit

PROMPT = r"Type ([0-9a-f]{8}) to say yes"


class Office:
    """`open` makes the site, and what the analyst finds there."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home, self.org = url, home, OrgId(new_id())
        self.now: datetime = SystemClock().now()
        self.env = {**os.environ, "PRESSWARDEN_DATABASE": url, "PRESSWARDEN_URL": "http://localhost:8700", "COLUMNS": "200"}
        self.proposal = ""

    def do(self, work: Callable[[Shop], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            database = Database(self.url)
            try:
                return await work(self.shop_at(database))
            finally:
                await database.dispose()

        return asyncio.run(whole())

    def shop_at(self, database: Database) -> Shop:
        return Shop(database, self.org, self.shop.owner, self.shop.site, self.shop.installation)

    def open(self, components: Mapping[str, Mapping[str, Json]]) -> None:
        async def whole() -> None:
            database = Database(self.url)
            self.shop = await open_shop(database, self.org, self.now)
            await self.shop.report(components, self.now)
            async with database.transaction(self.org) as tx:
                await packages.want(tx, [(AKISMET, "5.7.3", URL)], self.now)
                for due in await packages.due(tx, self.now, most=5):
                    await packages.found(tx, due, "1" * 64, 1000, self.now)
            await Analyst(database, SystemClock()).look()
            async with database.reading(self.org) as tx:
                found = await proposals.listed(tx)
            self.proposal = found[0].id if found else ""
            await database.dispose()

        asyncio.run(whole())

    def run(self, *words: str, who: str = "olga", typed: str | None = None) -> Ran:
        return CliRunner(env=self.env).invoke(app, ["--home", str(self.home), "--as", f"{who}@example.org", *words], input=typed)

    def ask(self, *words: str, who: str = "olga") -> Any:
        ran = self.run("--json", *words, who=who)
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    def sit(self, *words: str, who: str = "olga", prompt: str = PROMPT, answer: str = "{0}") -> Sat:
        program = [sys.executable, "-c", "from presswarden.processes.start import main; main()"]
        return sit([*program, "--home", str(self.home), "--as", f"{who}@example.org", *words], self.env, prompt=prompt, answer=answer)

    def join(self, name: str, role: Role) -> None:
        async def add(shop: Shop) -> None:
            async with shop.database.transaction(shop.org) as tx:
                await identity.add_person(
                    tx, name=name, mail=f"{name}@example.org", grant=Grant(role), by=shop.owner, now=SystemClock().now()
                )

        self.do(add)

    @contextmanager
    def working(self, result: Result, *, code: str = "", says: str = "") -> Iterator[None]:
        """As if a dispatcher ran: every change that is filed begins and comes to `result`."""
        stop = threading.Event()

        async def work(shop: Shop) -> None:
            while not stop.is_set():
                async with shop.database.transaction(shop.org) as tx:
                    for change in await rollouts.changes(tx, site=shop.site):
                        if change.result is None:
                            now = SystemClock().now()
                            await rollouts.begin(tx, change, now=now)
                            await rollouts.end(tx, change.id, result, code=code, says=says, seen={"version": change.version}, now=now)
                await asyncio.sleep(0.1)

        running = threading.Thread(target=self.do, args=(work,), daemon=True)
        running.start()
        try:
            yield
        finally:
            stop.set()
            running.join(20)

    def work_filed(self) -> int:
        async def count(shop: Shop) -> int:
            async with shop.database.reading(shop.org) as tx:
                return len(await rollouts.changes(tx, site=shop.site))

        return int(self.do(count))

    def state(self) -> str:
        return str(self.ask("proposal", "show", self.proposal)["state"])
