"""Words to a site's watchdog are signed as the wire says, with the call key or what is derived from it."""

import base64
import hashlib
import hmac

import pytest
from nacl.signing import SigningKey

from presswarden.dispatch import watchdog
from presswarden.dispatch.model import ED25519, HMAC, CallKey
from presswarden.dispatch.signing import sign
from presswarden.kernel.ids import ChangeId, InstallationId
from tests.fakes.connector import hkdf

SITE, CHANGE, AT = InstallationId("3f3f9d8a-0000-4000-8000-000000000001"), ChangeId("3f3f9d8a-0000-4000-8000-000000000002"), 1_800_000_000
WORDS = {"probe": "X-Presswarden-Probe", "recover": "X-Presswarden-Recover"}


def _signature(header: str) -> bytes:
    change, at, signature = header.split(".")
    assert (change, at) == (CHANGE, str(AT))
    assert "=" not in signature
    return base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))


@pytest.mark.req("W15")
@pytest.mark.parametrize("word", WORDS)
def test_an_ed25519_site_gets_words_of_the_control_key(word: str) -> None:
    key = SigningKey.generate()
    (named, header), *more = watchdog.signed_word(
        word, SITE, CHANGE, CallKey(ED25519, "0" * 16, bytes(key), bytes(key.verify_key)), sign, timestamp=AT
    ).items()
    assert (named, more) == (WORDS[word], [])
    key.verify_key.verify(f"presswarden-{word}\n{SITE}\n{CHANGE}\n{AT}".encode(), _signature(header))


@pytest.mark.req("W15")
@pytest.mark.parametrize("word", WORDS)
def test_an_hmac_site_gets_words_of_a_key_that_its_watchdog_can_hold(word: str) -> None:
    secret = b"s" * 32
    header = watchdog.signed_word(word, SITE, CHANGE, CallKey(HMAC, "0" * 16, secret), sign, timestamp=AT)[WORDS[word]]
    derived = hkdf(secret, b"", "presswarden-recover-1")
    assert _signature(header) == hmac.digest(derived, f"presswarden-{word}\n{SITE}\n{CHANGE}\n{AT}".encode(), "sha256")


def test_the_rescue_file_has_a_name_of_its_site_and_change() -> None:
    digest = hashlib.sha256(f"presswarden-rescue-1\n{SITE}\n{CHANGE}".encode()).hexdigest()
    assert watchdog.rescue_file(SITE, CHANGE) == f"presswarden-{digest[:32]}.php"
    assert watchdog.rescue_file(SITE, ChangeId("other")) != watchdog.rescue_file(SITE, CHANGE)
