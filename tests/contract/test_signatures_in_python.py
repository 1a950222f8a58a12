"""What the vectors call signed is signed, and what they call forged is not, by Python's own verifiers."""

import base64
import hashlib
import json
from typing import Any

import pytest

from presswarden.kernel import merkle, verify
from presswarden.sites import pairing
from tests.contract.reading import CONTRACT, Case, body_of, cases, vector_file

AFTER_SIGNATURE = {"call.body", "call.bind", "call.audience", "call.clone", "call.plan", "call.plan_time", "call.fence"}
BEFORE = {"call.window", "call.ttl", "call.rate_address", "call.revoked"}


def canonical_string(case: Case) -> bytes:
    headers = {name.lower().replace("_", "-"): value if isinstance(value, str) else value[0] for name, value in case["headers"].items()}
    names = ("installation", "toolcallid", "timestamp", "ttl")
    return "\n".join([*(headers[f"x-wp-agent-{name}"] for name in names), hashlib.sha256(body_of(case)).hexdigest()]).encode()


def signature_of(case: Case) -> bytes:
    value = next(v for k, v in case["headers"].items() if k.lower().replace("_", "-") == "x-wp-agent-signature")
    return base64.b64decode(value if isinstance(value, str) else value[0])


def keys_of(case: Case) -> list[bytes]:
    pins = vector_file("calls")["pins"][case["pinned"]]
    brought = case["headers"].get("X-WP-Agent-ControlKey")
    if pins["state"] == "confirming" and pins["alg"] == "ed25519":
        raw = base64.b64decode(brought) if brought else b""
        return [raw] if hashlib.sha256(raw).hexdigest() == pins["fingerprint"] else []
    return [bytes.fromhex(k["raw"]) for k in pins["keys"] if k["not_after"] is None or case["now"] <= k["not_after"]]


def verifies(case: Case) -> bool:
    hmac = vector_file("calls")["pins"][case["pinned"]]["alg"] == "hmac-sha256"
    check = verify.hmac_sha256 if hmac else verify.ed25519
    return any(check(signature_of(case), canonical_string(case), key) for key in keys_of(case))


def outcome(case: Case) -> str:
    return str(case.get("refuse", "accept"))


@pytest.mark.req("P1", "P2", "W2")
@pytest.mark.parametrize("case", [c for c in cases("calls", "bodies", "plans") if outcome(c.values[0]) in AFTER_SIGNATURE | {"accept"}])
def test_a_call_that_passes_check_seven_carries_a_right_signature(case: Case) -> None:
    assert verifies(case)


@pytest.mark.req("P1", "P2", "W2")
@pytest.mark.parametrize("case", [c for c in cases("calls", "plans") if outcome(c.values[0]) == "call.signature"])
def test_a_call_refused_for_its_signature_verifies_under_no_live_key(case: Case) -> None:
    assert not verifies(case)


@pytest.mark.req("N3")
@pytest.mark.parametrize(
    "case", [c for c in cases("plans") if outcome(c.values[0]) == "accept" and "leaf" in json.loads(body_of(c.values[0]))]
)
def test_an_accepted_leaf_leads_to_the_root_of_its_header(case: Case) -> None:
    body = json.loads(body_of(case))
    top = merkle.root_from_inclusion(
        merkle.leaf_hash(body["header"].encode()), 0, body["size"], [bytes.fromhex(h) for h in body["header_proof"]]
    )
    assert top is not None
    assert merkle.verify_inclusion(
        merkle.leaf_hash(body["leaf"].encode()), body["index"], body["size"], [bytes.fromhex(h) for h in body["proof"]], top
    )


@pytest.mark.req("N2")
@pytest.mark.parametrize("case", cases("receipts"))
def test_a_receipt_is_right_or_refused_as_the_contract_says(case: Case) -> None:
    request, response = (hashlib.sha256(case[name].encode()).hexdigest() for name in ("request", "response"))
    text = "\n".join(("presswarden-receipt-1", case["installation"], case["tool_call_id"], str(case["status"]), request, response))
    assert text == case["text"]
    check = verify.ed25519 if case["alg"] == "ed25519" else verify.hmac_sha256
    assert check(base64.b64decode(case["signature"]), text.encode(), bytes.fromhex(case["key"])) is case["valid"]


