"""The arithmetic of pairing: the string, its verifier, the transcript, the proof, the words, the keys of HMAC mode. Pure but for reading the word list.

Limits: the verifier is as good as the secret towards us for ten minutes, and in HMAC mode both direction keys come from it; it is deleted as soon as it has
served.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from presswarden.kernel import verify
from presswarden.kernel.canonical import encode
from presswarden.kernel.ids import InstallationId
from presswarden.kernel.sealing import hkdf
from presswarden.sites.model import PairingString, PairRequest

SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class DirectionKeys:
    """HMAC mode: one key for each direction."""

    call: bytes = field(repr=False)
    site: bytes = field(repr=False)


def pairing_string(*, control: str, fingerprint: str, installation: InstallationId, secret: bytes) -> PairingString:
    body = encode({"control": control, "fingerprint": fingerprint, "installation": installation, "secret": secret.hex(), "v": 1})
    text = f"presswarden-1.{base64.urlsafe_b64encode(body).rstrip(b'=').decode()}"
    return PairingString(f"{text}.{hashlib.sha256(text.encode()).hexdigest()[:8]}")


def verifier_of(secret: bytes) -> bytes:
    return hkdf(secret, salt=b"", info="presswarden-pair-1 verifier")


def transcript(request: PairRequest, *, control: str, fingerprint: str) -> str:
    fields = (request.installation, control, fingerprint, request.home, request.alg.value, request.public_key, request.nonce)
    return "\n".join(("presswarden-pair-1", *fields))


def mac_ok(mac_hex: str, text: str, verifier: bytes) -> bool:
    """Constant-time comparison."""
    try:
        mac = bytes.fromhex(mac_hex)
    except ValueError:
        return False
    return verify.hmac_sha256(mac, text.encode(), verifier)


def direction_keys(verifier: bytes, text: str) -> DirectionKeys:
    salt = hashlib.sha256(text.encode()).digest()
    return DirectionKeys(
        call=hkdf(verifier, salt=salt, info="presswarden-hmac-1 call"), site=hkdf(verifier, salt=salt, info="presswarden-hmac-1 site")
    )


def words_of(text: str, control_public: bytes) -> str:
    """The four words; `control_public` is empty in HMAC mode."""
    key = base64.b64encode(control_public).decode() if control_public else ""
    digest = hashlib.sha256(f"presswarden-words-1\n{text}\n{key}".encode()).digest()
    return " ".join(_word_list()[byte] for byte in digest[:4])


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def unbase64(text: str, length: int) -> bytes | None:
    """The bytes of standard, padded base64 when they are exactly `length` and the text is its one canonical spelling; else None."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == length and base64.b64encode(raw).decode() == text else None


@cache
def _word_list() -> tuple[str, ...]:
    # In a wheel contract/ lies inside the package; in a checkout beside src/.
    inside = resources.files("presswarden") / "contract" / "words.json"
    text = inside.read_text() if inside.is_file() else (Path(__file__).parents[3] / "contract" / "words.json").read_text()
    words = tuple(str(word) for word in json.loads(text))
    if len(set(words)) != 256:
        raise RuntimeError("contract/words.json must hold 256 different words")
    return words
