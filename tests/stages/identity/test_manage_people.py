"""Organisations are made, people come and go, roles are given and taken; an organisation is never left without an owner."""

from uuid import uuid4

import pytest

from presswarden.audit import service as audit
from presswarden.identity import service as identity
from presswarden.identity.model import (
    Forbidden,
    Grant,
    LastOwner,
    MailTaken,
    NameRefused,
    NoOrganisation,
    PersonUnknown,
    Role,
    WhichOrganisation,
)
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("X10", "W4")


async def make(database: Database, clock: FrozenClock, org: OrgId, name: str = "Agency", mail: str = "ada@agency.example") -> PersonId:
    async with database.transaction(org) as tx:
        made = await identity.create_organisation(tx, name, "Ada", mail, clock.now())
        assert (made.id, made.name) == (org, name)
        return (await identity.owner(tx)).id


async def test_the_only_organisation_is_the_default(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    async with database.reading(EVERYONE) as tx:
        with pytest.raises(NoOrganisation):
            await identity.default_organisation(EVERYONE, tx)
    await make(database, frozen, org)
    async with database.reading(EVERYONE) as tx:
        assert (await identity.choose_organisation(EVERYONE, tx, "")).id == org
        assert (await identity.choose_organisation(EVERYONE, tx, "Agency")).id == org
        with pytest.raises(NoOrganisation):
            await identity.choose_organisation(EVERYONE, tx, "Nobody")


async def test_with_several_organisations_one_must_be_named(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    await make(database, frozen, org)
    other = OrgId(str(uuid4()))
    await make(database, frozen, other)
    async with database.reading(EVERYONE) as tx:
        for wanted in ("", "Agency"):
            with pytest.raises(WhichOrganisation):
                await identity.choose_organisation(EVERYONE, tx, wanted)
        assert (await identity.choose_organisation(EVERYONE, tx, other)).id == other


async def test_an_organisation_is_made_inside_its_own_transaction_only(database: Database, frozen: FrozenClock) -> None:
    with pytest.raises(RuntimeError, match="spans organisations"):
        async with database.transaction(EVERYONE) as tx:
            await identity.create_organisation(tx, "Agency", "Ada", "ada@agency.example", frozen.now())


async def test_only_an_owner_makes_owners(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    owner = await make(database, frozen, org)
    async with database.transaction(org) as tx:
        admin = await identity.add_person(tx, name="Ben", mail="ben@x.example", grant=Grant(Role.ADMIN), by=owner, now=frozen.now())
        with pytest.raises(Forbidden):
            await identity.grant_role(tx, admin.id, Grant(Role.OWNER), by=admin.id, now=frozen.now())
        with pytest.raises(Forbidden):
            await identity.add_person(tx, name="C", mail="c@x.example", grant=Grant(Role.OWNER), by=admin.id, now=frozen.now())
        with pytest.raises(Forbidden):
            await identity.remove_person(tx, owner, by=admin.id, now=frozen.now())
        raised = await identity.grant_role(tx, admin.id, Grant(Role.OWNER), by=owner, now=frozen.now())
        assert raised.roles == {Role.ADMIN, Role.OWNER}
        with pytest.raises(PersonUnknown, match="2 owners"):
            await identity.owner(tx)


async def test_the_last_owner_stays(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    owner = await make(database, frozen, org)
    async with database.transaction(org) as tx:
        with pytest.raises(LastOwner):
            await identity.withdraw_role(tx, owner, Grant(Role.OWNER), by=owner, now=frozen.now())
        with pytest.raises(LastOwner):
            await identity.remove_person(tx, owner, by=owner, now=frozen.now())


async def test_a_role_is_given_once_and_taken_away(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    owner = await make(database, frozen, org)
    grant = Grant(Role.OPERATOR)
    async with database.transaction(org) as tx:
        person = await identity.add_person(tx, name="Ben", mail="Ben@X.example ", grant=Grant(Role.VIEWER), by=owner, now=frozen.now())
        assert person.mail == "ben@x.example"
        for _ in range(2):
            held = await identity.grant_role(tx, person.id, grant, by=owner, now=frozen.now())
        assert held.roles == {Role.VIEWER, Role.OPERATOR}
        assert (await identity.withdraw_role(tx, person.id, grant, by=owner, now=frozen.now())).roles == {Role.VIEWER}
        assert (await identity.find_person(tx, "BEN@x.example")).id == person.id
        kinds = [one.kind for one in await audit.events(tx, limit=20)]
    assert sorted(kinds) == ["organisation.created", "person.added", "role.granted", "role.withdrawn"]


async def test_a_mail_address_names_one_person(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    owner = await make(database, frozen, org)
    async with database.transaction(org) as tx:
        with pytest.raises(MailTaken):
            await identity.add_person(tx, name="Ada 2", mail="ADA@agency.example", grant=Grant(Role.VIEWER), by=owner, now=frozen.now())


@pytest.mark.parametrize(
    ("name", "mail"),
    [("", "a@b"), ("A\u202eB", "a@b"), ("A\x1b[31m", "a@b"), ("x" * 201, "a@b"), ("A", "nobody"), ("A", "@b"), ("A", "a b@c")],
)
async def test_a_name_or_mail_address_that_is_not_plain_is_refused(
    database: Database, frozen: FrozenClock, org: OrgId, name: str, mail: str
) -> None:
    owner = await make(database, frozen, org)
    async with database.transaction(org) as tx:
        with pytest.raises(NameRefused):
            await identity.add_person(tx, name=name, mail=mail, grant=Grant(Role.VIEWER), by=owner, now=frozen.now())


async def test_another_organisations_person_can_not_be_found_or_changed(database: Database, frozen: FrozenClock, org: OrgId) -> None:
    owner = await make(database, frozen, org)
    other = OrgId(str(uuid4()))
    stranger = await make(database, frozen, other, "Other", "eve@other.example")
    async with database.transaction(org) as tx:
        with pytest.raises(PersonUnknown):
            await identity.find_person(tx, "eve@other.example")
        with pytest.raises(PersonUnknown):
            await identity.grant_role(tx, stranger, Grant(Role.VIEWER), by=owner, now=frozen.now())
