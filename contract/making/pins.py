"""The states of a site that the call vectors are judged against."""

from typing import Any

from contract.making.seeds import (
    CONTROL,
    ED25519,
    HMAC,
    HMAC_CALL_KEY,
    HOME,
    INSTALLATION,
    NOW,
    public,
    sha,
)

SMALL_ORDER_KEY = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")


def pin(raw: bytes, not_after: int | None = None) -> dict[str, Any]:
    return {"not_after": not_after, "raw": raw.hex()}


def pinned(**changes: Any) -> dict[str, Any]:
    state: dict[str, Any] = {
        "alg": ED25519,
        "control": CONTROL,
        "epoch": 1,
        "fingerprint": sha(public("control")),
        "highest_fence": 7,
        "home": HOME,
        "installation": INSTALLATION,
        "keys": [pin(public("control"))],
        "moved_to": "",
        "paused": "",
        "quiet": "",
        "revoked": False,
        "state": "paired",
    }
    return state | changes


PINS: dict[str, dict[str, Any]] = {
    "paired": pinned(),
    "hmac": pinned(alg=HMAC, keys=[pin(HMAC_CALL_KEY)]),
    "unpaired": pinned(state="unpaired", keys=[]),
    "revoked": pinned(revoked=True, state="unpaired", keys=[]),
    "confirming": pinned(state="confirming", keys=[]),
    "confirming_small_order": pinned(state="confirming", keys=[], fingerprint=sha(SMALL_ORDER_KEY)),
    "confirming_hmac": pinned(state="confirming", alg=HMAC, keys=[pin(HMAC_CALL_KEY)]),
    "rotating": pinned(epoch=2, keys=[pin(public("control"), NOW + 60), pin(public("control-2"))]),
    "rotated": pinned(epoch=2, keys=[pin(public("control"), NOW - 1), pin(public("control-2"))]),
    "moving": pinned(moved_to="https://new.example"),
    "no_fence": pinned(highest_fence=0),
    "local": pinned(home="http://127.0.0.1:8080", control="http://localhost:8000"),
}
