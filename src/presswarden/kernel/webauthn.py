"""What a passkey signed: strict checks of an assertion and of a new credential. Pure: challenges, keys and bytes in, a sign count or `Refused` out.

The library does the mathematics and knows WebAuthn's forms. What it lets pass and we do not is looked at here first: base64url has one spelling, client data
is strict JSON from our own page (no frame, no other site), reserved flags are off, keys and signatures have one encoding.
Limits: no authenticator shows what it signs; what a challenge stands for is the caller's. The sign count is returned, not judged.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from presswarden.kernel import verify
from presswarden.kernel.canonical import Json, decode_object
from presswarden.kernel.errors import Malformed, PresswardenError

ES256, EDDSA, RS256 = -7, -8, -257
_LONGEST: Final = {"id": 1400, "clientDataJSON": 4096, "authenticatorData": 1400, "signature": 700, "attestationObject": 8192}
_ASSERTION: Final = frozenset({"id", "clientDataJSON", "authenticatorData", "signature"})
_REGISTRATION: Final = frozenset({"id", "clientDataJSON", "attestationObject"})
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
_UP, _UV, _BE, _BS, _AT, _ED, _RESERVED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80, 0x22

# The library is imported where it is asked: it brings a sixth of what a command takes to start, and few commands look at a passkey.


class Refused(PresswardenError):
    """The answer does not verify; `where` is the kind of fault."""

    code = "passkey"


@dataclass(frozen=True, slots=True)
class Party:
    """The relying party's id, and the one origin of its pages."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Credential:
    """The public half of a passkey, and where its assertions may come from."""

    id: str
    """Base64url without padding."""
    public: bytes = field(repr=False)
    """COSE key."""
    party: Party


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential as its authenticator described it. `fingerprint` is of the key alone, whatever its spelling."""

    id: str
    public: bytes
    fingerprint: str
    sign_count: int


def check(passkey: Credential, assertion: Mapping[str, Json], expected: bytes) -> int:
    """The sign count of an assertion that holds. Raises `Refused`, with the kind of fault as its `where`."""
    texts = _texts(assertion, _ASSERTION)
    raw = {name: _bytes(name, text) for name, text in texts.items()}
    if texts["id"] != passkey.id:
        raise _refusal("credential", "The assertion is by another passkey.")
    _client_data(raw["clientDataJSON"], "webauthn.get", expected, passkey.party.origin)
    seen = raw["authenticatorData"]
    _flags(seen, passkey.party.rp_id, registering=False)
    algorithm, key = read_key(passkey.public)
    if algorithm == ES256 and not _one_der(raw["signature"]):
        raise _refusal("signature", "The signature does not verify.")
    message = seen + hashlib.sha256(raw["clientDataJSON"]).digest()
    if algorithm == EDDSA and not verify.ed25519(raw["signature"], message, key):
        raise _refusal("signature", "The signature does not verify.")
    from webauthn import verify_authentication_response

    try:
        verified = verify_authentication_response(
            credential={
                "id": texts["id"],
                "rawId": texts["id"],
                "type": "public-key",
                "response": {name: texts[name] for name in ("clientDataJSON", "authenticatorData", "signature")},
            },
            expected_challenge=expected,
            expected_rp_id=passkey.party.rp_id,
            expected_origin=passkey.party.origin,
            credential_public_key=passkey.public,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as fault:  # the library raises its own, cbor2's and cryptography's: whatever it is, the answer is no
        raise Refused("The signature does not verify.", do="Tap again, with the same passkey.", where="signature") from fault
    return verified.new_sign_count


def register(registration: Mapping[str, Json], *, party: Party, expected: bytes) -> Registered:
    """A new passkey's public half out of what its authenticator answered. Raises `Refused`."""
    texts = _texts(registration, _REGISTRATION)
    raw = {name: _bytes(name, text) for name, text in texts.items()}
    _client_data(raw["clientDataJSON"], "webauthn.create", expected, party.origin)
    from webauthn import verify_registration_response
    from webauthn.helpers import parse_cbor
    from webauthn.helpers.cose import COSEAlgorithmIdentifier as Cose

    try:
        attested = parse_cbor(raw["attestationObject"])
        # Asked for without attestation: what makes an authenticator says nothing about who holds it.
        verified = verify_registration_response(
            credential={
                "id": texts["id"],
                "rawId": texts["id"],
                "type": "public-key",
                "response": {name: texts[name] for name in ("clientDataJSON", "attestationObject")},
            },
            expected_challenge=expected,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=[Cose.ECDSA_SHA_256, Cose.EDDSA, Cose.RSASSA_PKCS1_v1_5_SHA_256],
        )
    except Exception as fault:  # as above
        raise Refused("That is not the answer to the challenge that is out.", do="Begin again.", where="registration") from fault
    _flags(attested["authData"], party.rp_id, registering=True)
    if attested["fmt"] != "none" or verified.credential_id != raw["id"]:
        raise _refusal("registration", "The registration names another credential, or carries an attestation that was not asked for.")
    algorithm, key = read_key(verified.credential_public_key)
    fingerprint = hashlib.sha256(f"{algorithm}:".encode() + key).hexdigest()
    return Registered(texts["id"], verified.credential_public_key, fingerprint, verified.sign_count)


