"""An organisation with an owner and a filled pool of control keys."""

from dataclasses import dataclass

import pytest
from nacl.signing import SigningKey

from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, InstallationId, KeyId, OrgId, PersonId
from presswarden.kernel.sealing import Kek
from presswarden.kernel.verify import key_id
from presswarden.sites import service as sites
from presswarden.sites.model import Algorithm, Installation, PairingRefusal, PairRequest
from tests.fakes.clock import FrozenClock
from tests.fakes.connector import Connector

CONTROL = "https://control.example"
KEK = Kek("web", bytes(range(32)))


@dataclass
class Agency:
    database: Database
    clock: FrozenClock
    org: OrgId
    owner: PersonId

    @property
    def by(self) -> Actor:
        return Actor("person", self.owner)

    async def begin(self, label: str = "shop") -> tuple[str, Installation]:
        async with self.database.transaction(self.org) as tx:
            text, _, made = await sites.begin_pairing(
                tx, home_label=label, control_url=CONTROL, requested_by=self.owner, now=self.clock.now()
            )
        return text, made

    async def accept(self, text: str, site: Connector) -> PairingRefusal | None:
        body = site.pair_body(text)
        named = {name: str(value) for name, value in body.items() if name not in {"v", "alg", "installation"}}
        request = PairRequest(installation=InstallationId(site.installation), alg=Algorithm(site.alg), **named)
        async with self.database.transaction(self.org) as tx:
            return await sites.accept_pairing(tx, request, "192.0.2.1", KEK, now=self.clock.now())

    async def paired(self, label: str = "shop", home: str = "https://shop.example", alg: str = "ed25519") -> tuple[Connector, Installation]:
        text, made = await self.begin(label)
        site = Connector(home, unix(self.clock.now()), alg=alg)
        assert await self.accept(text, site) is None
        async with self.database.transaction(self.org) as tx:
            found = await sites.installation(tx, made.id)
            return site, await sites.confirm_paired(tx, made.id, home=home, words=found.words.split(), now=self.clock.now())


async def fill_pool(database: Database, clock: FrozenClock, count: int) -> list[KeyId]:
    made = [bytes(SigningKey.generate().verify_key) for _ in range(count)]
    pooled = [(KeyId(key_id(key)), key) for key in made]
    async with database.transaction(EVERYONE) as tx:
        await sites.add_pooled_keys(EVERYONE, tx, pooled, now=clock.now())
    return [kid for kid, _ in pooled]


@pytest.fixture
async def agency(database: Database, frozen: FrozenClock, org: OrgId) -> Agency:
    await fill_pool(database, frozen, 6)
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Ada", "ada@agency.example", frozen.now())
        owner = await identity.owner(tx)
    return Agency(database, frozen, org, owner.id)
