"""Pairing: started by the site's own administrator, confirmed by one signed call, refused with a next step."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from lab.site import Site
from tests.connector.conftest import Paired
from tests.connector.peer import Peer
from tests.connector.wire import ControlKey, Installation, send

pytestmark = pytest.mark.site
WORDS = json.loads((Path(__file__).parents[2] / "contract" / "words.json").read_text())


@pytest.fixture
def closed_peer(peer: Peer) -> Iterator[Peer]:
    """The same control plane, but it does not call back by itself."""
    peer.confirm = False
    yield peer
    peer.confirm = True


def status(site: Site) -> dict[str, object]:
    value: dict[str, object] = json.loads(site.wp("presswarden", "status", "--format=json").stdout)
    return value


@pytest.mark.req("W11", "P1", "X1")
def test_an_unpaired_connector_registers_no_public_route(new_site: Callable[..., Site]) -> None:
    site = new_site()
    index = httpx.get(site.url + "/wp-json/").json()
    assert not [name for name in index["routes"] if "presswarden" in name]
    got = httpx.post(site.url + "/wp-json/presswarden/v1/call", content=b"{}")
    assert got.status_code == 404
    assert got.json()["code"] == "rest_no_route"


@pytest.mark.req("P1", "X1", "X2", "W11")
@pytest.mark.parametrize("version", ["7.1", "6.2"])
def test_pairing_is_confirmed_by_a_signed_call_and_both_sides_show_the_same_words(new_pair: Callable[..., Paired], version: str) -> None:
    paired = new_pair(version=version)
    digest = hashlib.sha256(
        f"presswarden-words-1\n{paired.here.transcript}\n{base64.b64encode(paired.here.key.public).decode()}".encode()
    ).digest()
    expected = [WORDS[byte] for byte in digest[:4]]
    assert paired.here.words == expected
    assert status(paired.site)["words"] == " ".join(expected)
    assert status(paired.site)["state"] == "paired"
    answer = paired.call("wp.site.get_environment")
    assert answer.result["wordpress"]["version"].startswith(version)


def test_the_route_is_hidden_from_the_index_also_when_paired(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    index = httpx.get(paired.site.url + "/wp-json/").json()
    assert "presswarden" not in json.dumps(index)
    assert httpx.get(paired.site.url + "/wp-json/presswarden/v1").status_code == 404


@pytest.mark.req("W2", "P1")
def test_hmac_is_used_only_when_the_administrator_asks_and_then_signs_both_ways(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair("--hmac")
    assert paired.here.alg == "hmac-sha256"
    message = paired.here.message("wp.site.health")
    answer = paired.send(message)
    assert answer.status == 200
    assert paired.here.receipt_holds(message, answer)
    rotation = paired.call("control.rotate_site")
    assert (rotation.status, rotation.code) == (409, "action.rotation_mode")
    assert paired.site.wp("presswarden", "heartbeat").code == 0


def test_a_damaged_string_is_told_locally_and_reaches_nobody(new_site: Callable[..., Site], peer: Peer) -> None:
    offer = peer.offer()
    done = new_site().wp("presswarden", "pair", offer.text[:-1] + ("0" if offer.text[-1] != "0" else "1"), "--wait=0")
    assert done.code == 1
    assert "pairing.checksum" in done.stderr
    assert not offer.used


def test_white_space_in_a_pasted_string_does_no_harm(new_site: Callable[..., Site], peer: Peer) -> None:
    text = peer.offer().text
    done = new_site().wp("presswarden", "pair", f"  {text[:40]}\n {text[40:]}\t", "--wait=20")
    assert done.code == 0, done


@pytest.mark.req("X4", "W12")
def test_plain_http_to_a_host_that_is_not_local_is_refused_before_anything_is_sent(new_site: Callable[..., Site], peer: Peer) -> None:
    offer = replace(peer.offer(), control="http://control.example")
    done = new_site().wp("presswarden", "pair", offer.text, "--wait=0")
    assert done.code == 1
    assert "pairing.insecure" in done.stderr


@pytest.mark.parametrize(
    "code", ["pairing.unknown", "pairing.expired", "pairing.used", "pairing.proof", "pairing.too_many_tries", "pairing.home"]
)
def test_each_refusal_of_the_control_plane_is_told_with_its_code(shared: Paired, code: str) -> None:
    unpaired = shared
    unpaired.peer.refuse_with = (403, {"code": code, "do": "-", "says": "<b>x</b>", "v": 1})
    try:
        before = status(shared.site)
        done = shared.site.wp("presswarden", "pair", shared.peer.offer().text, "--wait=0", "--replace")
    finally:
        unpaired.peer.refuse_with = None
    assert done.code == 1
    assert code in done.stderr
    assert "<b>" not in done.stderr
    assert {**status(shared.site), "last_contact": 0} == {**before, "last_contact": 0}
    assert shared.call("wp.site.health").status == 200


def test_an_unreachable_control_plane_is_told_and_leaves_the_site_unpaired(new_site: Callable[..., Site], peer: Peer) -> None:
    site = new_site()
    done = site.wp("presswarden", "pair", replace(peer.offer(), control="http://127.0.0.1:9").text, "--wait=0")
    assert done.code == 1
    assert "unreachable" in done.stderr
    assert status(site)["state"] == "unpaired"
    assert httpx.post(site.url + "/wp-json/presswarden/v1/call").json()["code"] == "rest_no_route"


@pytest.mark.req("X1")
def test_pairing_over_a_live_pairing_needs_an_explicit_replace(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    refused = paired.site.wp("presswarden", "pair", paired.peer.offer().text, "--wait=0")
    assert refused.code == 1
    assert "here.live" in refused.stderr
    assert paired.call("wp.site.health").status == 200
    second = paired.peer.offer()
    assert paired.site.wp("presswarden", "pair", second.text, "--wait=20", "--replace").code == 0
    old = paired.call("wp.site.health")
    assert (old.status, old.code) == (404, "call.installation")
    assert send(paired.site.url, paired.peer.sites[second.installation].message("wp.site.health")).status == 200


@pytest.mark.req("P1")
def test_only_the_key_the_string_fingerprints_may_confirm(new_site: Callable[..., Site], closed_peer: Peer) -> None:
    site, offer = new_site(), closed_peer.offer()
    assert site.wp("presswarden", "pair", offer.text, "--wait=0").code == 0
    honest = closed_peer.sites[offer.installation]
    thief = Installation(honest.installation, honest.home, honest.control, ControlKey.new())
    for header in (thief.key.public, honest.key.public):
        message = thief.message("control.confirm").with_header("X-WP-Agent-ControlKey", base64.b64encode(header).decode())
        answer = send(site.url, message)
        assert (answer.status, answer.code) == (401, "call.signature")
    early = send(
        site.url, honest.message("wp.site.health").with_header("X-WP-Agent-ControlKey", base64.b64encode(honest.key.public).decode())
    )
    assert (early.status, early.code) == (404, "call.installation")
    assert site.events("action_ran") == []
    assert closed_peer.call_back(honest).status == 200
    assert status(site)["state"] == "paired"


def test_a_pairing_that_nobody_confirmed_for_ten_minutes_is_none(new_site: Callable[..., Site], closed_peer: Peer) -> None:
    site, offer = new_site(), closed_peer.offer()
    assert site.wp("presswarden", "pair", offer.text, "--wait=0").code == 0
    record = json.loads(str(site.option("presswarden_record")))
    record["confirm_until"] -= 601
    site.php(
        "global $wpdb; $wpdb->update( $wpdb->options, array( 'option_value' => $argv[1] ), array( 'option_name' => 'presswarden_record' ) );",
        json.dumps(record),
    )
    honest = closed_peer.sites[offer.installation]
    late = send(
        site.url, honest.message("control.confirm").with_header("X-WP-Agent-ControlKey", base64.b64encode(honest.key.public).decode())
    )
    assert (late.status, late.code) == (404, "rest_no_route")
    assert status(site)["state"] == "expired"


@pytest.mark.req("W9")
@pytest.mark.parametrize("key", ["", "put your unique phrase here"])
def test_a_site_without_a_real_auth_key_is_not_paired(new_site: Callable[..., Site], peer: Peer, key: str) -> None:
    site = new_site(constants={"PRESSWARDEN_KEY": key})
    done = site.wp("presswarden", "pair", peer.offer().text, "--wait=0")
    assert done.code == 1
    assert "here.weak_key" in done.stderr
    assert site.query("SELECT name FROM sqlite_master WHERE name LIKE '%presswarden%'") == []


@pytest.mark.req("P6", "S7")
def test_unpair_works_with_the_control_plane_down_and_deletes_the_keys(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    paired.peer.refuse_with = (503, {"code": "request.malformed"})
    try:
        assert paired.site.wp("presswarden", "unpair").code == 0
    finally:
        paired.peer.refuse_with = None
    record = json.loads(str(paired.site.option("presswarden_record")))
    assert (record["site_secret"], record["control_keys"], record["state"]) == ("", [], "")
    assert paired.call("wp.site.health").code == "rest_no_route"
