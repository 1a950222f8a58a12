"""Bounds of what ingest reads: sizes, shapes of headers, packed bodies, slow bodies, and how often one caller may call."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from presswarden.surfaces.limits import Limit, Rate, source_of
from tests.fakes.clock import FrozenClock
from tests.fakes.connector import Message, jcs
from tests.stages.ingest.conftest import Plane, refused

pytestmark = pytest.mark.req("P5", "A5")


@pytest.mark.parametrize("path", ["receipt", "moved"])
async def test_only_heartbeats_may_be_packed(plane: Plane, path: str) -> None:
    site = await plane.paired()
    message = site.heartbeat(zipped=True)
    assert refused(await plane.post(path, message)) == (400, "request.malformed")


@pytest.mark.req("P5")
async def test_a_packed_body_that_unpacks_to_more_than_four_mebibytes_is_refused(plane: Plane) -> None:
    site = await plane.paired()
    message = site.signed(gzip.compress(b"[" + b" " * (4 * 1_048_576) + b"]"))
    message.headers["Content-Encoding"] = "gzip"
    assert refused(await plane.post("heartbeat", message)) == (413, "request.too_large")


@pytest.mark.parametrize("tail", [b"x", gzip.compress(b"{}")], ids=["junk", "second-member"])
async def test_a_packed_body_with_something_behind_it_is_refused(plane: Plane, tail: bytes) -> None:
    site = await plane.paired()
    message = site.signed(gzip.compress(jcs(site.heartbeat_body())) + tail)
    message.headers["Content-Encoding"] = "gzip"
    assert refused(await plane.post("heartbeat", message)) == (400, "request.malformed")


async def test_a_body_that_is_cut_short_or_not_gzip_is_refused(plane: Plane) -> None:
    site = await plane.paired()
    whole = gzip.compress(jcs(site.heartbeat_body()))
    for raw in (whole[:-4], b"plain"):
        message = site.signed(raw)
        message.headers["Content-Encoding"] = "gzip"
        assert refused(await plane.post("heartbeat", message)) == (400, "request.malformed")


async def test_a_pairing_message_of_more_than_sixteen_kibibytes_is_refused_before_it_is_parsed(plane: Plane) -> None:
    assert refused(await plane.post_pair(b'{"a":"' + b"x" * 16_000 + b'"}')) == (400, "request.malformed")
    assert refused(await plane.post_pair(b'{"a":"' + b"x" * 16_384 + b'"}')) == (413, "request.too_large")


async def test_too_many_messages_from_one_installation_are_refused_for_a_while(plane: Plane) -> None:
    site = await plane.paired()
    async with plane.client() as client:

        async def send() -> httpx.Response:
            message: Message = site.heartbeat(full=False)
            return await client.post("/ingest/v1/heartbeat", content=message.body, headers=message.headers)

        answers = [await send() for _ in range(31)]
        assert [one.status_code for one in answers[:30]] == [200] * 30
        assert refused(answers[30]) == (429, "ingest.rate")
        plane.clock.advance(seconds=2)
        assert (await send()).status_code == 200


async def test_a_body_over_one_mebibyte_is_refused_by_its_length_and_by_its_bytes(plane: Plane) -> None:
    site = await plane.paired()
    message = site.signed(b" " * 1_048_577)
    assert refused(await plane.post("heartbeat", message)) == (413, "request.too_large")

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 65_536

    async with plane.client() as client:
        answer = await client.post("/ingest/v1/heartbeat", content=unannounced(), headers=message.headers)
    assert refused(answer) == (413, "request.too_large")


async def test_a_body_that_does_not_arrive_in_time_is_given_up(plane: Plane) -> None:
    site = await plane.paired()
    never = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    async with plane.client(patience=0.05) as client:
        answer = await client.post("/ingest/v1/heartbeat", content=dripping(), headers=site.heartbeat().headers)
    assert refused(answer) == (400, "request.malformed")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Installation", "not-a-uuid"), ("Installation", ""), ("ToolCallId", "5D0F3C52-0A5B-4D54-8A67-0F4B0F1C2D3E"),
        ("ToolCallId", "5d0f3c52-0a5b-1d54-8a67-0f4b0f1c2d3e"), ("Timestamp", "01700000000"), ("Timestamp", "1e9"), ("Timestamp", "-1700000000"),
        ("Timestamp", " 1763640000 1"), ("TTL", "0"), ("TTL", "301"), ("TTL", "+60"), ("TTL", "1.0"), ("SignatureAlg", "none"), ("SignatureAlg", ""),
        ("SignatureAlg", "ED25519"), ("Signature", ""), ("Signature", "AAAA"), ("Signature", "A" * 5000), ("Signature", "!" * 88),
    ],
)  # fmt: skip
async def test_a_signed_header_of_another_form_is_refused(plane: Plane, name: str, value: str) -> None:
    site = await plane.paired()
    message = site.heartbeat()
    message.headers[f"X-WP-Agent-{name}"] = value
    assert refused(await plane.post("heartbeat", message)) == (400, "request.malformed")


async def test_a_signed_header_that_is_missing_repeated_or_unknown_is_refused(plane: Plane) -> None:
    site = await plane.paired()
    message = site.heartbeat()
    whole = list(message.headers.items())
    for bent in (whole[1:], [*whole, whole[0]], [*whole, ("X-WP-Agent-Sudo", "1")]):
        async with plane.client() as client:
            answer = await client.post("/ingest/v1/heartbeat", content=message.body, headers=bent)
        assert refused(answer) == (400, "request.malformed")


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "identity", "deflate"])
async def test_an_encoding_that_was_not_agreed_is_refused(plane: Plane, encoding: str) -> None:
    site = await plane.paired()
    message = site.heartbeat()
    message.headers["Content-Encoding"] = encoding
    assert refused(await plane.post("heartbeat", message)) == (400, "request.malformed")


async def test_one_address_over_its_rate_is_refused_and_others_are_not(plane: Plane) -> None:
    plane.rate = Rate(per_minute=60, burst=2)
    async with plane.client("192.0.2.1") as client:
        codes = [(await client.post("/ingest/v1/pair", content=b"{}")).status_code for _ in range(3)]
        assert codes == [400, 400, 429]
        plane.clock.advance(seconds=1)
        assert (await client.post("/ingest/v1/pair", content=b"{}")).status_code == 400


async def test_no_other_method_is_answered(plane: Plane) -> None:
    async with plane.client() as client:
        for path in ("pair", "heartbeat", "receipt", "moved"):
            assert (await client.get(f"/ingest/v1/{path}")).status_code == 405


def test_a_bucket_refills_with_time_and_never_over_its_burst(frozen: FrozenClock) -> None:
    limit = Limit(Rate(per_minute=60, burst=3))
    assert [limit.allows("a", frozen.now()) for _ in range(4)] == [True, True, True, False]
    assert limit.allows("b", frozen.now())
    frozen.advance(hours=1)
    assert [limit.allows("a", frozen.now()) for _ in range(4)] == [True, True, True, False]


def test_a_clock_that_goes_back_gives_no_tokens(frozen: FrozenClock) -> None:
    limit = Limit(Rate(per_minute=60, burst=1))
    assert limit.allows("a", frozen.now())
    frozen.advance(hours=-1)
    assert not limit.allows("a", frozen.now())


@pytest.mark.parametrize(
    ("host", "source"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:192.0.2.7", "192.0.2.7"), (None, "unknown"), ("x", "unknown")],
)  # fmt: skip
def test_callers_are_counted_by_the_address_they_can_not_choose(host: str | None, source: str) -> None:
    assert source_of(host) == source
