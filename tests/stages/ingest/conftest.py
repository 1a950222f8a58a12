"""A control plane's ingest surface in memory: the real application over ASGI, both databases, a clock that stands still."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI
from nacl.signing import SigningKey

from presswarden.identity import service as identity
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, InstallationId, KeyId, OrgId, PersonId, SiteId
from presswarden.kernel.sealing import Kek
from presswarden.kernel.verify import key_id
from presswarden.kernel.wake import Listener
from presswarden.sites import service as sites
from presswarden.sites.model import Installation
from presswarden.surfaces.ingest.routes import ingest_routes
from presswarden.surfaces.limits import PER_ADDRESS, Rate
from tests.fakes.clock import FrozenClock
from tests.fakes.connector import Connector, Message, jcs

CONTROL = "https://control.example"


class CountedWake:
    """A wake-up that remembers who was rung."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    async def ring(self, channel: str) -> None:
        self.rung.append(channel)

    def listen(self, channel: str) -> AbstractAsyncContextManager[Listener]:
        raise NotImplementedError("ingest never listens")


@dataclass
class Plane:
    """The surface and what a test needs to look behind it."""

    database: Database
    clock: FrozenClock
    org: OrgId
    owner: PersonId
    kek: Kek = field(default_factory=lambda: Kek("web", bytes(range(32))))
    wake: CountedWake = field(default_factory=CountedWake)
    rate: Rate = PER_ADDRESS

    @property
    def now(self) -> int:
        return unix(self.clock.now())

    @asynccontextmanager
    async def client(self, source: str = "192.0.2.1", *, patience: float = 15.0) -> AsyncIterator[httpx.AsyncClient]:
        app = FastAPI()
        app.include_router(
            ingest_routes(self.database, self.clock, self.kek, self.wake, everyone=EVERYONE, rate=self.rate, patience=patience)
        )
        transport = httpx.ASGITransport(app, client=(source, 40000))
        async with httpx.AsyncClient(transport=transport, base_url=CONTROL) as client:
            yield client

    async def post(self, path: str, message: Message, source: str = "192.0.2.1") -> httpx.Response:
        async with self.client(source) as client:
            return await client.post(f"/ingest/v1/{path}", content=message.body, headers=message.headers)

    async def post_pair(self, body: object, source: str = "192.0.2.1") -> httpx.Response:
        raw = body if isinstance(body, bytes) else jcs(body)
        async with self.client(source) as client:
            return await client.post("/ingest/v1/pair", content=raw, headers={"Content-Type": "application/json"})

    async def begin(self, label: str = "shop") -> tuple[str, Installation]:
        async with self.database.transaction(self.org) as tx:
            text, _, made = await sites.begin_pairing(
                tx, home_label=label, control_url=CONTROL, requested_by=self.owner, now=self.clock.now()
            )
        return text, made

    async def paired(self, label: str = "shop", alg: str = "ed25519", home: str = "https://shop.example") -> Connector:
        """A connector whose pairing was redeemed over the wire and confirmed."""
        text, _ = await self.begin(label)
        site = Connector(home, self.now, alg=alg)
        answer = await self.post_pair(site.pair_body(text))
        assert answer.status_code == 202, answer.text
        async with self.database.transaction(self.org) as tx:
            found = await sites.installation(tx, InstallationId(site.installation))
            await sites.confirm_paired(tx, found.id, home=home, words=found.words.split(), now=self.clock.now())
        return site

    async def installation(self, site: Connector) -> Installation:
        async with self.database.reading(self.org) as tx:
            return await sites.installation(tx, InstallationId(site.installation))

    async def signals(self, site: Connector) -> set[SignalKind]:
        found = await self.installation(site)
        async with self.database.reading(self.org) as tx:
            return {one.kind for one in await incidents.open_incidents(tx, SiteId(found.site))}


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which must say what is wrong and what to do."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() >= {"code", "do", "says", "v"}
    assert body["says"]
    assert body["do"]
    return answer.status_code, body["code"]


async def fill_pool(database: Database, clock: FrozenClock, count: int = 8) -> list[SigningKey]:
    made = [SigningKey.generate() for _ in range(count)]
    pooled = [(KeyId(key_id(bytes(key.verify_key))), bytes(key.verify_key)) for key in made]
    async with database.transaction(EVERYONE) as tx:
        await sites.add_pooled_keys(EVERYONE, tx, pooled, now=clock.now())
    return made


@pytest.fixture
async def plane(database: Database, frozen: FrozenClock, org: OrgId) -> Plane:
    await fill_pool(database, frozen)
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Ada", "ada@agency.example", frozen.now())
        owner = await identity.owner(tx)
    return Plane(database, frozen, org, owner.id)
