"""Heartbeats around a change of the pairing: rotation, a move, revocation, pairing again; what the door remembers never outlives it."""

from base64 import b64encode

import httpx
import pytest

from presswarden.audit.model import Actor
from presswarden.sites import service as sites
from presswarden.sites.model import InstallationState
from presswarden.telemetry import service as telemetry
from tests.fakes.connector import Connector
from tests.stages.ingest.conftest import Plane, fill_pool, refused


@pytest.mark.req("P6", "S7")
async def test_a_revoked_site_is_heard_until_it_was_told_and_turned_away_after(plane: Plane) -> None:
    site = await plane.paired()
    found = await plane.installation(site)
    async with plane.database.transaction(plane.org) as tx:
        await sites.revoke(tx, found.site, by=Actor("person", plane.owner), reason="test", now=plane.clock.now())
    assert (await plane.post("heartbeat", site.heartbeat())).status_code == 200
    async with plane.database.reading(plane.org) as tx:
        assert await telemetry.inventory(tx, found.site) is None, "nothing is learned from a revoked site"
    async with plane.database.transaction(plane.org) as tx:
        await sites.revocation_told(tx, found.id, now=plane.clock.now())
    assert refused(await plane.post("heartbeat", site.heartbeat())) == (410, "ingest.revoked")
    assert (await plane.installation(site)).state is InstallationState.REVOKED


async def test_after_a_rotation_both_keys_count_for_a_day_and_then_the_new_one_alone(plane: Plane) -> None:
    old = await plane.paired()
    new = Connector(old.home, old.now, installation=old.installation, control=old.control, epoch=2)
    found = await plane.installation(old)
    public, signature = _rotation(new, found.id, 2)
    async with plane.database.transaction(plane.org) as tx:
        await sites.rotate_site_key(tx, found.id, epoch=2, public_key=public, signature=signature, now=plane.clock.now())
    assert (await plane.post("heartbeat", old.heartbeat(seq=1))).status_code == 200
    assert (await plane.post("heartbeat", new.heartbeat(seq=2))).status_code == 200
    plane.clock.advance(hours=24)
    old.now = new.now = plane.now
    assert refused(await plane.post("heartbeat", old.heartbeat(seq=3))) == (401, "ingest.signature")
    assert (await plane.post("heartbeat", new.heartbeat(seq=4))).status_code == 200


async def test_pairing_again_after_a_revocation_leaves_the_old_key_outside(plane: Plane) -> None:
    old = await plane.paired()
    found = await plane.installation(old)
    async with plane.database.transaction(plane.org) as tx:
        await sites.revoke(tx, found.site, by=Actor("person", plane.owner), reason="", now=plane.clock.now())
        await sites.revocation_told(tx, found.id, now=plane.clock.now())
    await fill_pool(plane.database, plane.clock)
    new = await plane.paired()
    assert (await plane.post("heartbeat", new.heartbeat())).status_code == 200
    assert refused(await plane.post("heartbeat", old.heartbeat())) == (410, "ingest.revoked")
    stolen = Connector(old.home, old.now, key=old.key, installation=new.installation, control=new.control)
    assert refused(await plane.post("heartbeat", stolen.heartbeat())) == (401, "ingest.signature")


def _rotation(new: Connector, installation: str, epoch: int) -> tuple[str, str]:
    public = b64encode(bytes(new.key.verify_key)).decode()
    text = f"presswarden-rotate-1\n{installation}\n{epoch}\n{public}"
    return public, b64encode(new.key.sign(text.encode()).signature).decode()


async def test_what_is_remembered_of_a_pairing_never_outlives_a_change_of_it(plane: Plane) -> None:
    site = await plane.paired()
    async with plane.client() as client:

        async def send(connector: Connector) -> httpx.Response:
            message = connector.heartbeat()
            return await client.post("/ingest/v1/heartbeat", content=message.body, headers=message.headers)

        assert (await send(site)).status_code == 200
        found = await plane.installation(site)
        async with plane.database.transaction(plane.org) as tx:
            await sites.file_move(tx, found, old_home=site.home, new_home="https://new.example", now=plane.clock.now())
            await sites.confirm_move(tx, found.site, by=plane.owner, now=plane.clock.now())
            await sites.complete_move(tx, found.id, home="https://new.example", now=plane.clock.now())
        there = Connector("https://new.example", site.now, key=site.key, installation=site.installation, control=site.control, seq=site.seq)
        assert (await send(there)).status_code == 200, "the new home, judged by the database"
        site.seq = there.seq
        assert refused(await send(site)) == (403, "ingest.home")
        new = Connector(there.home, site.now, installation=site.installation, control=site.control, epoch=2, seq=there.seq + 5)
        public, signature = _rotation(new, found.id, 2)
        async with plane.database.transaction(plane.org) as tx:
            await sites.rotate_site_key(tx, found.id, epoch=2, public_key=public, signature=signature, now=plane.clock.now())
        assert (await send(new)).status_code == 200, "a new key is looked for before it is refused"
        async with plane.database.transaction(plane.org) as tx:
            await sites.revoke(tx, found.site, by=Actor("person", plane.owner), reason="", now=plane.clock.now())
            await sites.revocation_told(tx, found.id, now=plane.clock.now())
        assert refused(await send(new)) == (410, "ingest.revoked")


async def test_an_old_key_ends_in_memory_too(plane: Plane) -> None:
    old = await plane.paired()
    found = await plane.installation(old)
    public, signature = _rotation(Connector(old.home, 0), found.id, 2)
    async with plane.database.transaction(plane.org) as tx:
        await sites.rotate_site_key(tx, found.id, epoch=2, public_key=public, signature=signature, now=plane.clock.now())
    async with plane.client() as client:
        codes = []
        for wait in ({"hours": 23, "minutes": 58}, {"minutes": 2}):
            old.now = int(plane.clock.advance(**wait).timestamp())
            message = old.heartbeat()
            codes.append((await client.post("/ingest/v1/heartbeat", content=message.body, headers=message.headers)).status_code)
    assert codes == [200, 401]
