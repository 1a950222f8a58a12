"""Attack 11: signatures that some libraries take and others do not: S + L, points of small or mixed order, points written in another way.

The cases of "Taming the many EdDSAs" and of Wycheproof, made anew for keys that went through a real pairing and for the strings that are really signed; and
the published files themselves, judged by both real verifiers. Layers: S below the group order, a canonical R and key, neither of small order (the gate in
front of the library, on both halves); behind it libsodium's own rules. What only the equation times 8 would take is refused by the equation itself. A key
of mixed order with a signature that holds strictly is taken, as by every library: its owner alone can make one.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from presswarden.kernel import verify
from tests.claims.attacks import Attack
from tests.claims.claimant import Claimant
from tests.claims.control import ControlPlane
from tests.claims.curve import EIGHTH, ORDER, SMALL, SMALL_BADLY_WRITTEN, Forger, add, decode, encode, holds, mixed, plus_order
from tests.claims.doors import confirmation, knock
from tests.claims.lenient import BARE_EQUATION, GATE, PHP_BARE_EQUATION, PHP_GATE, PHP_SMALL_S, SMALL_S
from tests.claims.raw import PREFIX
from tests.claims.victims import Paired
from tests.connector.wire import ControlKey, Message, sha256hex

pytestmark = pytest.mark.req("P1", "W2", "N9")

VECTORS = Path(os.environ.get("PRESSWARDEN_VECTORS") or Path(__file__).parents[3] / "shared" / "vectors")


def canonical(message: Message) -> bytes:
    names = ("Installation", "ToolCallId", "Timestamp", "TTL")
    return "\n".join([*(message.headers[PREFIX + name] for name in names), sha256hex(message.body)]).encode()


def signed(message: Message, signature: bytes) -> Message:
    return message.with_header(PREFIX + "Signature", base64.b64encode(signature).decode())


def signature_of(message: Message) -> bytes:
    return base64.b64decode(message.headers[PREFIX + "Signature"])


def variations(right: bytes) -> dict[str, bytes]:
    """Of one right signature: all that Wycheproof's comments name, and every multiple of the order that fits."""
    r, s = right[:32], int.from_bytes(right[32:], "little")
    point = decode(r)
    assert point is not None
    found = {f"S + {n} L": r + (s + n * ORDER).to_bytes(32, "little") for n in range(1, 16) if s + n * ORDER < 2**256}
    found |= {f"bit {bit} of S's last byte": right[:63] + bytes([right[63] ^ 1 << bit]) for bit in range(8)}
    found |= {
        f"S = {name}": r + value.to_bytes(32, "little")
        for name, value in {"0": 0, "1": 1, "L": ORDER, "L - 1": ORDER - 1, "L - S": ORDER - s, "2^256 - 1": 2**256 - 1}.items()
    }
    found |= {f"R = {small.hex()}": small + right[32:] for small in (*SMALL, *SMALL_BADLY_WRITTEN)}
    found |= {
        "R with the other sign": bytes([*r[:31], r[31] ^ 0x80]) + right[32:],
        "R plus a point of order 8": encode(add(point, EIGHTH)) + right[32:],
    }
    found |= {"S and R changed over": right[32:] + r, "zeros": b"\0" * 64, "ones": b"\xff" * 64, "R twice": r + r}
    return found


def small_r(here_message: Callable[[], Message], forger: Forger) -> tuple[Message, bytes]:
    """A message and a signature with an R of small order that satisfies the bare equation."""
    while True:
        message = here_message()
        for point in SMALL:
            made = replace(forger, r_point=point).sign(canonical(message))
            if holds(made, canonical(message), forger.key):
                return message, made


