"""Heartbeats over the wire: what an honest one gets, and each refusal with its code and with what it leaves behind."""

from uuid import uuid4

import pytest

from presswarden.audit import service as audit
from presswarden.audit import signing
from presswarden.incidents.model import SignalKind
from presswarden.kernel.ids import SiteId
from presswarden.kernel.sealing import Kek
from presswarden.proposals import service as proposals
from presswarden.proposals.packages import service as packages
from presswarden.sites.model import InstallationState
from presswarden.telemetry import service as telemetry
from tests.fakes.connector import INVENTORY, Connector, jcs
from tests.stages.ingest.conftest import Plane, refused

pytestmark = pytest.mark.req("X3", "X4")

BOTH = pytest.mark.parametrize("alg", ["ed25519", "hmac-sha256"])


@BOTH
@pytest.mark.parametrize("zipped", [False, True])
async def test_an_honest_heartbeat_is_taken_and_becomes_facts(plane: Plane, alg: str, zipped: bool) -> None:
    site = await plane.paired(alg=alg)
    answer = await plane.post("heartbeat", site.heartbeat(zipped=zipped))
    assert answer.status_code == 200, answer.text
    assert answer.content == b'{"calls":[],"need":"","order":"","order_signature":"","v":1}'
    found = await plane.installation(site)
    async with plane.database.reading(plane.org) as tx:
        stored = await telemetry.inventory(tx, SiteId(found.site))
        assert stored is not None
        assert dict(stored.components) == INVENTORY
        assert await telemetry.last_contact(tx, SiteId(found.site)) == plane.clock.now()
    assert found.seq == 1


@pytest.mark.req("N4")
async def test_an_unknown_inventory_hash_asks_for_the_inventory_and_a_known_one_does_not(plane: Plane) -> None:
    site = await plane.paired()
    assert (await plane.post("heartbeat", site.heartbeat(full=False))).json()["need"] == "inventory"
    assert (await plane.post("heartbeat", site.heartbeat())).json()["need"] == ""
    assert (await plane.post("heartbeat", site.heartbeat(full=False))).json()["need"] == ""


async def test_what_is_new_wakes_courier_and_analyst_and_what_is_known_wakes_nobody(plane: Plane) -> None:
    site = await plane.paired()
    plane.wake.rung.clear()
    await plane.post("heartbeat", site.heartbeat())
    assert plane.wake.rung == [packages.COURIER, proposals.ANALYST]
    await plane.post("heartbeat", site.heartbeat(full=False))
    assert len(plane.wake.rung) == 2


@pytest.mark.req("P3")
async def test_the_same_heartbeat_twice_counts_once(plane: Plane) -> None:
    site = await plane.paired()
    message = site.heartbeat()
    assert (await plane.post("heartbeat", message)).status_code == 200
    assert refused(await plane.post("heartbeat", message)) == (409, "ingest.replay")
    assert await plane.signals(site) == set()


async def test_a_nonce_that_was_taken_is_refused_under_another_id(plane: Plane) -> None:
    site = await plane.paired()
    bind = site.bind("heartbeat")
    assert (await plane.post("heartbeat", site.heartbeat(bind=bind))).status_code == 200
    assert refused(await plane.post("heartbeat", site.heartbeat(bind=bind))) == (409, "ingest.replay")


async def test_an_id_that_was_taken_is_refused_with_another_body(plane: Plane) -> None:
    site = await plane.paired()
    name = str(uuid4())
    assert (await plane.post("heartbeat", site.signed(jcs(site.heartbeat_body()), message=name))).status_code == 200
    assert refused(await plane.post("heartbeat", site.signed(jcs(site.heartbeat_body()), message=name))) == (409, "ingest.replay")


@pytest.mark.req("W17", "X9")
async def test_a_number_that_goes_back_is_refused_and_raises_a_clone_signal(plane: Plane) -> None:
    site = await plane.paired()
    for _ in range(5):
        await plane.post("heartbeat", site.heartbeat())
    copy = Connector(site.home, site.now, key=site.key, installation=site.installation, control=site.control, seq=2)
    assert refused(await plane.post("heartbeat", copy.heartbeat())) == (409, "ingest.sequence")
    assert await plane.signals(site) == {SignalKind.CLONE}
    assert (await plane.installation(site)).seq == 5


