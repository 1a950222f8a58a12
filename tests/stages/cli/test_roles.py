"""The command line asks the same question as every other door: may this person, for this site?"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from presswarden.audit import service as audit
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, SiteId, new_id
from presswarden.processes.cli import app
from presswarden.sites import store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
As = Callable[..., Result]

pytestmark = pytest.mark.req("X10")


@pytest.fixture
def told(database_url: str) -> dict[str, str]:
    """Two sites with an incident each, and one person of each role; `helper` operates the first site alone."""

    async def write() -> dict[str, str]:
        database, org, ours, theirs = Database(database_url), OrgId(new_id()), SiteId(new_id()), SiteId(new_id())
        async with database.transaction(org) as tx:
            await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", NOW)
            (owner,) = await identity.people(tx)
            for site, label in ((ours, "shop"), (theirs, "blog")):
                await store.add_site(org, tx, site, label, NOW)
            for name, grant in (("viewer", Grant(Role.VIEWER)), ("auditor", Grant(Role.AUDITOR)), ("helper", Grant(Role.OPERATOR, ours))):
                await identity.add_person(tx, name=name, mail=f"{name}@example.org", grant=grant, by=owner.id, now=NOW)
            found = [await incidents.raise_signal(tx, SignalKind.UNREACHABLE, site, {}, NOW) for site in (ours, theirs)]
            (entry,) = await audit.events(tx, limit=1)
        await database.dispose()
        return {"ours": found[0], "theirs": found[1], "entry": entry.id}

    return asyncio.run(write())


@pytest.fixture
def ran(database_url: str, told: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> As:
    _ = told
    monkeypatch.setenv("PRESSWARDEN_DATABASE", database_url)

    def run(who: str, *words: str) -> Result:
        return CliRunner().invoke(app, ["--home", str(tmp_path), "--as", f"{who}@example.org", *words])

    return run


def test_a_viewer_sees_sites_and_incidents_and_nothing_of_the_record(ran: As, told: dict[str, str], tmp_path: Path) -> None:
    assert ran("viewer", "site", "list").exit_code == 0
    assert ran("viewer", "incident", "show", told["ours"]).exit_code == 0
    for words in (["list"], ["list", "--entry", told["entry"]], ["verify"], ["export", str(tmp_path / "out")]):
        refused = ran("viewer", "audit", *words)
        assert (refused.exit_code, "identity.forbidden" in refused.output) == (3, True), words
    assert not (tmp_path / "out").exists()


def test_an_auditor_reads_the_record_with_its_payloads_and_changes_nothing(ran: As, told: dict[str, str]) -> None:
    assert ran("auditor", "audit", "list").exit_code == 0
    assert ran("auditor", "audit", "list", "--entry", told["entry"]).exit_code == 0
    for words in (
        ["pair", "new"],
        ["health-urls", "shop", "--none"],
        ["pause", "shop"],
        ["resume", "shop"],
        ["revoke", "shop", "--yes"],
        ["rotate", "shop"],
        ["moved", "shop"],
    ):
        assert ran("auditor", "site", *words).exit_code == 3, words


def test_a_role_for_one_site_opens_that_site_alone(ran: As, told: dict[str, str]) -> None:
    listed = ran("helper", "site", "list")
    assert ("shop" in listed.output, "blog" in listed.output) == (True, False)
    assert ran("helper", "site", "show", "shop").exit_code == 0
    assert ran("helper", "site", "show", "blog").exit_code == 3
    seen = ran("helper", "incident", "list")
    assert (told["ours"] in seen.output, told["theirs"] in seen.output) == (True, False)
    assert ran("helper", "incident", "show", told["theirs"]).exit_code == 3
    assert ran("helper", "site", "read", "blog").exit_code == 3
    assert "sites.not_paired" in ran("helper", "site", "read", "shop").output
    assert ran("helper", "audit", "list").exit_code == 3
