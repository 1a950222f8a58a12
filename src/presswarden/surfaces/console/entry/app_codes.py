"""The app that shows codes, set up on a page: its seed as a picture and as text, carried by the form, sealed, until a first code proves it.

So nothing is kept of an app that was never set up. Limits: sealed for one person, for ten minutes.
"""

import base64
import binascii
from typing import Final

import segno

from presswarden.identity.accounts import service as accounts
from presswarden.identity.accounts.model import CodeRefused, Ways
from presswarden.kernel.clock import from_unix, unix
from presswarden.kernel.sealing import SealBroken
from presswarden.kernel.webauthn import base64url
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.entry.views import PasswordPage
from presswarden.surfaces.console.visit import Visit

_LIVES: Final = 600
_ISSUER: Final = "Presswarden"


def page(desk: Desk, visit: Visit, ways: Ways, *, again: bool, sealed: str = "", problem: str = "") -> PasswordPage:
    """With an app to set up where there is none, or `again`; the one that a form brought back stays."""
    if ways.codes and not again:
        return PasswordPage(False, "", "", "", 0, ways.password, problem)
    try:
        seed = seed_of(desk, visit, sealed) or accounts.new_seed()
    except CodeRefused:
        seed = accounts.new_seed()
    drawn = segno.make(accounts.address(seed, visit.person.mail, _ISSUER), error="m")
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(drawn.matrix_iter(border=0), 1) for x, dark in enumerate(row, 1) if dark)
    text = accounts.seed_text(seed)
    spaced = " ".join(text[at : at + 4] for at in range(0, len(text), 4))
    return PasswordPage(True, spaced, _sealed(desk, visit, seed), path, len(drawn.matrix) + 2, ways.password, problem)


def seed_of(desk: Desk, visit: Visit, sealed: str) -> bytes | None:
    """None when the form brings none back. Raises `CodeRefused` for one that is too old or another person's."""
    if not sealed:
        return None
    try:
        raw = desk.kek.unwrap(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)), _for(visit))
    except (binascii.Error, ValueError, SealBroken):
        raw = b""
    if len(raw) != 28 or desk.clock.now() >= from_unix(int.from_bytes(raw[:8])):
        raise CodeRefused("The page was open for more than ten minutes.", do="Set the app up anew, with the picture that is shown now.")
    return raw[8:]


def _sealed(desk: Desk, visit: Visit, seed: bytes) -> str:
    return base64url(desk.kek.wrap((unix(desk.clock.now()) + _LIVES).to_bytes(8) + seed, _for(visit)))


def _for(visit: Visit) -> str:
    return f"codes|{visit.org}|{visit.person.id}"
