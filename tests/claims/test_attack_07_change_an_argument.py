"""Attack 7: change what a signed call asks for and keep its signature.

Layers: the hash of the bytes received stands in the signed string, so the signature is the check; a change that also moves the call to another shape meets
the body, the binding and the argument schema behind it, which is why the proofs change nothing but a value.
"""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import nacl.signing
import pytest
import rfc8785

from tests.claims.attacks import Attack
from tests.claims.doors import knock
from tests.claims.victims import Paired, put_connector
from tests.connector.wire import ControlKey, Installation, Message

pytestmark = [pytest.mark.site, pytest.mark.req("W2", "P2", "N3")]


def rotation(here: Installation, key: ControlKey) -> dict[str, Any]:
    """Arguments that pin another control key."""
    public = base64.b64encode(key.public).decode()
    text = f"presswarden-rotate-1\n{here.installation}\n2\n{public}".encode()
    signed = nacl.signing.SigningKey(key.secret).sign(text).signature
    return {"epoch": 2, "public_key": public, "signature": base64.b64encode(signed).decode()}


def changed(message: Message, **members: Any) -> Message:
    """Other members in the body, the same headers."""
    return replace(message, body=rfc8785.dumps({**json.loads(message.body), **members}))


def bound(message: Message, **members: Any) -> Message:
    return changed(message, bind={**json.loads(message.body)["bind"], **members})


def changes(here: Installation) -> dict[str, Message]:
    pause = here.message("control.pause", {"reason": "for an hour"})
    health = here.message("wp.site.health")
    turn = here.message("control.rotate", rotation(here, ControlKey.new()))
    thief = rotation(here, ControlKey.new())
    other = here.message("wp.site.health")
    return {
        "the reason of a pause": changed(pause, args={"reason": "for ever"}),
        "one letter of it": replace(pause, body=pause.body.replace(b"an hour", b"an hous")),
        "the argument gone": changed(pause, args={}),
        "an argument more": changed(health, args={"user": 1}),
        "a read becomes a revocation": changed(health, tool="control.revoke", args={"reason": ""}),
        "a read becomes another read": changed(health, tool="wp.site.inventory"),
        "a pause becomes its end": changed(pause, tool="control.resume", args={}),
        "the key of a rotation": changed(turn, args=thief),
        "the epoch of a rotation": changed(turn, args={**json.loads(turn.body)["args"], "epoch": 3}),
        "another run": changed(health, run_id=str(uuid.uuid4())),
        "another nonce": bound(health, nonce=os.urandom(16).hex()),
        "another audience": bound(health, aud="https://victim.example"),
        "another direction": bound(health, dir="heartbeat"),
        "another key id": bound(health, kid="0" * 16),
        "another version": bound(health, v=2),
        "a fence": bound(health, fence=1),
        "the body of another signed call": replace(health, body=other.body),
        "a read dressed as a leaf of a plan": changed(health, leaf="{}", header="{}", proof=[], header_proof=[], index=1, size=2),
        "no body": replace(health, body=b""),
        "an empty object": replace(health, body=b"{}"),
        "half of the body": replace(health, body=health.body[: len(health.body) // 2]),
        "a byte behind it": replace(health, body=health.body + b" "),
        "twice the body": replace(health, body=health.body * 2),
        "a later time": health.with_header("X-WP-Agent-Timestamp", str(int(health.headers["X-WP-Agent-Timestamp"]) + 1)),
        "a longer life": health.with_header("X-WP-Agent-TTL", "300"),
        "another call id": health.with_header("X-WP-Agent-ToolCallId", str(uuid.uuid4())),
        "the signature of another call": health.with_header("X-WP-Agent-Signature", other.headers["X-WP-Agent-Signature"]),
    }  # fmt: skip


def test_what_a_signed_call_asks_for_can_not_be_changed(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    for name, message in changes(paired_site.here).items():
        attack.refused(name, paired_site.send(message), "call.signature", "call.shape")
    attack.repelled("what ran", paired_site.ran() == [], paired_site.ran())
    assert paired_site.call("wp.site.health").status == 200


def test_the_same_calls_unchanged_do_what_they_say(mutated_site: Callable[..., Paired]) -> None:
    paired, key = mutated_site(), ControlKey.new()
    assert paired.call("control.pause", {"reason": "for an hour"}).result == {"paused": "control"}
    assert paired.call("control.resume").result == {"paused": ""}
    assert paired.call("control.rotate", rotation(paired.here, key)).result["kid"] == key.kid
    assert knock(paired.site, replace(paired.here, key=key).message("wp.site.health")).status == 200


def test_without_the_signature_the_changed_calls_are_run(mutated_site: Callable[..., Paired]) -> None:
    paired, key = mutated_site("signature"), ControlKey.new()
    names = ("another run", "another nonce", "a longer life", "another call id", "a read becomes another read", "the reason of a pause")
    for name in names:
        assert paired.send(changes(paired.here)[name]).status == 200, name
    assert paired.call("wp.site.health").status == 200
    assert paired.send(changed(paired.here.message("wp.site.health"), tool="control.rotate", args=rotation(paired.here, key))).status == 200
    put_connector(paired.site)  # With the checks back in their place, the thief is the control plane now.
    thief = replace(paired.here, key=key)
    assert knock(paired.site, thief.message("control.revoke", {"reason": "mine"})).result == {"revoked": True}
