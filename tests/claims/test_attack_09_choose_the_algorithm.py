"""Attack 9: let the message choose how it is verified: another algorithm, another key id, none at all, a key of one's own.

Layers: the alphabet of the algorithm header, the comparison with the algorithm pinned at pairing, a verification that looks at the pinned algorithm and
never at the message, and the key id in the body, which must be that of the key that verified. The proofs make the message choose, as other connectors have
done, and HMAC keyed with the public key (which is no secret) then passes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.claims.attacks import Attack
from tests.claims.raw import PREFIX, exchange, request
from tests.claims.victims import Paired, Swap
from tests.connector.wire import Answer, ControlKey, Installation, Message, sha256hex

pytestmark = [pytest.mark.site, pytest.mark.req("P1", "W2")]

THE_MESSAGE_CHOOSES = Swap(
    "src/Core/Verifier.php",
    "if ( $this->pinned->verify( $this->envelope->signature, $this->envelope->canonical(), $key ) ) {",
    "$chosen = 'hmac-sha256' === $this->envelope->alg ? hash_hmac( 'sha256', $this->envelope->canonical(), $key->raw, true ) : '';"
    " if ( $chosen === $this->envelope->signature || $this->pinned->verify( $this->envelope->signature, $this->envelope->canonical(), $key ) ) {",
)
NO_ALGORITHM = Swap(
    "src/Core/Verifier.php",
    "if ( $this->pinned->verify( $this->envelope->signature, $this->envelope->canonical(), $key ) ) {",
    "if ( 'none' === $this->envelope->alg || $this->pinned->verify( $this->envelope->signature, $this->envelope->canonical(), $key ) ) {",
)


def canonical(message: Message) -> bytes:
    names = ("Installation", "ToolCallId", "Timestamp", "TTL")
    return "\n".join([*(message.headers[PREFIX + name] for name in names), sha256hex(message.body)]).encode()


def resigned(message: Message, alg: str, signature: bytes | str) -> Message:
    text = signature if isinstance(signature, str) else base64.b64encode(signature).decode()
    return message.with_header(PREFIX + "SignatureAlg", alg).with_header(PREFIX + "Signature", text)


def hmac_with(message: Message, key: bytes) -> Message:
    return resigned(message, "hmac-sha256", hmac.new(key, canonical(message), hashlib.sha256).digest())


def guesses(here: Installation) -> dict[str, bytes]:
    """What stands in the clear somewhere and so could be taken for a key."""
    public = here.key.public
    return {
        "the public key": public,
        "its hex": public.hex().encode(),
        "its base64": base64.b64encode(public),
        "its fingerprint": hashlib.sha256(public).digest(),
        "its id": here.key.kid.encode(),
        "the installation": here.installation.encode(),
        "the site's public key": here.site_public,
        "nothing": b"",
        "zeros": b"\0" * 32,
        "the home": here.home.encode(),
    }


def post(paired: Paired, message: Message, *extra: tuple[str, str]) -> Answer:
    return exchange(request(paired.site.url, "/wp-json/presswarden/v1/call", message, extra))


def unbound(here: Installation, kid: str) -> Message:
    """Signed by the right key, and naming another."""
    body = here.body("wp.site.health", kid=kid)
    return Message(body, here.headers(str(uuid.uuid4()), body))


def test_no_message_chooses_how_it_is_verified(paired_site: Paired, attack: Attack) -> None:
    here = paired_site.here
    paired_site.site.clear_events()
    message = here.message("wp.site.health")
    for name, key in guesses(here).items():
        attack.refused(f"HMAC keyed with {name}", post(paired_site, hmac_with(message, key)), "call.algorithm")
    signature = message.headers[PREFIX + "Signature"]
    for alg in (
        "none",
        "",
        "None",
        "ed25519 hmac-sha256",
        "ed25519,none",
        "ED25519",
        "Ed25519",
        "ed25519ph",
        "hmac-sha256",
        "hmac-sha1",
        "rsa-sha256",
        "openssl",
        "phpseclib",
        "0",
        "ed25519\x0b",
    ):
        attack.refused(
            f"the algorithm {alg!r} with the right signature",
            post(paired_site, resigned(message, alg, signature)),
            "call.shape",
            "call.algorithm",
        )
        attack.refused(f"the algorithm {alg!r} with an empty signature", post(paired_site, resigned(message, alg, "")), "call.shape")
    own = replace(here, key=ControlKey.new())
    public = base64.b64encode(own.key.public).decode()
    for header in ("ControlKey", "Key", "PublicKey", "Kid", "KeyId"):
        attack.refused(
            f"a key of one's own in {header}",
            post(paired_site, own.message("wp.site.health"), (PREFIX + header, public)),
            "call.signature",
            "call.shape",
        )
    attack.refused("a key of one's own under the pinned id", post(paired_site, sign_with(here, own.key)), "call.signature")
    for kid in (own.key.kid, "", "0" * 16, here.key.kid.upper(), here.key.kid[:8], "*", "../" + here.key.kid):
        attack.refused(f"the key id {kid!r}, rightly signed", post(paired_site, unbound(here, kid)), "call.bind")
    attack.refused("the site's own signature sent back", post(paired_site, reflected(paired_site)), "call.signature")
    attack.repelled("what ran", [event["tool"] for event in paired_site.ran()] == ["wp.site.health"], paired_site.ran())
    assert post(paired_site, message).status == 200


def sign_with(here: Installation, key: ControlKey) -> Message:
    message = here.message("wp.site.health")
    return resigned(message, "ed25519", key.sign(canonical(message)))


def reflected(paired: Paired) -> Message:
    """A receipt's signature, which the site made itself, on a call."""
    message = paired.here.message("wp.site.health")
    return resigned(paired.here.message("wp.site.health"), "ed25519", paired.send(message).headers["X-WP-Agent-ReceiptSignature"])


