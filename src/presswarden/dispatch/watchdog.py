"""Signed words to a site's watchdog, which reads them before WordPress loads (contract/wire.md, 13). Limits: pure; it signs with the hand it is given."""

import base64
import hashlib
from dataclasses import replace
from typing import Final

from presswarden.dispatch.model import ED25519, CallKey, Signs
from presswarden.kernel.ids import ChangeId, InstallationId
from presswarden.kernel.sealing import hkdf

PROBE: Final = "probe"
RECOVER: Final = "recover"
_HEADERS: Final = {PROBE: "X-Presswarden-Probe", RECOVER: "X-Presswarden-Recover"}


def signed_word(word: str, installation: InstallationId, change: ChangeId, key: CallKey, signs: Signs, *, timestamp: int) -> dict[str, str]:
    """The header of a probe or of a recover call; good for 300 seconds."""
    # The watchdog can't open the site's sealed call key: in HMAC mode it keeps one of its own, derived from it.
    hand = key if key.alg == ED25519 else replace(key, secret=hkdf(key.secret, salt=b"", info="presswarden-recover-1"))
    signature = signs(hand, f"presswarden-{word}\n{installation}\n{change}\n{timestamp}".encode())
    return {_HEADERS[word]: f"{change}.{timestamp}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"}


def rescue_file(installation: InstallationId, change: ChangeId) -> str:
    """The file in the web root that answers while a core change is open."""
    named = hashlib.sha256(f"presswarden-rescue-1\n{installation}\n{change}".encode()).hexdigest()
    return f"presswarden-{named[:32]}.php"
