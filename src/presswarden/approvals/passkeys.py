"""What a passkey signs for a consent: the challenges of plans and of new passkeys, and the checks of what came back. Pure.

Limits: the checks themselves are the kernel's; no authenticator shows what it signs, and that the page showed this plan is the page's own duty.
"""

import hashlib
import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from presswarden.approvals.model import Party, Passkey, PasskeyRefused
from presswarden.kernel import webauthn
from presswarden.kernel.canonical import Json
from presswarden.kernel.webauthn import Registered

CONSENT: Final = b"presswarden consent v1\x00"
ENROL: Final = b"presswarden enrol v1\x00"


def challenge(digest: str) -> bytes:
    """What is signed for a plan: never the bare root, so that no other ceremony can be made to yield a consent."""
    return hashlib.sha256(CONSENT + bytes.fromhex(digest)).digest()


def vouching_challenge(enrolment: bytes) -> bytes:
    """What a person's older passkey signs so that a newer one may join it."""
    return hashlib.sha256(ENROL + enrolment).digest()


def party(url: str) -> Party:
    """Consents are given under a name of their own below the control plane's, never under the login's."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    try:
        ipaddress.ip_address(host)
        host = "localhost"  # a passkey belongs to a name; an address has none
    except ValueError:
        pass
    own = f"consent.{host}"
    return Party(own, f"{parts.scheme}://{own}" + (f":{parts.port}" if parts.port else ""))


def check(passkey: Passkey, assertion: Mapping[str, Json], expected: bytes) -> int:
    """The sign count of an assertion that holds. Raises `PasskeyRefused`, with the kind of fault as its `where`."""
    credential = webauthn.Credential(passkey.id, passkey.public, webauthn.Party(passkey.rp_id, passkey.origin))
    try:
        return webauthn.check(credential, assertion, expected)
    except webauthn.Refused as fault:
        raise _of_consents(fault) from fault


def register(registration: Mapping[str, Json], *, party: Party, expected: bytes) -> Registered:
    """A new passkey's public half out of what its authenticator answered. Raises `PasskeyRefused`."""
    try:
        return webauthn.register(registration, party=webauthn.Party(party.rp_id, party.origin), expected=expected)
    except webauthn.Refused as fault:
        raise _of_consents(fault) from fault


def read_key(cose: bytes) -> tuple[int, bytes]:
    """Algorithm and raw key of a COSE key in its one encoding. Raises `PasskeyRefused` for any other, and for weak keys."""
    try:
        return webauthn.read_key(cose)
    except webauthn.Refused as fault:
        raise _of_consents(fault) from fault


def _of_consents(fault: webauthn.Refused) -> PasskeyRefused:
    return PasskeyRefused(fault.says, do="Tap again on the page for consents, with a passkey made for them.", where=fault.where)
