"""Builds the bytes of a call: body, headers, canonical string (contract/wire.md, 1 and 3). Limits: it signs nothing.

The body is built once and kept; each sending has its own timestamp and signature over the same bytes.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Final

from presswarden.dispatch.model import ED25519, TTL, CallKey, PlanMismatch, Signs
from presswarden.kernel.canonical import Json, decode_object, encode
from presswarden.kernel.ids import CallId, InstallationId, new_id
from presswarden.mailbox.model import PlannedCall

LARGEST_BODY: Final = 1_048_576
CONTROL_KEY_HEADER: Final = "X-WP-Agent-ControlKey"


def new_nonce() -> str:
    return secrets.token_hex(16)


def call_body(*, home: str, kid: str, nonce: str, tool: str, args: Mapping[str, Json], run_id: str | None = None) -> bytes:
    """The JCS bytes of a read or of a control call."""
    bind: dict[str, Json] = {"aud": home, "dir": "call", "kid": kid, "nonce": nonce, "v": 1}
    body = encode({"args": dict(args), "bind": bind, "run_id": run_id or new_id(), "tool": tool})
    if len(body) > LARGEST_BODY:
        raise ValueError("a body is at most 1 MiB")
    return body


def plan_body(
    planned: PlannedCall, *, home: str, fence: int, kid: str, nonce: str, tool: str, args: Mapping[str, Json], run_id: str | None = None
) -> bytes:
    """The JCS bytes of a call that carries a leaf of an approved plan. Raises `PlanMismatch` when the leaf is another call's than the one asked for."""
    leaf = decode_object(planned.leaf.encode())
    if (leaf.get("tool"), leaf.get("args"), leaf.get("aud"), leaf.get("tool_call_id")) != (tool, dict(args), home, planned.call):
        raise PlanMismatch("The leaf of the plan is not the call that was asked for.", do="Nothing was sent. File the proposal anew.")
    bind: dict[str, Json] = {"aud": home, "dir": "call", "fence": fence, "kid": kid, "nonce": nonce, "v": 1}
    body = encode(
        {
            "bind": bind, "header": planned.header, "header_proof": list(planned.header_proof), "index": planned.index, "leaf": planned.leaf,
            "proof": list(planned.proof), "run_id": run_id or new_id(), "size": planned.size, "tool": tool,
        }
    )  # fmt: skip
    if len(body) > LARGEST_BODY:
        raise ValueError("a body is at most 1 MiB")
    return body


def canonical(installation: InstallationId, call: CallId, timestamp: int, ttl: int, body: bytes) -> bytes:
    """The signed string: five lines, no line feed at the end."""
    return f"{installation}\n{call}\n{timestamp}\n{ttl}\n{hashlib.sha256(body).hexdigest()}".encode()


def signed_headers(
    installation: InstallationId, call: CallId, body: bytes, key: CallKey, signs: Signs, *, timestamp: int, first_call: bool = False
) -> dict[str, str]:
    """The headers of one sending. The first signed call of a pairing shows the control key itself, for the site to compare with its fingerprint."""
    headers = {
        "X-WP-Agent-Installation": installation,
        "X-WP-Agent-ToolCallId": call,
        "X-WP-Agent-Timestamp": str(timestamp),
        "X-WP-Agent-TTL": str(TTL),
        "X-WP-Agent-SignatureAlg": key.alg,
        "X-WP-Agent-Signature": _base64(signs(key, canonical(installation, call, timestamp, TTL, body))),
    }
    if first_call and key.alg == ED25519:
        headers[CONTROL_KEY_HEADER] = _base64(key.public)
    return headers


def order_text(
    *, home: str, checkpoint: str, epoch: int, expires: int, installation: InstallationId, kid: str, paused: bool, revoked: bool, seq: int
) -> str:
    """A standing order (wire.md, 8)."""
    order: dict[str, Json] = {
        "aud": home, "checkpoint": checkpoint, "dir": "order", "epoch": epoch, "expires": expires, "installation": installation,
        "kid": kid, "paused": paused, "revoked": revoked, "seq": seq, "v": 1,
    }  # fmt: skip
    return encode(order).decode()


def signed_order(installation: InstallationId, text: str, key: CallKey, signs: Signs) -> str:
    """Base64 signature over the order's own string."""
    return _base64(signs(key, f"presswarden-order-1\n{installation}\n{hashlib.sha256(text.encode()).hexdigest()}".encode()))


def rotation_text(installation: InstallationId, epoch: int, public_key: str) -> bytes:
    """What a new key signs to prove that its owner holds it (wire.md, 9 and 10)."""
    return f"presswarden-rotate-1\n{installation}\n{epoch}\n{public_key}".encode()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