@pytest.mark.site
def test_no_variation_of_a_right_signature_is_taken(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    message = paired_site.here.message("wp.site.health")
    for name, signature in variations(signature_of(message)).items():
        attack.refused(name, paired_site.send(signed(message, signature)), "call.signature")
    for cut in (0, 1, 31, 32, 63, 65, 96):
        attack.refused(f"{cut} bytes", paired_site.send(signed(message, (signature_of(message) * 2)[:cut])), "call.shape", "call.signature")
    attack.repelled("what ran", paired_site.ran() == [], paired_site.ran())
    assert paired_site.send(message).status == 200


@pytest.mark.site
def test_a_paired_key_of_mixed_order_signs_strictly_or_not_at_all(confirming: Callable[..., Paired], attack: Attack) -> None:
    secret = int.from_bytes(os.urandom(32), "little") % ORDER
    paired = confirming(mixed(secret))
    loose = mixed(secret, cofactored_only=True)
    for number in range(4):
        attack.refused(
            f"only times 8, while confirming, {number + 1}", knock(paired.site, confirmation(paired.here, loose)), "call.signature"
        )
    assert knock(paired.site, confirmation(paired.here)).status == 200
    paired.site.clear_events()
    for number in range(8):
        own = replace(paired.here, key=loose)
        attack.refused(f"only times 8, {number + 1}", knock(paired.site, own.message("wp.site.health")), "call.signature")
        message = paired.here.message("wp.site.health")
        attack.refused(
            f"S + L under a mixed key, {number + 1}",
            knock(paired.site, signed(message, plus_order(signature_of(message)))),
            "call.signature",
        )
        message, made = small_r(lambda: paired.here.message("wp.site.health"), mixed(secret))
        attack.refused(f"an R of small order, {number + 1}", knock(paired.site, signed(message, made)), "call.signature")
    attack.repelled("what ran", paired.ran() == [], paired.ran())
    assert knock(paired.site, paired.here.message("wp.site.health")).status == 200


def test_the_control_plane_takes_no_variation_either(control: ControlPlane, attack: Attack) -> None:
    site = Claimant(control.offer("malleable"))
    number = 0

    def told(path: str, body: bytes, headers: dict[str, str] | None = None) -> str:
        nonlocal number
        number += 1
        answer = control.post(path, body, headers, source=f"127.3.{number // 200}.{1 + number % 200}")
        return "" if answer.status_code < 300 else str(answer.json()["code"])

    secret = int.from_bytes(os.urandom(32), "little") % ORDER
    loose = mixed(secret, cofactored_only=True)
    attack.repelled(
        "a pairing signed with S + L",
        told("/ingest/v1/pair", site.request(sign=lambda text: plus_order(site.sign(text)))) == "pairing.proof",
    )
    attack.repelled(
        "a pairing signed only times 8", told("/ingest/v1/pair", site.request(public=loose.key, sign=loose.sign)) == "pairing.proof"
    )
    assert told("/ingest/v1/pair", site.request()) == ""
    control.ask("confirm", installation=site.offer.installation)
    body = site.heartbeat()
    headers = site.headers(body)
    for name, signature in variations(base64.b64decode(headers[PREFIX + "Signature"])).items():
        text = base64.b64encode(signature).decode()
        attack.repelled(
            f"a heartbeat: {name}", told("/ingest/v1/heartbeat", body, {**headers, PREFIX + "Signature": text}) == "ingest.signature"
        )
    assert told("/ingest/v1/heartbeat", body, headers) == ""


def published() -> list[tuple[str, str, str, str, bool]]:
    """Name, key, message, signature in hex, and whether a strict verifier takes it."""
    if not VECTORS.is_dir():
        pytest.skip(f"the published vectors are not at {VECTORS}")
    groups: list[dict[str, Any]] = json.loads((VECTORS / "wycheproof/ed25519_test.json").read_text())["testGroups"]
    found = [
        (f"wycheproof {test['tcId']}", group["publicKey"]["pk"], test["msg"], test["sig"], test["result"] == "valid")
        for group in groups
        for test in group["tests"]
    ]
    cases = json.loads((VECTORS / "speccheck/cases.json").read_text())
    # Case 3: a key and an R of mixed order, and the equation holds strictly.
    return found + [
        (f"speccheck {number}", case["pub_key"], case["message"], case["signature"], number == 3) for number, case in enumerate(cases)
    ]


@pytest.mark.site
def test_both_real_verifiers_judge_the_published_cases_alike(paired_site: Paired, attack: Attack) -> None:
    cases = published()
    file = paired_site.site.state / "cases.json"
    file.write_text(json.dumps([case[1:4] for case in cases]))
    said = paired_site.site.php(
        "foreach ( json_decode( file_get_contents( $argv[1] ) ) as $case ) {"
        " list( $key, $message, $signature ) = array_map( 'hex2bin', $case );"
        " echo (int) \\Presswarden\\Connector\\Core\\Ed25519::verify( $signature, $message, $key ); }",
        str(file),
    )
    assert len(said) == len(cases) > 150
    for (name, key, message, signature, right), site in zip(cases, said, strict=True):
        control = verify.ed25519(bytes.fromhex(signature), bytes.fromhex(message), bytes.fromhex(key))
        assert right is False or (site, control) == ("1", True), name
        if not right:
            attack.repelled(name, (site, control) == ("0", False), (site, control))


@pytest.mark.site
def test_without_the_strict_rules_the_site_takes_other_signatures(
    mutated_site: Callable[..., Paired], confirming: Callable[..., Paired]
) -> None:
    paired = mutated_site(PHP_SMALL_S, PHP_BARE_EQUATION)
    message = paired.here.message("wp.site.inventory")
    assert paired.send(signed(message, plus_order(signature_of(message)))).status == 200
    secret = int.from_bytes(os.urandom(32), "little") % ORDER
    loose = confirming(mixed(secret), PHP_GATE, PHP_BARE_EQUATION)
    assert knock(loose.site, confirmation(loose.here)).status == 200
    message, made = small_r(lambda: loose.here.message("wp.site.inventory"), mixed(secret))
    assert knock(loose.site, signed(message, made)).status == 200
    for changes in ((PHP_SMALL_S,), (PHP_BARE_EQUATION,)):
        held = mutated_site(*changes)
        message = held.here.message("wp.site.inventory")
        assert held.send(signed(message, plus_order(signature_of(message)))).code == "call.signature", changes


def test_without_the_strict_rules_the_control_plane_takes_other_signatures(control_plane: Callable[..., ControlPlane]) -> None:
    lenient = control_plane(GATE, SMALL_S, BARE_EQUATION)
    site = Claimant(lenient.offer("malleable"))
    assert lenient.post("/ingest/v1/pair", site.request(sign=lambda text: plus_order(site.sign(text)))).status_code == 202
    lenient.ask("confirm", installation=site.offer.installation)
    body = site.heartbeat()
    headers = site.headers(body)
    text = base64.b64encode(plus_order(base64.b64decode(headers[PREFIX + "Signature"]))).decode()
    assert lenient.post("/ingest/v1/heartbeat", body, {**headers, PREFIX + "Signature": text}).status_code == 200


def test_the_forger_makes_what_it_says() -> None:
    key = ControlKey.new()
    right = key.sign(b"text")
    assert holds(right, b"text", key.public)
    assert holds(plus_order(right), b"text", key.public)
    assert not holds(right, b"texts", key.public)
    loose = mixed(77, cofactored_only=True)
    assert not holds(loose.sign(b"text"), b"text", loose.key)
    assert holds(loose.sign(b"text"), b"text", loose.key, cofactor=8)
    assert holds(mixed(77).sign(b"text"), b"text", loose.key)
