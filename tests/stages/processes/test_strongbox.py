"""A sealed file opens with its passphrase, whole and unaltered, or not at all."""

import io
import json

import pytest

from presswarden.kernel import strongbox
from presswarden.kernel.strongbox import CHUNK, MAGIC, TAG, BackupBroken, PassphraseWeak

pytestmark = pytest.mark.req("N16")
WORDS = "seven copper otters hum"
CHEAP = 1 << 4
TOLD = {"made_at": "2026-11-20T12:00:00+00:00"}


def _sealed(*parts: bytes) -> bytes:
    file = io.BytesIO()
    strongbox.write(file, WORDS, TOLD, parts, cost=CHEAP)
    return file.getvalue()


def _opened(sealed: bytes, passphrase: str = WORDS) -> bytes:
    return b"".join(strongbox.read(io.BytesIO(sealed), passphrase).parts)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_sealed_comes_out_whole(size: int) -> None:
    plain = bytes(index % 251 for index in range(1_000)) * (size // 1_000 + 1)
    assert _opened(_sealed(plain[: size // 2], plain[size // 2 : size])) == plain[:size]


def test_nothing_of_it_can_be_read_without_the_passphrase() -> None:
    sealed = _sealed(b"a-secret-word")
    assert b"a-secret-word" not in sealed
    assert strongbox.peek(io.BytesIO(sealed))[1] == TOLD
    with pytest.raises(BackupBroken):
        _opened(sealed, "seven copper otters hun")


def test_a_file_that_lost_its_end_is_refused() -> None:
    sealed = _sealed(b"x" * (2 * CHUNK + 5))
    head = len(sealed) - 2 * (CHUNK + TAG) - 5 - TAG
    for kept in (head, head + CHUNK + TAG, head + 2 * (CHUNK + TAG), len(sealed) - 1):
        with pytest.raises(BackupBroken):
            _opened(sealed[:kept])


def test_a_file_that_grew_or_was_put_together_in_another_order_is_refused() -> None:
    sealed = _sealed(b"a" * CHUNK + b"b" * CHUNK + b"c")
    head, whole = len(sealed) - 2 * (CHUNK + TAG) - 1 - TAG, CHUNK + TAG
    first, second, last = sealed[head : head + whole], sealed[head + whole : head + 2 * whole], sealed[head + 2 * whole :]
    for strange in (second + first + last, first + last, first + first + second + last, first + second + last + last):
        with pytest.raises(BackupBroken):
            _opened(sealed[:head] + strange)


def test_each_altered_byte_is_seen_in_the_header_too() -> None:
    sealed = _sealed(b"short")
    for place in range(len(sealed)):
        with pytest.raises(BackupBroken):
            _opened(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])


@pytest.mark.parametrize("cost", [0, 1, 3, -4, 1 << 21, "16", None])
def test_a_header_that_asks_for_unreasonable_work_is_refused(cost: object) -> None:
    header = json.dumps({"cost": cost, "salt": "00" * 32, "told": {}}).encode() + b"\n"
    with pytest.raises(BackupBroken):
        _opened(MAGIC + header + b"x" * 40)


@pytest.mark.parametrize("weak", ["", "fifteen letters", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abcabcabcabcabcabcabcabc"])
def test_a_weak_passphrase_is_refused_before_anything_is_written(weak: str) -> None:
    file = io.BytesIO()
    with pytest.raises(PassphraseWeak):
        strongbox.write(file, weak, TOLD, [b"x"], cost=CHEAP)
    assert file.getvalue() == b""