@pytest.mark.req("X3")
@pytest.mark.parametrize("case", cases("heartbeats"))
def test_a_heartbeat_is_signed_by_the_site_key_unless_refused_for_it(case: Case) -> None:
    keys = [bytes.fromhex(k) for k in case["known"]["keys"]]
    right = any(verify.ed25519(signature_of(case), canonical_string(case), key) for key in keys)
    assert right is (outcome(case) not in {"ingest.signature", "ingest.algorithm"})


@pytest.mark.req("P6")
@pytest.mark.parametrize("case", cases("orders"))
def test_a_standing_order_is_signed_by_a_live_control_key_unless_refused_for_it(case: Case) -> None:
    text = f"presswarden-order-1\n{case['pinned']['installation']}\n{hashlib.sha256(case['text'].encode()).hexdigest()}".encode()
    check = verify.hmac_sha256 if case["pinned"]["alg"] == "hmac-sha256" else verify.ed25519
    live = [bytes.fromhex(k["raw"]) for k in case["pinned"]["keys"] if k["not_after"] is None or case["now"] <= k["not_after"]]
    signature = base64.b64decode(case["signature"])
    # One that is too long is refused before its signature is looked at; a right signature does not save it.
    assert any(check(signature, text, key) for key in live) is (outcome(case) != "order.signature")


@pytest.mark.req("P6")
@pytest.mark.parametrize("case", cases("rotations"))
def test_a_rotation_is_signed_by_the_new_key_unless_refused_for_it(case: Case) -> None:
    args: dict[str, Any] = case["args"]
    text = f"presswarden-rotate-1\n{case['pinned']['installation']}\n{args['epoch']}\n{args['public_key']}".encode()
    right = verify.ed25519(base64.b64decode(args["signature"]), text, base64.b64decode(args["public_key"]))
    assert right is (outcome(case) not in {"action.rotation_signature"} and not bad_key(case))


def bad_key(case: Case) -> bool:
    return outcome(case) == "action.rotation_key" and case["name"] != "a rotation to the key that is pinned is refused"


@pytest.mark.req("X1")
@pytest.mark.parametrize("case", cases("transcripts"))
def test_python_gives_the_same_proof_words_and_keys_of_a_transcript(case: Case) -> None:
    verifier = bytes.fromhex(case["verifier"])
    assert pairing.mac_ok(case["mac"], case["text"], verifier)
    assert not pairing.mac_ok(case["mac"], case["text"] + "x", verifier)
    assert pairing.words_of(case["text"], base64.b64decode(case["control_key"])).split() == case["words"]
    keys = pairing.direction_keys(verifier, case["text"])
    assert {"call": keys.call.hex(), "site": keys.site.hex()} == case["hmac_keys"]
    if case["fields"]["public_key"]:
        assert verify.ed25519(base64.b64decode(case["signature"]), case["text"].encode(), base64.b64decode(case["fields"]["public_key"]))


@pytest.mark.req("X1")
@pytest.mark.parametrize("case", [c for c in cases("pairing_strings") if outcome(c.values[0]) == "accept"])
def test_python_writes_the_pairing_string_that_php_reads(case: Case) -> None:
    told = case["accept"]
    secret = bytes.fromhex(told["secret"])
    string = pairing.pairing_string(
        control=told["control"], fingerprint=told["fingerprint"], installation=told["installation"], secret=secret
    )
    assert "".join(case["text"].split()) in {string, getattr(string, "text", None), getattr(string, "value", None)}
    assert pairing.verifier_of(secret).hex() == told["verifier"]


def test_every_refusal_of_checks_one_to_ten_has_a_vector() -> None:
    shown = {outcome(c.values[0]) for c in cases("calls", "bodies", "plans")}
    assert shown >= AFTER_SIGNATURE | BEFORE | {"call.signature", "call.algorithm", "call.installation", "call.shape", "call.too_large"}
    assert len(cases("calls", "bodies")) >= 80
    assert len([c for c in cases("plans") if outcome(c.values[0]) != "accept"]) >= 15
    assert (CONTRACT / "wire.md").is_file()
