"""The control plane as real processes that can be killed, stopped and started again, and the person's side of it.

`serve` on SQLite, or `web`, `dispatcher` and `janitor` apart on PostgreSQL. What a person would ask for is filed in this process through the stages'
own verbs, as the command line does it. Limits: a minute's lease of a killed process is ended by hand (`leases_end`) where a test is not about the lease itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
import urllib.request
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text

from lab import server
from lab.demo.control import PROGRAM
from lab.guard import Guard
from lab.recorder import Recorder
from presswarden.audit import service as audit
from presswarden.audit import verify
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import EVERYONE, CorrelationId, InstallationId, OrgId, RequestId, SiteId, new_id
from presswarden.kernel.wake import PostgresWake
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Request
from presswarden.processes import home
from presswarden.sites import service as sites
from presswarden.sites.model import Installation, NoControlKey, Site
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Inventory
from tests.crash.waiting import NotInTime, until

T = TypeVar("T")


@dataclass(frozen=True)
class Offer:
    text: str
    site: SiteId
    installation: InstallationId


@dataclass
class Plane:
    """`gate` is its address for sites; every exchange of a site passes there."""

    room: Path
    gate: Recorder
    database: str
    parts: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further ones, as environment variables."""
    beside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Environment variables of one process alone, by its name."""
    through: tuple[str, ...] = ()
    """What a process is started through: a program that puts it into a network of its own and becomes it."""
    host: str = "127.0.0.1"
    """Where its web process listens."""
    port: int = field(default_factory=server.free_port)
    _guard: Guard = field(default_factory=Guard)
    _running: dict[str, int] = field(default_factory=dict)
    _kept: list[str] = field(default_factory=list)
    _loop: asyncio.Runner = field(default_factory=asyncio.Runner)
    _org: OrgId | None = None

    @cached_property
    def _desk(self) -> Database:
        """The person's own connection; it outlives every process that is killed."""
        return Database(self.database, pool_size=1)

    @property
    def on_postgres(self) -> bool:
        return self.database.startswith("postgresql")

    # Processes -----------------------------------------------------------------------------------

    def set_up(self) -> None:
        if self.parts != ("serve",):
            home.make_home(self.room, lambda _: None)
            made = os.waitstatus_to_exitcode(os.waitpid(self._spawn("migrate"), 0)[1])
            assert made == 0, self.log("migrate")
        self.start(*self.parts)

    def start(self, *names: str) -> None:
        """Each `name` is a part; `dispatcher-2` is another of the same kind. Returns when those that listen answer."""
        self.gate.host, self.gate.target = self.host, self.port
        for name in names:
            self._running[name] = self._spawn(name)
        if {"serve", "web"} & set(names):
            try:
                until(self._answers, f"{names} answer")
            except NotInTime as late:
                raise NotInTime("\n".join((str(late), *map(self.log, names)))) from late

    def kill(self, *names: str) -> None:
        """kill -9: no handler runs, nothing is flushed."""
        for name in names:
            os.kill(self._running[name], signal.SIGKILL)
        for name in names:
            server.end(self._running.pop(name), self._guard)

    def freeze(self, name: str) -> None:
        os.kill(self._running[name], signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.kill(self._running[name], signal.SIGCONT)

    def close(self) -> None:
        self.kill(*self._running)
        self._loop.run(self._desk.dispose())
        self._loop.close()
        self._guard.close()

    def log(self, name: str) -> str:
        path = self.room / f"{name}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def _spawn(self, name: str) -> int:
        self.room.mkdir(parents=True, exist_ok=True)
        environment = {
            "PRESSWARDEN_HOME": str(self.room),
            "PRESSWARDEN_LISTEN": f"{self.host}:{self.port}",
            "PRESSWARDEN_URL": self.gate.url,
            "PRESSWARDEN_SITE_NETWORKS": "127.0.0.0/8",
            "PRESSWARDEN_DATABASE": self.database,
            "NO_COLOR": "1",
            **self.settings,
            **self.beside.get(name, {}),
        }
        return server.spawn([*self.through, str(PROGRAM), name.partition("-")[0]], self.room / f"{name}.log", environment, self._guard)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.port}/healthz", timeout=5) as answer:
                return bool(json.load(answer) == {"status": "ok"})
        except (OSError, ValueError):
            return False

    # The person's side ---------------------------------------------------------------------------

    def now(self) -> datetime:
        return SystemClock().now()

    def offer(self, label: str) -> Offer:
        """A pairing string. Keys are made by the dispatcher, so a new control plane may need a moment."""

        async def make(tx: Tx) -> Offer:
            person = await identity.owner(tx)
            made, site, installation = await sites.begin_pairing(
                tx, home_label=label, control_url=self.gate.url, requested_by=person.id, now=self.now()
            )
            return Offer(made, site.id, installation.id)

        def look() -> Offer | None:
            try:
                return self.write(make)
            except NoControlKey:
                return None

        return until(look, "a control key")

    def ask(self, site: SiteId, *tools: str) -> list[RequestId]:
        """File requests in one transaction and wake the dispatcher."""

        async def file(tx: Tx) -> list[RequestId]:
            person = await identity.owner(tx)
            return [
                (
                    await mailbox.ask(
                        tx, site, tool, {}, by=Actor("person", person.id), correlation=CorrelationId(new_id()), now=self.now()
                    )
                ).id
                for tool in tools
            ]

        return self.write(file, rings=True)

    def revoke(self, site: SiteId) -> None:
        async def end(tx: Tx) -> None:
            person = await identity.owner(tx)
            await sites.revoke(tx, site, by=Actor("person", person.id), reason="", now=self.now())

        self.write(end)

    def pause(self, site: SiteId) -> RequestId:
        async def wish(tx: Tx) -> RequestId:
            person = Actor("person", (await identity.owner(tx)).id)
            await sites.pause(tx, site, "", by=person, now=self.now())
            asked = await mailbox.ask(
                tx, site, "control.pause", {"reason": ""}, by=person, correlation=CorrelationId(new_id()), now=self.now()
            )
            return asked.id

        return self.write(wish, rings=True)

    def requests(self, wanted: Iterable[RequestId]) -> list[Request]:
        async def look(tx: Tx) -> list[Request]:
            return [await mailbox.outcome(tx, each) for each in wanted]

        return self.read(look)

    def still_open(self, wanted: Iterable[RequestId]) -> list[Request]:
        return [each for each in self.requests(wanted) if not each.is_settled]

    def settled(self, wanted: Sequence[RequestId], *, also: Callable[[Request], bool] = bool) -> list[Request]:
        """All of them, once every one is settled (and `also` holds for it)."""
        until(lambda: all(each.is_settled and also(each) for each in self.requests(wanted)), f"{len(wanted)} requests are settled")
        return self.requests(wanted)

    def nothing_open(self) -> None:
        """Waits until no request of any kind is left to look at."""
        until(lambda: self.rows("SELECT id, tool, state FROM mailbox_requests WHERE look_at IS NOT NULL") == [], "no request is left open")

    def leases_end(self) -> None:
        """As if the minute were over that a killed process had for what it took. Only the moment to look again changes, and only where somebody had it."""

        async def end(tx: Tx) -> None:
            await tx.execute(text("UPDATE mailbox_requests SET look_at = asked_at WHERE look_at IS NOT NULL AND state = 'sent'"))

        self.write(end)

    def installation(self, offer: Offer) -> Installation:
        return self.read(lambda tx: sites.installation(tx, offer.installation))

    def site(self, offer: Offer) -> Site:
        return self.read(lambda tx: sites.site_of(tx, offer.site))

    def inventory(self, offer: Offer) -> Inventory | None:
        return self.read(lambda tx: telemetry.inventory(tx, offer.site))

    # The record ----------------------------------------------------------------------------------

    def keep_checkpoint(self) -> None:
        """Keep what is signed now, as somebody outside would, to hold against what is signed later."""
        self._kept += [text for (text,) in self.rows("SELECT text FROM audit_checkpoints ORDER BY size DESC LIMIT 1")]

    def places_twice(self) -> int:
        """How many entries have more than one place in the tree."""
        return len(self.rows("SELECT event FROM audit_leaves GROUP BY event HAVING COUNT(*) > 1"))

    def audit_holds(self) -> int:
        """Waits until every entry has its place; then no gap, no entry twice, and the export verifies, also against what was kept before. The size."""
        until(lambda: self.rows("SELECT event FROM audit_queue") == [], "every entry of the record has its place")
        leaves = self.rows("SELECT position, event FROM audit_leaves ORDER BY position")
        events = {event for (event,) in self.rows("SELECT id FROM audit_events")}
        assert [position for position, _ in leaves] == list(range(len(leaves)))
        assert {event for _, event in leaves} == events
        assert len(leaves) == len(events)
        with tempfile.TemporaryDirectory(prefix="presswarden-crash-") as scratch:
            folder = Path(scratch) / "export"
            newest = self.read(lambda tx: audit.export(tx, folder))
            report = verify.verify_export(folder, (folder / "log.vkey").read_text(), tuple(self._kept))
        assert report.faults == ()
        assert report.size == newest.size == len(leaves)
        self.keep_checkpoint()
        return report.size

    # The database --------------------------------------------------------------------------------

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async def ask(tx: Tx) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await tx.execute(text(sql))]

        return self.read(ask)

    def read(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        return self._loop.run(self._work(work, writes=False))

    def write(self, work: Callable[[Tx], Awaitable[T]], *, rings: bool = False) -> T:
        return self._loop.run(self._work(work, writes=True, rings=rings))

    async def _work(self, work: Callable[[Tx], Awaitable[T]], *, writes: bool, rings: bool = False) -> T:
        org = await self._organisation()
        database = self._desk
        async with database.transaction(org) if writes else database.reading(org) as tx:
            done = await work(tx)
        if rings:
            wake = home.wake_for(database, self.room)
            await wake.ring(mailbox.DISPATCH)
            if isinstance(wake, PostgresWake):
                await wake.close()
        return done

    async def _organisation(self) -> OrgId:
        if self._org is None:
            async with self._desk.reading(EVERYONE) as tx:
                self._org = (await identity.choose_organisation(EVERYONE, tx, "")).id
        return self._org