async def test_a_number_used_by_another_message_raises_a_clone_signal(plane: Plane) -> None:
    site = await plane.paired()
    await plane.post("heartbeat", site.heartbeat())
    assert refused(await plane.post("heartbeat", site.heartbeat(seq=1))) == (409, "ingest.sequence")
    assert await plane.signals(site) == {SignalKind.CLONE}


async def test_a_message_overtaken_on_its_way_is_refused_without_a_signal(plane: Plane) -> None:
    site = await plane.paired()
    first, second = site.heartbeat(), site.heartbeat()
    assert (await plane.post("heartbeat", second)).status_code == 200
    assert refused(await plane.post("heartbeat", first)) == (409, "ingest.sequence")
    assert await plane.signals(site) == set()


@pytest.mark.req("W17")
async def test_a_second_home_with_the_same_key_is_refused_and_raises_a_clone_signal(plane: Plane) -> None:
    site = await plane.paired()
    copy = Connector("https://staging.example", site.now, key=site.key, installation=site.installation, control=site.control, seq=3)
    assert refused(await plane.post("heartbeat", copy.heartbeat())) == (403, "ingest.home")
    assert await plane.signals(site) == {SignalKind.CLONE}
    assert (await plane.post("heartbeat", site.heartbeat())).status_code == 200


async def test_a_clock_ten_minutes_off_is_refused_with_our_time_and_raises_a_signal(plane: Plane) -> None:
    site = await plane.paired()
    site.now -= 600
    answer = await plane.post("heartbeat", site.heartbeat())
    assert refused(answer) == (401, "ingest.window")
    assert answer.json()["control_time"] == plane.now
    assert await plane.signals(site) == {SignalKind.CLOCK_SKEW}


async def test_an_old_message_sent_again_says_nothing_of_the_clock(plane: Plane) -> None:
    site = await plane.paired()
    message = site.heartbeat()
    assert (await plane.post("heartbeat", message)).status_code == 200
    plane.clock.advance(minutes=30)
    assert refused(await plane.post("heartbeat", message)) == (401, "ingest.window")
    assert await plane.signals(site) == set()


async def test_a_forged_message_outside_the_window_raises_no_signal(plane: Plane) -> None:
    site = await plane.paired()
    message = site.heartbeat(at=site.now - 600)
    message.headers["X-WP-Agent-Signature"] = site.heartbeat().headers["X-WP-Agent-Signature"]
    assert refused(await plane.post("heartbeat", message)) == (401, "ingest.window")
    assert await plane.signals(site) == set()


@pytest.mark.parametrize(
    ("offset", "ttl", "status"), [(30, 180, 200), (31, 180, 401), (-180, 180, 200), (-181, 180, 401), (-300, 300, 200)]
)
async def test_the_window_is_thirty_seconds_before_to_the_ttl_after(plane: Plane, offset: int, ttl: int, status: int) -> None:
    site = await plane.paired()
    answer = await plane.post("heartbeat", site.heartbeat(at=site.now + offset, ttl=ttl))
    assert answer.status_code == status


async def test_five_wrong_signatures_within_ten_minutes_raise_one_signal(plane: Plane) -> None:
    site = await plane.paired()
    forger = Connector(site.home, site.now, installation=site.installation, control=site.control)
    for _ in range(4):
        assert refused(await plane.post("heartbeat", forger.heartbeat())) == (401, "ingest.signature")
    assert await plane.signals(site) == set()
    await plane.post("heartbeat", forger.heartbeat())
    assert await plane.signals(site) == {SignalKind.SIGNATURE_FAILURES}


async def test_wrong_signatures_spread_over_more_than_ten_minutes_raise_no_signal(plane: Plane) -> None:
    site = await plane.paired()
    forger = Connector(site.home, site.now, installation=site.installation, control=site.control)
    for _ in range(8):
        assert refused(await plane.post("heartbeat", forger.heartbeat())) == (401, "ingest.signature")
        plane.clock.advance(minutes=3)
        forger.now = plane.now
    assert await plane.signals(site) == set()


