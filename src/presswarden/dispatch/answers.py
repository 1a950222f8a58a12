"""What an answer comes to, decided from its bytes alone. Nothing of an answer is believed before its receipt verifies; what can't carry one is a hint.

Limits: pure. Order of judgement: receipt first, then the form of the body, then what it says.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Final

from presswarden.dispatch.model import ED25519, Answer, Ending, ReceiptKeys, WireAnswer, WireFault
from presswarden.kernel import verify
from presswarden.kernel.canonical import Json, decode_object
from presswarden.kernel.errors import Malformed
from presswarden.kernel.ids import CallId, InstallationId

RECEIPT_HEADER: Final = "x-wp-agent-receiptsignature"
_SHOWN: Final = 200
_BEFORE_THE_CLAIM: Final = frozenset(
    {
        "call.too_large", "call.shape", "call.installation", "call.revoked", "call.rate_address", "call.ttl", "call.window", "call.algorithm",
        "call.signature", "call.body", "call.bind", "call.audience", "call.clone", "call.plan", "call.plan_time", "call.fence",
        "call.store",  # a site that can't open its own keys can't sign either
    }
)  # fmt: skip


def receipt_text(installation: InstallationId, call: CallId, status: int, request_body: bytes, answer_body: bytes) -> bytes:
    """The string that the site signs (wire.md, 4)."""
    hashes = f"{hashlib.sha256(request_body).hexdigest()}\n{hashlib.sha256(answer_body).hexdigest()}"
    return f"presswarden-receipt-1\n{installation}\n{call}\n{status}\n{hashes}".encode()


def receipt_verifies(text: bytes, signature: str, keys: ReceiptKeys) -> bool:
    """True when the signature is one of a pinned key of the pinned algorithm."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    check = verify.ed25519 if keys.alg == ED25519 else verify.hmac_sha256
    return any(check(raw, text, key) for key in keys.keys)


def judge(installation: InstallationId, call: CallId, request_body: bytes, answer: WireAnswer, keys: ReceiptKeys) -> Answer:
    """What this answer to that call comes to."""
    return _judge(installation, call, request_body, answer, keys, is_stored=False)


def _judge(
    installation: InstallationId, call: CallId, request_body: bytes, answer: WireAnswer, keys: ReceiptKeys, *, is_stored: bool
) -> Answer:
    signature = answer.headers.get(RECEIPT_HEADER, "")
    if not signature:
        return _without_receipt(answer)
    text = receipt_text(installation, call, answer.status, request_body, answer.body)
    if not receipt_verifies(text, signature, keys):
        return _doubtful("The answer carries a receipt that does not verify under the site's pinned key.")
    try:
        body = decode_object(answer.body)
    except Malformed:
        return _doubtful("The answer is signed, but not of the agreed form.")
    if body.get("v") != 1:
        return _doubtful("The answer is signed, but of another version of the contract.")
    if answer.status == 200 and body.get("status") == "done" and isinstance(body.get("result"), Mapping):
        return Answer(Ending.DONE, status=200, result=_mapping(body["result"]), receipt=text.decode())
    if body.get("status") != "refused" or not isinstance(body.get("code"), str):
        return _doubtful("The answer is signed, but says neither done nor refused.")
    if body["code"] == "call.duplicate":
        if is_stored:
            return _doubtful("The stored answer is itself an answer about a stored answer.")
        return _duplicate(installation, call, request_body, body, keys)
    return _told(Ending.REFUSED, answer.status, body, receipt=text.decode())


def unreached(fault: WireFault) -> Answer:
    """No answer: certainly not sent, or perhaps taken."""
    return Answer(Ending.UNANSWERED if fault.reached else Ending.UNSENT, fault.code, fault.says, fault.do)


def _duplicate(installation: InstallationId, call: CallId, request_body: bytes, body: Mapping[str, Json], keys: ReceiptKeys) -> Answer:
    stored = body.get("stored")
    if stored is None:
        return Answer(Ending.RUNNING, "call.running", "The site took the call and has not answered it.", "", 409)
    kept = _mapping(stored)
    text, signature, status = kept.get("body"), kept.get("signature"), kept.get("status")
    if not isinstance(text, str) or not isinstance(signature, str) or not isinstance(status, int):
        return _doubtful("The stored answer is not of the agreed form.")
    original = WireAnswer(status, {RECEIPT_HEADER: signature}, text.encode())
    return _judge(installation, call, request_body, original, keys, is_stored=True)


def _without_receipt(answer: WireAnswer) -> Answer:
    try:
        body = decode_object(answer.body)
    except Malformed:
        return _doubtful("The answer has no receipt and is not of the agreed form.")
    code = body.get("code")
    if answer.status < 400 or body.get("status") != "refused" or code not in _BEFORE_THE_CLAIM:
        return _doubtful("The answer has no receipt; only a refusal from before the claim may come without one.")
    return _told(Ending.TURNED_AWAY, answer.status, body, receipt="")


def _told(ending: Ending, status: int, body: Mapping[str, Json], *, receipt: str) -> Answer:
    code, says, site_time = body.get("code"), body.get("says"), body.get("site_time")
    return Answer(
        ending,
        code[:64] if isinstance(code, str) else "",
        says[:_SHOWN] if isinstance(says, str) else "",
        status=status,
        site_time=site_time if isinstance(site_time, int) and not isinstance(site_time, bool) else None,
        receipt=receipt,
    )


def _doubtful(says: str) -> Answer:
    return Answer(Ending.DOUBTFUL, "call.receipt", says, "Look at what stands between us and the site, then read it again.")


def _mapping(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, Mapping) else {}
