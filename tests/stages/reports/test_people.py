"""What is kept about somebody is given out whole and without secrets; who is erased is named nowhere any more, and the record verifies as before."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from presswarden.audit import service as audit
from presswarden.audit.verify import verify_export
from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.erasures.service import ErasureRefused
from presswarden.identity.invitations import service as invitations
from presswarden.identity.model import Forbidden, Grant, PersonUnknown, Role
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Way
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.processes.janitor import Janitor
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import Occasion
from presswarden.reports.people import service as people
from presswarden.sites.views import service as views
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import Office, opened
from tests.support.couriers import courier_box

pytestmark = pytest.mark.req("X15")
NAME, MAIL = "Nora Canary", "nora.canary@example.org"


@pytest.fixture
async def office(database: Database, frozen: FrozenClock, org: OrgId) -> Office:
    return await opened(database, frozen, org)


async def _nora(office: Office) -> PersonId:
    """Somebody who came by an invitation, and left something in every stage that keeps things of people."""
    await courier_box(office.database)
    now = office.clock.now()
    async with office.database.transaction(office.org) as tx:
        secret, _ = await invitations.invite(tx, name=NAME, mail=MAIL, grant=Grant(Role.APPROVER), by=office.olga, now=now)
    async with office.database.reading(EVERYONE) as tx:
        found = await invitations.find(EVERYONE, tx, secret, now)
    async with office.database.transaction(office.org) as tx:
        who = (await invitations.accept(tx, found, name=NAME, now=now)).id
        await sessions.begin(tx, who, Way.PASSKEY, source="198.51.100.77", browser="Canary Browser", now=now)
        await tokens.make(tx, who, name="canary token", scopes=(Scope.READ,), until=now + timedelta(days=1), now=now)
        await views.keep(tx, who, "canary view", "q=shop")
        await notices.choose(tx, who, {Occasion.STOP: False})
        await notices.write(tx, MAIL, "You are invited", "text", now=now)
    await office.passkey(who)
    filed, _ = await office.submit(office.item(await office.site()))
    await office.yes(filed, who)
    return who


async def _held(database: Database) -> str:
    """Every row of every table, as text."""
    async with database.reading(EVERYONE) as tx:
        driver = (await tx.connection()).dialect.name
        asked = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if driver == "sqlite"
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        names = [str(row[0]) for row in await tx.execute(text(asked))]
        rows = [row for name in names for row in await tx.execute(text(f'SELECT * FROM "{name}"'))]
    return "\n".join(repr([bytes(part) if isinstance(part, memoryview) else part for part in row]) for row in rows)


def _janitor(office: Office) -> Janitor:
    return Janitor(office.database, office.clock, Kek("janitor", b"j" * 32), "log.test", 30)


async def test_an_export_holds_all_that_is_kept_about_them_and_no_secret(office: Office) -> None:
    who = await _nora(office)
    async with office.database.transaction(office.org) as tx:
        found = await people.export(tx, MAIL, by=office.olga, now=office.clock.now())
        (told,) = await audit.events(tx, kind="person.exported")
    assert (found["person"]["name"], found["person"]["mail"], found["person"]["roles"][0]["role"]) == (NAME, MAIL, "approver")  # type: ignore[call-overload,index]  # a document
    text_of = json.dumps(found)
    for kept in ("198.51.100.77", "Canary Browser", "canary token", "canary view", "consent.given", "invitation.taken"):
        assert kept in text_of, kept
    assert (told.subject, told.actor.id) == (f"person:{who}", office.olga)
    async with office.database.reading(EVERYONE) as tx:
        secrets = [
            row[0] for table in ("sessions", "api_tokens", "invitations") for row in await tx.execute(text(f"SELECT digest FROM {table}"))
        ]
    assert len(secrets) >= 3
    assert not any(each in text_of for each in secrets)


async def test_whoever_is_erased_is_named_nowhere_any_more(office: Office) -> None:
    who, now = await _nora(office), office.clock.now()
    async with office.database.transaction(office.org) as tx:
        await accounts.remove_person(tx, who, by=office.olga, now=now)
        await people.erase(tx, MAIL, by=office.olga, now=now)
    await _janitor(office).integrate()
    await _janitor(office).clean()
    held = await _held(office.database)
    for gone in (NAME, MAIL, "198.51.100.77", "Canary Browser", "canary token", "canary view"):
        assert gone not in held, gone
    assert who in held, "what they did stays under their id"
    async with office.database.reading(office.org) as tx:
        with pytest.raises(PersonUnknown):
            await identity.anybody(tx, MAIL)
        assert (await identity.anybody(tx, who)).name == f"Erased person {who[:8]}"


async def test_the_record_verifies_as_before_and_says_that_somebody_was_erased(office: Office, tmp_path: Path) -> None:
    who, now = await _nora(office), office.clock.now()
    await _janitor(office).integrate()
    async with office.database.reading(office.org) as tx:
        before = await audit.latest_checkpoint(tx)
    async with office.database.transaction(office.org) as tx:
        await accounts.remove_person(tx, who, by=office.olga, now=now)
        await people.erase(tx, who, by=office.olga, now=now)
    for _ in range(2):
        await _janitor(office).integrate()
        await _janitor(office).clean()
    await _janitor(office).integrate()
    async with office.database.reading(office.org) as tx:
        about = [
            one
            for kind in ("person.added", "person.removed", "person.erased")
            for one in await audit.events(tx, kind=kind)
            if who in one.subject
        ]
        (erased,) = await audit.events(tx, kind="audit.payloads_erased")
        await audit.export(tx, tmp_path / "log")
        key = await audit.log_key(tx)
        yes = await audit.events(tx, kind="consent.given")
    assert {one.kind: one.payload is None for one in about} == {"person.added": True, "person.removed": True, "person.erased": False}
    assert all(one.intact for one in about)
    assert [one.actor.id for one in yes] == [who]
    assert yes[0].payload is not None, "what was agreed to stays"
    assert erased.payload is not None
    assert erased.payload["about"] == f"person:{who}"
    assert key is not None
    assert before is not None
    assert verify_export(tmp_path / "log", key, [before.text]).ok


async def test_who_belongs_is_not_erased_nor_is_anybody_twice(office: Office) -> None:
    who, now = await office.person("Anna"), office.clock.now()
    async with office.database.transaction(office.org) as tx:
        with pytest.raises(ErasureRefused):
            await people.erase(tx, who, by=office.olga, now=now)
        await accounts.remove_person(tx, who, by=office.olga, now=now)
        await people.erase(tx, who, by=office.olga, now=now)
        with pytest.raises(ErasureRefused):
            await people.erase(tx, who, by=office.olga, now=now)


async def test_only_an_owner_exports_and_erases_and_only_their_own_organisation(office: Office) -> None:
    anna, admin, now = await office.person("Anna"), await office.person("Adam", Role.ADMIN), office.clock.now()
    elsewhere = await opened(office.database, office.clock, OrgId(new_id()))
    async with office.database.transaction(office.org) as tx:
        for verb in (people.export, people.erase):
            with pytest.raises(Forbidden):
                await verb(tx, anna, by=admin, now=now)
    async with elsewhere.database.transaction(elsewhere.org) as tx:
        for verb in (people.export, people.erase):
            with pytest.raises(PersonUnknown):
                await verb(tx, anna, by=elsewhere.olga, now=now)