def read_key(cose: bytes) -> tuple[int, bytes]:
    """Algorithm and raw key (x, x and y, or modulus) of a COSE key in its one encoding. Raises `Refused` for any other, and for weak keys."""
    members = _cose(cose)
    match members:
        case {1: 2, 3: -7, -1: 1, -2: bytes(x), -3: bytes(y)} if len(members) == 5 and len(x) == len(y) == 32:
            from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

            try:
                decoded_public_key_to_cryptography(decode_credential_public_key(cose))
            except Exception as fault:  # a point that is not on the curve
                raise Refused("The key is not a point of its curve.", where="key") from fault
            return ES256, x + y
        case {1: 1, 3: -8, -1: 6, -2: bytes(x)} if len(members) == 4 and len(x) == 32:
            if not verify.key_ok(x):
                raise _refusal("key", "The key is of small order or not canonical.")
            return EDDSA, x
        case {1: 3, 3: -257, -1: bytes(n), -2: bytes(e)} if len(members) == 4:
            if e != b"\x01\x00\x01" or not 256 <= len(n) <= 512 or n[0] < 0x80:
                raise _refusal("key", "An RSA key has 2048 to 4096 bits and the exponent 65537.")
            return RS256, n
        case {3: -7 | -8 | -257}:
            raise _refusal("cose", "The key is not written in its one form.")
    raise _refusal("alg", "Keys are ES256, Ed25519 or RS256.")


def _texts(given: Mapping[str, Json], names: frozenset[str]) -> dict[str, str]:
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    if given.keys() != names or texts.keys() != names:
        raise _refusal("shape", f"It has exactly these members, all of them text: {', '.join(sorted(names))}.")
    return texts


def _bytes(name: str, text: str) -> bytes:
    if len(text) > _LONGEST[name] or not _BASE64URL.match(text):
        raise _refusal("encoding", f"`{name}` is base64url without padding.")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as fault:
        raise _refusal("encoding", f"`{name}` is base64url without padding.") from fault
    if base64url(raw) != text:
        raise _refusal("encoding", f"`{name}` has bits that are not used.")
    return raw


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _client_data(raw: bytes, kind: str, expected: bytes, origin: str) -> None:
    if b"\\u" in raw:  # two spellings of one name
        raise _refusal("client-data", "The client data holds escaped letters.")
    try:
        told = decode_object(raw, depth=4)
    except Malformed as fault:
        raise _refusal("client-data", "The client data is not one strict JSON object.") from fault
    if told.get("type") != kind:
        raise _refusal("type", "It was made for another ceremony.")
    said = told.get("challenge")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), base64url(expected).encode()):
        raise _refusal("challenge", "It was signed for something else.")
    if told.get("origin") != origin:
        raise _refusal("origin", "It comes from another page.")
    if "topOrigin" in told or told.get("crossOrigin", False) is not False:
        raise _refusal("cross-origin", "The page stood inside another site's page.")


def _flags(seen: bytes, rp_id: str, *, registering: bool) -> None:
    if len(seen) < 37:
        raise _refusal("auth-data", "The authenticator's data is cut.")
    if not hmac.compare_digest(hashlib.sha256(rp_id.encode()).digest(), seen[:32]):
        raise _refusal("rp-id", "The passkey belongs to another relying party.")
    flags = seen[32]
    if not flags & _UP:
        raise _refusal("user-presence", "Nobody touched the authenticator.")
    if not flags & _UV:
        raise _refusal("user-verification", "The authenticator did not ask who it was.")
    if flags & _RESERVED or bool(flags & _AT) is not registering or (flags & _BS and not flags & _BE):
        raise _refusal("flags", "The authenticator's flags contradict each other.")
    if not registering and bool(flags & _ED) is (len(seen) == 37):
        raise _refusal("auth-data", "The authenticator's data and its flags disagree.")


def _one_der(signature: bytes) -> bool:
    """True for the one DER form of two positive integers: a consent has one encoding."""
    if not 8 <= len(signature) <= 72 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        return False
    at = 2
    for _ in range(2):
        if at + 2 > len(signature) or signature[at] != 0x02:
            return False
        length = signature[at + 1]
        number = signature[at + 2 : at + 2 + length]
        if not 1 <= length <= 33 or len(number) != length or number[0] & 0x80:
            return False
        if length > 1 and number[0] == 0 and not number[1] & 0x80:
            return False
        at += 2 + length
    return at == len(signature)


def _cose(raw: bytes) -> dict[int, int | bytes]:
    """A CBOR map of small whole numbers to whole numbers or bytes, shortest lengths, nothing twice, nothing behind it."""
    try:
        kind, count, at = _head(raw, 0)
        if kind != 5 or count > 8:
            raise ValueError
        members: dict[int, int | bytes] = {}
        for _ in range(count):
            kind, value, at = _head(raw, at)
            name = {0: value, 1: -1 - value}[kind]
            if name in members:
                raise ValueError
            kind, value, at = _head(raw, at)
            if kind == 2:
                members[name], at = raw[at : at + value], at + value
            else:
                members[name] = {0: value, 1: -1 - value}[kind]
        if at != len(raw):
            raise ValueError
    except (ValueError, KeyError, IndexError) as fault:
        raise _refusal("cose", "The key is not written in its one form.") from fault
    return members


def _head(raw: bytes, at: int) -> tuple[int, int, int]:
    kind, short = raw[at] >> 5, raw[at] & 31
    if short < 24:
        return kind, short, at + 1
    size = {24: 1, 25: 2}[short]
    value = int.from_bytes(raw[at + 1 : at + 1 + size])
    if at + 1 + size > len(raw) or value < {1: 24, 2: 256}[size]:
        raise ValueError
    return kind, value, at + 1 + size


def _refusal(where: str, says: str) -> Refused:
    return Refused(says, do="Tap again, with a passkey made for this page.", where=where)
