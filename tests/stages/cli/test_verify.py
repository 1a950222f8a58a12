"""`audit verify` holds the record against the copies of checkpoints that sites sent back with their heartbeats."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from presswarden.audit import service as audit
from presswarden.audit import signing
from presswarden.audit import store as audit_store
from presswarden.identity import service as identity
from presswarden.kernel.db import Database
from presswarden.kernel.ids import InstallationId, OrgId, SiteId, new_id
from presswarden.kernel.sealing import Kek, new_key
from presswarden.kernel.store import org_key
from presswarden.processes.cli import app
from presswarden.telemetry import service as telemetry
from presswarden.telemetry import store as telemetry_store
from presswarden.telemetry.model import Heartbeat, Paused

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.req("N9")


def _heard(checkpoint: str) -> Heartbeat:
    return Heartbeat(1, NOW, "0.1.0", "https://shop.example", 1, 0, Paused.NO, "", {}, checkpoint, "0" * 64, None, None)


async def _record(database_url: str, *, forged: bool) -> None:
    """A record with one signed checkpoint, and a site that holds a copy of it, or one that the same key signed over another history."""
    database, org, kek, site = Database(database_url), OrgId(new_id()), Kek("janitor", new_key()), SiteId(new_id())
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", NOW)
    async with database.transaction(org) as tx:
        await audit.integrate(tx, kek, log_host="log.example.test", now=NOW)
    async with database.transaction(org) as tx:
        kept, log = await audit.latest_checkpoint(tx), await audit_store.find_log(org, tx)
        assert kept is not None
        assert log is not None
        text = kept.text
        if forged:
            key, sealed = log
            seed = (await org_key(org, tx, kek)).open(sealed, table="audit_logs", row=org, column="sealed_seed")
            text = signing.checkpoint(key.name, seed, size=kept.size, root=b"\x01" * 32)
        await telemetry.expect(tx, InstallationId(new_id()), site, NOW)
        await telemetry_store.put_standing(org, tx, InstallationId(new_id()), site, _heard(text), NOW)
    await database.dispose()


def _verify(database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setenv("PRESSWARDEN_DATABASE", database_url)
    return CliRunner().invoke(app, ["--home", str(home), "audit", "verify"])


def test_a_record_that_extends_the_copies_of_its_sites_verifies(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_record(database_url, forged=False))
    told = _verify(database_url, tmp_path, monkeypatch)
    assert told.exit_code == 0, told.output
    assert "checkpoints  3" in told.output


def test_a_copy_of_another_history_fails_the_proof(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_record(database_url, forged=True))
    told = _verify(database_url, tmp_path, monkeypatch)
    assert told.exit_code == 6, told.output
