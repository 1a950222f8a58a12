"""A control plane and the sites it changes: `serve` on SQLite in a network of its own, or seven processes on a PostgreSQL of their own.

Each site and the embedded home lie on small disks; every process and every site has a clock that can be set. Limits: minutes that only pass (a lease, an
executor's half minute) are passed by hand, as `leases_pass` and `silence_counts` say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy import text

from lab.guard import Guard
from lab.installed import Event
from lab.recorder import Recorder
from lab.site import Lab
from lab.updates import UpdateServer
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId, new_id
from tests.chaos.ground import Clock, Ground, Wire
from tests.chaos.stories import Shelf
from tests.crash.plane import Offer, Plane
from tests.crash.shops import CONNECTOR, GENEROUS, Shop, pair_all
from tests.crash.works import settings_for
from tests.support.postgres import Server, server

SERVE: Final = "serve"
APART: Final = "apart"
PARTS: Final = {SERVE: ("serve",), APART: ("web", "dispatcher", "dispatcher-2", "janitor", "courier", "analyst")}
SITE_DISK, HOME_DISK = "400m", "160m"
UNSEEN: Final = 7
"""Seconds without a beat (one comes every five) after which an executor counts as silent here."""


@dataclass(eq=False)
class Place:
    """One site of a lane, and what can be done to it from outside."""

    shop: Shop
    shelf: Shelf
    clock: Clock
    disk: Path
    """The root of its file system; everything of the site lies below, but what the oracle wrote: a witness has room left."""
    witness: Path
    told: int = 0
    """How much the oracle had told before the change that runs now."""

    def hear(self) -> None:
        """Have the oracle write elsewhere from now on."""
        events = self.shop.site.state / "events.jsonl"
        events.unlink(missing_ok=True)
        self.witness.touch()
        events.symlink_to(self.witness)

    def forget(self) -> None:
        """What was told until now is not of the change that comes."""
        self.told = len(self.shop.site.events())

    def events(self, kind: str) -> list[Event]:
        return [event for event in self.shop.site.events()[self.told :] if event["event"] == kind]


@dataclass(eq=False)
class Lane:
    form: str
    guard: Guard
    plane: Plane
    updates: UpdateServer
    places: tuple[Place, ...]
    clocks: dict[str, Clock]
    """Of each process."""
    people: tuple[PersonId, PersonId]
    """Who asks, and who agrees."""
    database: Server | None
    wire: Wire | None
    offers: dict[Shop, Offer] = field(default_factory=dict)

    def leases_pass(self) -> None:
        """As if the minutes were over that a process had for what it took and did not come back from."""
        self.plane.leases_end()

    def silence_counts(self) -> None:
        """As if half a minute were over for executors that were not seen for some seconds: the janitor gives what they had to others."""
        if self.plane.on_postgres:
            seen = f"UPDATE executors SET seen_at = now() - interval '1 minute' WHERE seen_at < now() - interval '{UNSEEN} seconds'"
            self.plane.write(lambda tx: tx.execute(text(seen)))


@contextmanager
def open_lane(form: str, ground: Ground, sites: int) -> Iterator[Lane]:
    """Paired and at rest."""
    with ExitStack() as held:
        updates = held.enter_context(UpdateServer.start())
        wire = ground.wire() if form == SERVE else None
        database = held.enter_context(server()) if form == APART else None
        room = ground.room / form
        clocks = {name: ground.clock(f"{form}-{name}") for name in PARTS[form]}
        plane = Plane(
            room,
            held.enter_context(Recorder()),
            f"{database.url}/chaos" if database else f"sqlite:///{room / 'presswarden.sqlite'}",
            PARTS[form],
            settings_for(updates),
            beside={name: clock.environment for name, clock in clocks.items()},
            through=wire.through if wire else (),
            host=wire.theirs if wire else "127.0.0.1",
        )
        held.callback(plane.close)
        if database:
            ground.guard.say("group", database.pid)
            asyncio.run(_create(f"{database.url}/postgres"))
        else:
            ground.disk(room, HOME_DISK)
        places = tuple(_place(form, number, ground, updates, wire, held) for number in range(sites))
        if wire:
            wire.carry(*(place.shop.gate.port for place in places))
        plane.set_up()
        lane = Lane(form, ground.guard, plane, updates, places, clocks, plane.write(_join), database, wire)
        lane.offers = pair_all(plane, tuple(place.shop for place in places), "chaos")
        for place in places:
            place.hear()
        yield lane


def _place(form: str, number: int, ground: Ground, updates: UpdateServer, wire: Wire | None, held: ExitStack) -> Place:
    name = f"{form}-{number + 1}"
    disk = ground.room / "sites" / name
    ground.disk(disk, SITE_DISK)
    clock = ground.clock(name)
    lab = held.enter_context(Lab(workdir=disk))
    gate = Recorder(beside=wire.ours if wire else "")
    held.enter_context(gate)
    site = lab.site(name, constants={**GENEROUS, "WP_HOME": gate.url, "WP_SITEURL": gate.url}, env=clock.environment)
    gate.target = site.port
    site.install_plugin(CONNECTOR, folder="presswarden-connector")
    site.use_updates(updates.url)
    shop = Shop(site, gate)
    shelf = Shelf(shop, ground.room / "packages")
    shelf.fill()
    site.clear_events()
    return Place(shop, shelf, clock, disk, ground.room / f"{name}.jsonl")


async def _join(tx: Tx) -> tuple[PersonId, PersonId]:
    owner = await identity.owner(tx)
    mail = f"otto-{new_id()[:8]}@example.org"
    asker = await identity.add_person(tx, name="Otto", mail=mail, grant=Grant(Role.OPERATOR), by=owner.id, now=SystemClock().now())
    return asker.id, owner.id


async def _create(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE DATABASE chaos")
    finally:
        await connection.close()
