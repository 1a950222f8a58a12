"""The hand that signs: Ed25519 seeds and HMAC keys of calls. Imported by `dispatch.service` alone. Limits: it signs what it is given and asks nothing."""

import hmac

from nacl.signing import SigningKey

from presswarden.dispatch.model import ED25519, HMAC, CallKey
from presswarden.kernel.verify import key_id


def sign(key: CallKey, text: bytes) -> bytes:
    """64 bytes (Ed25519) or 32 bytes (HMAC-SHA256)."""
    if key.alg == ED25519:
        return bytes(SigningKey(key.secret).sign(text).signature)
    if key.alg == HMAC:
        return hmac.digest(key.secret, text, "sha256")
    raise ValueError("a call key is ed25519 or hmac-sha256")


def new_control_key() -> CallKey:
    """A fresh Ed25519 control key from the system's randomness."""
    made = SigningKey.generate()
    public = bytes(made.verify_key)
    return CallKey(ED25519, key_id(public), bytes(made), public)
