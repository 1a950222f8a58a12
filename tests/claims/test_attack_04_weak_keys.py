"""Attack 4: pair with a key that is empty, short, of small order or badly written, so that anybody can sign for it.

Layers. On the control plane, for the site's key: the base64 of exactly 32 bytes, the gate of the strict verifier (asked by name at pairing and again inside
every verification), and libsodium's own list of bad points. On the site, for the control key: the same gate twice, ext-sodium's own list, and a pinned key
that can't be empty. For what a pairing string carries: its form, which fixes the length of the secret. The proofs take out the gates and put something in the
place of libsodium that checks the bare equation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.claimant import Claimant
from tests.claims.control import ControlPlane
from tests.claims.curve import SMALL, SMALL_BADLY_WRITTEN, small
from tests.claims.doors import confirmation, knock, status
from tests.claims.lenient import BARE_EQUATION, GATE, PHP_BARE_EQUATION, PHP_GATE
from tests.claims.victims import Paired, Spare, Swap
from tests.connector.peer import Offer, Peer
from tests.connector.wire import ControlKey, hkdf, kid_of, sha256hex

pytestmark = pytest.mark.req("P1", "X1")

ANY_SECRET = Swap("src/Core/PairingString.php", " || ! Shape::is_hex( $value->secret, 32 )")

IDENTITY = SMALL[0]
"""The neutral point: the first key that anybody can sign for."""

TEXTS = {
    "empty": "",
    "31 bytes": base64.b64encode(b"k" * 31).decode(),
    "33 bytes": base64.b64encode(b"k" * 33).decode(),
    "64 bytes": base64.b64encode(b"k" * 64).decode(),
    "no padding": base64.b64encode(b"k" * 32).decode().rstrip("="),
    "the other alphabet": base64.urlsafe_b64encode(b"\xff" * 32).decode(),
    "loose last bits": base64.b64encode(b"k" * 32).decode()[:-2] + "t=",
    "hex": "6b" * 32,
    "white space": " " + base64.b64encode(b"k" * 32).decode(),
    "not base64": "*" * 44,
}


def test_the_control_plane_takes_no_weak_site_key(control: ControlPlane, attack: Attack) -> None:
    claimant = Claimant(control.offer("weak keys"))
    number = 0

    def told(body: bytes) -> str:
        nonlocal number
        number += 1
        answer = control.post("/ingest/v1/pair", body, source=f"127.1.0.{number}")
        return "accepted" if answer.status_code == 202 else str(answer.json()["code"])

    for name, text in TEXTS.items():
        attack.repelled(name, told(claimant.request(public=text)) in {"pairing.key", "request.malformed"})
    for key in (*SMALL, *SMALL_BADLY_WRITTEN):
        # The signature is right by the bare equation: nothing but the key is wrong.
        attack.repelled(f"small order {key.hex()}", told(claimant.request(public=key, sign=small(key).sign)) == "pairing.key")
    for y in range(2**255 - 17, 2**255):
        attack.repelled(f"y = {y:x}, written above the prime", told(claimant.request(public=y.to_bytes(32, "little"))) == "pairing.key")
    attack.repelled("HMAC with a public key", told(claimant.request(alg="hmac-sha256")) == "pairing.key")
    for alg in ("none", "", "ed25519ph", "ED25519"):
        attack.repelled(f"the algorithm {alg!r}", told(claimant.request(alg=alg)) == "request.malformed")
    seen = control.ask("show", installation=claimant.offer.installation)
    attack.repelled("what is pinned", (seen["state"], seen["keys"]) == ("waiting", []), seen)
    assert told(claimant.request()) == "accepted"


@pytest.mark.site
def test_the_site_takes_no_weak_control_key(confirming: Callable[..., Paired], attack: Attack) -> None:
    paired = confirming(small(IDENTITY))
    site = paired.site
    kept = json.loads(str(site.option("presswarden_record")))
    for key in (*SMALL, *SMALL_BADLY_WRITTEN, b"\0" * 31, b"k" * 33):
        kept["fingerprint"] = sha256hex(key)
        text = json.dumps(kept).replace("'", "''")
        site.query(f"UPDATE wp_options SET option_value = '{text}' WHERE option_name = 'presswarden_record'")
        forged = replace(paired.here, key=small(key)) if len(key) == 32 else replace(paired.here, key=ControlKey(os.urandom(32)))
        message = forged.message("control.confirm").with_header("X-WP-Agent-ControlKey", base64.b64encode(key).decode())
        attack.refused(f"the control key {key.hex()}", knock(site, message), "call.signature", "call.shape")
    attack.repelled("what the site says", status(site)["state"] == "confirming" and site.events("action_ran") == [])


@pytest.mark.site
def test_a_string_with_a_weak_secret_is_none(unpaired_site: Callable[..., Site], peer: Peer, attack: Attack) -> None:
    site, offer = unpaired_site(), peer.offer()

    def said(changed: Offer) -> str:
        return site.wp("presswarden", "pair", changed.text, "--wait=0").stderr

    for secret in (b"", b"\x07", os.urandom(15), os.urandom(17), os.urandom(32)):
        attack.repelled(f"a secret of {len(secret)} bytes", "pairing.format" in said(replace(offer, secret=secret)))
    attack.repelled("what was sent", peer.sites.get(offer.installation) is None and site.option("presswarden_record") is None)
    assert site.wp("presswarden", "pair", offer.text, "--wait=20").code == 0


def test_an_ordinary_key_is_pinned_and_heard(control: ControlPlane) -> None:
    claimant = Claimant(control.offer("an ordinary key"))
    assert control.post("/ingest/v1/pair", claimant.request()).status_code == 202
    control.ask("confirm", installation=claimant.offer.installation)
    body = claimant.heartbeat()
    assert control.post("/ingest/v1/heartbeat", body, claimant.headers(body)).status_code == 200


def test_without_the_gate_the_control_plane_pins_a_key_that_anybody_signs_for(control_plane: Callable[..., ControlPlane]) -> None:
    lenient = control_plane(GATE, BARE_EQUATION)
    claimant = Claimant(lenient.offer("weak keys"))
    assert lenient.post("/ingest/v1/pair", claimant.request(public=IDENTITY, sign=small(IDENTITY).sign)).status_code == 202
    lenient.ask("confirm", installation=claimant.offer.installation)
    bind = {"aud": lenient.url, "dir": "heartbeat", "kid": kid_of(IDENTITY), "nonce": os.urandom(16).hex(), "v": 1}
    body = claimant.heartbeat(bind=bind)
    stranger = Claimant(claimant.offer)  # knows no secret
    headers = stranger.headers(body)
    names = ("Installation", "ToolCallId", "Timestamp", "TTL")
    canonical = "\n".join([*(headers[f"X-WP-Agent-{name}"] for name in names), sha256hex(body)]).encode()
    headers["X-WP-Agent-Signature"] = base64.b64encode(small(IDENTITY).sign(canonical)).decode()
    assert lenient.post("/ingest/v1/heartbeat", body, headers).status_code == 200


@pytest.mark.site
def test_without_the_gate_the_site_obeys_anybody(confirming: Callable[..., Paired]) -> None:
    paired = confirming(small(IDENTITY), PHP_GATE, PHP_BARE_EQUATION)
    assert knock(paired.site, confirmation(paired.here)).status == 200
    anybody = replace(paired.here, key=small(IDENTITY))
    assert knock(paired.site, anybody.message("wp.site.inventory")).status == 200
    for layers in ((PHP_GATE,), (PHP_BARE_EQUATION,)):
        held = confirming(small(IDENTITY), *layers)
        assert knock(held.site, confirmation(held.here)).code == "call.signature"


@pytest.mark.site
def test_without_the_form_of_the_secret_an_observer_guesses_the_keys(spare: Spare) -> None:
    site, offer = spare.unpaired(ANY_SECRET), replace(spare.peer.offer(), secret=b"\x07")
    spare.peer.offers[offer.installation] = offer
    assert site.wp("presswarden", "pair", offer.text, "--wait=20", "--hmac").code == 0
    here = spare.peer.sites[offer.installation]
    # An observer saw the transcript and a signed call; nothing else of `here` is used.
    seen = here.message("wp.site.health")
    canonical = "\n".join(
        [*(seen.headers[f"X-WP-Agent-{name}"] for name in ("Installation", "ToolCallId", "Timestamp", "TTL")), sha256hex(seen.body)]
    )
    salt = hashlib.sha256(here.transcript.encode()).digest()
    keys = (hkdf(hkdf(bytes([guess]), b"", b"presswarden-pair-1 verifier"), salt, b"presswarden-hmac-1 call") for guess in range(256))
    right = base64.b64decode(seen.headers["X-WP-Agent-Signature"])
    found = next(key for key in keys if hmac.new(key, canonical.encode(), hashlib.sha256).digest() == right)
    thief = replace(here, key=ControlKey(found, "hmac-sha256"))
    assert knock(site, thief.message("wp.site.inventory")).status == 200
