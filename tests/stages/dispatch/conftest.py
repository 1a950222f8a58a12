"""A dispatcher, a scripted site, and a pairing between them, on each database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from presswarden.audit.model import Actor
from presswarden.dispatch.service import Dispatcher
from presswarden.identity import service as identity
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, InstallationId, OrgId, PersonId, RequestId, SiteId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import PipeWake
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Outcome, Request
from presswarden.outside.wire import HttpWire
from presswarden.sites import service as sites
from presswarden.sites.model import Installation
from tests.fakes.clock import FrozenClock
from tests.fakes.site import ScriptedSite

LOOPBACK = (ip_network("127.0.0.0/8"),)
CONTROL = "http://127.0.0.1:8700"


@dataclass
class Room:
    """Everything a dispatch test touches."""

    database: Database
    clock: FrozenClock
    dispatcher: Dispatcher
    wake: PipeWake
    org: OrgId
    person: PersonId
    site: ScriptedSite
    site_id: SiteId
    installation: InstallationId

    async def ask(self, tool: str, args: dict[str, Any] | None = None, *, by: Actor | None = None) -> RequestId:
        async with self.database.transaction(self.org) as tx:
            made = await mailbox.ask(
                tx,
                self.site_id,
                tool,
                args or {},
                by=by or Actor("person", self.person),
                correlation=CorrelationId(new_id()),
                now=self.clock.now(),
            )
        return made.id

    async def look(self, request: RequestId) -> Request:
        async with self.database.reading(self.org) as tx:
            return await mailbox.outcome(tx, request)

    async def outcome(self, request: RequestId) -> Outcome:
        found = await self.look(request)
        assert found.outcome is not None, f"still {found.state}"
        return found.outcome

    async def do(self, tool: str, args: dict[str, Any] | None = None) -> Outcome:
        request = await self.ask(tool, args)
        await self.dispatcher.serve_waiting()
        return await self.outcome(request)

    async def until_settled(self, request: RequestId, *, rounds: int = 60) -> Outcome:
        """Serve, move the clock on, serve again."""
        for _ in range(rounds):
            await self.dispatcher.serve_waiting()
            if (await self.look(request)).is_settled:
                break
            self.clock.advance(seconds=10)
        return await self.outcome(request)

    async def find(self) -> Installation:
        async with self.database.reading(self.org) as tx:
            return await sites.installation(tx, self.installation)


async def begin(database: Database, clock: FrozenClock, folder: Path, site: ScriptedSite, org: OrgId) -> Room:
    """Everything up to the redeemed pairing string: the dispatcher has not called yet."""
    wake = PipeWake(folder / "wake")
    dispatcher = Dispatcher(
        database,
        clock,
        Kek("dispatcher", b"d" * 32),
        HttpWire(LOOPBACK, connect_seconds=2, total_seconds=5),
        wake,
        LOOPBACK,
        everyone=EVERYONE,
    )
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, name="Agency", owner_name="Olga", owner_mail="o@example.org", now=clock.now())
        (owner,) = await identity.people(tx)
    await dispatcher.fill_pool()
    async with database.transaction(org) as tx:
        text, found, installation = await sites.begin_pairing(
            tx, home_label=site.home, control_url=CONTROL, requested_by=owner.id, now=clock.now()
        )
    async with database.transaction(org) as tx:
        refusal = await sites.accept_pairing(tx, site.redeem(text), "127.0.0.1", Kek("web", b"w" * 32), now=clock.now())
    assert refusal is None
    return Room(database, clock, dispatcher, wake, org, owner.id, site, found.id, installation.id)


@pytest.fixture
async def site(frozen: FrozenClock) -> AsyncIterator[ScriptedSite]:
    async with ScriptedSite(frozen.now) as made:
        yield made


@pytest.fixture
async def redeemed(database: Database, frozen: FrozenClock, tmp_path: Path, site: ScriptedSite, org: OrgId) -> Room:
    return await begin(database, frozen, tmp_path, site, org)


@pytest.fixture
async def room(redeemed: Room) -> Room:
    """A paired site; the call that confirmed it is not counted."""
    await redeemed.dispatcher.confirm_due()
    await redeemed.dispatcher.serve_waiting()
    assert (await redeemed.find()).state == "paired"
    redeemed.site.ran.clear()
    redeemed.site.requests.clear()
    redeemed.site.bodies.clear()
    redeemed.site.arrived.clear()
    return redeemed