@pytest.mark.req("P1")
async def test_another_algorithm_than_the_pinned_one_is_refused_before_any_key_is_tried(plane: Plane) -> None:
    site = await plane.paired()
    # Ed25519's public half as an HMAC key: the classic confusion.
    confused = Connector(site.home, site.now, alg="hmac-sha256", installation=site.installation, control=site.control)
    confused.site_key = bytes(site.key.verify_key)
    assert refused(await plane.post("heartbeat", confused.heartbeat())) == (401, "ingest.algorithm")


async def test_the_call_direction_key_of_hmac_mode_signs_no_heartbeat(plane: Plane) -> None:
    site = await plane.paired(alg="hmac-sha256")
    turned = Connector(site.home, site.now, alg="hmac-sha256", installation=site.installation, control=site.control)
    turned.site_key = site.call_key
    assert refused(await plane.post("heartbeat", turned.heartbeat())) == (401, "ingest.signature")


@pytest.mark.parametrize(
    "bind",
    [{"aud": "https://other.example"}, {"dir": "call"}, {"dir": "receipt"}, {"kid": "0" * 16}, {"v": 2}, {"v": True}, {"nonce": "short"},
     {"nonce": ["a"]}, {"more": 1}],
)  # fmt: skip
async def test_a_message_bound_to_another_use_is_refused(plane: Plane, bind: dict[str, object]) -> None:
    site = await plane.paired()
    answer = await plane.post("heartbeat", site.heartbeat(bind=site.bind("heartbeat", **bind)))
    assert refused(answer) == (403, "ingest.bind")
    assert (await plane.installation(site)).seq == 0


async def test_a_heartbeat_for_one_site_is_nothing_for_another(plane: Plane) -> None:
    one = await plane.paired("one", home="https://one.example")
    two = await plane.paired("two", home="https://two.example")
    message = one.heartbeat()
    message.headers["X-WP-Agent-Installation"] = two.installation
    assert refused(await plane.post("heartbeat", message)) == (401, "ingest.signature")


async def test_an_unknown_installation_is_refused(plane: Plane) -> None:
    stranger = Connector("https://x.example", plane.now, installation=str(uuid4()), control="https://control.example")
    assert refused(await plane.post("heartbeat", stranger.heartbeat())) == (404, "ingest.installation")


async def test_a_site_that_is_not_paired_yet_is_refused(plane: Plane) -> None:
    text, _ = await plane.begin()
    site = Connector("https://shop.example", plane.now)
    await plane.post_pair(site.pair_body(text))
    assert refused(await plane.post("heartbeat", site.heartbeat())) == (404, "ingest.installation")


@pytest.mark.req("P6", "S7")
async def test_the_goodbye_of_a_site_ends_its_pairing_and_nothing_after_it_counts(plane: Plane) -> None:
    site = await plane.paired()
    assert (await plane.post("heartbeat", site.heartbeat(repair="unpaired"))).status_code == 200
    assert (await plane.installation(site)).state is InstallationState.REVOKED
    assert refused(await plane.post("heartbeat", site.heartbeat())) == (410, "ingest.revoked")


async def test_nothing_of_a_refused_heartbeat_is_stored(plane: Plane) -> None:
    site = await plane.paired()
    found = await plane.installation(site)
    answer = await plane.post("heartbeat", site.heartbeat(inventory={"plugin:a/a.php": "not an object"}))
    assert refused(answer) == (400, "request.malformed")
    async with plane.database.reading(plane.org) as tx:
        assert await telemetry.inventory(tx, found.site) is None
    assert (await plane.installation(site)).seq == 0


@pytest.mark.req("N9", "W19")
async def test_a_checkpoint_under_another_key_than_our_logs_is_a_signal_because_the_log_may_have_been_begun_anew(plane: Plane) -> None:
    site = await plane.paired()
    async with plane.database.transaction(plane.org) as tx:
        await audit.integrate(tx, Kek("janitor", b"j" * 32), log_host="control.example", now=plane.clock.now())
        ours = await audit.latest_checkpoint(tx)
    assert ours is not None
    assert (await plane.post("heartbeat", site.heartbeat(checkpoint=ours.text))).status_code == 200
    assert await plane.signals(site) == set()
    before = signing.checkpoint(ours.origin, signing.new_seed(), size=ours.size, root=ours.root)
    assert (await plane.post("heartbeat", site.heartbeat(checkpoint=before))).status_code == 200
    assert await plane.signals(site) == {SignalKind.CHECKPOINT_FORK}
