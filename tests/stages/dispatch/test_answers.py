"""What an answer comes to, from its bytes alone."""

import base64
from typing import Any

import pytest
from nacl.signing import SigningKey

from presswarden.dispatch import answers
from presswarden.dispatch.model import ED25519, HMAC, Answer, Ending, ReceiptKeys, WireAnswer
from presswarden.kernel.canonical import encode
from presswarden.kernel.ids import CallId, InstallationId, new_id

INSTALLATION, CALL = InstallationId(new_id()), CallId(new_id())
REQUEST = b'{"args":{}}'
KEY = SigningKey(b"s" * 32)
KEYS = ReceiptKeys(ED25519, (bytes(KEY.verify_key),))
DONE = {"result": {"php": "8.2"}, "status": "done", "v": 1}


def _answer(
    body: dict[str, Any] | bytes, *, status: int = 200, key: SigningKey = KEY, call: CallId = CALL, request: bytes = REQUEST,
    signed_status: int | None = None, installation: InstallationId = INSTALLATION,
) -> WireAnswer:  # fmt: skip
    raw = body if isinstance(body, bytes) else encode(body)
    text = answers.receipt_text(installation, call, status if signed_status is None else signed_status, request, raw)
    return WireAnswer(status, {answers.RECEIPT_HEADER: base64.b64encode(key.sign(text).signature).decode()}, raw)


def _judge(answer: WireAnswer, keys: ReceiptKeys = KEYS) -> Answer:
    return answers.judge(INSTALLATION, CALL, REQUEST, answer, keys)


def _duplicate(stored: dict[str, Any] | None, **more: Any) -> WireAnswer:
    return _answer(
        {"code": "call.duplicate", "says": "", "state": "done", "status": "refused", "stored": stored, "v": 1, **more}, status=409
    )


def _stored(answer: WireAnswer) -> dict[str, Any]:
    return {"body": answer.body.decode(), "signature": answer.headers[answers.RECEIPT_HEADER], "status": answer.status}


def test_a_signed_result_is_done() -> None:
    judged = _judge(_answer(DONE))
    assert (judged.ending, judged.result) == (Ending.DONE, {"php": "8.2"})


@pytest.mark.req("N2")
@pytest.mark.parametrize(
    "answer",
    [
        _answer(DONE, key=SigningKey(b"x" * 32)),
        _answer(DONE, call=CallId(new_id())),
        _answer(DONE, installation=InstallationId(new_id())),
        _answer(DONE, request=b"another request"),
        _answer(DONE, signed_status=201),
        WireAnswer(200, {}, encode(DONE)),
        WireAnswer(200, {answers.RECEIPT_HEADER: ""}, encode(DONE)),
        WireAnswer(200, {answers.RECEIPT_HEADER: "%%%"}, encode(DONE)),
        WireAnswer(200, {answers.RECEIPT_HEADER: "AAAA"}, encode(DONE)),
        WireAnswer(403, {}, encode({"code": "call.capability", "says": "", "status": "refused", "v": 1})),
        WireAnswer(409, {}, encode({"code": "call.duplicate", "says": "", "status": "refused", "v": 1})),
        WireAnswer(200, {}, encode({"code": "call.window", "says": "", "status": "refused", "v": 1})),
        WireAnswer(401, {}, b'{"code":"call.window","code":"call.window","status":"refused"}'),
    ],
)
def test_what_no_receipt_proves_is_doubtful(answer: WireAnswer) -> None:
    judged = _judge(answer)
    assert judged.ending is Ending.DOUBTFUL
    assert (dict(judged.result), judged.receipt) == ({}, "")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**DONE, "v": 2}, 200), (DONE, 500), ({"status": "done", "v": 1}, 200), ({"result": [], "status": "done", "v": 1}, 200),
        ({"status": "maybe", "v": 1}, 200), ({"status": "refused", "v": 1}, 403), (b"<html>", 200), (b'{"v":1,"v":1}', 200), (b'{"v":1.0}', 200),
    ],
)  # fmt: skip
def test_a_signed_answer_of_another_form_is_doubtful(body: dict[str, Any] | bytes, status: int) -> None:
    assert _judge(_answer(body, status=status)).ending is Ending.DOUBTFUL


def test_an_unsigned_refusal_from_before_the_claim_is_a_hint() -> None:
    body = encode({"code": "call.window", "says": "old", "site_time": 1_795_176_000, "status": "refused", "v": 1})
    judged = _judge(WireAnswer(401, {}, body))
    assert (judged.ending, judged.code, judged.site_time) == (Ending.TURNED_AWAY, "call.window", 1_795_176_000)


@pytest.mark.req("W9")
def test_a_site_that_can_not_open_its_keys_says_so_without_a_receipt() -> None:
    judged = _judge(WireAnswer(503, {}, encode({"code": "call.store", "says": "AUTH_KEY changed", "status": "refused", "v": 1})))
    assert (judged.ending, judged.code, judged.says) == (Ending.TURNED_AWAY, "call.store", "AUTH_KEY changed")


@pytest.mark.req("P3")
def test_a_duplicate_brings_the_stored_answer_with_its_own_receipt() -> None:
    judged = _judge(_duplicate(_stored(_answer(DONE))))
    assert (judged.ending, judged.result) == (Ending.DONE, {"php": "8.2"})


@pytest.mark.req("P3", "N2")
@pytest.mark.parametrize(
    "stored",
    [
        _stored(_answer(DONE, call=CallId(new_id()))),
        _stored(_answer(DONE, key=SigningKey(b"x" * 32))),
        {**_stored(_answer(DONE)), "status": 201},
        {**_stored(_answer(DONE)), "body": "{}"},
        {"body": 1, "signature": "", "status": 200},
        _stored(_duplicate(_stored(_answer(DONE)))),
    ],
)
def test_a_stored_answer_that_its_own_receipt_does_not_prove_is_doubtful(stored: dict[str, Any]) -> None:
    assert _judge(_duplicate(stored)).ending is Ending.DOUBTFUL


def test_a_call_that_was_claimed_and_not_answered_is_running() -> None:
    assert _judge(_duplicate(None, state="running")).ending is Ending.RUNNING


def test_a_receipt_of_the_other_algorithm_never_verifies() -> None:
    assert _judge(_answer(DONE), ReceiptKeys(HMAC, (bytes(KEY.verify_key),))).ending is Ending.DOUBTFUL
    assert _judge(_answer(DONE), ReceiptKeys(ED25519, ())).ending is Ending.DOUBTFUL


def test_a_receipt_under_either_of_two_pinned_keys_verifies() -> None:
    both = ReceiptKeys(ED25519, (bytes(SigningKey(b"n" * 32).verify_key), bytes(KEY.verify_key)))
    assert _judge(_answer(DONE), both).ending is Ending.DONE


def test_long_texts_of_a_site_are_cut() -> None:
    judged = _judge(_answer({"code": "c" * 999, "says": "s" * 9999, "status": "refused", "v": 1}, status=403))
    assert (len(judged.code), len(judged.says)) == (64, 200)


def test_keys_never_show_in_a_representation() -> None:
    assert "ssss" not in repr(ReceiptKeys(HMAC, (b"s" * 32,)))
