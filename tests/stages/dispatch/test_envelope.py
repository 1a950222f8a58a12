"""What dispatch builds is what the contract promises, byte for byte where the contract has a case."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presswarden.dispatch import signing
from presswarden.dispatch.answers import receipt_text, receipt_verifies
from presswarden.dispatch.envelope import call_body, canonical, new_nonce, order_text, rotation_text, signed_headers, signed_order
from presswarden.dispatch.model import ED25519, HMAC, CallKey, ReceiptKeys
from presswarden.kernel import verify
from presswarden.kernel.canonical import decode_object, encode
from presswarden.kernel.ids import CallId, InstallationId, new_id

CONTRACT = Path(__file__).parents[3] / "contract"
KEY = signing.new_control_key()
INSTALLATION, CALL = InstallationId(new_id()), CallId(new_id())
RECEIPTS = json.loads((CONTRACT / "vectors" / "receipts.json").read_text(encoding="utf-8"))["cases"]


def _fits(schema: str, value: Any) -> None:
    Draft202012Validator(json.loads((CONTRACT / "schemas" / schema).read_text(encoding="utf-8"))).validate(value)


@pytest.mark.req("P2")
def test_a_body_is_canonical_and_of_the_contracts_form() -> None:
    body = call_body(home="https://shop.example", kid=KEY.kid, nonce=new_nonce(), tool="wp.site.health", args={})
    read = decode_object(body)
    _fits("call-read.json", read)
    assert encode(read) == body


def test_a_body_beyond_one_mebibyte_is_never_built() -> None:
    with pytest.raises(ValueError, match="1 MiB"):
        call_body(home="https://shop.example", kid=KEY.kid, nonce=new_nonce(), tool="x", args={"x": "y" * 1_048_576})


@pytest.mark.req("P1", "P2")
def test_headers_carry_a_signature_over_exactly_the_five_lines() -> None:
    headers = signed_headers(INSTALLATION, CALL, b"{}", KEY, signing.sign, timestamp=1_795_176_000)
    _fits("headers.json", headers)
    text = canonical(INSTALLATION, CALL, 1_795_176_000, 180, b"{}")
    assert text.count(b"\n") == 4
    assert verify.ed25519(base64.b64decode(headers["X-WP-Agent-Signature"]), text, KEY.public)
    assert not verify.ed25519(base64.b64decode(headers["X-WP-Agent-Signature"]), text + b"\n", KEY.public)
    assert "X-WP-Agent-ControlKey" not in headers


@pytest.mark.req("X1")
def test_only_the_first_call_shows_the_control_key() -> None:
    headers = signed_headers(INSTALLATION, CALL, b"{}", KEY, signing.sign, timestamp=1_795_176_000, first_call=True)
    assert base64.b64decode(headers["X-WP-Agent-ControlKey"]) == KEY.public
    shared = CallKey(HMAC, "0" * 16, b"k" * 32)
    assert "X-WP-Agent-ControlKey" not in signed_headers(
        INSTALLATION, CALL, b"{}", shared, signing.sign, timestamp=1_795_176_000, first_call=True
    )


def test_a_standing_order_is_canonical_and_of_the_contracts_form() -> None:
    text = order_text(
        home="https://shop.example", checkpoint="", epoch=1, expires=1_795_176_900, installation=INSTALLATION, kid=KEY.kid, paused=False,
        revoked=False, seq=1,
    )  # fmt: skip
    _fits("order.json", json.loads(text))
    assert encode(json.loads(text)).decode() == text
    assert len(base64.b64decode(signed_order(INSTALLATION, text, KEY, signing.sign))) == 64


@pytest.mark.req("N2")
@pytest.mark.parametrize("case", RECEIPTS, ids=lambda case: case["name"])
def test_receipts_of_the_contract_are_judged_as_it_says(case: dict[str, Any]) -> None:
    text = receipt_text(case["installation"], case["tool_call_id"], case["status"], case["request"].encode(), case["response"].encode())
    keys = ReceiptKeys(case["alg"], (bytes.fromhex(case["key"]),))
    assert receipt_verifies(text, case["signature"], keys) is case["valid"]


def test_a_new_key_proves_itself_over_installation_epoch_and_key() -> None:
    public = base64.b64encode(KEY.public).decode()
    text = rotation_text(INSTALLATION, 2, public)
    assert text == f"presswarden-rotate-1\n{INSTALLATION}\n2\n{public}".encode()
    assert verify.ed25519(signing.sign(KEY, text), text, KEY.public)


@pytest.mark.req("W20")
def test_a_secret_key_never_shows_in_a_representation() -> None:
    assert repr(KEY.secret) not in repr(KEY)
    assert KEY.secret.hex() not in repr(KEY)
    assert KEY.alg == ED25519


def test_an_unknown_algorithm_signs_nothing() -> None:
    with pytest.raises(ValueError):
        signing.sign(CallKey("none", "0" * 16, b"k" * 32), b"text")
