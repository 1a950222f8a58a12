"""Exporting a log, and comparing checkpoints that come back from outside."""

from pathlib import Path

import pytest

from presswarden.audit import note, service, signing
from presswarden.audit.model import ExportRefused, Returned
from presswarden.audit.verify import verify_export
from presswarden.kernel import merkle
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from tests.fakes.clock import FrozenClock
from tests.stages.audit.conftest import HOST, Fill, Integrate


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.req("N9")
async def test_the_same_log_gives_the_same_bytes(database: Database, org: OrgId, fill: Fill, integrate: Integrate, tmp_path: Path) -> None:
    await fill(300)
    await integrate()
    async with database.reading(org) as tx:
        await service.export(tx, tmp_path / "one")
        await service.export(tx, tmp_path / "two")
    written = _files(tmp_path / "one")
    assert written == _files(tmp_path / "two")
    assert {"checkpoint", "log.vkey", "README", "payloads.jsonl", "checkpoints.jsonl"} < set(written)
    assert {name for name in written if name.startswith("tile/")} == {
        "tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"
    }  # fmt: skip
    assert len(written["tile/0/000"]) == 256 * 32


@pytest.mark.req("N9", "W19")
async def test_an_export_verifies_with_batches_and_without_old_payloads(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate, frozen: FrozenClock, tmp_path: Path
) -> None:
    (first, *_) = await fill(9)
    async with database.transaction(org) as tx:
        await service.record_batch(tx, "heartbeats.taken", [{"seq": n} for n in range(50)], now=frozen.advance(seconds=1))
        await (await tx.connection()).exec_driver_sql(f"DELETE FROM audit_payloads WHERE event = '{first}'")
    await integrate()
    async with database.reading(org) as tx:
        checkpoint = await service.export(tx, tmp_path / "log")
        key = await service.log_key(tx)
        gone = await service.event(tx, first)
        proof = await service.prove(tx, first)
    assert key is not None
    report = verify_export(tmp_path / "log", key, [checkpoint.text])
    assert report.ok, report.faults
    assert (report.size, report.root, report.payloads) == (10, checkpoint.root, 9)
    assert (gone.payload, gone.intact) == (None, True)
    assert merkle.verify_inclusion(merkle.leaf_hash(proof.leaf), proof.index, checkpoint.size, proof.path, checkpoint.root)


async def test_nothing_is_exported_before_something_is_signed(database: Database, org: OrgId, fill: Fill, tmp_path: Path) -> None:
    await fill(1)
    async with database.reading(org) as tx:
        with pytest.raises(ExportRefused, match="signed"):
            await service.export(tx, tmp_path / "log")
    assert not (tmp_path / "log").exists()


async def test_an_export_never_writes_over_something(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate, tmp_path: Path
) -> None:
    await fill(1)
    await integrate()
    (tmp_path / "kept").write_text("mine")
    async with database.reading(org) as tx:
        for taken in (tmp_path, tmp_path / "kept"):
            with pytest.raises(ExportRefused):
                await service.export(tx, taken)
    assert (tmp_path / "kept").read_text() == "mine"


@pytest.mark.req("N9")
async def test_a_checkpoint_that_a_site_saw_is_compared_with_the_log(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate
) -> None:
    seen = [""]
    for _ in range(3):
        await fill(90)
        await integrate()
        async with database.reading(org) as tx:
            checkpoint = await service.latest_checkpoint(tx)
            assert checkpoint is not None
            seen.append(checkpoint.text)
    async with database.reading(org) as tx:
        assert [await service.compare_returned(tx, text) for text in seen] == [Returned.CONSISTENT] * 4


async def _signed(database: Database, org: OrgId, integrate: Integrate, fill: Fill) -> tuple[str, bytes]:
    """A log of 40 entries whose key the test knows: the log of someone who can sign what they like."""
    seed = signing.new_seed()
    key = signing.log_key(f"{HOST}/org/{org}", seed)
    await fill(40)
    await integrate()
    async with database.transaction(org) as tx:
        connection = await tx.connection()
        if database.is_sqlite:
            await connection.exec_driver_sql("DROP TRIGGER audit_logs_no_update")
        else:
            await connection.exec_driver_sql("ALTER TABLE audit_logs DISABLE TRIGGER audit_logs_rows")
        await connection.exec_driver_sql(f"UPDATE audit_logs SET public = {_blob(database, key.public)}")
    return key.name, seed


def _blob(database: Database, value: bytes) -> str:
    return f"X'{value.hex()}'" if database.is_sqlite else f"'\\x{value.hex()}'::bytea"


