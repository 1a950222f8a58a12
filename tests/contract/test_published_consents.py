"""WebAuthn assertions of real and software authenticators, good and refused, read in place: judged by what checks passkeys here.

Limits: the file also holds cases of the site's own gate (audience, call id, times, state, quorum), which are no assertion's fault; they are left out by name.
"""

import base64
import json
from typing import Any

import pytest

from presswarden.approvals import passkeys
from presswarden.approvals.model import Passkey, PasskeyRefused
from presswarden.kernel import merkle
from presswarden.kernel.ids import PersonId
from tests.contract.reading import published
from tests.fakes.clock import FrozenClock

THE_SITES_OWN = {"consent", "quorum", "audience", "call-id", "expired", "state", "leaf", "tool"}


def _file() -> Any:
    return json.loads(published("countersign/consent.json").read_text())


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _known(pins: Any, clock: FrozenClock) -> dict[str, Passkey]:
    """The registered passkeys; a revoked one is not among them."""
    return {
        name: Passkey(name, PersonId(pin["person"]), "", pin["rp_id"], pin["origins"][0], _raw(pin["cose"]), 0, clock.now())
        for name, pin in pins.items()
        if not pin.get("revoked")
    }


def _judged(body: Any, known: dict[str, Passkey]) -> str:
    """What a consent of this file comes to here: "ok", or the kind of fault."""
    proof = [bytes.fromhex(one) for one in body["proof"] if len(one) == 64 and one == one.lower()]
    if not isinstance(body["index"], int) or len(proof) != len(body["proof"]):
        return "proof"
    root = merkle.root_from_inclusion(merkle.leaf_hash(body["leaf"].encode()), body["index"], body["size"], proof)
    if root is None:
        return "proof"
    for one in body["consent"]:
        if not isinstance(one, dict):
            return "shape"
        passkey = known.get(one.get("id")) if isinstance(one.get("id"), str) else None
        try:
            # What nobody registered is judged as another passkey's: it is not that one's assertion.
            passkeys.check(passkey or next(iter(known.values())), one, passkeys.challenge(root.hex()))
        except PasskeyRefused as refusal:
            return refusal.where
    return "ok"


@pytest.mark.req("N1", "X6")
def test_every_published_assertion_is_judged_as_published(frozen: FrozenClock) -> None:
    told = _file()
    known, tried = _known(told["pins"], frozen), {"ok": 0, "refused": 0}
    for case in told["cases"]:
        if case["expect"] in THE_SITES_OWN:
            continue
        found = _judged(case["body"], known)
        # A revoked passkey is none here, and an index that is no number leads to no root.
        wanted = "proof" if case["name"] == "index as string" else {"revoked": "credential"}.get(case["expect"], case["expect"])
        assert found == wanted, case["name"]
        tried["ok" if found == "ok" else "refused"] += 1
    assert tried == {"ok": 14, "refused": 71}


@pytest.mark.req("N1", "X6")
def test_every_published_key_is_judged_as_published() -> None:
    tried = 0
    for case in _file()["enrol"]:
        try:
            passkeys.read_key(_raw(case["cose"]))
            found = "ok"
        except PasskeyRefused as refusal:
            found = refusal.where
        assert found == case["expect"], case["name"]
        tried += 1
    assert tried == 25
