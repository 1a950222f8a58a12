"""Recording: beside the change, in its transaction, and never with a secret in it."""

import json
from datetime import UTC, datetime

import pytest

from presswarden.audit import service
from presswarden.audit.model import Actor, Entry, NoSuchEntry, SecretInRecord, leaf_bytes, member, refuse_secrets, seal, seal_batch
from presswarden.kernel import canonical, merkle
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EventId, OrgId, new_id
from tests.fakes.clock import FrozenClock
from tests.stages.audit.conftest import Fill, entry

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.req("W19")
async def test_an_entry_is_read_back_as_it_was_recorded(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    told = Entry("site.paired", Actor("person", "p-1"), "site:s-1", "c-1", {"home": "https://é.test", "n": [1, None, True]})
    async with database.transaction(org) as tx:
        event = await service.record(tx, told, now=frozen.now())
    async with database.reading(org) as tx:
        (found,) = await service.events(tx)
    assert (found.id, found.at, found.kind, found.actor) == (event, frozen.now(), "site.paired", Actor("person", "p-1"))
    assert (found.subject, found.correlation, found.payload) == ("site:s-1", "c-1", told.payload)
    assert found.intact
    assert found.index is None


async def test_an_action_that_fails_leaves_no_entry_and_no_queue_row(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org) as tx:
            await service.record(tx, entry(1), now=frozen.now())
            raise ZeroDivisionError
    async with database.reading(org) as tx:
        assert await service.events(tx) == ()
        connection = await tx.connection()
        assert (await connection.exec_driver_sql("SELECT count(*) FROM audit_queue")).scalar_one() == 0


async def test_an_entry_that_can_not_be_recorded_fails_the_action(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        await (await tx.connection()).exec_driver_sql("DROP TABLE audit_queue")
    with pytest.raises(Exception, match="audit_queue"):
        async with database.transaction(org) as tx:
            await service.record(tx, entry(1), now=frozen.now())
    async with database.reading(org) as tx:
        assert (await (await tx.connection()).exec_driver_sql("SELECT count(*) FROM audit_events")).scalar_one() == 0


async def test_one_organisation_does_not_see_the_entries_of_another(database: Database, org: OrgId, fill: Fill) -> None:
    (event,) = await fill(1)
    async with database.reading(OrgId(new_id())) as tx:
        assert await service.events(tx) == ()
        with pytest.raises(NoSuchEntry):
            await service.event(tx, event)


async def test_pages_follow_each_other_without_a_gap(database: Database, org: OrgId, fill: Fill) -> None:
    events = await fill(250)
    seen: list[EventId] = []
    async with database.reading(org) as tx:
        while page := await service.events(tx, after=seen[-1] if seen else None, limit=60):
            seen += [one.id for one in page]
        newest = await service.events(tx, limit=3, newest_first=True)
        with pytest.raises(NoSuchEntry):
            await service.events(tx, after=EventId(new_id()))
        assert await service.events(tx, kind="site.revoked") == ()
    assert sorted(seen) == sorted(events)
    assert [one.id for one in newest] == seen[:-4:-1]


@pytest.mark.req("W19")
async def test_a_batch_is_one_leaf_and_each_member_can_be_shown_alone(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    beats: list[dict[str, Json]] = [{"installation": new_id(), "seq": n} for n in range(1000)]
    async with database.transaction(org) as tx:
        event = await service.record_batch(tx, "heartbeats.taken", beats, now=frozen.now())
    async with database.reading(org) as tx:
        (found,) = await service.events(tx)
    assert (found.id, found.payload["count"], found.intact) == (event, 1000, True)


def test_a_batch_of_none_or_of_more_than_a_thousand_is_refused() -> None:
    one = member({"seq": 1}, b"s" * 32)
    for members in ([], [one] * 1001):
        with pytest.raises(ValueError, match="1 to 1000"):
            seal_batch(members)


def test_the_leaf_is_canonical_json_and_tells_nothing_of_the_payload() -> None:
    sealed = seal(entry(1, mail="ada@example.test"), event=EventId(new_id()), salt=b"s" * 32, at=AT)
    read = json.loads(sealed.leaf)
    assert canonical.encode(read) == sealed.leaf
    assert set(read) == {"c", "corr", "id", "kind", "ts", "v"}
    assert b"ada" not in sealed.leaf
    assert sealed.leaf_hash == merkle.leaf_hash(sealed.leaf)


def test_the_same_entry_under_another_salt_has_another_commitment() -> None:
    event = EventId(new_id())
    assert seal(entry(1), event=event, salt=b"a" * 32, at=AT).leaf != seal(entry(1), event=event, salt=b"b" * 32, at=AT).leaf


@pytest.mark.req("W20")
@pytest.mark.parametrize(
    "payload",
    [
        {"secret": "x"},
        {"call": {"Signature": "x"}},
        {"list": [{"deep": [{"access_token": "x"}]}]},
        {"password": ""},
        {"private_key": "x"},
        {"privateKey": "x"},
        {"tokens": "x"},
        {"client_secret_hash": 1},
    ],
)
def test_a_payload_with_a_field_named_like_a_secret_is_refused(payload: dict[str, Json]) -> None:
    with pytest.raises(SecretInRecord):
        Entry("site.paired", Actor("process", "web"), "site:1", "c", payload)
    with pytest.raises(SecretInRecord):
        member(payload, b"s" * 32)


def test_counts_of_tokens_and_public_keys_are_no_secrets() -> None:
    refuse_secrets({"input_tokens": 12, "public_key": "x", "kid": "y"})


@pytest.mark.parametrize(
    ("kind", "subject", "correlation"),
    [("paired", "s:1", "c"), ("Site.paired", "s:1", "c"), ("site.paired", "", "c"), ("site.paired", "s:1", ""), ("site.paired", "s:1", 'a"b'),
     ("site.paired", "s:1", "ada@example.test"), ("site.paired\n", "s:1", "c"), ("a." + "b" * 63, "s:1", "c")],
)  # fmt: skip
def test_an_entry_of_another_form_is_refused(kind: str, subject: str, correlation: str) -> None:
    with pytest.raises(ValueError):
        Entry(kind, Actor("process", "web"), subject, correlation, {})


@pytest.mark.parametrize(("kind", "who"), [("robot", "x"), ("person", ""), ("person", "ada@example.test"), ("person", "Ada Lovelace")])
def test_an_actor_is_an_id_and_never_a_name_or_an_address(kind: str, who: str) -> None:
    with pytest.raises(ValueError):
        Actor(kind, who)


def test_a_payload_or_a_leaf_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="1 MiB"):
        seal(entry(1, text="x" * 1_048_576), event=EventId(new_id()), salt=b"s" * 32, at=AT)
    with pytest.raises(ValueError, match="65535"):
        leaf_bytes(event="x" * 65_536, at=AT, kind="a.b", correlation="c", commitment=b"c" * 32)
