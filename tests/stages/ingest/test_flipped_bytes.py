"""FIELD 6 at our own door: whatever single byte or bit of a signed message changes on its way, the message does not count."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import KeyId
from presswarden.sites.model import Algorithm, MessageKey
from presswarden.surfaces.ingest.message import read_message, signer
from tests.fakes.connector import Connector, Message, jcs
from tests.stages.ingest.conftest import Plane, refused

pytestmark = pytest.mark.req("W1", "W2", "P1")

NOW = 1_763_640_000


def scripted(alg: str) -> tuple[Connector, MessageKey]:
    site = Connector("https://shop.example", NOW, alg=alg, installation="5d0f3c52-0a5b-4d54-8a67-0f4b0f1c2d3e", control="https://c.example",
                     site_key=bytes(range(32)))  # fmt: skip
    raw = bytes(site.key.verify_key) if alg == "ed25519" else site.site_key
    return site, MessageKey(KeyId(site.kid), Algorithm(alg), raw)


def counts(message: Message, key: MessageKey) -> bool:
    """True when headers and body are taken as signed by `key`, by the algorithm pinned with it."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in message.headers.items()]
    try:
        read = read_message(raw, message.body)
    except PresswardenError:
        return False
    return read.alg is key.alg and signer(read, [key]) is not None


@pytest.mark.parametrize("alg", ["ed25519", "hmac-sha256"])
def test_the_untouched_message_counts_and_none_with_one_flipped_bit_does(alg: str) -> None:
    site, key = scripted(alg)
    message = site.heartbeat()
    assert counts(message, key)
    for position in range(len(message.body)):
        for bit in (0x01, 0x20, 0x80):
            body = bytearray(message.body)
            body[position] ^= bit
            assert not counts(Message(message.headers, bytes(body)), key), f"body byte {position} with {bit:#x} flipped"
    for name, value in message.headers.items():
        for position in range(len(value)):
            for bit in (0x01, 0x02, 0x20, 0x40):
                bent = value[:position] + chr(ord(value[position]) ^ bit) + value[position + 1 :]
                assert not counts(Message({**message.headers, name: bent}, message.body), key), f"{name} {position} with {bit:#x} flipped"


@pytest.mark.parametrize("alg", ["ed25519", "hmac-sha256"])
def test_no_byte_may_be_added_or_taken_away(alg: str) -> None:
    site, key = scripted(alg)
    message = site.heartbeat()
    for body in (
        message.body[:-1],
        message.body[1:],
        message.body + b"\n",
        b" " + message.body,
        message.body + b"\0",
        b"\xef\xbb\xbf" + message.body,
    ):
        assert not counts(Message(message.headers, body), key)
    for name, value in message.headers.items():
        for bent in (value[:-1], value + "0", value + "=", f" {value}", f"{value}\n", ""):
            assert not counts(Message({**message.headers, name: bent}, message.body), key), f"{name}: {bent!r}"


def test_a_boundary_between_fields_can_not_be_shifted() -> None:
    site, key = scripted("ed25519")
    message = site.signed(jcs({"a": 1}), at=NOW, ttl=180)
    moved = {**message.headers, "X-WP-Agent-Timestamp": str(NOW) + "1", "X-WP-Agent-TTL": "80"}
    assert not counts(Message(moved, message.body), key)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_message_under_any_other_key_or_with_any_other_signature_does_not_count(data: st.DataObject) -> None:
    site, key = scripted("ed25519")
    message = site.heartbeat()
    other = data.draw(st.binary(min_size=0, max_size=70))
    assert not counts(message, MessageKey(key.kid, Algorithm.ED25519, other)) or other == key.raw
    assert not counts(message, MessageKey(key.kid, Algorithm.HMAC, other))


async def test_through_the_whole_surface_no_bent_message_is_ever_taken(plane: Plane) -> None:
    site = await plane.paired()
    message = site.heartbeat()
    for place in range(0, len(message.body), len(message.body) // 20):
        body = bytearray(message.body)
        body[place] ^= 0x01
        assert refused(await plane.post("heartbeat", Message(message.headers, bytes(body)))) == (401, "ingest.signature")
    assert (await plane.installation(site)).seq == 0
    assert (await plane.post("heartbeat", message)).status_code == 200
