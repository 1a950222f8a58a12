"""Receipts of waiting calls and "this site moved", over the wire."""

from uuid import uuid4

import pytest

from presswarden.audit import service as audit
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import EVERYONE, InstallationId
from presswarden.sites import service as sites
from tests.fakes.connector import Connector
from tests.stages.ingest.conftest import Plane, refused


@pytest.mark.req("N2")
async def test_a_receipt_is_taken_once_and_wakes_the_dispatcher(plane: Plane) -> None:
    site = await plane.paired()
    plane.wake.rung.clear()
    message = site.receipt(str(uuid4()))
    answer = await plane.post("receipt", message)
    assert (answer.status_code, answer.content) == (200, b'{"v":1}')
    assert plane.wake.rung == ["dispatch"]
    assert refused(await plane.post("receipt", message)) == (409, "ingest.replay")


@pytest.mark.parametrize(
    "change", [{"status": 99}, {"status": "200"}, {"tool_call_id": "x"}, {"v": 2}, {"more": 1}, {"seq": 0}, {"seq": True}]
)
async def test_a_receipt_of_another_form_is_refused(plane: Plane, change: dict[str, object]) -> None:
    site = await plane.paired()
    assert refused(await plane.post("receipt", site.receipt(str(uuid4()), **change))) == (400, "request.malformed")


async def test_a_heartbeat_posted_as_a_receipt_is_refused(plane: Plane) -> None:
    site = await plane.paired()
    assert refused(await plane.post("receipt", site.heartbeat())) == (403, "ingest.bind")
    assert refused(await plane.post("heartbeat", site.receipt(str(uuid4())))) == (403, "ingest.bind")


@pytest.mark.req("W11")
async def test_a_move_changes_nothing_until_a_person_confirms_and_the_new_home_answered(plane: Plane) -> None:
    site = await plane.paired()
    answer = await plane.post("moved", site.moved("https://new.example"))
    assert (answer.status_code, answer.content) == (200, b'{"v":1}')
    found = await plane.installation(site)
    assert found.home == "https://shop.example"
    async with plane.database.reading(EVERYONE) as tx:
        assert await sites.moves_confirmed(EVERYONE, tx) == ()
    async with plane.database.transaction(plane.org) as tx:
        await sites.confirm_move(tx, found.site, by=plane.owner, now=plane.clock.now())
    async with plane.database.reading(EVERYONE) as tx:
        assert [one.new_home for one in await sites.moves_confirmed(EVERYONE, tx)] == ["https://new.example"]
    async with plane.database.transaction(plane.org) as tx:
        moved = await sites.complete_move(tx, found.id, home="https://new.example", now=plane.clock.now())
    assert moved.home == "https://new.example"
    there = Connector("https://new.example", site.now, key=site.key, installation=site.installation, control=site.control, seq=site.seq)
    assert (await plane.post("heartbeat", there.heartbeat())).status_code == 200
    assert refused(await plane.post("heartbeat", site.heartbeat())) == (403, "ingest.home")


async def test_a_move_from_another_home_than_the_pinned_one_is_refused_as_a_clone(plane: Plane) -> None:
    site = await plane.paired()
    answer = await plane.post("moved", site.moved("https://new.example", old_home="https://staging.example"))
    assert refused(answer) == (403, "ingest.home")
    assert await plane.signals(site) == {SignalKind.CLONE}


@pytest.mark.parametrize("home", ["http://new.example", "https://new.example/", "https://evil@new.example", ""])
async def test_a_move_to_a_url_that_is_not_permitted_is_refused(plane: Plane, home: str) -> None:
    site = await plane.paired()
    assert refused(await plane.post("moved", site.moved(home))) == (403, "ingest.home")


@pytest.mark.req("W19", "W20")
async def test_the_record_of_a_pairing_holds_no_key_string_or_proof(plane: Plane) -> None:
    text, _ = await plane.begin()
    site = Connector("https://shop.example", plane.now, alg="hmac-sha256")
    body = site.pair_body(text)
    await plane.post_pair(body)
    async with plane.database.reading(plane.org) as tx:
        found = await sites.installation(tx, InstallationId(site.installation))
    async with plane.database.transaction(plane.org) as tx:
        await sites.confirm_paired(tx, found.id, home=found.home, words=found.words.split(), now=plane.clock.now())
    async with plane.database.reading(plane.org) as tx:
        written = str(await audit.events(tx, limit=100))
    assert "site.paired" in written
    for hidden in (text, text.split(".")[1], body["mac"], site.site_key.hex(), site.call_key.hex()):
        assert hidden not in written