def test_a_site_paired_with_hmac_takes_hmac_and_nothing_else(mutated_site: Callable[..., Paired], attack: Attack) -> None:
    paired = mutated_site(hmac=True)
    here = paired.here
    paired.site.clear_events()
    message = here.message("wp.site.health")
    own = ControlKey.new()
    attack.refused(
        "an Ed25519 key of one's own", post(paired, resigned(message, "ed25519", own.sign(canonical(message)))), "call.algorithm"
    )
    for name, key in {
        "the other direction's key": here.hmac_site,
        "the pairing's verifier": paired.offer.verifier,
        "its secret": paired.offer.secret,
        "nothing": b"",
        "zeros": b"\0" * 32,
        "its id": here.key.kid.encode(),
    }.items():
        attack.refused(f"HMAC keyed with {name}", post(paired, hmac_with(message, key)), "call.signature")
    attack.refused("random bytes", post(paired, resigned(message, "hmac-sha256", os.urandom(32))), "call.signature")
    attack.refused(
        "an Ed25519 signature under the name of HMAC",
        post(paired, resigned(message, "hmac-sha256", own.sign(canonical(message)))),
        "call.signature",
    )
    attack.refused(
        "half of the right MAC",
        post(paired, resigned(message, "hmac-sha256", base64.b64decode(message.headers[PREFIX + "Signature"])[:16])),
        "call.shape",
    )
    attack.repelled("what ran", paired.ran() == [], paired.ran())
    assert post(paired, message).status == 200


def test_a_message_under_the_pinned_algorithm_is_answered(paired_site: Paired) -> None:
    message = paired_site.here.message("wp.site.health")
    assert message.headers[PREFIX + "SignatureAlg"] == paired_site.here.alg
    assert post(paired_site, message).status == 200


def test_if_the_message_chose_anybody_could_sign(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(THE_MESSAGE_CHOOSES, "algorithm")
    assert post(paired, hmac_with(paired.here.message("wp.site.inventory"), paired.here.key.public)).status == 200
    paired = mutated_site(NO_ALGORITHM, "algorithm", "alphabet")
    assert post(paired, resigned(paired.here.message("wp.site.inventory"), "none", "A" * 86 + "==")).status == 200
    for layers in ((THE_MESSAGE_CHOOSES,), ("algorithm",)):
        held = mutated_site(*layers)
        assert post(held, hmac_with(held.here.message("wp.site.inventory"), held.here.key.public)).status == 401, layers
    for layers in ((NO_ALGORITHM, "algorithm"), (NO_ALGORITHM, "alphabet")):
        held = mutated_site(*layers)
        assert post(held, resigned(held.here.message("wp.site.inventory"), "none", "A" * 86 + "==")).status in {400, 401}, layers


def test_without_the_binding_a_body_may_name_another_key(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site("bind")
    assert post(paired, unbound(paired.here, "0" * 16)).status == 200
