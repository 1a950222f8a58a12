"""What a page asks an authenticator, and what comes back in a form. Limits: shapes; what holds is judged by `identity.accounts`."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from presswarden.identity.accounts import service as accounts
from presswarden.identity.accounts.model import LoginKey
from presswarden.identity.model import Person
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import Malformed
from presswarden.kernel.webauthn import Party, base64url
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk

ASSERTION: Final = ("id", "clientDataJSON", "authenticatorData", "signature")
REGISTRATION: Final = ("id", "clientDataJSON", "attestationObject")
_ALGORITHMS: Final = (-8, -7, -257)


@dataclass(frozen=True, slots=True)
class Asked:
    """For the element `passkey-form`: the options as JSON, and the challenge that the form brings back."""

    options: str
    challenge: str


def party(desk: Desk) -> Party:
    """Passkeys to sign in with belong to the console's own name."""
    parts = urlsplit(desk.url)
    return Party(parts.hostname or "localhost", f"{parts.scheme}://{parts.netloc}")


def ask(desk: Desk, purpose: str, bound: str, keys: Iterable[LoginKey] = ()) -> Asked:
    """For an assertion: by any passkey of this place, or by one of `keys`."""
    challenge = base64url(accounts.new_challenge(desk.kek, purpose, bound, desk.clock.now()))
    options: dict[str, Json] = {
        "challenge": challenge, "rpId": party(desk).rp_id, "userVerification": "required", "timeout": 300_000,
        "allowCredentials": [{"id": key.id, "type": "public-key"} for key in keys],
    }  # fmt: skip
    return Asked(json.dumps(options), challenge)


def ask_for_new(desk: Desk, person: Person, bound: str, keys: Iterable[LoginKey]) -> Asked:
    """For a new passkey of this person, which none of theirs is yet."""
    challenge = base64url(accounts.new_challenge(desk.kek, accounts.REGISTER, bound, desk.clock.now()))
    options: dict[str, Json] = {
        "challenge": challenge, "rp": {"id": party(desk).rp_id, "name": "Presswarden"},
        "user": {"id": base64url(person.id.encode()), "name": person.mail, "displayName": person.name},
        "pubKeyCredParams": [{"alg": each, "type": "public-key"} for each in _ALGORITHMS], "timeout": 300_000, "attestation": "none",
        "authenticatorSelection": {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"},
        "excludeCredentials": [{"id": key.id, "type": "public-key"} for key in keys],
    }  # fmt: skip
    return Asked(json.dumps(options), challenge)


async def answered(request: Request, members: Iterable[str]) -> tuple[Mapping[str, Json], bytes]:
    """What the authenticator gave, and the challenge it was asked with. Raises `Malformed`."""
    told: dict[str, Json] = {name: await door.field(request, name, longest=12_000) for name in members}
    challenge = await door.field(request, "challenge", longest=200)
    try:
        raw = base64.urlsafe_b64decode(challenge + "=" * (-len(challenge) % 4))
    except (binascii.Error, ValueError) as fault:
        raise Malformed("The form brings back no challenge of ours.", do="Load the page again.") from fault
    if base64url(raw) != challenge or not all(told.values()):
        raise Malformed("No passkey answered. Signing in with one needs JavaScript.", do="Load the page again, or use your password.")
    return told, raw