@pytest.mark.req("N9")
async def test_a_checkpoint_over_another_history_shows_a_fork(database: Database, org: OrgId, fill: Fill, integrate: Integrate) -> None:
    origin, seed = await _signed(database, org, integrate, fill)
    async with database.reading(org) as tx:
        for size in (17, 40):
            forged = signing.checkpoint(origin, seed, size=size, root=merkle.root([merkle.leaf_hash(b"x")] * size))
            assert await service.compare_returned(tx, forged) is Returned.FORKED


@pytest.mark.req("N9")
async def test_a_checkpoint_over_a_longer_history_shows_that_the_log_went_back(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate
) -> None:
    origin, seed = await _signed(database, org, integrate, fill)
    async with database.reading(org) as tx:
        longer = signing.checkpoint(origin, seed, size=41, root=b"r" * 32)
        assert await service.compare_returned(tx, longer) is Returned.AHEAD


async def test_a_checkpoint_that_this_log_did_not_sign_says_nothing_about_it(
    database: Database, org: OrgId, fill: Fill, integrate: Integrate
) -> None:
    async with database.reading(org) as tx:
        assert await service.compare_returned(tx, "anything") is Returned.FOREIGN
    await fill(1)
    await integrate()
    stranger = signing.checkpoint(f"{HOST}/org/{org}", signing.new_seed(), size=1, root=b"r" * 32)
    async with database.reading(org) as tx:
        for text in ("anything", stranger, stranger.replace("\n\n", "\n")):
            assert await service.compare_returned(tx, text) is Returned.FOREIGN


async def test_a_changed_column_or_document_is_told_when_it_is_read(database: Database, org: OrgId, fill: Fill) -> None:
    events = await fill(4)
    drop = (
        ["DROP TRIGGER audit_events_no_update", "DROP TRIGGER audit_payloads_no_update"]
        if database.is_sqlite
        else [
            "ALTER TABLE audit_events DISABLE TRIGGER audit_events_rows",
            "ALTER TABLE audit_payloads DISABLE TRIGGER audit_payloads_rows",
        ]
    )
    document = b'{"actor":{"id":"dispatcher","kind":"process"},"payload":{"number":9},"subject":"site:3"}'
    async with database.transaction(org) as tx:
        connection = await tx.connection()
        for statement in (
            *drop,
            f"UPDATE audit_events SET actor_id = 'other' WHERE id = '{events[0]}'",
            f"UPDATE audit_events SET kind = 'site.other' WHERE id = '{events[1]}'",
            f"UPDATE audit_events SET subject = 'site:9' WHERE id = '{events[2]}'",
            f"UPDATE audit_payloads SET document = {_blob(database, document)} WHERE event = '{events[3]}'",
        ):
            await connection.exec_driver_sql(statement)
    async with database.reading(org) as tx:
        assert [one.intact for one in await service.events(tx)] == [False] * 4


def test_a_log_key_of_another_form_is_refused() -> None:
    key = signing.log_key("h.test/org/1", signing.new_seed())
    assert note.read_key(key.text() + "\n") == key
    low_order = note.LogKey("h.test/org/1", b"\x01" + b"\x00" * 31).text()
    name, check, encoded = key.text().split("+", 2)
    for text in ("", name, f"{name}+{check}", f"other+{check}+{encoded}", f"{name}+00000000+{encoded}", key.text()[:-2], low_order):
        with pytest.raises(note.NoteRefused):
            note.read_key(text)


def test_a_checkpoint_of_another_form_is_refused() -> None:
    seed = signing.new_seed()
    key = signing.log_key("h.test/org/1", seed)
    good = signing.checkpoint(key.name, seed, size=7, root=b"r" * 32)
    assert note.open_checkpoint(good, key).size == 7
    witnessed = good + "\u2014 witness.test " + "A" * 92 + "\n"
    assert note.open_checkpoint(witnessed, key).size == 7
    extended = note.with_signature(
        f"{key.name}\n7\n{'A' * 43}=\nmore\n", key, signing.SigningKey(seed).sign(f"{key.name}\n7\n{'A' * 43}=\nmore\n".encode()).signature
    )
    bad = [good[:-1], good.replace("\n7\n", "\n8\n"), good.replace("\n7\n", "\n07\n"), good + "x", good + "\u2014 x y\n", good.replace("\n", "\r\n"),
           good.split("\n\n")[0] + "\n\n", "\n" * 70_000, good + good, extended, "\ud800" + good]  # fmt: skip
    for text in bad:
        with pytest.raises(note.NoteRefused):
            note.open_checkpoint(text, key)
    with pytest.raises(note.NoteRefused):
        note.open_checkpoint(good, signing.log_key("h.test/org/2", seed))
    for origin, size, root in (("a b", 1, b"r" * 32), ("a", -1, b"r" * 32), ("a", 1, b"r")):
        with pytest.raises(ValueError):
            note.body(origin, size, root)
